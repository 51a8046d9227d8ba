import { describe, expect, test } from "vitest";
import type { DType, TypedData } from "../dtype.ts";
import { blockedSum } from "../fixtures/blocked-sum.ts";
import { permuted, rowMajor } from "../layout.ts";
import { allocate } from "../memory.ts";
import { generator } from "../random/generator.ts";
import { type Shape, sizeOf } from "../shape.ts";
import { EagerTensor, fromData } from "../tensor.ts";
import { interpretLoops } from "./interpreter.ts";
import { printLoops } from "./javascript.ts";
import { rows } from "./loops.ts";
import { program } from "./program.ts";
import * as k from "./scalar.ts";
import { runVectors } from "./vector-loops.ts";

/* The order of sums: the same bits whatever runs them and however the terms lie, and an error that does not grow. */

const floats = ["float32", "float64"] as const;

/** A sum in the middle of other work: beside a fold of another kind, and with what it makes used along the row. */
const busy = (type: DType) =>
  program([type], (x) => {
    const sum = k.fold("add", x!);
    const spread = k.fold("add", k.abs(k.sub(x!, k.div(sum, k.cast(k.extent, type)))));
    return [sum, k.fold("max", x!), spread];
  });

const draw = (type: DType, size: number): TypedData => {
  const values = generator(1).normal([size]).data;
  return allocate(type, size).map((_, i) => values[i]! / 3);
};

const lengths = [0, 1, 15, 16, 17, 31, 32, 33, 255, 256, 257, 1000];

describe.each(floats)("sums of %s", (type) => {
  test.each(lengths)("of %i terms have the same bits in every printer, side by side and apart", (length) => {
    const lanes = 7;
    const made = busy(type);
    const terms = draw(type, lanes * length);
    for (const [across, along] of [
      [length, 1],
      [1, lanes],
    ] as const) {
      const expected = Array.from({ length: lanes }, (_, row) => {
        const list = Array.from({ length }, (_, i) => terms[row * across + i * along]!);
        const round = type === "float32" ? Math.fround : (x: number) => x;
        const sum = blockedSum(list, type);
        const mean = round(sum / length);
        const distances = list.map((x) => Math.abs(round(x - mean)));
        return [sum, Math.max(...list), blockedSum(distances, type)];
      });
      const strides = [[across, along], ...Array<number[]>(3).fill([1, 0])];
      const outputs = () => [0, 1, 2].map(() => allocate(type, lanes));
      const offsets = [0, 0, 0, 0];
      const runs = {
        printed: (out: TypedData[]) => {
          const moves = [along === 1 ? "unit" : "strided", "still", "still", "still"] as const;
          printLoops(made, [1, 1], moves)([lanes], [length], [terms, ...out], offsets, strides);
        },
        interpreted: (out: TypedData[]) => interpretLoops(made)([lanes], [length], [terms, ...out], offsets, strides),
        vectors: (out: TypedData[]) => {
          const walk = { outer: [lanes], inner: [length], buffers: [terms, ...out], offsets, strides };
          return runVectors(made, walk, false);
        },
      };
      for (const [name, run] of Object.entries(runs)) {
        const out = outputs();
        if (run(out) === false) continue;
        const got = expected.map((_, row) => out.map((each) => each[row]!));
        expect(got, name).toEqual(expected);
      }
    }
  });

  test.each<[Shape, readonly number[], readonly number[]]>([
    [
      [5, 7, 11],
      [0, 2],
      [0, 1, 2],
    ],
    [
      [5, 7, 11],
      [0, 1],
      [2, 0, 1],
    ],
    [
      [3, 40, 2],
      [0, 1, 2],
      [2, 1, 0],
    ],
    [
      [33, 4, 3],
      [0, 2],
      [1, 2, 0],
    ],
    [
      [2, 3, 700],
      [1, 2],
      [1, 0, 2],
    ],
  ])("of %j over axes %j, in memory by axes %j, follow the positions of the terms", (shape, axes, order) => {
    const memory = draw(type, sizeOf(shape));
    const back = order.map((_, axis) => order.indexOf(axis));
    const layout = permuted(rowMajor(order.map((axis) => shape[axis]!)), back);
    const x = new EagerTensor(type, layout, memory);
    const dense = fromData(type, shape, x.data);
    const kept = shape.filter((_, axis) => !axes.includes(axis));
    const made = program([type], (each) => k.fold("add", each!));
    const spec = [{ dtype: type, shape: kept }];
    const front = permuted(dense.layout, [...shape.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis])), ...axes]);
    const lines = new EagerTensor(type, front, dense.buffer).data;
    const length = sizeOf(axes.map((axis) => shape[axis]!));
    const expected = Array.from({ length: sizeOf(kept) }, (_, i) =>
      blockedSum(lines.subarray(i * length, (i + 1) * length), type),
    );
    for (const each of [x, dense]) expect([...rows(made, axes).run([each], spec)[0]!.data]).toEqual(expected);
  });

  test("keep infinity, and NaN, and what overflows", () => {
    const made = program([type], (x) => k.fold("add", x!));
    const most = type === "float32" ? 3.4028234663852886e38 : Number.MAX_VALUE;
    const sum = (at: number, ...values: number[]) => {
      const terms = allocate(type, 100);
      terms.set(values, at);
      return rows(made, [0]).run([fromData(type, [100], terms)], [{ dtype: type, shape: [] }])[0]!.data[0];
    };
    for (const at of [0, 14, 30, 97]) {
      expect(sum(at, Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
      expect(sum(at, Number.NEGATIVE_INFINITY, 1)).toBe(Number.NEGATIVE_INFINITY);
      expect(sum(at, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY)).toBeNaN();
      expect(sum(at, Number.NaN)).toBeNaN();
      expect(sum(at, most, most)).toBe(Number.POSITIVE_INFINITY);
    }
  });
});

describe("the error of a float32 sum does not grow with its length", () => {
  const made = program(["float32"], (x) => k.fold("add", x!));
  const [many, most] = process.env.LONG ? [1e8, 1e8] : [1e6, 2e7];

  /** The number of float32 steps between a sum and the sum of the same terms in float64. */
  const ulps = (sum: number, terms: Float32Array, first: number, step: number): number => {
    let exact = 0;
    for (let i = first; i < terms.length; i += step) exact += terms[i]!;
    const unit = 2 ** (Math.floor(Math.log2(Math.abs(exact))) - 23);
    return Math.abs(sum - exact) / unit;
  };

  test.each<[number, string, (terms: Float32Array) => void]>([
    [most, "equal", (terms) => terms.fill(0.1)],
    // Mantissas whose plain sums of sixteen are rounded in one direction.
    [many, "equal", (terms) => terms.fill(1.9999998)],
    [many, "equal", (terms) => terms.fill(1.0000001)],
    [many, "uniform", (terms) => terms.set(generator(3).uniform([terms.length]).data)],
    [many, "normal", (terms) => terms.set(generator(4).normal([terms.length], { mean: 0.01 }).data)],
    [
      many,
      "growing",
      (terms) =>
        terms.forEach((_, i) => {
          terms[i] = i / 7;
        }),
    ],
  ])("%i %s terms, along rows and columns", (count, _, fill) => {
    const terms = new Float32Array(count);
    fill(terms);
    for (const columns of [1, 5]) {
      const shape = [count / columns, columns];
      const [result] = rows(made, [0]).run(
        [fromData("float32", shape, terms)],
        [{ dtype: "float32", shape: [columns] }],
      );
      for (const [j, sum] of result!.data.entries()) expect(ulps(sum, terms, j, columns)).toBeLessThanOrEqual(8);
    }
  });
});
