import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const folder = new URL("../../../examples/handover/", import.meta.url);
const textOf = (name: string) => readFileSync(new URL(name, folder), "utf8");
const runners = readdirSync(folder).filter((name) => name.endsWith(".py"));

test("every runner is told in the README, and is short", () => {
  expect(runners.sort()).toEqual(["run_graphdef.py", "run_graphdef_ps.py", "run_onnx.py", "run_stablehlo.py"]);
  for (const name of runners) {
    expect(textOf("README.md")).toContain(`python ${name}`);
    expect(textOf(name).trimEnd().split("\n").length).toBeLessThan(60);
  }
});
