import fc from "fast-check";
import { expect, test } from "vitest";
import { accumulate } from "../fixtures/fused.ts";
import { generator } from "../random/generator.ts";
import { detectFeatures } from "../wasm/features.ts";
import type { Matrix, Multiply } from "./matrix.ts";
import { vectorProduct } from "./vector-product.ts";

/** A matrix of normal numbers: row by row, column by column, with gaps, or backwards. */
function matrix(kind: string, rows: number, columns: number, seed: number): Matrix {
  const gap = kind === "gaps" ? 5 : 1;
  const buffer = generator(seed).normal([gap * rows * columns + 3]).data;
  if (kind === "columns") return { buffer, offset: 3, rowStride: 1, columnStride: rows };
  if (kind === "backwards") return { buffer, offset: rows * columns - 1, rowStride: -columns, columnStride: -1 };
  return { buffer, offset: 1, rowStride: gap * columns, columnStride: gap };
}

/** The product by its definition. */
function oneByOne(m: number, n: number, k: number): Multiply {
  const at = ({ buffer, offset, rowStride, columnStride }: Matrix, i: number, j: number) =>
    buffer[offset + i * rowStride + j * columnStride]!;
  return (a, b, c) => {
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let p = 0; p < k; p++) sum = accumulate(sum, at(a, i, p), at(b, p, j));
        c.buffer[c.offset + i * c.rowStride + j] = sum;
      }
    }
  };
}

const extents = fc.tuple(...[40, 40, 90].map((max) => fc.integer({ min: 1, max })));
const kinds = fc.tuple(...[0, 1].map(() => fc.constantFrom("rows", "columns", "gaps", "backwards")));

test("vectors give the bits of the definition, for all tails and strides", () => {
  let compared = 0;
  fc.assert(
    fc.property(
      extents,
      kinds,
      fc.nat(1000),
      fc.integer({ min: 0, max: 3 }),
      ([m, n, k], [kindA, kindB], seed, margin) => {
        const multiply = vectorProduct("float32", m!, n!, k!);
        if (multiply === null) return;
        compared++;
        const a = matrix(kindA!, m!, k!, seed);
        const b = matrix(kindB!, k!, n!, seed + 1);
        const [one, other] = [multiply, oneByOne(m!, n!, k!)].map((product) => {
          const buffer = new Float32Array(m! * (n! + margin) + 2).fill(-1);
          product(a, b, { buffer, offset: 2, rowStride: n! + margin, columnStride: 1 });
          return buffer;
        });
        expect(one).toEqual(other);
      },
    ),
    { numRuns: 300 },
  );
  expect(compared).toBeGreaterThan(100);
});

test("products larger than a block go through in several", () => {
  for (const [m, n, k, kind] of [
    [258, 1030, 2, "rows"],
    [3, 1026, 5, "columns"],
    [261, 3, 2050, "rows"],
    [258, 2, 2051, "columns"],
    [1, 1, 5000, "gaps"],
  ] as const) {
    const a = matrix(kind, m, k, 1);
    const b = matrix(kind, k, n, 2);
    const [one, other] = [vectorProduct("float32", m, n, k)!, oneByOne(m, n, k)].map((product) => {
      const buffer = new Float32Array(m * n);
      product(a, b, { buffer, offset: 0, rowStride: n, columnStride: 1 });
      return buffer;
    });
    expect(one).toEqual(other);
  }
});

test("NaN, infinities and denormals go through", () => {
  const special = Float32Array.from(
    { length: 16 * 16 },
    (_, i) => [1e-45, Infinity, -0, 3e38, 1, NaN, 0, -2][(i * i) % 8]!,
  );
  const a: Matrix = { buffer: special, offset: 0, rowStride: 16, columnStride: 1 };
  const results = [vectorProduct("float32", 16, 16, 16)!, oneByOne(16, 16, 16)].map((product) => {
    const buffer = new Float32Array(256);
    product(a, a, { buffer, offset: 0, rowStride: 16, columnStride: 1 });
    return buffer;
  });
  expect(results[0]).toEqual(results[1]);
});

test("what is no float32, and what would not pay where JavaScript has the same bits, is left to the portable product", () => {
  expect(vectorProduct("float32", 4, 4, 4) === null).toBe(!detectFeatures().relaxed);
  expect(vectorProduct("float64", 64, 64, 64)).toBeNull();
});
