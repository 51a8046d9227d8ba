import { describe, expect, test } from "vitest";
import {
  differences,
  everywhere,
  expectSameByVectors,
  expectWithin,
  type Make,
  run,
  usual,
} from "../fixtures/floats.ts";
import * as f from "./functions.ts";
import { cos, sin } from "./trigonometry.ts";

interface Case {
  make: Make;
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
  sin: { make: sin, exact: Math.sin, ulps: 1 },
  cos: { make: cos, exact: Math.cos, ulps: 1 },
};

describe.each(Object.entries(cases))("%s", (_, { make, exact, ulps }) => {
  test.each([
    ["everywhere", everywhere()],
    ["where it is used", usual],
  ])(`float32 within ${ulps} ulp, %s`, (_, x) => {
    expectWithin(ulps, make, exact, x);
  });

  test("vectors give the bits of the printed JavaScript", () => {
    expectSameByVectors(make, everywhere(3));
    expectSameByVectors(make, usual);
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
