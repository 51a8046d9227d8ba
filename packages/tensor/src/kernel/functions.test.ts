import { describe, expect, test } from "vitest";
import type { DType } from "../dtype.ts";
import { fromData } from "../tensor.ts";
import * as f from "./functions.ts";
import { map } from "./loops.ts";
import { program } from "./program.ts";
import type { Scalar } from "./scalar.ts";

const COUNT = 2 ** 18;

interface Case {
  make: (x: Scalar) => Scalar;
  /** The function in float64, correct to far more than a float32. */
  exact: (x: number) => number;
  /** The largest distance from the correctly rounded float32, in units in the last place. */
  ulps: number;
}
const cases: Record<string, Case> = {
  exp: { make: f.exp, exact: Math.exp, ulps: 1 },
  log: { make: f.log, exact: Math.log, ulps: 1 },
  log1p: { make: f.log1p, exact: Math.log1p, ulps: 1 },
  tanh: { make: f.tanh, exact: Math.tanh, ulps: 1 },
  sigmoid: {
    make: f.sigmoid,
    exact: (x) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x))),
    ulps: 2,
  },
  softplus: { make: f.softplus, exact: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), ulps: 2 },
};

function run(make: (...x: Scalar[]) => Scalar, type: DType, ...operands: ArrayLike<number>[]): Float32Array {
  const Kind = type === "float32" ? Float32Array : Float64Array;
  const inputs = operands.map((values) => fromData(type, [values.length], Kind.from(values)));
  const kernel = map(
    program(
      operands.map(() => type),
      make,
    ),
  );
  return kernel.run(inputs, [])[0]!.data as Float32Array;
}

/** The positions at which two lists differ in more than the bits of a NaN. */
function differences(a: ArrayLike<number>, b: ArrayLike<number>): number[] {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => i).filter((i) => !Object.is(a[i], b[i]));
}

/** Floats numbered in their order, so that neighbours differ by 1. */
function ordinals(values: Float32Array): Int32Array {
  return new Int32Array(values.buffer.slice(0)).map((bits) => (bits < 0 ? -(bits & 0x7fffffff) : bits));
}

/** Bit patterns spread over all of float32: both signs, every exponent, NaNs. `turn` gives others. */
function everywhere(turn = 0): Float32Array {
  return new Float32Array(Uint32Array.from({ length: COUNT }, (_, i) => Math.imul(i, 0x9e3779b1) + turn).buffer);
}

/** Evenly spaced values where most of the work is done. */
const usual = Float32Array.from({ length: COUNT }, (_, i) => (i / COUNT - 0.5) * 40 + 1e-5);

describe.each(Object.entries(cases))("%s", (_, { make, exact, ulps }) => {
  test.each([
    ["everywhere", everywhere()],
    ["where it is used", usual],
  ])(`float32 within ${ulps} ulp, %s`, (_, x) => {
    const got = run(make, "float32", x);
    const wanted = Float32Array.from(x, exact);
    const [a, b] = [ordinals(got), ordinals(wanted)];
    let worst = 0;
    for (let i = 0; i < COUNT; i++) {
      if (Number.isNaN(wanted[i])) {
        if (!Number.isNaN(got[i])) throw new Error(`${got[i]} at ${x[i]}, not NaN`);
      } else if (Math.abs(a[i]! - b[i]!) <= ulps) worst = Math.max(worst, Math.abs(a[i]! - b[i]!));
      else throw new Error(`${got[i]} at ${x[i]}, not ${wanted[i]}`);
    }
    expect(worst).toBeLessThanOrEqual(ulps);
  });

  test("float64 as the machine computes it, to a few ulp", () => {
    const x = Float64Array.from(usual);
    const got = run(make, "float64", x);
    const failing = [...x].filter((value, i) => {
      const wanted = exact(value);
      return !Object.is(got[i], wanted) && !(Math.abs(got[i]! - wanted) <= 1e-15 * Math.abs(wanted));
    });
    expect(failing).toEqual([]);
  });

  test("special values are exact", () => {
    const x = [0, -0, 1, -1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 3e38, -3e38, 200, -200];
    for (const type of ["float32", "float64"] as const) {
      const round = type === "float32" ? Math.fround : Number;
      const wanted = x.map((value) => round(exact(round(value))));
      const got = run(make, type, x);
      // Zero, one, infinity and NaN come out as such; other values at these points are held by the bounds above.
      const special = (value: number) => !Number.isFinite(value) || Number.isInteger(value);
      expect([...got].filter((_, i) => special(wanted[i]!))).toEqual(wanted.filter(special));
    }
  });
});

test("exp ends where float32 ends: the last finite value, the last denormal, then infinity and zero", () => {
  const x = Float32Array.of(88.72283, 88.72284, -87.33654, -103.97207, -103.97209);
  expect(run(f.exp, "float32", x)).toEqual(x.map(Math.exp));
});

test("log of denormals and of powers of two", () => {
  const powers = Float32Array.from({ length: 277 }, (_, i) => 2 ** (i - 149));
  const error = run(f.log, "float32", powers).map((value, i) => value / Math.log(powers[i]!) - 1);
  expect(error.every((e) => Number.isNaN(e) || Math.abs(e) < 2 ** -23)).toBe(true);
});

test.each([
  ["exp", f.exp],
  ["log", f.log],
  ["tanh", f.tanh],
  ["sigmoid", f.sigmoid],
])("%s never decreases from one sample to the next", (_, make) => {
  const sorted = everywhere(12345)
    .filter((value) => !Number.isNaN(value))
    .sort();
  const values = run(make, "float32", sorted).filter((value) => !Number.isNaN(value));
  expect(values.every((value, i) => i === 0 || value >= values[i - 1]!)).toBe(true);
});

test("tanh is odd, sigmoid and softplus keep their symmetries", () => {
  const x = usual.filter((value) => value > 0);
  const mirrored = x.map((value) => -value);
  expect(
    differences(
      run(f.tanh, "float32", mirrored),
      run(f.tanh, "float32", x).map((value) => -value),
    ),
  ).toEqual([]);
  const [high, low] = [run(f.sigmoid, "float32", x), run(f.sigmoid, "float32", mirrored)];
  expect(high.every((value, i) => Math.abs(value + low[i]! - 1) <= 2 ** -23)).toBe(true);
});

describe("pow", () => {
  test("float32 is the float64 result, rounded once", () => {
    const [x, y] = [everywhere(7), everywhere(0x1234567)];
    const z = usual.map((value) => value / 3);
    for (const [a, b] of [
      [x, y],
      [x, z],
      [usual.map(Math.abs), z],
      [usual, usual.map(Math.round)],
    ] as const) {
      const got = run((p, q) => f.pow(p!, q!), "float32", a, b);
      expect(
        differences(
          got,
          a.map((value, i) => value ** b[i]!),
        ),
      ).toEqual([]);
    }
  });

  test("float64 is the machine's", () => {
    const [x, y] = [Float64Array.from(usual), Float64Array.from(usual).reverse()];
    const got = run((p, q) => f.pow(p!, q!), "float64", x, y);
    expect(
      differences(
        got,
        x.map((value, i) => value ** y[i]!),
      ),
    ).toEqual([]);
  });
});
