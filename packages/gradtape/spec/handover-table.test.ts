import { writeOnnx, writeStableHlo } from "@gradtape/export";
import * as gt from "gradtape";
import { describe, expect, test } from "vitest";
import { composites, flat, table } from "../../autograd/src/fixtures/gradient-table.ts";
import { more, refused, tableRows } from "./handover-rows.ts";
import { caseOfRow, distance, inSingle, runOnnx } from "./handover-support.ts";
import { evaluateStableHlo } from "./stablehlo-evaluator.ts";

/* Every op, handed over: values, gradients and gradients of gradients. What ONNX Runtime computes is compared with what we
 * compute, and so is what a slow reading of StableHLO gives; XLA itself is asked with ENGINES=1. */

const NEAR = 1e-5;

test("every op without a derivative has a row", () => {
  for (const name of flat) expect(Object.keys(more)).toContain(name);
});

describe("as ONNX, run by ONNX Runtime", () => {
  test.each(tableRows)("$label", async ({ name, row, order }) => {
    const { handover, feeds, results } = caseOfRow(row, { order });
    if (refused[name] !== undefined) {
      expect(() => writeOnnx(handover)).toThrow(refused[name]);
      return;
    }
    const { bytes, signature } = writeOnnx(handover);
    const values = await runOnnx(bytes, signature, feeds);
    for (const [output, expected] of Object.entries(results)) {
      expect(distance(values[output]!, expected), output).toBeLessThan(NEAR);
    }
  });
});

/** Rows that need the numbers which are left open to be built. */
const needNumbers = new Set(["prod"]);
/** Rows whose open extents fit in some runs only: an extent of 1 meets another one. */
const particular = new Set(["add", "mul", "squaredDifference", "where", "broadcastTo"]);
/** Ops that have no form for open extents. */
const formless: Record<string, RegExp> = {
  embed: /embed 'embed' cannot be written: a region of it is no slice/,
  pad: /embed 'embed' cannot be written: only the run tells its shape/,
};
/** Open extents that meet are taken to be equal, and the numbers of this row are not. */
const unequal = new Set(["sub"]);

describe("as ONNX, the first extents left open", () => {
  const opened = Object.entries({ ...table, ...composites }).filter(([name]) => !unequal.has(name));
  test.each(opened.map(([name, list]) => [name, list[0]!] as const))("%s", async (name, row) => {
    const build = () => caseOfRow(inSingle(row), { order: 1, open: true });
    if (needNumbers.has(name)) {
      expect(build).toThrow(gt.ValueError);
      return;
    }
    const { handover, feeds, results } = build();
    const reason = particular.has(name)
      ? /its open extents fit in some runs only; give the placeholders numbers for them/
      : (formless[name] ?? refused[name]);
    if (reason !== undefined) {
      expect(() => writeOnnx(handover)).toThrow(reason);
      return;
    }
    const { bytes, signature } = writeOnnx(handover);
    const values = await runOnnx(bytes, signature, feeds);
    for (const [output, expected] of Object.entries(results)) {
      expect(distance(values[output]!, expected), output).toBeLessThan(NEAR);
    }
  });
});

describe("as StableHLO, by a slow reading of the text", () => {
  test.each(tableRows)("$label", ({ name, row, order }) => {
    const { handover, feeds, results } = caseOfRow(row, { order });
    if (refused[name] !== undefined) {
      expect(() => writeStableHlo(handover)).toThrow(refused[name]);
      return;
    }
    const { text, signature } = writeStableHlo(handover);
    const values = evaluateStableHlo(
      text,
      signature.inputs.map((input) => feeds[input.name] as gt.EagerTensor),
    );
    signature.outputs.forEach((output, i) => {
      expect(distance(values[i]!, results[output.name]!), output.name).toBeLessThan(NEAR);
    });
  });
});
