import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InvalidArgumentError } from "../errors.ts";
import { blockedSum } from "../fixtures/blocked-sum.ts";
import { permuted, rowMajor } from "../layout.ts";
import { tensor } from "../literal.ts";
import { allocate } from "../memory.ts";
import { type Shape, sizeOf } from "../shape.ts";
import { EagerTensor, fromData } from "../tensor.ts";
import { checkIndices, gatherRows, nonZeroPositions, uniqueElements } from "./indexing.ts";
import { segmentSum } from "./segments.ts";

const eager = (values: Parameters<typeof tensor>[0], options?: Parameters<typeof tensor>[1]) =>
  tensor(values, options) as EagerTensor;

function indices(shape: Shape): number[][] {
  return shape.reduce<number[][]>(
    (list, extent) => list.flatMap((index) => Array.from({ length: extent }, (_, i) => [...index, i])),
    [[]],
  );
}

function at(source: EagerTensor, index: readonly number[]): number {
  const { strides, offset } = source.layout;
  return source.buffer[index.reduce((sum, i, axis) => sum + i * strides[axis]!, offset)]!;
}

/** Counting floats; every other time with the memory in column-major order. */
function counting(shape: Shape, reversed: boolean): EagerTensor {
  const data = Float32Array.from({ length: sizeOf(shape) }, (_, i) => i + 1);
  if (!reversed) return fromData("float32", shape, data);
  const back = shape.map((_, axis) => shape.length - 1 - axis);
  return new EagerTensor("float32", permuted(rowMajor([...shape].reverse()), back), data);
}

describe("gatherRows", () => {
  const picks = fc
    .array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 })
    .chain((shape) => fc.tuple(fc.constant(shape), fc.nat(shape.length - 1)))
    .chain(([shape, axis]) => fc.tuple(fc.constant(shape), fc.constant(axis), fc.nat(axis)))
    .chain(([shape, axis, batchDims]) =>
      fc.tuple(
        fc.constant({ shape, axis, batchDims }),
        fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 2 }),
        fc.infiniteStream(fc.nat(shape[axis]! - 1)),
        fc.boolean(),
      ),
    );

  test("result[outer, i, inner] is params[outer, indices[i], inner], batch by batch", () => {
    fc.assert(
      fc.property(picks, ([{ shape, axis, batchDims }, inside, rows, reversed]) => {
        const params = counting(shape, reversed);
        const batch = shape.slice(0, batchDims);
        const list = [...batch, ...inside];
        const positions = fromData(
          "int32",
          list,
          Int32Array.from({ length: sizeOf(list) }, () => rows.next().value!),
        );
        const outShape = [...shape.slice(0, axis), ...inside, ...shape.slice(axis + 1)];
        const [result] = gatherRows("gather", axis, batchDims).run(
          [params, positions],
          [{ dtype: "float32", shape: outShape }],
        );
        expect(result!.shape).toEqual(outShape);
        for (const index of indices(outShape)) {
          const pick = [...index.slice(0, batchDims), ...index.slice(axis, axis + inside.length)];
          const source = [...index.slice(0, axis), at(positions, pick), ...index.slice(axis + inside.length)];
          expect(at(result!, index)).toBe(at(params, source));
        }
      }),
      { numRuns: 300 },
    );
  });

  test("an index out of range is named by its position; nothing is clamped", () => {
    const params = counting([3, 2], false);
    const run = (rows: number[][]) => () =>
      gatherRows("gather", 0).run([params, eager(rows, { dtype: "int32" })], [{ dtype: "float32", shape: [2, 2, 2] }]);
    expect(
      run([
        [0, 1],
        [3, 0],
      ]),
    ).toThrow(InvalidArgumentError);
    expect(
      run([
        [0, 1],
        [3, 0],
      ]),
    ).toThrow("gather: indices[1, 0] = 3 is out of range; expected 0 to 2 (3 rows)");
    expect(
      run([
        [0, -1],
        [1, 0],
      ]),
    ).toThrow("gather: indices[0, 1] = -1 is out of range");
  });

  test("negative positions pick zeros where that is asked for", () => {
    const spec = { dtype: "float32", shape: [3, 2] } as const;
    const [result] = gatherRows("g", 0, 0, true).run(
      [counting([2, 2], false), eager([1, -1, 0], { dtype: "int32" })],
      [spec],
    );
    expect(result!.array()).toEqual([
      [3, 4],
      [0, 0],
      [1, 2],
    ]);
  });

  test("a table without rows", () => {
    const run = () =>
      gatherRows("gather", 0).run(
        [counting([0, 2], false), eager([0], { dtype: "int32" })],
        [{ dtype: "float32", shape: [1, 2] }],
      );
    expect(run).toThrow("gather: indices[0] = 0 is out of range; there are no rows to name");
  });
});

describe("segmentSum", () => {
  test.each(["float32", "float64"] as const)("adds the rows of one id in the order of every sum of %s", (dtype) => {
    const segments = fc.tuple(
      fc.integer({ min: 0, max: 90 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 2 }),
      fc.boolean(),
    );
    fc.assert(
      fc.property(
        segments,
        fc.infiniteStream(fc.float({ noNaN: true, min: -1e4, max: 1e4 })),
        fc.infiniteStream(fc.nat(9)),
        ([rows, count, width, batch, batched], values, random) => {
          const lead = batched ? [batch] : [];
          const batches = batched ? batch : 1;
          const terms = allocate(dtype, batches * rows * width).map(() => values.next().value! / 3);
          const data = fromData(dtype, [...lead, rows, width], terms);
          const list = Int32Array.from({ length: batches * rows }, () => (random.next().value! % (count + 1)) - 1);
          const ids = fromData("int32", [...lead, rows], list);
          const parts: number[][] = Array.from({ length: batches * count * width }, () => []);
          list.forEach((id, row) => {
            for (let j = 0; id >= 0 && j < width; j++)
              parts[(Math.floor(row / rows) * count + id) * width + j]!.push(terms[row * width + j]!);
          });
          const spec = { dtype, shape: [...lead, count, width] };
          const [result] = segmentSum("segmentSum", batched ? 1 : 0).run([data, ids], [spec]);
          expect([...result!.data]).toEqual(parts.map((part) => blockedSum(part, dtype)));
        },
      ),
    );
  });

  test("an id beyond the last segment is an error", () => {
    const run = () =>
      segmentSum("unsortedSegmentSum").run(
        [counting([2], false), eager([0, 4], { dtype: "int32" })],
        [{ dtype: "float32", shape: [4] }],
      );
    expect(run).toThrow(InvalidArgumentError);
    expect(run).toThrow("unsortedSegmentSum: indices[1] = 4 is out of range; expected 0 to 3 (4 rows)");
  });

  test("is the transpose of gather: <gather(x, i), y> = <x, segmentSum(y, i)>", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(4), { minLength: 1, maxLength: 8 }), (rows) => {
        const x = fromData("float64", [5], Float64Array.of(1, 2, 3, 5, 8));
        const y = fromData(
          "float64",
          [rows.length],
          Float64Array.from(rows, (_, i) => i + 1),
        );
        const ids = eager(rows, { dtype: "int32" });
        const [picked] = gatherRows("g", 0).run([x, ids], [{ dtype: "float64", shape: [rows.length] }]);
        const [summed] = segmentSum("s").run([y, ids], [{ dtype: "float64", shape: [5] }]);
        const dot = (a: EagerTensor, b: EagerTensor) =>
          Array.from(a.data).reduce((sum, value, i) => sum + value * b.data[i]!, 0);
        expect(dot(picked!, y)).toBe(dot(x, summed!));
      }),
    );
  });
});

test("uniqueElements: first appearances in order, and the way back", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -3, max: 3 })), (values) => {
      const [distinct, positions] = uniqueElements().run([eager(values, { dtype: "int32" })], []);
      expect([...distinct!.data]).toEqual([...new Set(values)]);
      expect(Array.from(positions!.data, (position) => distinct!.data[position])).toEqual(values);
      expect([distinct!.dtype, positions!.dtype]).toEqual(["int32", "int32"]);
    }),
  );
});

test("nonZeroPositions", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean()), (values) => {
      const [positions] = nonZeroPositions().run([eager(values, { dtype: "bool" })], []);
      expect([...positions!.data]).toEqual(values.flatMap((value, i) => (value ? [i] : [])));
    }),
  );
});

test("checkIndices finds the first index out of range and no other", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -2, max: 6 }), { maxLength: 9 }), fc.boolean(), (list, negativeAllowed) => {
      const wrong = list.findIndex((value) => value > 4 || (value < 0 && !negativeAllowed));
      const run = () => checkIndices("op", eager(list, { dtype: "int32" }), 5, negativeAllowed);
      if (wrong < 0) expect(run).not.toThrow();
      else expect(run).toThrow(`op: indices[${wrong}] = ${list[wrong]} is out of range; expected 0 to 4 (5 rows)`);
    }),
  );
});
