import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { replaceFile } from "./replace-file.ts";

test("of writes at once each is whole, and nothing is left aside", async () => {
  const folder = await mkdtemp(join(tmpdir(), "replace-"));
  try {
    const path = join(folder, "file");
    const texts = ["a".repeat(300_000), "b".repeat(100_000), "c"];
    for (let i = 0; i < 20; i++) {
      await Promise.all(texts.map((text) => replaceFile(path, text)));
      expect(texts).toContain(await readFile(path, "utf8"));
    }
    expect(await readdir(folder)).toEqual(["file"]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
