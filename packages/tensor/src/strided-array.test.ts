import fc from "fast-check";
import ndarray from "ndarray";
import { expect, test } from "vitest";
import type { NdArray } from "./ndarray.ts";
import { StridedArray } from "./strided-array.ts";

/* The stand-in for an npm `ndarray` does what that does: random views of both, all elements compared. */

const method = fc.constantFrom("lo", "hi", "step", "transpose", "pick");
const views = fc.array(fc.record({ method, picks: fc.array(fc.nat(5), { minLength: 4, maxLength: 4 }) }), {
  maxLength: 4,
});

type View = NdArray<Float32Array> & { index(...position: number[]): number; readonly order: number[] };

/** Arguments for a method of a view of this shape. */
function argumentsFor(name: string, shape: readonly number[], picks: readonly number[]): (number | null)[] {
  if (name === "transpose") return shape.map((_, axis) => (axis + picks[0]!) % shape.length);
  return shape.map((extent, axis) => {
    const pick = picks[axis]!;
    if (name === "step") return [1, 2, -1, -2, 3, 1][pick]!;
    if (name === "pick") return pick % 2 === 0 || extent === 0 ? null : pick % extent;
    return pick === 5 ? null : Math.min(pick, name === "lo" ? Math.max(0, extent - 1) : extent);
  });
}

function positionsOf(shape: readonly number[]): number[][] {
  const [extent, ...rest] = shape;
  if (extent === undefined) return [[]];
  return Array.from({ length: extent }, (_, i) => positionsOf(rest).map((position) => [i, ...position])).flat();
}

test("views of an ndarray and of its stand-in have the same elements", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 }), views, (shape, steps) => {
      const size = shape.reduce((product, extent) => product * extent, 1);
      const data = Float32Array.from({ length: size }, (_, i) => i);
      let theirs = ndarray(data, shape) as unknown as View;
      let ours: View = new StridedArray(data, [...shape], [...theirs.stride], theirs.offset);
      for (const { method, picks } of steps) {
        const given = argumentsFor(method, theirs.shape, picks) as number[];
        if (theirs.shape.length === 0) break;
        theirs = theirs[method as "lo"](...given) as View;
        ours = ours[method as "lo"](...given) as View;
        expect([ours.shape, ours.stride, ours.offset]).toEqual([theirs.shape, theirs.stride, theirs.offset]);
        expect([ours.size, ours.dimension]).toEqual([theirs.size, theirs.dimension]);
      }
      for (const position of positionsOf(theirs.shape)) {
        expect(ours.get(...position)).toBe(theirs.get(...position));
        expect(ours.index(...position)).toBe(theirs.index(...position));
        expect(ours.set(...position, 100)).toBe(100);
        expect(theirs.get(...position)).toBe(100);
      }
    }),
  );
});

test.each(["Float32Array", "Float64Array", "Int32Array", "Uint8Array", "Uint8ClampedArray"] as const)(
  "dtype of %s",
  (name) => {
    const data = new globalThis[name](4);
    expect(new StridedArray(data, [2, 2], [2, 1], 0).dtype).toBe(ndarray(data, [2, 2]).dtype);
  },
);
