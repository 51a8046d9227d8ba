import { describe, expect, test } from "vitest";
import { COUNT, differences, expectSameByVectors, expectWithin, run } from "../fixtures/floats.ts";
import { cos, sin } from "./trigonometry.ts";

const from = (value: (i: number) => number) => Float32Array.from({ length: COUNT }, (_, i) => value(i));

/** The float32 nearest to a multiple of π/2: at those of one quarter the sine nearly vanishes, at the others the cosine. */
const multiples = from((i) => Math.round(2 ** ((24 * i) / COUNT) * (1 + (i % 97) / 97)) * (Math.PI / 2));

/**
 * M 2^e, the float32 arguments closest to multiples of π/2: less than 2^-27 of one away. Found among the convergents of
 * 2^e 2/π for every exponent e.
 */
const closest = [
  [16367173, 72],
  [10741887, 11],
  [16367173, 73],
  [10741887, 12],
  [16573937, -16],
  [16367173, 74],
  [10057457, 62],
  [11617958, 17],
  [9012376, 53],
  [10741887, 13],
  [16573937, -15],
  [14173733, 88],
].map(([mantissa, e]) => mantissa! * 2 ** e!);

describe.each([
  ["sin", sin, Math.sin],
  ["cos", cos, Math.cos],
] as const)("%s in float32", (_, f, exact) => {
  test.each([
    ["within eight quadrants", from((i) => (i / COUNT - 0.5) * 4 * Math.PI)],
    ["up to 2^13", from((i) => (i / COUNT - 0.5) * 2 ** 14)],
    ["up to 2^127", from((i) => 2 ** ((127 * i) / COUNT))],
    ["near multiples of π/2", multiples],
    ["as close to them as float32 comes", Float32Array.from({ length: 2048 }, (_, i) => closest[i % closest.length]!)],
    ["where arguments begin to be reduced", from((i) => Math.PI / 4 + (i - COUNT / 2) * 2 ** -24)],
  ])("within 1 ulp %s", (_, x) => {
    expectWithin(1, (y) => f(y!), exact, x);
    expectSameByVectors((y) => f(y!), x);
  });
});

test("the sine is odd and the cosine even, signs of zero included", () => {
  const x = from((i) => 2 ** ((277 * i) / COUNT - 149));
  const mirrored = x.map((value) => -value);
  const flipped = (values: Float32Array) => values.map((value) => -value);
  const [sine, cosine] = [
    (y: Float32Array) => run((z) => sin(z!), "float32", y),
    (y: Float32Array) => run((z) => cos(z!), "float32", y),
  ];
  expect(differences(sine(mirrored), flipped(sine(x)))).toEqual([]);
  expect(differences(cosine(mirrored), cosine(x))).toEqual([]);
  expect([...sine(Float32Array.of(0, -0))]).toEqual([0, -0]);
});
