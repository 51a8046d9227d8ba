import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DType, TypedData } from "../dtype.ts";
import { blockedSum } from "../fixtures/blocked-sum.ts";
import { type Layout, permuted, rowMajor } from "../layout.ts";
import { allocate } from "../memory.ts";
import { type Shape, sizeOf } from "../shape.ts";
import { EagerTensor, fromData } from "../tensor.ts";
import { map, type Place, rows, runLoops } from "./loops.ts";
import { program } from "./program.ts";
import type { Combine } from "./scalar.ts";
import * as k from "./scalar.ts";

function indices(shape: Shape): number[][] {
  return shape.reduce<number[][]>(
    (list, extent) => list.flatMap((index) => Array.from({ length: extent }, (_, i) => [...index, i])),
    [[]],
  );
}

function addressOf({ strides, offset }: Layout, index: readonly number[]): number {
  return index.reduce((sum, i, axis) => sum + i * strides[axis]!, offset);
}

function at({ buffer, layout }: Place, index: readonly number[]): number {
  return buffer[addressOf(layout, index)]!;
}

const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });
const element: { readonly [D in DType]: fc.Arbitrary<number> } = {
  float32: fc.float({ noDefaultInfinity: true, min: -1000, max: 1000 }),
  float64: fc.double({ noDefaultInfinity: true, min: -1000, max: 1000 }),
  int32: fc.integer({ min: -1000, max: 1000 }),
  bool: fc.constantFrom(0, 1),
};

/** Memory read in any strides: forwards, backwards, repeating, overlapping. */
function readable(type: DType, shape: Shape): fc.Arbitrary<EagerTensor> {
  return fc
    .tuple(
      fc.array(fc.integer({ min: -3, max: 5 }), { minLength: shape.length, maxLength: shape.length }),
      fc.nat(3),
      fc.boolean(),
    )
    .chain(([random, margin, dense]) => {
      const strides = dense ? rowMajor(shape).strides : random;
      const spans = strides.map((stride, axis) => stride * Math.max(0, shape[axis]! - 1));
      const below = spans.reduce((sum, span) => sum + Math.min(0, span), 0);
      const above = spans.reduce((sum, span) => sum + Math.max(0, span), 0);
      const length = above - below + 1 + 2 * margin;
      return fc.array(element[type], { minLength: length, maxLength: length }).map((values) => {
        const buffer = allocate(type, length);
        buffer.set(values);
        return new EagerTensor(type, { shape, strides, offset: margin - below }, buffer);
      });
    });
}

/** Memory written in strides that touch every place at most once: axes in any order, gaps, some running backwards. */
function writable(type: DType, shape: Shape): fc.Arbitrary<Place> {
  const order = fc.shuffledSubarray(
    shape.map((_, axis) => axis),
    { minLength: shape.length },
  );
  return fc.tuple(order, fc.integer({ min: 1, max: 3 }), fc.infiniteStream(fc.boolean())).map(([axes, gap, coin]) => {
    const dense = permuted(
      rowMajor(
        axes.map((axis) => shape[axis]!),
        1,
      ),
      axes.map((_, axis) => axes.indexOf(axis)),
    );
    let offset = 1;
    const strides = dense.strides.map((stride, axis) => {
      if (coin.next().value) return stride * gap;
      offset += Math.max(0, shape[axis]! - 1) * stride * gap;
      return -stride * gap;
    });
    return { buffer: allocate(type, (sizeOf(shape) + 1) * gap + 1), layout: { shape, strides, offset } };
  });
}

const single = fromData;
const ieee = (type: DType) => (type === "float32" ? Math.fround : (x: number) => x);

describe("map", () => {
  test("does to every element what the program says, wherever the elements lie", () => {
    const made = program(["float32", "float32", "int32"], (x, y, n) => [
      k.add(k.mul(x, y), k.cast(n, "float32")),
      k.select(k.lt(x, y), n, 0),
      k.lt(x, y),
    ]);
    const operands = shapes.chain((shape) =>
      fc.tuple(readable("float32", shape), readable("float32", shape), readable("int32", shape)),
    );
    fc.assert(
      fc.property(operands, ([x, y, n]) => {
        const results = map(made).run([x, y, n], []);
        expect(results.map(({ dtype }) => dtype)).toEqual(["float32", "int32", "bool"]);
        for (const result of results) expect(result.shape).toEqual(x.shape);
        for (const index of indices(x.shape)) {
          const [a, b, c] = [at(x, index), at(y, index), at(n, index)];
          const expected = [Math.fround(Math.fround(a * b) + c), a < b ? c : 0, Number(a < b)];
          expect(results.map((result) => at(result, index))).toEqual(expected);
        }
      }),
      { numRuns: 300 },
    );
    // One text per movement of the innermost axis and number of loops, not one per shape.
    expect(made.printed.size).toBeLessThan(200);
  });

  test("a loop is printed once for tensors of one kind", () => {
    const made = program(["float32"], (x) => k.neg(x));
    for (const shape of [[3], [31], [4, 5], [2, 3, 4]])
      map(made).run([single("float32", shape, new Float32Array(sizeOf(shape)))], []);
    expect([...made.printed.values()].filter((each) => typeof each === "function")).toHaveLength(1);
  });
});

describe("runLoops", () => {
  test("writes outputs in any strides, and nothing beside them", () => {
    const made = program(["int32"], (x) => [k.add(x, 1), k.mul(x, 2)]);
    const places = shapes.chain((shape) =>
      fc.tuple(readable("int32", shape), writable("int32", shape), writable("int32", shape)),
    );
    fc.assert(
      fc.property(places, ([x, more, twice]) => {
        for (const { buffer } of [more, twice]) buffer.fill(-77777);
        runLoops(made, [], x.shape, [x, more, twice]);
        for (const [place, f] of [
          [more, (v: number) => v + 1],
          [twice, (v: number) => v * 2],
        ] as const) {
          const expected = place.buffer.slice().fill(-77777);
          for (const index of indices(x.shape)) expected[addressOf(place.layout, index)] = f(at(x, index));
          expect(place.buffer).toEqual(expected);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("an output may lie where an input lies: every input is read before the first output is written", () => {
    const exchange = program(["float32", "float32"], (x, y) => [y, k.add(x, y)]);
    const places = shapes.chain((shape) => fc.tuple(writable("float32", shape), writable("float32", shape)));
    fc.assert(
      fc.property(places, ([x, y]) => {
        x.buffer.forEach((_, i) => {
          x.buffer[i] = i;
        });
        y.buffer.fill(0.5);
        const before = { x: { ...x, buffer: x.buffer.slice() }, y: { ...y, buffer: y.buffer.slice() } };
        runLoops(exchange, [], x.layout.shape, [x, y, x, y]);
        for (const index of indices(x.layout.shape)) {
          expect(at(x, index)).toBe(at(before.y, index));
          expect(at(y, index)).toBe(Math.fround(at(before.x, index) + at(before.y, index)));
        }
      }),
    );
  });

  test("that holds for row values too", () => {
    const made = program(["float32", "float32"], (x, r) => [k.mul(x, r), k.fold("add", x)], ["element", "row"]);
    const x = Float32Array.of(1, 2, 3, 4, 5, 6);
    const r = Float32Array.of(10, 100);
    const [matrix, column]: Place[] = [
      { buffer: x, layout: rowMajor([2, 3]) },
      { buffer: r, layout: { shape: [2, 3], strides: [1, 0], offset: 0 } },
    ];
    runLoops(made, [2], [3], [matrix!, column!, matrix!, column!]);
    expect([...x]).toEqual([10, 20, 30, 400, 500, 600]);
    expect([...r]).toEqual([6, 15]);
  });
});

describe("rows", () => {
  /** The joining of two elements, as TensorFlow and the language define it. */
  const join: { readonly [C in Combine]: (a: number, b: number, type: DType) => number } = {
    add: (a, b, type) => (type === "int32" ? (a + b) | 0 : ieee(type)(a + b)),
    mul: (a, b, type) => (type === "int32" ? Math.imul(a, b) : ieee(type)(a * b)),
    min: (a, b) => Math.min(a, b),
    max: (a, b) => Math.max(a, b),
    and: (a, b) => a & b,
    or: (a, b) => a | b,
  };
  const cases = [
    ...(["add", "mul", "min", "max"] as const).flatMap((combine) =>
      (["float32", "float64", "int32"] as const).map((type) => [combine, type] as const),
    ),
    ...(["and", "or"] as const).flatMap((combine) =>
      (["bool", "int32"] as const).map((type) => [combine, type] as const),
    ),
  ];
  const empty: { readonly [C in Combine]: (type: DType) => number } = {
    add: () => 0,
    mul: () => 1,
    min: (type) => (type === "int32" ? 2 ** 31 - 1 : Number.POSITIVE_INFINITY),
    max: (type) => (type === "int32" ? -(2 ** 31) : Number.NEGATIVE_INFINITY),
    and: (type) => (type === "bool" ? 1 : -1),
    or: () => 0,
  };

  const reduced = (type: DType) =>
    shapes.chain((shape) => fc.tuple(readable(type, shape), fc.subarray(shape.map((_, axis) => axis))));

  /** The rows of a tensor: for each index along the kept axes the elements along `axes`, in ascending order. */
  function rowsOf(x: Place, axes: readonly number[]): { kept: number[]; row: { index: number[]; value: number }[] }[] {
    const { shape } = x.layout;
    const keptAxes = shape.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));
    return indices(keptAxes.map((axis) => shape[axis]!)).map((kept) => ({
      kept,
      row: indices(axes.map((axis) => shape[axis]!)).map((inner) => {
        const index = shape.map((_, axis) =>
          axes.includes(axis) ? inner[axes.indexOf(axis)]! : kept[keptAxes.indexOf(axis)]!,
        );
        return { index, value: at(x, index) };
      }),
    }));
  }

  const keptShape = (shape: Shape, axes: readonly number[]) => shape.filter((_, axis) => !axes.includes(axis));

  test.each(cases)("fold %s over any axes of %s, first position first", (combine, type) => {
    const made = program([type], (x) => k.fold(combine, x));
    fc.assert(
      fc.property(reduced(type), ([x, axes]) => {
        const [result] = rows(made, axes).run([x], [{ dtype: type, shape: keptShape(x.shape, axes) }]);
        for (const { kept, row } of rowsOf(x, axes)) {
          const values = row.map(({ value }) => value);
          const expected =
            combine === "add" && type.startsWith("float")
              ? blockedSum(values, type)
              : values.reduce((sum, value) => join[combine](sum, value, type), empty[combine](type));
          expect(at(result!, kept)).toBe(expected);
        }
      }),
    );
  });

  test("folds of folds, row operands, outputs along the row and across it, all in one program", () => {
    // Mean and spread of x + shift in two passes, what is left after both, and the element furthest from the mean.
    const made = program(
      ["float64", "float64"],
      (x, shift) => {
        const moved = k.add(x, shift);
        const mean = k.div(k.fold("add", moved), k.cast(k.extent, "float64"));
        const centered = k.sub(moved, mean);
        const spread = k.sqrt(k.fold("add", k.mul(centered, centered)));
        const furthest = k.fold("max", k.abs(centered));
        const where = k.fold("min", k.select(k.eq(k.abs(centered), furthest), k.index, k.extent));
        return [mean, k.div(centered, spread), spread, where, k.mul(k.cast(k.index, "float64"), shift)];
      },
      ["element", "row"],
    );
    const operands = shapes.chain((shape) =>
      fc
        .subarray(shape.map((_, axis) => axis))
        .chain((axes) =>
          fc.tuple(fc.constant(axes), readable("float64", shape), readable("float64", keptShape(shape, axes))),
        ),
    );
    fc.assert(
      fc.property(operands, ([axes, x, shift]) => {
        const kept = { dtype: "float64", shape: keptShape(x.shape, axes) } as const;
        const whole = { dtype: "float64", shape: x.shape } as const;
        const results = rows(made, axes).run([x, shift], [kept, whole, kept, { ...kept, dtype: "int32" }, whole]);
        for (const { kept: index, row } of rowsOf(x, axes)) {
          const moved = row.map(({ value }) => value + at(shift, index));
          const mean = blockedSum(moved, "float64") / row.length;
          const centered = moved.map((v) => v - mean);
          const spread = Math.sqrt(
            blockedSum(
              centered.map((v) => v * v),
              "float64",
            ),
          );
          const furthest = Math.max(...centered.map(Math.abs));
          const where = centered.findIndex((v) => Math.abs(v) === furthest);
          expect(at(results[0]!, index)).toBe(mean);
          expect(at(results[2]!, index)).toBe(spread);
          expect(at(results[3]!, index)).toBe(where < 0 ? (row.length === 0 ? 2 ** 31 - 1 : row.length) : where);
          for (const [position, { index: place }] of row.entries()) {
            expect(at(results[1]!, place)).toBe(centered[position]! / spread);
            expect(at(results[4]!, place)).toBe(position * at(shift, index));
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  test("row operands may keep extents of 1 where the row was", () => {
    const made = program(["float32", "float32"], (x, r) => k.sub(x, r), ["element", "row"]);
    const x = single("float32", [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6));
    const r = single("float32", [2, 1], Float32Array.of(1, 10));
    expect(
      rows(made, [1])
        .run([x, r], [{ dtype: "float32", shape: [2, 3] }])[0]!
        .array(),
    ).toEqual([
      [0, 1, 2],
      [-6, -5, -4],
    ]);
    const kept = program(["float32"], (v) => k.fold("add", v));
    const sum = rows(kept, [1]).run([x], [{ dtype: "float32", shape: [2, 1] }])[0]!;
    expect(sum.array()).toEqual([[6], [15]]);
  });

  test("the data of a result is dense", () => {
    const made = program(["float32"], (x) => k.neg(x));
    const transposed = new EagerTensor(
      "float32",
      permuted(rowMajor([2, 3]), [1, 0]),
      Float32Array.of(1, 2, 3, 4, 5, 6) as TypedData,
    );
    const result = map(made).run([transposed], [])[0]!;
    expect([...result.data]).toEqual([-1, -4, -2, -5, -3, -6]);
    expect(result.layout).toEqual(rowMajor([3, 2]));
  });
});
