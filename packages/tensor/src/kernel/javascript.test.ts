import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type DType, dtypes, type TypedData } from "../dtype.ts";
import { allocate } from "../memory.ts";
import { fromData } from "../tensor.ts";
import { source } from "./javascript.ts";
import { map } from "./loops.ts";
import { program } from "./program.ts";
import type { Scalar } from "./scalar.ts";
import * as k from "./scalar.ts";

const wrap = (value: bigint) => Number(BigInt.asIntN(32, value));
const whole =
  (f: (a: bigint, b: bigint) => bigint) =>
  (a: number, b = 0) =>
    wrap(f(BigInt(a), BigInt(b)));

/** What each operation means, by the definition and without a thought for speed. */
const integerMeaning: Record<string, (a: number, b: number) => number> = {
  add: whole((a, b) => a + b),
  sub: whole((a, b) => a - b),
  mul: whole((a, b) => a * b),
  and: whole((a, b) => a & b),
  or: whole((a, b) => a | b),
  shiftLeft: whole((a, b) => a << (b & 31n)),
  shiftRight: whole((a, b) => a >> (b & 31n)),
  neg: whole((a) => -a),
  abs: whole((a) => (a < 0n ? -a : a)),
  min: (a, b) => Math.min(a, b),
  max: (a, b) => Math.max(a, b),
};
const meaning: Record<string, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  min: Math.min,
  max: Math.max,
  lt: (a, b) => Number(a < b),
  le: (a, b) => Number(a <= b),
  eq: (a, b) => Number(a === b),
  ne: (a, b) => Number(a !== b),
  and: (a, b) => a * b,
  or: (a, b) => Math.sign(a + b),
  not: (a) => Number(a === 0),
  neg: (a) => -a,
  abs: Math.abs,
  sqrt: Math.sqrt,
  floor: Math.floor,
  exp: Math.exp,
  log: Math.log,
  tanh: Math.tanh,
  pow: (a, b) => a ** b,
};

function convert(value: number, to: DType): number {
  if (to === "bool") return Number(value !== 0);
  if (to === "int32")
    return Number.isNaN(value) ? 0 : Math.min(2 ** 31 - 1, Math.max(-(2 ** 31), Math.trunc(value))) + 0;
  return value;
}

function evaluate(node: Scalar, inputs: readonly number[]): number {
  const args = node.args.map((arg) => evaluate(arg, inputs));
  const [a, b, c] = args as [number, number, number];
  let value: number;
  if (node.op === "input") value = inputs[node.value!]!;
  else if (node.op === "constant") value = node.value!;
  else if (node.op === "cast") value = convert(a, node.type);
  else if (node.op === "select") value = a === 1 ? b : c;
  else value = (node.type === "int32" ? integerMeaning : meaning)[node.op]!(a, b);
  return node.type === "float32" ? Math.fround(value) : value;
}

const values: { readonly [D in DType]: fc.Arbitrary<number> } = {
  float32: fc.oneof(fc.float(), fc.constantFrom(0, -0, 1, -1, 0.5, Number.NaN, 2 ** -149, 3e38)),
  float64: fc.oneof(fc.double(), fc.constantFrom(0, -0, 1, -1, 0.5, Number.NaN, 5e-324, 1e308)),
  int32: fc.oneof(fc.integer(), fc.integer({ min: -3, max: 33 }), fc.constantFrom(-(2 ** 31), 2 ** 31 - 1)),
  bool: fc.constantFrom(0, 1),
};

const binary: { readonly [D in DType]: ((x: Scalar, y: Scalar) => Scalar)[] } = {
  float32: [k.add, k.sub, k.mul, k.div, k.min, k.max],
  float64: [k.add, k.sub, k.mul, k.div, k.min, k.max, k.pow64],
  int32: [k.add, k.sub, k.mul, k.min, k.max, k.and, k.or, k.shiftLeft, k.shiftRight],
  bool: [k.and, k.or],
};
const unary: { readonly [D in DType]: ((x: Scalar) => Scalar)[] } = {
  float32: [k.neg, k.abs, k.sqrt, k.floor],
  float64: [k.neg, k.abs, k.sqrt, k.floor, k.exp64, k.log64, k.tanh64],
  int32: [k.neg, k.abs],
  bool: [k.not],
};

/** Expressions over inputs 0 to 3, one of each dtype. */
const expressions = fc.letrec<Record<DType, Scalar>>((tie) => {
  const of = (type: DType) => {
    const self = tie(type);
    const input = fc.constant(k.input(dtypes.indexOf(type), type));
    const constant = values[type].map((value) => k.constant(value, type));
    const forms: fc.Arbitrary<Scalar>[] = [
      fc.oneof(input, constant),
      fc.tuple(fc.constantFrom(...unary[type]), self).map(([f, x]) => f(x)),
      fc.tuple(fc.constantFrom(...binary[type]), self, self).map(([f, x, y]) => f(x, y)),
      fc.tuple(fc.constantFrom(...binary[type]), self).map(([f, x]) => f(x, x)),
      fc.tuple(tie("bool"), self, self).map(([c, x, y]) => k.select(c, x, y)),
      ...dtypes.filter((other) => other !== type).map((other) => tie(other).map((x) => k.cast(x, type))),
    ];
    if (type === "bool") {
      for (const other of dtypes) {
        const compare = fc.constantFrom(k.lt, k.le, k.gt, k.ge, k.eq, k.ne);
        forms.push(fc.tuple(compare, tie(other), tie(other)).map(([f, x, y]) => f(x, y)));
      }
    }
    return fc.oneof(
      { maxDepth: 5, depthSize: "large" },
      ...(forms as [fc.Arbitrary<Scalar>, ...fc.Arbitrary<Scalar>[]]),
    );
  };
  return { float32: of("float32"), float64: of("float64"), int32: of("int32"), bool: of("bool") };
});

const COUNT = 8;
const columns = fc.tuple(...dtypes.map((type) => fc.array(values[type], { minLength: COUNT, maxLength: COUNT })));

function column(type: DType, elements: readonly number[]): TypedData {
  const data = allocate(type, COUNT);
  data.set(elements);
  return data;
}

describe("printed programs mean what their nodes mean", () => {
  test.each(dtypes)("of type %s", (type) => {
    fc.assert(
      fc.property(expressions[type], columns, (node, lists) => {
        const inputs = lists.map((list, i) => fromData(dtypes[i]!, [COUNT], column(dtypes[i]!, list)));
        const [result] = map(program(dtypes, () => node)).run(inputs, []);
        const expected = column(
          type,
          Array.from({ length: COUNT }, (_, i) =>
            evaluate(
              node,
              inputs.map(({ data }) => data[i]!),
            ),
          ),
        );
        expect(result!.data).toEqual(expected);
      }),
      { numRuns: 400 },
    );
  });

  test("several outputs share what they have in common", () => {
    const made = program(["float32"], (x) => {
      const root = k.sqrt(x);
      return [k.add(root, 1), k.mul(root, root), x];
    });
    const text = source(made, [0, 1], ["unit", "unit", "unit", "unit"]);
    expect(text.match(/Math\.sqrt/g)).toHaveLength(1);
    expect(text.match(/b0\[/g)).toHaveLength(1);
  });

  test("division of integers drops the fraction", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer(), (a, b) => {
        fc.pre(b !== 0);
        const divide = map(program(["int32", "int32"], (x, y) => k.div(x, y)));
        const [result] = divide.run(
          [fromData("int32", [], Int32Array.of(a)), fromData("int32", [], Int32Array.of(b))],
          [],
        );
        expect(result!.item()).toBe(wrap(BigInt(a) / BigInt(b)));
      }),
    );
  });

  test("bits go to int32 and back", () => {
    const there = map(program(["float32"], (x) => k.bits(x)));
    const back = map(program(["int32"], (n) => k.fromBits(n)));
    fc.assert(
      fc.property(fc.float({ noNaN: true }), (value) => {
        const bits = there.run([fromData("float32", [], Float32Array.of(value))], [])[0]!;
        expect(bits.item()).toBe(new Int32Array(Float32Array.of(value).buffer)[0]);
        expect(back.run([bits], [])[0]!.item()).toBe(value);
      }),
    );
  });
});
