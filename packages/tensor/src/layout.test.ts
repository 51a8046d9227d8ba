import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  broadcasted,
  commonLoops,
  isContiguous,
  type Layout,
  permuted,
  reshaped,
  rowMajor,
  rowMajorStrides,
  sliced,
} from "./layout.ts";
import { type Shape, sizeOf } from "./shape.ts";

/** Every index of `shape` in row-major order. */
function indices(shape: Shape): number[][] {
  return shape.reduce<number[][]>(
    (list, extent) => list.flatMap((index) => Array.from({ length: extent }, (_, i) => [...index, i])),
    [[]],
  );
}

/** Where the elements lie, in row-major order. */
function positions({ shape, strides, offset }: Layout): number[] {
  return indices(shape).map((index) => index.reduce((sum, i, axis) => sum + i * strides[axis]!, offset));
}

const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });
const anyLayout = fc
  .tuple(shapes, fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 4, maxLength: 4 }), fc.nat(20))
  .map(([shape, strides, offset]): Layout => ({ shape, strides: strides.slice(0, shape.length), offset }));

const permutation = (rank: number) =>
  fc.shuffledSubarray(
    Array.from({ length: rank }, (_, i) => i),
    { minLength: rank },
  );

test("row-major elements follow each other", () => {
  fc.assert(
    fc.property(shapes, fc.nat(9), (shape, offset) => {
      const expected = Array.from({ length: sizeOf(shape) }, (_, i) => offset + i);
      expect(positions(rowMajor(shape, offset))).toEqual(expected);
      expect(isContiguous(rowMajor(shape, offset))).toBe(true);
    }),
  );
  expect(rowMajorStrides([2, 3, 4])).toEqual([12, 4, 1]);
});

test("contiguous means just that", () => {
  fc.assert(
    fc.property(anyLayout, (layout) => {
      const list = positions(layout);
      if (list.length === 0) return;
      expect(isContiguous(layout)).toBe(list.every((position, i) => position === list[0]! + i));
    }),
    { numRuns: 1000 },
  );
});

describe("views address the elements of what they view", () => {
  test("permuted: index [p0, p1, …] of the view is the index put back in order", () => {
    fc.assert(
      fc.property(
        anyLayout.chain((layout) => fc.tuple(fc.constant(layout), permutation(layout.shape.length))),
        ([layout, order]) => {
          const view = permuted(layout, order);
          const back = order.map((_, axis) => order.indexOf(axis));
          expect(permuted(view, back)).toEqual(layout);
          const at = ({ strides, offset }: Layout, index: readonly number[]) =>
            index.reduce((sum, i, axis) => sum + i * strides[axis]!, offset);
          for (const index of indices(view.shape)) {
            expect(at(view, index)).toBe(
              at(
                layout,
                back.map((axis) => index[axis]!),
              ),
            );
          }
        },
      ),
    );
  });

  test("broadcasted: repeated axes do not move", () => {
    const pairs = shapes.chain((full) =>
      fc.tuple(fc.constant(full), fc.nat(full.length), fc.infiniteStream(fc.boolean())).map(([to, drop, coin]) => {
        const from = to.slice(drop).map((extent) => (coin.next().value ? 1 : extent));
        return { from, to };
      }),
    );
    fc.assert(
      fc.property(pairs, fc.nat(5), ({ from, to }, offset) => {
        const source = positions(rowMajor(from, offset));
        const lead = to.length - from.length;
        const expected = indices(to).map((index) => {
          const own = from.map((extent, axis) => (extent === 1 ? 0 : index[axis + lead]!));
          return source[own.reduce((sum, i, axis) => sum * from[axis]! + i, 0)];
        });
        expect(positions(broadcasted(rowMajor(from, offset), to))).toEqual(expected);
      }),
    );
  });

  test("sliced: begin and step, forwards and backwards", () => {
    const cuts = shapes.chain((shape) =>
      fc.tuple(
        fc.constant(shape),
        fc.infiniteStream(fc.nat(100)),
        fc.infiniteStream(fc.constantFrom(-3, -2, -1, 1, 2, 3)),
      ),
    );
    fc.assert(
      fc.property(cuts, ([shape, random, step]) => {
        const steps = shape.map(() => step.next().value!);
        const begin = shape.map((extent) => (extent === 0 ? 0 : random.next().value! % extent));
        const kept = shape.map((extent, axis) => {
          const room = extent === 0 ? 0 : steps[axis]! > 0 ? extent - begin[axis]! : begin[axis]! + 1;
          return Math.ceil(room / Math.abs(steps[axis]!));
        });
        const source = rowMajor(shape);
        const expected = indices(kept).map((index) =>
          index.reduce((sum, i, axis) => sum + (begin[axis]! + i * steps[axis]!) * source.strides[axis]!, 0),
        );
        expect(positions(sliced(source, begin, kept, steps))).toEqual(expected);
      }),
    );
  });

  test("reshaped: the same elements in the same order, or null where no strides can do it", () => {
    const factors = fc.array(fc.constantFrom(1, 2, 3), { maxLength: 4 });
    fc.assert(
      fc.property(factors, fc.infiniteStream(fc.nat(3)), fc.boolean(), (shape, random, transpose) => {
        // Neighbouring extents joined at random, ones sprinkled in.
        const target: number[] = [];
        for (const extent of shape) {
          if (target.length > 0 && random.next().value === 0) target[target.length - 1]! *= extent;
          else target.push(extent);
          if (random.next().value === 0) target.push(1);
        }
        const source = transpose
          ? permuted(
              rowMajor([...shape].reverse()),
              shape.map((_, i) => shape.length - 1 - i),
            )
          : rowMajor(shape);
        const view = reshaped(source, target);
        if (view === null) expect(isContiguous(source)).toBe(false);
        else {
          expect(view.shape).toEqual(target);
          expect(positions(view)).toEqual(positions(source));
        }
        const same = reshaped(source, [1, ...shape, 1]);
        expect(same && positions(same)).toEqual(positions(source));
      }),
    );
    expect(reshaped(permuted(rowMajor([2, 3]), [1, 0]), [6])).toBe(null);
  });
});

describe("commonLoops", () => {
  const groups = fc.tuple(
    shapes,
    fc.array(fc.tuple(fc.infiniteStream(fc.integer({ min: -9, max: 9 })), fc.boolean()), { maxLength: 3 }),
  );

  test("visit what the layouts name, in the same order, with no more axes", () => {
    fc.assert(
      fc.property(groups, ([shape, sources]) => {
        const layouts = sources.map(
          ([random, dense]): Layout =>
            dense ? rowMajor(shape) : { shape, strides: shape.map(() => random.next().value!), offset: 0 },
        );
        const loops = commonLoops(shape, layouts);
        expect(loops.shape.length).toBeLessThanOrEqual(shape.length);
        expect(loops.shape).not.toContain(1);
        for (const [i, layout] of layouts.entries()) {
          expect(positions({ shape: loops.shape, strides: loops.strides[i]!, offset: 0 })).toEqual(positions(layout));
        }
      }),
      { numRuns: 500 },
    );
  });

  test("contiguous layouts need one loop, or none for a single element", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 }), (shape) => {
        const { shape: extents } = commonLoops(shape, [rowMajor(shape), rowMajor(shape)]);
        expect(extents).toEqual(sizeOf(shape) === 1 ? [] : [sizeOf(shape)]);
      }),
    );
  });
});
