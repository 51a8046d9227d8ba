import fc from "fast-check";
import { expect, test } from "vitest";
import { gauss, portableCosSin, portableLog, unit53 } from "./gauss.ts";

const unit = fc.double({ min: 2 ** -53, max: 1, noNaN: true });

test("the portable logarithm agrees with the engine's", () => {
  fc.assert(
    fc.property(unit, (x) => {
      expect(Math.abs(portableLog(x) - Math.log(x))).toBeLessThanOrEqual(4e-16 * Math.abs(Math.log(x)));
    }),
    { numRuns: 5000 },
  );
  expect(portableLog(1)).toBe(0);
  expect(portableLog(1 - 2 ** -53)).toBe(-(2 ** -53));
});

test("the portable cosine and sine agree with the engine's", () => {
  const pair = new Float64Array(2);
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (turn) => {
      portableCosSin(turn, pair);
      expect(Math.abs(pair[0]! - Math.cos(2 * Math.PI * turn))).toBeLessThan(2e-15);
      expect(Math.abs(pair[1]! - Math.sin(2 * Math.PI * turn))).toBeLessThan(2e-15);
      expect(Math.abs(pair[0]! ** 2 + pair[1]! ** 2 - 1)).toBeLessThan(1e-15);
    }),
    { numRuns: 5000 },
  );
});

test("quarter turns are exact", () => {
  const at = (turn: number) => {
    const pair = new Float64Array(2);
    portableCosSin(turn, pair);
    return [...pair].map((x) => x + 0);
  };
  expect([0, 0.25, 0.5, 0.75].map(at)).toEqual([
    [1, 0],
    [0, 1],
    [-1, 0],
    [0, -1],
  ]);
});

test("words at both ends of their range give finite values", () => {
  for (const high of [0, 0xffffffff]) {
    for (const low of [0, 0xffffffff]) {
      let count = 0;
      const next = gauss(() => (count++ % 2 === 0 ? high : low));
      for (let i = 0; i < 4; i++) expect(Number.isFinite(next())).toBe(true);
    }
  }
  expect(unit53(() => 0)).toBe(0);
  expect(unit53(() => 0xffffffff)).toBe(1 - 2 ** -53);
});
