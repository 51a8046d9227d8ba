import fc from "fast-check";
import { expect, test } from "vitest";
import { fromData } from "../tensor.ts";
import { program } from "./program.ts";
import * as k from "./scalar.ts";
import { withoutSubnormals } from "./subnormals.ts";
import { update } from "./update.ts";

/* Products of a state and a rate, around the place where they become subnormal. */

const least = 2 ** -126;

/** The product as a processor gives it that makes zero of what is subnormal after rounding. */
function product(x: number, rate: number): number {
  if (Math.abs(x) < least) return 0;
  return Math.abs(Math.fround(x * rate * 2 ** 64)) < least * 2 ** 64 ? 0 : Math.fround(x * rate);
}

function after(state: Float32Array, rate: number): Float32Array {
  const decay = program(["float32", "float32", "float32"], (x, r, g) => k.add(k.mul(x!, r!), g!));
  const inputs = [
    fromData("float32", [state.length], state.slice()),
    fromData("float32", [], Float32Array.of(rate)),
    fromData("float32", [state.length], new Float32Array(state.length)),
  ];
  update(decay, withoutSubnormals(decay)).run(inputs, []);
  return inputs[0]!.data as Float32Array;
}

test("are left out exactly where they are subnormal, in vectors too", () => {
  const rates = fc.double({ min: 2 ** -20, max: 4, noNaN: true }).map(Math.fround);
  const distances = fc.integer({ min: -3, max: 3 });
  fc.assert(
    fc.property(rates, distances, fc.boolean(), fc.constantFrom(3, 1200), (rate, distance, negative, size) => {
      const near = Float32Array.of(least / rate);
      const bits = new Int32Array(near.buffer);
      bits[0]! += distance;
      const x = negative ? -near[0]! : near[0]!;
      const [result] = after(new Float32Array(size).fill(x), rate);
      expect(Math.abs(result!)).toBe(Math.abs(product(x, rate)));
    }),
  );
});

test("infinity, NaN and a rate of zero keep their meaning", () => {
  const state = Float32Array.of(Number.POSITIVE_INFINITY, Number.NaN, 1, 0, 2 ** -149);
  expect([...after(state, 0.5)]).toEqual([Number.POSITIVE_INFINITY, Number.NaN, 0.5, 0, 0]);
  expect([...after(state, 0)]).toEqual([Number.NaN, Number.NaN, 0, 0, 0]);
  expect([...after(state, Number.NaN)]).toEqual(Array(5).fill(Number.NaN));
});

test("the formula stays as it was written", () => {
  const decay = program(["float32", "float32", "float32"], (x, r, g) => k.add(k.mul(x!, r!), g!));
  expect(update(decay, withoutSubnormals(decay)).form).toMatchObject({ program: decay });
});
