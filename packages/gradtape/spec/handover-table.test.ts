import { writeOnnx, writeStableHlo } from "@gradtape/export";
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

describe("as ONNX, the first extents left open", () => {
  /** What fits in some runs only. */
  const particular = /its open extents fit in some runs only; give the placeholders numbers for them/;
  /**
   * Where an extent of 1 meets another one; where shapes have to be known to build the graph; or where the run alone
   * tells.
   */
  const skipped = new Set(["prod", "sub"]);
  const opened = Object.entries({ ...table, ...composites }).filter(([name]) => !skipped.has(name));
  test.each(opened.map(([name, list]) => [name, list[0]!] as const))("%s", async (name, row) => {
    const { handover, feeds, results } = caseOfRow(inSingle(row), { order: 1, open: true });
    try {
      const { bytes, signature } = writeOnnx(handover);
      const values = await runOnnx(bytes, signature, feeds);
      for (const [output, expected] of Object.entries(results)) {
        expect(distance(values[output]!, expected), output).toBeLessThan(NEAR);
      }
    } catch (error) {
      expect((error as Error).message).toMatch(refused[name] ?? particular);
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
      signature.inputs.map((input) => feeds[input.name]!),
    );
    signature.outputs.forEach((output, i) => {
      expect(distance(values[i]!, results[output.name]!), output.name).toBeLessThan(NEAR);
    });
  });
});
