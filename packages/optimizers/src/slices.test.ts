import {
  aggregate,
  clipByNorm,
  clipByValue,
  globalNorm,
  IndexedSlices,
  neg,
  scalarMul,
  sliceIndices,
  sliceValues,
  unique,
  unsortedSegmentSum,
} from "@gradtape/graph";
import { type DType, type Tensor, tensor } from "@gradtape/tensor";
import { describe, expect, test } from "vitest";
import { casesOf, expectNumbers } from "./fixtures/golden.ts";

/* What happens to slices on their way to an update, against the golden numbers. */

type Floating = "float64" | "float32";
const both: readonly Floating[] = ["float64", "float32"];
const toleranceOf = (dtype: Floating) => (dtype === "float32" ? null : { relative: 1e-12, absolute: 1e-14 });

function makeSlices(
  indices: number[],
  values: number[],
  row: number[],
  denseShape: number[] | null,
  dtype: DType,
): IndexedSlices {
  return new IndexedSlices(
    tensor(values, { shape: [indices.length, ...row], dtype }),
    tensor(indices, { dtype: "int32" }),
    denseShape,
  );
}

/** What each operation on slices gives: a scalar, a dense tensor, or slices. */
const operations: Record<string, (slices: IndexedSlices, arg: number & number[]) => IndexedSlices | Tensor> = {
  dedup(slices) {
    const { values, positions } = unique(slices.indices);
    return new IndexedSlices(unsortedSegmentSum(slices.values, positions, values.data.length), values);
  },
  to_dense: (slices) => slices.toTensor(),
  neg: (slices) => neg(slices),
  scalar_mul: (slices, arg) => scalarMul(arg, slices),
  global_norm: (slices) => globalNorm([slices]),
  clip_by_norm: (slices, arg) => clipByNorm(slices, arg),
  clip_by_value: (slices, arg) => clipByValue(slices, arg[0]!, arg[1]!),
};

describe("IndexedSlices", () => {
  for (const each of casesOf("indexed_slices")) {
    test.each(both)(`${each.id} in %s`, (dtype) => {
      const slices = makeSlices(each.indices, each.values, each.row_shape, each.dense_shape ?? null, dtype);
      const result = operations[each.op]!(slices, each.arg as number & number[]);
      const expected = (
        each.expect as Record<Floating, { indices?: number[]; values?: []; dense?: []; scalar?: number }>
      )[dtype];
      if (result instanceof IndexedSlices) {
        expect(Array.from(sliceIndices(result).data)).toEqual(expected.indices);
        expectNumbers(sliceValues(result).data, expected.values!, toleranceOf(dtype), "values");
      } else expectNumbers(result.data, expected.dense ?? [expected.scalar!], toleranceOf(dtype), each.op);
    });
  }

  for (const each of casesOf("aggregate_slices")) {
    test.each(both)(`${each.id} in %s`, (dtype) => {
      const parts = each.parts.map((part) =>
        makeSlices(part.indices, part.values, each.row_shape, each.dense_shape!, dtype),
      );
      const result = aggregate(parts) as IndexedSlices;
      const expected = (each.expect as unknown as Record<Floating, { entry_count: number; dense: [] }>)[dtype];
      expect(result.indices.size).toBe(expected.entry_count);
      expectNumbers(result.toTensor().data, expected.dense, toleranceOf(dtype), "dense");
    });
  }
});
