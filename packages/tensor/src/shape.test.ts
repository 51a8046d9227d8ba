import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ValueError } from "./errors.ts";
import {
  alignShapes,
  broadcastAxes,
  broadcastShapes,
  checkShape,
  compatible,
  formatShape,
  isStatic,
  normalizeAxes,
  normalizeAxis,
  type PartialShape,
  reducedShape,
  type Shape,
  sameShape,
  sizeOf,
} from "./shape.ts";

const shapes = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 });

/** A shape that stretches to `full`: leading axes dropped, some extents 1. */
function stretchable(full: Shape): fc.Arbitrary<number[]> {
  return fc
    .tuple(fc.integer({ min: 0, max: full.length }), fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }))
    .map(([drop, ones]) => full.slice(drop).map((extent, axis) => (ones[axis] ? 1 : extent)));
}
const families = shapes.chain((full) => fc.tuple(fc.constant(full), fc.array(stretchable(full), { maxLength: 3 })));

/** Some extents left open. */
const opened = (shape: Shape) =>
  fc
    .array(fc.boolean(), { minLength: 4, maxLength: 4 })
    .map((open) => shape.map((extent, i) => (open[i] ? null : extent)));
const partialShapes = shapes.chain(opened);

describe("broadcasting", () => {
  test("shapes that stretch to a shape give it back, in any order, together or one after the other", () => {
    fc.assert(
      fc.property(families, ([full, others]) => {
        expect(broadcastShapes("op", [full, ...others])).toEqual(full);
        expect(broadcastShapes("op", [...others, full])).toEqual(full);
        const pairwise = others.reduce<PartialShape>((shape, other) => broadcastShapes("op", [other, shape]), full);
        expect(pairwise).toEqual(full);
      }),
    );
  });

  test("an axis fails exactly when two extents differ and neither is 1", () => {
    fc.assert(
      fc.property(shapes, shapes, (a, b) => {
        const pairs = Array.from({ length: Math.min(a.length, b.length) }, (_, i) => [a.at(-1 - i)!, b.at(-1 - i)!]);
        const agree = pairs.every(([x, y]) => x === y || x === 1 || y === 1);
        if (agree) {
          const expected = Array.from({ length: Math.max(a.length, b.length) }, (_, i) => {
            const [x, y] = [a.at(-1 - i) ?? 1, b.at(-1 - i) ?? 1];
            return x === 1 ? y : x;
          }).reverse();
          expect(broadcastShapes("op", [a, b])).toEqual(expected);
        } else {
          expect(() => broadcastShapes("op", [a, b])).toThrow(ValueError);
        }
      }),
    );
  });

  test("what open extents promise holds whatever they turn out to be", () => {
    fc.assert(
      fc.property(families, fc.infiniteStream(fc.boolean()), ([full, others], open) => {
        const known = [full, ...others];
        const partial = known.map((shape) => shape.map((extent) => (open.next().value ? null : extent)));
        expect(compatible(broadcastShapes("op", partial), broadcastShapes("op", known))).toBe(true);
      }),
    );
    expect(
      broadcastShapes("op", [
        [null, 1],
        [1, 3],
      ]),
    ).toEqual([null, 3]);
    expect(broadcastShapes("op", [[null], [4]])).toEqual([4]);
    expect(broadcastShapes("op", [[null], [1]])).toEqual([null]);
    expect(broadcastShapes("op", [])).toEqual([]);
  });

  test("the message shows the shapes under each other and marks the axis", () => {
    expect(() =>
      broadcastShapes("add", [
        [2, 128, 3],
        [64, 3],
      ]),
    ).toThrow(
      [
        "add: shapes cannot be broadcast, they differ on axis -2; make the extents equal or 1 (expandDims, reshape, transpose)",
        "  [2, 128, 3]",
        "     [ 64, 3]",
        "      ^^^",
      ].join("\n"),
    );
    expect(
      alignShapes([
        { name: "a", shape: [null, 10], wrong: 1 },
        { name: "long", shape: [7, 3], wrong: 0 },
      ]),
    ).toBe("  a    [?, 10]\n           ^^\n  long [7,  3]\n        ^");
  });

  test("broadcastAxes names the axes whose summing undoes the stretch", () => {
    fc.assert(
      fc.property(
        shapes.chain((full) => fc.tuple(fc.constant(full), stretchable(full))),
        ([full, from]) => {
          const axes = broadcastAxes(from, full);
          const repeats = axes.reduce((product, axis) => product * full[axis]!, 1);
          expect(sizeOf(from) * repeats).toBe(sizeOf(full));
          const summed = reducedShape(full, axes, true);
          expect(sizeOf(summed as Shape)).toBe(sizeOf(from));
          expect(broadcastAxes(full, full)).toEqual([]);
        },
      ),
    );
  });
});

describe("axes", () => {
  test("counted from the front or from the end they are the same", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.nat(), (rank, n) => {
        const axis = n % rank;
        expect(normalizeAxis("op", axis, rank)).toBe(axis);
        expect(normalizeAxis("op", axis - rank, rank)).toBe(axis);
        expect(() => normalizeAxis("op", rank + n, rank)).toThrow(ValueError);
        expect(() => normalizeAxis("op", -rank - 1 - n, rank)).toThrow(ValueError);
      }),
    );
    expect(() => normalizeAxis("sum", 3, 2)).toThrow("sum: axis 3 is out of range for rank 2; expected -2 to 1");
    expect(() => normalizeAxis("sum", 0, 0)).toThrow("sum: axis 0 is out of range for rank 0; a scalar has no axes");
    expect(() => normalizeAxis("sum", 0.5, 2)).toThrow(TypeError);
  });

  test("a list is sorted, null is all of them, repeats are refused", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5 }), fc.infiniteStream(fc.boolean()), (rank, coin) => {
        const all = Array.from({ length: rank }, (_, axis) => axis);
        const some = all.filter(() => coin.next().value);
        const disguised = some.map((axis) => (coin.next().value ? axis : axis - rank)).reverse();
        expect(normalizeAxes("op", disguised, rank)).toEqual(some);
        expect(normalizeAxes("op", null, rank)).toEqual(all);
        expect(normalizeAxes("op", undefined, rank)).toEqual(all);
      }),
    );
    expect(normalizeAxes("op", -1, 3)).toEqual([2]);
    expect(() => normalizeAxes("sum", [0, -2], 2)).toThrow("sum: axes [0, 0] repeat an axis");
  });

  test("reducing drops axes or leaves extents of 1", () => {
    fc.assert(
      fc.property(partialShapes, fc.infiniteStream(fc.boolean()), (shape, coin) => {
        const axes = shape.map((_, axis) => axis).filter(() => coin.next().value);
        const kept = reducedShape(shape, axes, true);
        expect(kept.length).toBe(shape.length);
        expect(reducedShape(shape, axes, false)).toEqual(kept.filter((_, axis) => !axes.includes(axis)));
        for (const axis of axes) expect(kept[axis]).toBe(1);
      }),
    );
  });
});

test("compatible and sameShape: reflexive, symmetric; equal shapes are compatible, opening an extent keeps them so", () => {
  fc.assert(
    fc.property(partialShapes, partialShapes, (a, b) => {
      expect(sameShape(a, a)).toBe(!a.includes(null));
      expect(compatible(a, a)).toBe(true);
      expect(compatible(a, b)).toBe(compatible(b, a));
      if (sameShape(a, b)) expect(compatible(a, b)).toBe(true);
      expect(
        compatible(
          a,
          a.map(() => null),
        ),
      ).toBe(true);
      expect(compatible(a, [...a, 1])).toBe(false);
    }),
  );
  expect(compatible([2, null], [2, 3])).toBe(true);
  expect(compatible([2, null], [3, 3])).toBe(false);
});

test("size, staticness and print", () => {
  expect(sizeOf([])).toBe(1);
  expect(sizeOf([2, 3, 4])).toBe(24);
  expect(sizeOf([2, 0, 4])).toBe(0);
  expect(isStatic([2, 3])).toBe(true);
  expect(isStatic([2, null])).toBe(false);
  expect(formatShape([2, null, 3])).toBe("[2, ?, 3]");
  expect(formatShape([])).toBe("[]");
});

test("checkShape lets shapes through and nothing else", () => {
  fc.assert(fc.property(shapes, (shape) => checkShape("op", shape) === shape));
  for (const extent of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, "2", null]) {
    expect(() => checkShape("op", [2, extent])).toThrow(ValueError);
  }
  expect(() => checkShape("zeros", [2, -1])).toThrow("zeros: -1 in shape [2, -1] is not an extent; use integers >= 0");
  for (const shape of [3, "2,3", null, undefined, new Int32Array(2)])
    expect(() => checkShape("op", shape)).toThrow(TypeError);
});
