import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DType, TypedData } from "../dtype.ts";
import { allocate } from "../memory.ts";
import { generator } from "../random/generator.ts";
import { sizeOf } from "../shape.ts";
import { interpretLoops } from "./interpreter.ts";
import { type Movement, printLoops } from "./javascript.ts";
import * as k from "./language.ts";
import { type Level, type Program, program } from "./program.ts";
import type { Scalar } from "./scalar.ts";
import { runVectors } from "./vector-loops.ts";

/* The machine's vectors against the printed JavaScript: the same bits for every operation, tail and way to move. */

const specials = [
  0,
  -0,
  1,
  -1,
  NaN,
  Infinity,
  -Infinity,
  1e-45,
  -1e-40,
  3.4e38,
  2.5,
  -2.5,
  88.8,
  -103.9,
  2 ** 31,
  -(2 ** 31),
];

function numbers(type: DType, size: number, seed: number): TypedData {
  if (type === "int32") return generator(seed).uniform([size], { low: -1000, high: 1000, dtype: "int32" }).data.slice();
  const data = generator(seed).normal([size], { stddev: 3 }).data.slice();
  specials.forEach((value, i) => {
    if (i * 7 < size) data[i * 7] = value;
  });
  return data;
}

interface Setting {
  readonly extents: readonly number[];
  /** How many of the last axes are folded. */
  readonly folded?: number;
  readonly strides: readonly (readonly number[])[];
}

/** Runs a program both ways and compares every output, bit for bit. */
function expectSameBits(made: Program, { extents, folded = 0, strides }: Setting, seed = 1): void {
  const types = [...made.inputs.map(({ type }) => type), ...made.outputs.map(({ type }) => type)];
  const size = 1 + extents.reduce((n, extent) => n * extent, 1);
  const moves = strides.map((steps): Movement => {
    const step = steps[steps.length - 1]!;
    return step === 0 ? "still" : step === 1 ? "unit" : "strided";
  });
  const [vectors, loops] = [0, 1].map(() => types.map((type, i) => numbers(type, size, seed + i)));
  const offsets = types.map(() => 1);
  const rank = extents.length - folded;
  const [outer, inner] = [extents.slice(0, rank), extents.slice(rank)];
  expect(runVectors(made, { outer, inner, buffers: vectors!, offsets, strides })).toBe(true);
  // JavaScript loops without folds have all their axes inside.
  const ranks = folded > 0 ? [rank, folded] : [rank - 1, 1];
  const [first, second] = ranks as [number, number];
  printLoops(made, [first, second], moves)(extents.slice(0, first), extents.slice(first), loops!, offsets, strides);
  vectors!.forEach((data, i) => {
    data.forEach((value, at) => {
      if (!Object.is(value, loops![i]![at]))
        expect.fail(`operand ${i}, element ${at}: ${value} is not ${loops![i]![at]}`);
    });
  });
}

const flat = (operands: number, length = 1037): Setting => ({ extents: [length], strides: Array(operands).fill([1]) });

const floatOps: Record<string, (x: Scalar, y: Scalar) => Scalar> = {
  add: k.add,
  sub: k.sub,
  mul: k.mul,
  div: k.div,
  min: k.min,
  max: k.max,
  neg: k.neg,
  abs: k.abs,
  sqrt: k.sqrt,
  floor: k.floor,
  less: (x, y) => k.select(k.lt(x, y), x, y),
  lessEqual: (x, y) => k.select(k.le(x, y), y, 1),
  equal: (x, y) => k.cast(k.eq(x, y), "float32"),
  notEqual: (x, y) => k.select(k.not(k.ne(x, y)), 3, x),
  both: (x, y) => k.select(k.and(k.lt(x, 1), k.or(k.lt(y, 0), k.ne(x, x))), x, y),
  truth: (x) => k.cast(k.cast(x, "bool"), "float32"),
  whole: (x) => k.cast(k.cast(x, "int32"), "float32"),
  bits: (x, y) => k.fromBits(k.or(k.and(k.bits(x), 0x7fffff), k.shiftLeft(k.shiftRight(k.bits(y), 23), 23))),
  exp: k.exp,
  log: k.log,
  log1p: k.log1p,
  tanh: k.tanh,
  sigmoid: k.sigmoid,
  softplus: k.softplus,
  sin: k.sin,
  cos: k.cos,
  pow: k.pow,
};

describe("float32", () => {
  test.each(Object.entries(floatOps))("%s", (_, meaning) => {
    expectSameBits(
      program(["float32", "float32"], (x, y) => meaning(x!, y!)),
      flat(3),
    );
  });
});

describe("int32", () => {
  const intOps: Record<string, (x: Scalar, y: Scalar) => Scalar> = {
    add: k.add,
    sub: k.sub,
    mul: k.mul,
    min: k.min,
    max: k.max,
    neg: k.neg,
    abs: k.abs,
    and: k.and,
    or: k.or,
    shifts: (x) => k.shiftRight(k.shiftLeft(x, 5), 2),
    choice: (x, y) => k.select(k.lt(x, y), k.cast(k.eq(x, 7), "int32"), k.cast(k.cast(x, "bool"), "int32")),
  };
  test.each(Object.entries(intOps))("%s", (_, meaning) => {
    expectSameBits(
      program(["int32", "int32"], (x, y) => meaning(x!, y!)),
      flat(3),
    );
  });
});

test("every tail, with an operand that stands still", () => {
  const made = program(["float32", "float32"], (x, y) => [k.mul(x!, y!), k.sub(x!, y!)]);
  fc.assert(
    fc.property(fc.integer({ min: 1024, max: 1100 }), fc.nat(99), (length, seed) => {
      expectSameBits(made, { extents: [length], strides: [[1], [0], [1], [1]] }, seed);
    }),
    { numRuns: 60 },
  );
});

test("rows: a vector repeated down a matrix, a column along it, whatever the width", () => {
  const made = program(["float32", "float32", "float32"], (x, row, column) => k.add(k.mul(x!, row!), column!));
  fc.assert(
    fc.property(
      fc.integer({ min: 33, max: 70 }),
      fc.integer({ min: 32, max: 60 }),
      fc.nat(99),
      (width, height, seed) => {
        const strides = [
          [width, 1],
          [0, 1],
          [1, 0],
          [width, 1],
        ];
        expectSameBits(made, { extents: [height, width], strides }, seed);
      },
    ),
    { numRuns: 60 },
  );
});

test("an output may lie where an input lies", () => {
  const made = program(["float32", "float32"], (x, y) => [k.add(x!, y!), k.mul(x!, y!)]);
  const [x, y] = [numbers("float32", 1030, 1), numbers("float32", 1030, 2)];
  const [before, other] = [x.slice(), y.slice()];
  const walk = { outer: [1030], inner: [], offsets: [0, 0, 0, 0], strides: Array(4).fill([1]) };
  expect(runVectors(made, { ...walk, buffers: [x, y, x, y] })).toBe(true);
  expect([...x]).toEqual([...before].map((value, i) => Math.fround(value + other[i]!)));
  expect([...y]).toEqual([...before].map((value, i) => Math.fround(value * other[i]!)));
});

test("what vectors cannot do is left alone", () => {
  const run = (made: Program, length = 2000, stride = 1, printed = true) =>
    runVectors(
      made,
      {
        outer: [length],
        inner: [],
        buffers: [new Float32Array(5000), new Float32Array(5000)],
        offsets: [0, 0],
        strides: [[stride], [1]],
      },
      printed,
    );
  const double = program(["float32"], (x) => k.add(x!, x!));
  expect(run(double)).toBe(true);
  expect(run(double, 100)).toBe(false);
  expect(run(double, 2000, 2)).toBe(false);
  expect(run(double, 100, 2, false)).toBe(true);
  const wide = program(["float32"], (x) => k.cast(k.exp64(k.cast(x!, "float64")), "float32"));
  for (const printed of [true, false]) expect(run(wide, 2000, 1, printed)).toBe(false);
});

describe("where loops cannot be printed", () => {
  const axis = fc.record({
    extent: fc.integer({ min: 1, max: 9 }),
    gap: fc.integer({ min: 1, max: 2 }),
    backwards: fc.boolean(),
    still: fc.nat(7),
  });
  const made = program(["float32", "int32", "bool"], (x, n, b) => [
    k.select(b!, k.mul(x!, k.cast(n!, "float32")), x!),
    k.lt(x!, 0),
    k.add(n!, k.cast(b!, "int32")),
  ]);
  const folding = program(
    ["float32", "int32", "bool"],
    (x, n, b) => [
      k.mul(x!, k.fold("max", k.select(b!, x!, k.cast(n!, "float32")))),
      k.fold("or", b!),
      k.add(k.fold("add", n!), n!),
    ],
    ["element", "element", "row"],
  );

  test.each([
    ["elements", made, 0],
    ["rows", folding, 1],
  ] as const)("%s may have gaps, run backwards and be bools", (_, each, folded) => {
    const axes = fc.array(axis, { minLength: folded, maxLength: 4 });
    fc.assert(
      fc.property(axes, fc.nat(99), fc.boolean(), (list, seed, inPlace) => {
        const extents = list.map(({ extent }) => extent);
        const rank = extents.length - folded;
        fc.pre(sizeOf(extents) >= 32);
        const place = (i: number, level: Level) => {
          let size = 1;
          let offset = 3;
          const strides = list.map(({ extent, gap, backwards, still }, at): number => {
            if ((level === "row" && at >= rank) || (i < each.inputs.length && (still >> i) & 1)) return 0;
            const stride = size * gap;
            size = stride * extent;
            if (backwards) offset += (extent - 1) * stride;
            return backwards ? -stride : stride;
          });
          return { offset, strides, size: size + 3 };
        };
        const levels = [...each.inputs.map(({ level }) => level), ...each.levels];
        const types: DType[] = ["float32", "int32", "bool", "float32", "bool", "int32"];
        const places = levels.map((level, i) => place(i, level));
        const memory = () => {
          const buffers = types.map((type, i) => {
            const data = allocate(type, places[i]!.size);
            const drawn = generator(seed + i).uniform([data.length], { low: -20, high: 20, dtype: "int32" }).data;
            return data.map((_, at) => (type === "bool" ? drawn[at]! & 1 : drawn[at]!)) as TypedData;
          });
          const same = places[0]!.strides.join() === places[3]!.strides.join();
          if (inPlace && same) buffers[3] = buffers[0]!;
          return buffers;
        };
        const walk = {
          outer: extents.slice(0, rank),
          inner: extents.slice(rank),
          offsets: places.map(({ offset }) => offset),
          strides: places.map(({ strides }) => strides),
        };
        const [vectors, wanted] = [memory(), memory()];
        fc.pre(runVectors(each, { ...walk, buffers: vectors }, false));
        const [first, second] = folded > 0 ? [walk.outer, walk.inner] : [[], extents];
        interpretLoops(each)(first, second, wanted, walk.offsets, walk.strides);
        expect(vectors).toEqual(wanted);
      }),
      { numRuns: 300 },
    );
  });
});

describe("rows", () => {
  const softmax = (x: Scalar) => {
    const weight = k.exp(k.sub(x, k.fold("max", x)));
    return k.div(weight, k.fold("add", weight));
  };
  const first = (x: Scalar) => k.fold("min", k.select(k.eq(x, k.fold("max", x)), k.index, k.extent));
  const meanings: Record<string, (x: Scalar, y: Scalar) => Scalar | Scalar[]> = {
    sum: (x) => k.fold("add", x),
    product: (x) => k.fold("mul", x),
    least: (x) => k.fold("min", x),
    softmax,
    "position of the greatest": (x) => k.cast(first(x), "float32"),
    "a column added": (x, y) => [k.add(x, y), k.fold("add", k.mul(x, y)), k.add(y, k.fold("max", x))],
  };
  const shapes = fc.record({
    rows: fc.integer({ min: 1, max: 70 }),
    width: fc.integer({ min: 1, max: 70 }),
    across: fc.boolean(),
  });
  test.each(Object.entries(meanings))("%s, along rows and down columns", (_, meaning) => {
    const made = program(["float32", "float32"], (x, y) => meaning(x!, y!), ["element", "row"]);
    fc.assert(
      fc.property(shapes, fc.nat(99), ({ rows, width, across }, seed) => {
        fc.pre(rows * width >= 1024);
        const element = across ? [1, rows] : [width, 1];
        const outputs = made.levels.map((level) => (level === "element" ? element : [1, 0]));
        expectSameBits(made, { extents: [rows, width], folded: 1, strides: [element, [1, 0], ...outputs] }, seed);
      }),
      { numRuns: 25 },
    );
  });
  test("two folded axes, and all of them", () => {
    const made = program(["float32"], (x) => [k.fold("add", x!), k.fold("max", x!)]);
    const strides = [
      [30, 900, 1],
      [1, 0, 0],
      [1, 0, 0],
    ];
    expectSameBits(made, { extents: [30, 7, 30], folded: 2, strides });
    expectSameBits(made, { extents: [2000], folded: 1, strides: [[1], [0], [0]] });
  });
});
