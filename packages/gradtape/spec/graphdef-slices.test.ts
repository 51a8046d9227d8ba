import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { importGraphDef } from "@gradtape/export";
import * as gt from "gradtape";
import { expect, test } from "vitest";

/* Random slices with every mask, and their gradients, as TensorFlow writes and computes them (fixtures/tensorflow/slices.py). */

const folder = new URL("fixtures/tensorflow/slices/", import.meta.url);
const unpacked = (name: string) => new Uint8Array(gunzipSync(readFileSync(new URL(`${name}.gz`, folder))));

const expected: Record<string, { readonly shape: number[]; readonly sum: number }> = JSON.parse(
  new TextDecoder().decode(unpacked("slices.json")),
);
const x = gt.reshape(gt.tensor(Array.from({ length: 120 }, (_, i) => i)), [4, 5, 6]);

/** Returns the value of a slice, or the error that refuses it. */
function resultOf(bytes: Uint8Array, name: string): gt.Tensor | Error {
  try {
    const { graph, outputs } = importGraphDef(bytes, { outputs: [name] });
    return new gt.Session({ graph }).run(outputs[name] as gt.Tensor, [["x:0", x]]);
  } catch (error) {
    return error as Error;
  }
}

// On an axis whose extent only a run knows, slices between an end and a number are refused, as are those that walk back
// from a number, and those outside of the axis.
const refusals = {
  fixed: [],
  open: [
    [/\(StridedSlice\): which part of axis \d it takes is known only to a run/, 36],
    [/\(StridedSliceGrad\): which part of axis \d it takes is known only to a run/, 1],
    [/^slice: the piece does not lie within the whole on axis \d/, 5],
  ],
} as const;

test.each(["fixed", "open"] as const)("with extents that are %s", (extents) => {
  const bytes = unpacked(`slices-${extents}.pb`);
  const mistakes: string[] = [];
  for (const [name, { shape, sum }] of Object.entries(expected)) {
    const result = resultOf(bytes, name);
    if (result instanceof Error) mistakes.push(result.message);
    else {
      expect([name, ...result.shape]).toEqual([name, ...shape]);
      expect(
        [...result.data].reduce((total, value, i) => total + value * i, 0),
        name,
      ).toBe(sum);
    }
  }
  for (const [message, count] of refusals[extents])
    expect(mistakes.filter((each) => message.test(each)).length, `${message}`).toBe(count);
  expect(mistakes.length).toBe(refusals[extents].reduce((total, [, count]) => total + count, 0));
});
