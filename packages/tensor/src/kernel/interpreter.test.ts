import fc from "fast-check";
import { expect, test } from "vitest";
import { type DType, dtypes, isFloating, type TypedData } from "../dtype.ts";
import { rowMajor } from "../layout.ts";
import { allocate } from "../memory.ts";
import { generator } from "../random/generator.ts";
import { sizeOf } from "../shape.ts";
import { interpretLoops } from "./interpreter.ts";
import { type Movement, printLoops } from "./javascript.ts";
import { type Level, levelOf, type Program, program } from "./program.ts";
import type { Combine, Scalar } from "./scalar.ts";
import * as k from "./scalar.ts";

/* The interpreter against the printed loops: the same bits for any program, shape and way to move. */

const types = [...dtypes, ...dtypes];
const levels = types.map((_, i): Level => (i < dtypes.length ? "element" : "row"));

const floating = [k.add, k.sub, k.mul, k.div, k.min, k.max];
const binary: { readonly [D in DType]: readonly ((x: Scalar, y: Scalar) => Scalar)[] } = {
  float32: floating,
  float64: [...floating, k.pow64],
  int32: [...floating, k.and, k.or, k.shiftLeft, k.shiftRight],
  bool: [k.and, k.or],
};
// The bits of a NaN are the engine's choice.
const bitsOf = (x: Scalar) => k.bits(k.select(k.eq(x, x), x, 0));
const unary: { readonly [D in DType]: readonly ((x: Scalar) => Scalar)[] } = {
  float32: [k.neg, k.abs, k.sqrt, k.floor, (x) => k.fromBits(bitsOf(x))],
  float64: [k.neg, k.abs, k.sqrt, k.floor, k.exp64, k.log64, k.tanh64, k.sin64, k.cos64],
  int32: [k.neg, k.abs, (x) => bitsOf(k.cast(x, "float32"))],
  bool: [k.not],
};
const combines: { readonly [D in DType]: readonly Combine[] } = {
  float32: ["add", "mul", "min", "max"],
  float64: ["add", "mul", "min", "max"],
  int32: ["add", "mul", "min", "max", "and", "or"],
  bool: ["and", "or"],
};
const constants: { readonly [D in DType]: readonly number[] } = {
  float32: [0, -0, 1, -2.5, Number.NaN, 3e38, 2 ** -149, Number.NEGATIVE_INFINITY],
  float64: [0, -0, 1, -2.5, Number.NaN, 1e308, 5e-324, Number.POSITIVE_INFINITY],
  int32: [0, 1, -7, 31, 2 ** 31 - 1, -(2 ** 31)],
  bool: [0, 1],
};

const expressions = fc.letrec<Record<DType, Scalar>>((tie) => {
  const of = (type: DType) => {
    const self = tie(type);
    const other = fc.constantFrom(...dtypes.filter((each) => each !== type)).chain((each) => tie(each));
    const compare = fc.constantFrom(k.lt, k.le, k.eq, k.ne);
    const compared = fc.constantFrom(...dtypes).chain((each) => fc.tuple(compare, tie(each), tie(each)));
    const inputs = types.flatMap((each, i) => (each === type ? [k.input(i, type)] : []));
    return fc.oneof(
      { maxDepth: 4, depthSize: "medium" },
      fc.constantFrom(...inputs, ...(type === "int32" ? [k.index, k.extent] : [])),
      fc.constantFrom(...constants[type]).map((value) => k.constant(value, type)),
      fc.tuple(fc.constantFrom(...binary[type]), self, self).map(([f, x, y]) => f(x, y)),
      fc.tuple(fc.constantFrom(...unary[type]), self).map(([f, x]) => f(x)),
      fc.tuple(tie("bool"), self, self).map(([c, x, y]) => k.select(c, x, y)),
      fc.tuple(fc.constantFrom(...combines[type]), self).map(([combine, x]) => k.fold(combine, x)),
      ...(type === "bool" ? [compared.map(([f, x, y]) => f(x, y))] : [other.map((x) => k.cast(x, type))]),
    );
  };
  return { float32: of("float32"), float64: of("float64"), int32: of("int32"), bool: of("bool") };
});

const programs = fc
  .array(
    fc.constantFrom(...dtypes).chain((type) => expressions[type]),
    { minLength: 1, maxLength: 3 },
  )
  .map((outputs) => program(types, () => outputs, levels));

function numbers(type: DType, size: number, seed: number): TypedData {
  const data = allocate(type, size);
  const drawn = generator(seed).normal([size], { stddev: 3, dtype: "float64" }).data;
  for (let i = 0; i < size; i++) {
    const value = i % 11 === seed % 11 ? constants[type][i % constants[type].length]! : drawn[i]!;
    data[i] = type === "bool" ? Number(value > 0) : isFloating(type) ? value : Math.floor(value * 5);
  }
  return data;
}

interface Setting {
  readonly outer: readonly number[];
  readonly inner: readonly number[];
  readonly gap: number;
  /** Along which axes an input stands still. */
  readonly still: number;
  /** Whether outputs lie where the inputs of their type lie, and whether row values are stored along the row. */
  readonly inPlace: boolean;
  readonly along: boolean;
  readonly seed: number;
}

const extents = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 2 });
const settings: fc.Arbitrary<Setting> = fc.record({
  outer: extents,
  inner: fc.oneof(
    fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 3 }),
    fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 250, max: 530 })),
    fc.tuple(fc.integer({ min: 100, max: 300 }), fc.integer({ min: 1, max: 7 })),
  ),
  gap: fc.integer({ min: 1, max: 3 }),
  still: fc.nat(63),
  inPlace: fc.boolean(),
  along: fc.boolean(),
  seed: fc.nat(999),
});

function expectSameBits(made: Program, { outer, inner, gap, still, inPlace, along, seed }: Setting): void {
  const shape = [...outer, ...inner];
  const whole = rowMajor(shape).strides.map((stride) => stride * gap);
  const byRow = [...rowMajor(outer).strides.map((stride) => stride * gap), ...inner.map(() => 0)];
  const inputs = types.map((type, i) => {
    const strides = levels[i] === "row" ? byRow : whole.map((stride, axis) => ((still >> (axis + i)) & 1 ? 0 : stride));
    return { type, strides };
  });
  const taken = new Set<number>();
  const outputs = made.outputs.map((output) => {
    const row = levelOf(output, made.inputs) === "row" && !along;
    const strides = row ? byRow : whole;
    // Only where the input moves as the output does, and for one output each.
    const at = inputs.findIndex(
      (each, i) => each.type === output.type && !taken.has(i) && each.strides.join() === strides.join(),
    );
    if (inPlace && at >= 0) taken.add(at);
    return { type: output.type, strides, at: inPlace ? at : -1 };
  });
  const size = sizeOf(shape) * gap + 2;
  const run = (loops: ReturnType<typeof printLoops>): TypedData[] => {
    const memory = inputs.map(({ type }, i) => numbers(type, size, seed + i));
    for (const { type, at } of outputs) memory.push(at < 0 ? allocate(type, size) : memory[at]!);
    const strides = [...inputs, ...outputs].map((each) => each.strides);
    loops(outer, inner, memory, Array(memory.length).fill(1), strides);
    return memory;
  };
  const moves = [...inputs, ...outputs].map(({ strides }): Movement => {
    const step = strides.at(-1)!;
    return step === 0 ? "still" : step === 1 ? "unit" : "strided";
  });
  const wanted = run(printLoops(made, [outer.length, inner.length], moves));
  for (const [operand, data] of run(interpretLoops(made)).entries()) {
    for (const [i, value] of data.entries()) {
      if (!Object.is(value, wanted[operand]![i]))
        expect.fail(`operand ${operand}, element ${i}: ${value} is not ${wanted[operand]![i]}`);
    }
  }
}

test("any program has the bits of the printed loops", () => {
  fc.assert(
    fc.property(programs, settings, (made, setting) => expectSameBits(made, setting)),
    { numRuns: 300 },
  );
});

test("what was made once serves other ranks and movements", () => {
  const made = program(["float32"], (x) => [k.mul(x, k.fold("max", x)), k.fold("add", x)]);
  const loops = interpretLoops(made);
  const x = Float32Array.of(1, 2, 3, 4, 5, 6);
  for (const [outer, inner, strides, products, sums] of [
    [[2], [3], [3, 1], [3, 6, 9, 24, 30, 36], [6, 15]],
    [[3], [2], [1, 3], [4, 10, 18, 16, 25, 36], [5, 7, 9]],
    [[], [2, 3], [3, 1], [6, 12, 18, 24, 30, 36], [21]],
  ] as const) {
    const [first, second] = [new Float32Array(6), new Float32Array(sums.length)];
    const still = [...outer.map(() => 1), ...inner.map(() => 0)];
    loops(outer, inner, [x, first, second], [0, 0, 0], [strides, strides, still]);
    expect([...first]).toEqual(products);
    expect([...second]).toEqual(sums);
  }
});
