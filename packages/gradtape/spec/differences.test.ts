import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { differences } from "./differences.ts";
import { graphDifferences } from "./graph-differences.ts";

const all = [...differences, ...graphDifferences];

test.each(all.map((each) => [each.section, each.here, each] as const))("differs, %s: %s", (_, __, { check }) => {
  check();
});

test("the page of differences says just this", async () => {
  const rows = all.map(({ section, tensorflow, here }) => `| ${section} | ${tensorflow} | ${here} |`);
  const page = [
    "# Differences from TensorFlow",
    "",
    "Where TypeScript forces a difference from `tf.compat.v1`, or where TensorFlow is inconsistent and one behaviour had to be",
    "chosen. Written by the tests in `packages/gradtape/spec`: every row is checked by one. To write it anew, run",
    "`npx vitest run packages/gradtape/spec/differences.test.ts -u`.",
    "",
    "| section | TensorFlow | here |",
    "|---|---|---|",
    ...rows,
    "",
  ].join("\n");
  const path = fileURLToPath(new URL("../../../docs/differences-from-tensorflow.md", import.meta.url));
  await expect(page).toMatchFileSnapshot(path);
});
