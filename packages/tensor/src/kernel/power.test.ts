import { describe, expect, test } from "vitest";
import {
  COUNT,
  differences,
  everywhere,
  expectSameByVectors,
  expectWithin,
  type Make,
  run,
  usual,
} from "../fixtures/floats.ts";
import { pow } from "./power.ts";

const make: Make = (x, y) => pow(x!, y!);

/** The power as C has it. `Math.pow` has NaN where the base is 1, or ±1 with an infinite exponent. */
function exact(x: number, y: number): number {
  const isOne = x === 1 || (x === -1 && Math.abs(y) === Number.POSITIVE_INFINITY);
  return isOne ? 1 : x ** y;
}

/** A number in [0, 1) for each position, evenly spread however many of them are taken. */
const spread = (i: number) => (i * 0.6180339887498949) % 1;

const from = (value: (i: number) => number) => Float32Array.from({ length: COUNT }, (_, i) => value(i));

/** Exponents that take each base to a power between 2^low and 2^high. */
const towards = (bases: Float32Array, low: number, high: number) =>
  bases.map((x, i) => (low + (high - low) * spread(i)) / Math.log2(Math.abs(x)));

const sizes = everywhere(7).map(Math.abs);
const denormals = from((i) => 2 ** (-149 + 23 * spread(5 * i)));
const nearOne = from((i) => 1 + (spread(3 * i) - 0.5) * 2 ** (-23 * spread(7 * i)));
const nearHalfway = from(
  (i) => Math.SQRT1_2 * 2 ** Math.round(8 * spread(3 * i) - 4) * (1 + (spread(7 * i) - 0.5) / 64),
);

const samples: Record<string, readonly [Float32Array, Float32Array]> = {
  "all bit patterns": [everywhere(7), everywhere(0x1234567)],
  "every base, results over the whole range": [sizes, towards(sizes, -151, 129)],
  "results that are denormal or vanish": [sizes, towards(sizes, -151, -125)],
  "results about to overflow": [sizes, towards(sizes, 127, 128.01)],
  "denormal bases": [denormals, towards(denormals, -151, 129)],
  "bases near 1": [nearOne, towards(nearOne, -151, 129)],
  "bases where the mantissa is halved": [nearHalfway, towards(nearHalfway, -151, 129)],
  "usual numbers": [usual.map(Math.abs), usual.toReversed().map((y) => y / 3)],
  "negative bases": [usual, usual.toReversed().map(Math.round)],
  roots: [sizes, from((i) => [0.5, -0.5, 1 / 3, 0.4, 0.75][i % 5]!)],
};

describe("pow in float32", () => {
  test.each(Object.entries(samples))("within 1 ulp: %s", (_, [x, y]) => {
    expectWithin(1, make, exact, x, y);
  });

  test.each(Object.entries(samples))("vectors give the bits of the printed JavaScript: %s", (_, [x, y]) => {
    expectSameByVectors(make, x, y);
  });

  test("what a float32 can hold comes out exactly", () => {
    const cases: [number, number][] = [];
    for (let n = -149; n < 128; n++) cases.push([2, n], [0.5, -n], [2 ** Math.trunc(n / 3), 3]);
    for (let x = 1; x <= 4096; x++) cases.push([x, 2], [-x, 2], [x * x, 0.5], [x / 256, 2]);
    for (let y = 3; y <= 15; y++) for (let x = 2; x ** y <= 2 ** 24; x++) cases.push([x, y], [-x, y], [x ** y, 1 / y]);
    const whole = cases.filter(([, y]) => Math.fround(y) === y);
    const [x, y] = [0, 1].map((at) => Float32Array.from(whole, (pair) => pair[at]!)) as [Float32Array, Float32Array];
    const wanted = x.map((value, i) => value ** y[i]!);
    expect(differences(run(make, "float32", x, y), wanted)).toEqual([]);

    const any = everywhere(99);
    const ones = any.map(() => 1);
    expect(differences(run(make, "float32", any, ones), any)).toEqual([]);
  });

  test("special cases are those of C", () => {
    const sizes = [0, 1, 2, 0.5, 3, 1.5, 5, 2 ** 24 - 1, 2 ** 24, 2 ** 31, 2 ** 40, 3e38, Infinity];
    const tiny = [2 ** -149, 2 ** -126, 1e-40, 1 - 2 ** -24, 1 + 2 ** -23];
    const all = [...sizes, ...tiny].flatMap((value) => [value, -value]).concat(NaN);
    const pairs = all.flatMap((x) => all.map((y) => [x, y] as const));
    const [x, y] = [0, 1].map((at) => Float32Array.from(pairs, (pair) => pair[at]!)) as [Float32Array, Float32Array];
    const [got, wanted] = [run(make, "float32", x, y), x.map((value, i) => exact(value, y[i]!))];
    const special = [0, 1, Infinity];
    const at = pairs.flatMap((_, i) => (Number.isNaN(wanted[i]) || special.includes(Math.abs(wanted[i]!)) ? [i] : []));
    expect(at.length).toBeGreaterThan(700);
    expect(at.filter((i) => !Object.is(got[i], wanted[i])).map((i) => [...pairs[i]!, got[i]])).toEqual([]);
    expectWithin(1, make, exact, x, y);
    expectSameByVectors(make, x, y);
  });
});

test("pow in float64 is the machine's, but for the special cases of C", () => {
  const special = [1, 1, 1, -1, -1, 0, NaN];
  const x = Float64Array.from([...usual, ...special]);
  const y = Float64Array.from([...usual.toReversed(), NaN, Infinity, -Infinity, Infinity, -Infinity, 0, 0]);
  const wanted = x.map((value, i) => exact(value, y[i]!));
  expect([...wanted.slice(-special.length)]).toEqual(special.map(() => 1));
  expect(differences(run(make, "float64", x, y), wanted)).toEqual([]);
});
