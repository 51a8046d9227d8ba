import * as gt from "gradtape";
import { describe, expect, test } from "vitest";
import { expectError, numbers, slices } from "./support.ts";

const rows = slices(
  [
    [1, 2],
    [3, 4],
    [5, 6],
  ],
  [2, 0, 2],
  [4, 2],
);

describe("§10 the constructor", () => {
  test("§10 values first, then indices, then denseShape; attributes are returned as given", () => {
    const [values, indices, denseShape] = [gt.ones([1, 2]), gt.tensor([3], { dtype: "int32" }), [9, 2]];
    const made = new gt.IndexedSlices(values, indices, denseShape);
    expect(made.values).toBe(values);
    expect(made.indices).toBe(indices);
    expect(made.denseShape).toBe(denseShape);
    expect(new gt.IndexedSlices(values, indices).denseShape).toBeNull();
  });

  test("§10 validates nothing", () => {
    const odd: [gt.Operand, gt.Operand, number[] | null][] = [
      [gt.ones([5, 2]), gt.tensor([0], { dtype: "int32" }), [1]],
      [gt.tensor(1), gt.tensor([0.5]), null],
      [gt.ones([1, 2]), gt.tensor([[-7]], { dtype: "int32" }), [3, 100]],
    ];
    for (const [values, indices, denseShape] of odd) {
      const made = new gt.IndexedSlices(values, indices, denseShape);
      expect([made.values, made.indices, made.denseShape]).toEqual([values, indices, denseShape]);
    }
  });

  test("§10 shape is the dense shape, null where unknown; the dtype is that of the values", () => {
    expect([rows.shape, rows.dtype]).toEqual([[4, 2], "float32"]);
    const wide = new gt.IndexedSlices(gt.ones([1], { dtype: "float64" }), [0]);
    expect([wide.shape, wide.dtype]).toEqual([null, "float64"]);
  });

  test("§10 equality is identity", () => {
    const other = new gt.IndexedSlices(rows.values, rows.indices, rows.denseShape);
    expect(rows === other).toBe(false);
    expect(new Set([rows, rows, other]).size).toBe(2);
  });
});

describe("§10 text", () => {
  test("§10 indices first, denseShape only if present", () => {
    const [indices, values] = [gt.tensor([3], { dtype: "int32" }), gt.tensor([[1, 2]])];
    expect(String(new gt.IndexedSlices(values, indices))).toBe(`IndexedSlices(indices=${indices}, values=${values})`);
    expect(String(new gt.IndexedSlices(values, indices, [4, 2]))).toBe(
      `IndexedSlices(indices=${indices}, values=${values}, dense_shape=[4, 2])`,
    );
  });
});

describe("§10 conversion to a tensor", () => {
  test("§10 means dense[indices[i]] += values[i], zeros elsewhere", () => {
    expect(rows.toTensor().array()).toEqual([
      [3, 4],
      [0, 0],
      [6, 8],
      [0, 0],
    ]);
  });

  test("§10 every op takes slices as the tensor they stand for", () => {
    const dense = rows.toTensor();
    expect(gt.mul(dense, rows).array()).toEqual(gt.mul(dense, dense).array());
    expect(gt.mul(2, rows)).toBeInstanceOf(gt.Tensor);
    expect(gt.add(rows, rows).array()).toEqual(gt.add(dense, dense).array());
    expect(gt.sum(rows).item()).toBe(21);
  });

  test("§10 the output has the rows of denseShape and the width of the values; its inner entries are ignored", () => {
    for (const denseShape of [[3, 2], [3], [3, 100, 7]]) {
      expect(
        slices([[1, 2]], [1], denseShape)
          .toTensor()
          .array(),
      ).toEqual([
        [0, 0],
        [1, 2],
        [0, 0],
      ]);
    }
  });

  test("§10 without denseShape: a ValueError that says so", () => {
    expectError(() => slices([[1, 2]], [1]).toTensor(), gt.ValueError, /without denseShape/);
    expectError(() => gt.mul(slices([[1, 2]], [1]), 2), gt.ValueError, /without denseShape/);
  });

  test("§10 another dtype than asked for is a ValueError", () => {
    expectError(() => rows.toTensor({ dtype: "float64" }), gt.ValueError, "float64", "float32");
    expect(rows.toTensor({ dtype: "float32" }).dtype).toBe("float32");
  });

  test("§10 an index beyond the rows is an InvalidArgumentError, negative ones are dropped silently", () => {
    expectError(() => slices([[1, 2]], [3], [3, 2]).toTensor(), gt.InvalidArgumentError, /\b3\b/);
    const dropped = slices([[1], [2], [4]], [-1, 1, -3], [3, 1]);
    expect(numbers(dropped.toTensor())).toEqual([0, 2, 0]);
  });

  test("§10 no rows give zeros", () => {
    const none = new gt.IndexedSlices(gt.zeros([0, 2]), gt.zeros([0], { dtype: "int32" }), [2, 2]);
    expect(numbers(none.toTensor())).toEqual([0, 0, 0, 0]);
  });
});

describe("§10 slices in, slices out", () => {
  const negated: (x: gt.IndexedSlices) => gt.IndexedSlices = gt.neg;

  test.each<[string, (x: gt.IndexedSlices) => gt.IndexedSlices | gt.Tensor, (x: number) => number]>([
    ["neg", negated, (x) => -x],
    ["scalarMul", (x) => gt.scalarMul(3, x), (x) => 3 * x],
    ["scalarMul by a scalar tensor", (x) => gt.scalarMul(gt.tensor(3), x), (x) => 3 * x],
    ["identity", (x) => gt.identity(x), (x) => x],
    ["cast", (x) => gt.cast(x, "int32"), (x) => x],
    ["clipByValue", (x) => gt.clipByValue(x, 2, 4.5), (x) => Math.min(Math.max(x, 2), 4.5)],
  ])("§10 %s: same indices, same dense shape, the values changed", (_, f, each) => {
    const result = f(rows);
    expect(result).toBeInstanceOf(gt.IndexedSlices);
    const { values, indices, denseShape } = result as gt.IndexedSlices;
    expect(Array.from(values.data)).toEqual(Array.from(rows.values.data, each));
    expect(numbers(indices)).toEqual([2, 0, 2]);
    expect(denseShape).toEqual([4, 2]);
  });

  test("§10 cast changes the dtype of the values", () => {
    expect(gt.cast(rows, "float64").values.dtype).toBe("float64");
  });

  test("§10 scalarMul by something of a rank is a ValueError", () => {
    expectError(() => gt.scalarMul([1, 2], rows), gt.ValueError, /scalar/, "[2]");
    expectError(() => gt.scalarMul(gt.tensor([3]), rows), gt.ValueError, /scalar/, "[1]");
  });

  test("§10 clipByGlobalNorm keeps slices and nulls in place", () => {
    const { clipped, norm } = gt.clipByGlobalNorm([rows, null, gt.tensor([3])], 5);
    expect(clipped.map((each) => each?.constructor.name ?? null)).toEqual(["IndexedSlices", null, "EagerTensor"]);
    expect(numbers(norm)).toEqual([10]);
    expect(Array.from((clipped[0] as gt.IndexedSlices).values.data)).toEqual([0.5, 1, 1.5, 2, 2.5, 3]);
  });
});

describe("§10 norms do not merge", () => {
  const twice = slices(
    [
      [1, 2],
      [3, 4],
    ],
    [0, 0],
    [1, 2],
  );

  test("§10 globalNorm uses the raw rows: the root of 30, not of 52; null entries are skipped", () => {
    expect(numbers(gt.globalNorm([twice]))[0]).toBeCloseTo(Math.sqrt(30), 6);
    expect(numbers(gt.globalNorm([null, twice, null]))[0]).toBeCloseTo(Math.sqrt(30), 6);
    expect(numbers(gt.globalNorm([twice.toTensor()]))[0]).toBeCloseTo(Math.sqrt(52), 6);
  });

  test("§10 clipByNorm: values * c / max(norm, c), with the norm of the raw rows", () => {
    const { values } = gt.clipByNorm(twice, 1);
    for (const [i, value] of [1, 2, 3, 4].entries()) expect(values.data[i]).toBeCloseTo(value / Math.sqrt(30), 6);
    expect(Array.from(gt.clipByNorm(twice, 100).values.data)).toEqual([1, 2, 3, 4]);
  });
});

describe("§10 sums", () => {
  test("§10 addN of slices densifies", () => {
    const sum = gt.addN([rows, rows]);
    expect(sum).toBeInstanceOf(gt.Tensor);
    expect(sum.array()).toEqual(gt.mul(2, rows).array());
    expect(gt.addN([rows, gt.ones([4, 2])]).array()).toEqual(gt.add(rows, 1).array());
    expect(gt.addN([rows])).toBeInstanceOf(gt.Tensor);
  });
});
