import fc from "fast-check";
import { expect, test } from "vitest";
import { layOut } from "./plan.ts";
import { verifyPlan } from "./verify.ts";

test("what lives at the same time never overlaps, and the arena is never larger than the sum", () => {
  const lifetime = fc
    .record({ bytes: fc.nat(5000), first: fc.nat(20), length: fc.nat(10) })
    .map(({ bytes, first, length }) => ({ bytes, first, last: first + length }));
  fc.assert(
    fc.property(fc.array(lifetime, { maxLength: 40 }), (lifetimes) => {
      const { offsets, bytes, naive } = layOut(lifetimes);
      expect(bytes).toBeLessThanOrEqual(naive);
      lifetimes.forEach((a, i) => {
        expect(offsets[i]! % 64).toBe(0);
        expect(offsets[i]! + a.bytes).toBeLessThanOrEqual(bytes);
        lifetimes.slice(i + 1).forEach((b, j) => {
          if (a.first > b.last || b.first > a.last) return;
          const [x, y] = [offsets[i]!, offsets[i + 1 + j]!];
          expect(x + a.bytes <= y || y + b.bytes <= x).toBe(true);
        });
      });
    }),
  );
});

test("what is over makes room", () => {
  const { offsets, bytes, naive } = layOut([
    { bytes: 100, first: 0, last: 1 },
    { bytes: 100, first: 1, last: 2 },
    { bytes: 100, first: 2, last: 3 },
  ]);
  expect([offsets[0], bytes, naive]).toEqual([offsets[2], 256, 384]);
});

test("many lifetimes share memory too, and never overlap", () => {
  const random = (i: number, below: number) => ((i * 2654435761) >>> 8) % below;
  const lifetimes = Array.from({ length: 5000 }, (_, i) => ({
    bytes: 1 + random(i, 500),
    first: i,
    last: i + random(i + 7, 20),
  }));
  const { offsets, bytes, naive } = layOut(lifetimes);
  verifyPlan(lifetimes.map((lifetime, i) => ({ what: `${i}`, ...lifetime, at: offsets[i]! })));
  expect(lifetimes.every((each, i) => offsets[i]! + each.bytes <= bytes)).toBe(true);
  expect(bytes).toBeLessThan(naive / 100);
});
