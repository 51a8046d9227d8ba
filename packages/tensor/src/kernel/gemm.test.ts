import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DType } from "../dtype.ts";
import { accumulate } from "../fixtures/fused.ts";
import { type Layout, permuted, rowMajor } from "../layout.ts";
import { allocate } from "../memory.ts";
import { type Shape, sizeOf } from "../shape.ts";
import { compact, EagerTensor } from "../tensor.ts";
import { matrixProduct } from "./gemm.ts";

const round: { readonly [D in DType]: (x: number) => number } = {
  float32: Math.fround,
  float64: Number,
  int32: (x) => x | 0,
  bool: Number,
};

/** One product after the other, added in ascending order, each step rounded as the process does. */
function naive(a: EagerTensor, b: EagerTensor): number[] {
  const [m, k] = a.shape.slice(-2) as [number, number];
  const n = b.shape.at(-1)!;
  const batches = sizeOf(a.shape.slice(0, -2));
  const result: number[] = [];
  for (let batch = 0; batch < batches; batch++) {
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let p = 0; p < k; p++) {
          const [x, y] = [a.data[(batch * m + i) * k + p]!, b.data[(batch * k + p) * n + j]!];
          sum = a.dtype === "float32" ? accumulate(sum, x, y) : round[a.dtype](sum + round[a.dtype](x * y));
        }
        result.push(sum);
      }
    }
  }
  return result;
}

/** A tensor of small numbers: dense, or with the last two axes exchanged, gaps between elements, or all batches the same. */
function operand(dtype: DType, shape: Shape): fc.Arbitrary<EagerTensor> {
  return fc
    .tuple(
      fc.constantFrom("dense", "transposed", "spaced", "repeated"),
      fc.infiniteStream(fc.integer({ min: -99, max: 99 })),
    )
    .map(([kind, numbers]) => {
      let layout: Layout = rowMajor(shape);
      if (kind === "transposed") {
        const axes = shape.map((_, axis) => axis);
        const swapped = [...axes.slice(0, -2), ...axes.slice(-2).reverse()];
        layout = permuted(rowMajor(swapped.map((axis) => shape[axis]!)), swapped);
      }
      if (kind === "spaced") layout = { shape, strides: layout.strides.map((stride) => 3 * stride), offset: 2 };
      if (kind === "repeated")
        layout = { ...layout, strides: layout.strides.map((s, axis) => (axis < shape.length - 2 ? 0 : s)) };
      const scale = dtype === "int32" ? 1 : 7;
      const buffer = allocate(dtype, 3 * sizeOf(shape) + 3).map(() => numbers.next().value! / scale);
      return new EagerTensor(dtype, layout, buffer);
    });
}

const extent = fc.integer({ min: 0, max: 9 });
const products = (dtype: DType) =>
  fc
    .tuple(extent, extent, extent, fc.array(fc.integer({ min: 1, max: 2 }), { maxLength: 2 }))
    .chain(([m, k, n, batch]) => fc.tuple(operand(dtype, [...batch, m, k]), operand(dtype, [...batch, k, n])));

describe("matrixProduct", () => {
  test.each<DType>(["float32", "float64", "int32"])(
    "%s, any extents, any strides, any batch: bits of the plain sum",
    (dtype) => {
      fc.assert(
        fc.property(products(dtype), ([a, b]) => {
          const shape = [...a.shape.slice(0, -1), b.shape.at(-1)!];
          const [c] = matrixProduct().run([a, b], [{ dtype, shape }]);
          expect(c!.shape).toEqual(shape);
          expect([...c!.data]).toEqual(naive(compact(a), compact(b)));
        }),
        { numRuns: 300 },
      );
    },
  );

  test("integers wrap as the machine's do", () => {
    const big = new EagerTensor("int32", rowMajor([1, 2]), Int32Array.of(2 ** 31 - 1, 3));
    const factor = new EagerTensor("int32", rowMajor([2, 1]), Int32Array.of(2 ** 31 - 1, 5));
    expect(
      matrixProduct()
        .run([big, factor], [{ dtype: "int32", shape: [1, 1] }])[0]!
        .item(),
    ).toBe(16);
  });

  test("NaN and infinity go where the definition puts them, not into neighbours", () => {
    const a = new EagerTensor("float32", rowMajor([2, 2]), Float32Array.of(Number.NaN, 0, 1, 2));
    const b = new EagerTensor("float32", rowMajor([2, 3]), Float32Array.of(1, 2, 3, Number.POSITIVE_INFINITY, 0, 1));
    const [c] = matrixProduct().run([a, b], [{ dtype: "float32", shape: [2, 3] }]);
    expect(c!.array()).toEqual([
      [Number.NaN, Number.NaN, Number.NaN],
      [Number.POSITIVE_INFINITY, 2, 5],
    ]);
  });
});
