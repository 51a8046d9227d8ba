import fc from "fast-check";
import * as gt from "gradtape";
import { describe, expect, test } from "vitest";
import { expectError, numbers, rmsprop, slices, variable } from "./support.ts";

const values = [
  [1, 2],
  [3, 4],
  [5, 6],
];

/** The gradient of the sum of `f` with respect to a table of 3 rows of 2. */
function gradientOf(f: (table: gt.Variable) => gt.Operand, initial: number[] | number[][] = values) {
  const table = variable(initial);
  return rmsprop().computeGradients(() => f(table), { varList: [table] })[0]![0]!;
}

function expectSlices(gradient: gt.Tensor | gt.IndexedSlices, indices: number[], rows: unknown, denseShape: number[]) {
  expect(gradient).toBeInstanceOf(gt.IndexedSlices);
  const got = gradient as gt.IndexedSlices;
  expect([numbers(got.indices), got.values.array(), got.denseShape]).toEqual([indices, rows, denseShape]);
  expect([got.indices.rank, got.indices.dtype]).toEqual([1, "int32"]);
}

describe("§9.2 adding sparse terms", () => {
  test("§9.2 all terms sparse: values and indices are joined, nothing is merged, dense shape of the first", () => {
    const gradient = gradientOf((table) =>
      gt.addN([
        gt.sum(gt.gather(table, [0, 2])),
        gt.mul(10, gt.sum(gt.gather(table, [2]))),
        gt.mul(100, gt.sum(gt.gather(table, [1]))),
      ]),
    ) as gt.IndexedSlices;
    expect(gradient).toBeInstanceOf(gt.IndexedSlices);
    const entries = numbers(gradient.indices).map((index, i) => [index, gradient.values.data[2 * i]]);
    expect(entries.sort((a, b) => a[0]! - b[0]! || a[1]! - b[1]!)).toEqual([
      [0, 1],
      [1, 100],
      [2, 1],
      [2, 10],
    ]);
    expect(gradient.denseShape).toEqual([3, 2]);
  });

  test("§9.2 any dense term makes the sum dense", () => {
    const gradient = gradientOf((table) => gt.add(gt.sum(gt.gather(table, [0, 0])), gt.sum(gt.square(table))));
    expect(gradient).toBeInstanceOf(gt.Tensor);
    expect(numbers(gradient)).toEqual([4, 6, 6, 8, 10, 12]);
  });

  test("§9.2 then every row counts as touched: its slots decay", () => {
    const table = variable(values);
    const optimizer = rmsprop({ decay: 0.5 });
    optimizer.minimize(() => gt.add(gt.sum(gt.gather(table, [0])), gt.mul(0, gt.sum(table))), { varList: [table] });
    expect(numbers(optimizer.getSlot(table, "rms"))).toEqual([1, 1, 0.5, 0.5, 0.5, 0.5]);
  });

  test("§9.2 the sum is the same, whichever way the rows are picked", () => {
    const ids = fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 6 });
    fc.assert(
      fc.property(fc.array(ids, { minLength: 1, maxLength: 4 }), (lists) => {
        const gradient = gradientOf((table) => gt.addN(lists.map((list) => gt.sum(gt.gather(table, list)))));
        const counts = [0, 1, 2].map((row) => lists.flat().filter((id) => id === row).length);
        expect(numbers(gradient)).toEqual(counts.flatMap((count) => [count, count]));
        expect((gradient as gt.IndexedSlices).indices.size).toBe(lists.flat().length);
      }),
      { numRuns: 40 },
    );
  });
});

describe("§9.3 gather", () => {
  test("§9.3 on axis 0: slices; indices flattened to rank 1, values to [n] + row, dense shape of the table", () => {
    expectSlices(
      gradientOf((table) => gt.mul(gt.gather(table, [2, 0]), [[1], [10]])),
      [2, 0],
      [
        [1, 1],
        [10, 10],
      ],
      [3, 2],
    );
    const nested = gradientOf((table) =>
      gt.gather(table, [
        [1, 1],
        [0, 2],
      ]),
    );
    expectSlices(nested, [1, 1, 0, 2], Array(4).fill([1, 1]), [3, 2]);
  });

  test("§9.3 a scalar index gives one row, no indices give none", () => {
    expectSlices(
      gradientOf((table) => gt.gather(table, 1)),
      [1],
      [[1, 1]],
      [3, 2],
    );
    const none = gt.zeros([0], { dtype: "int32" });
    expectSlices(
      gradientOf((table) => gt.gather(table, none)),
      [],
      [],
      [3, 2],
    );
  });

  test("§9.3 a table of rank 1 and one of rank 3", () => {
    expectSlices(
      gradientOf((table) => gt.gather(table, [1, 1]), [5, 6, 7]),
      [1, 1],
      [1, 1],
      [3],
    );
    const cube = gradientOf((table) => gt.gather(gt.reshape(gt.mul(table, 1), [3, 1, 2]), [2]));
    expect(numbers(cube)).toEqual([0, 0, 0, 0, 1, 1]);
  });

  test("§9.3 on another axis, or with batch dimensions: dense", () => {
    for (const [f, expected] of [
      [(table: gt.Variable) => gt.gather(table, [1, 1], { axis: 1 }), [0, 2, 0, 2, 0, 2]],
      [
        (table: gt.Variable) => gt.gather(table, [[0], [1], [1]], { batchDims: 1 }), //
        [1, 0, 0, 1, 0, 1],
      ],
      [(table: gt.Variable) => gt.slice(table, [0, 0], [1, -1]), [1, 1, 0, 0, 0, 0]],
    ] as const) {
      const gradient = gradientOf(f);
      expect(gradient).toBeInstanceOf(gt.Tensor);
      expect(numbers(gradient)).toEqual(expected);
    }
  });
});

describe("§9.3 what slices pass through", () => {
  test.each<[string, (x: gt.Operand) => gt.Tensor, number]>([
    ["identity", gt.identity, 1],
    ["neg", gt.neg, -1],
    ["cast", (x) => gt.cast(gt.cast(x, "float64"), "float32"), 1],
    ["value()", (x) => (x as gt.Variable).value(), 1],
  ])("§9.3 %s keeps them slices", (_, f, factor) => {
    expectSlices(
      gradientOf((table) => gt.gather(f(table), [2, 0])),
      [2, 0],
      Array(2).fill([factor, factor]),
      [3, 2],
    );
  });

  test.each<[string, (x: gt.Operand) => gt.Operand]>([
    ["itself", (rows) => rows],
    ["identity", gt.identity],
    ["reshape", (rows) => gt.reshape(rows, [3, 2])],
    ["concat", (rows) => gt.concat([rows], 0)],
    ["expandDims and squeeze", (rows) => gt.squeeze(gt.expandDims(rows, 0), { axis: 0 })],
  ])("§9.3 a gather of a gather, through %s: all rows of the inner one, merged", (_, through) => {
    const gradient = gradientOf((table) => gt.gather(through(gt.gather(table, [2, 0, 1])), [0, 0, 2]));
    expectSlices(
      gradient,
      [2, 0, 1],
      [
        [2, 2],
        [0, 0],
        [1, 1],
      ],
      [3, 2],
    );
  });

  test("§9.3 rows that the outer gather leaves out take part in the update", () => {
    const [table, optimizer] = [variable([[1], [2], [3]]), rmsprop({ momentum: 0.9 })];
    const loss = () => gt.sum(gt.gather(gt.gather(table, [0, 1]), [0, 0]));
    for (let step = 0; step < 2; step++) optimizer.minimize(loss, { varList: [table] });
    expect(numbers(optimizer.getSlot(table, "rms"))).toEqual([1.57, 0.81, 1].map((each) => expect.closeTo(each, 6)));
  });

  test("§9.3 concat on axis 0: split by index range, counted from the beginning of each input", () => {
    const [a, b] = [variable(values, "a"), variable(values, "b")];
    const weights = [[1], [10], [100], [1000]];
    const pairs = rmsprop().computeGradients(
      () => gt.mul(gt.gather(gt.concat([a, b], 0), [5, 0, 3, 0]), weights), //
      { varList: [a, b] },
    );
    expectSlices(
      pairs[0]![0]!,
      [0, 0],
      [
        [10, 10],
        [1000, 1000],
      ],
      [3, 2],
    );
    expectSlices(
      pairs[1]![0]!,
      [2, 0],
      [
        [1, 1],
        [100, 100],
      ],
      [3, 2],
    );
  });

  test("§9.3 concat on another axis: the same indices, the columns of each input", () => {
    const [a, b] = [variable(values, "a"), variable([[7], [8], [9]], "b")];
    const pairs = rmsprop().computeGradients(
      () => gt.mul(gt.gather(gt.concat([a, b], 1), [1, 2]), [1, 10, 100]), //
      { varList: [a, b] },
    );
    expectSlices(
      pairs[0]![0]!,
      [1, 2],
      [
        [1, 10],
        [1, 10],
      ],
      [3, 2],
    );
    expectSlices(pairs[1]![0]!, [1, 2], [[100], [100]], [3, 1]);
  });

  test.each<[string, (x: gt.Operand) => gt.Tensor]>([
    ["reshape", (x) => gt.reshape(x, [3, 1, 2])],
    ["reshape to the shape it has", (x) => gt.reshape(x, [3, -1])],
    ["broadcastTo the shape it has", (x) => gt.broadcastTo(x, [3, 2])],
    ["squeeze of nothing", (x) => gt.squeeze(x)],
    ["checkNumerics", (x) => gt.checkNumerics(x, "x")],
    ["expandDims", (x) => gt.expandDims(x, 1)],
    ["squeeze", (x) => gt.squeeze(gt.expandDims(x, 1))],
    ["mul", (x) => gt.mul(x, 2)],
    ["add with broadcasting", (x) => gt.add(x, [[1, 1]])],
    ["matMul", (x) => gt.matMul(x, gt.eye(2))],
    ["square", gt.square],
    ["transpose", (x) => gt.transpose(gt.transpose(x))],
  ])("§9.3 %s densifies them", (_, f) => {
    const gradient = gradientOf((table) => gt.gather(f(table), [2, 0, 2]));
    expect(gradient).toBeInstanceOf(gt.Tensor);
    const [one, , three] = [0, 1, 2].map((row) => numbers(gradient).slice(2 * row, 2 * row + 2));
    expect(numbers(gradient).slice(2, 4)).toEqual([0, 0]);
    expect(one!.every((x) => x !== 0) && three!.every((x) => x !== 0)).toBe(true);
  });

  test("§9.3 densifying needs denseShape: slices without it as an upstream gradient are a ValueError", () => {
    const table = variable(values);
    const gradLoss = slices([[1, 1]], [0]);
    expectError(
      () => rmsprop().computeGradients(() => gt.mul(table, 2), { varList: [table], gradLoss }),
      gt.ValueError,
      /denseShape/,
    );
  });

  test("§9.3 a step on sparse gradients touches the named rows only, from loss to slot", () => {
    const table = variable(values);
    const optimizer = rmsprop({ momentum: 0.9 });
    for (let step = 0; step < 3; step++) {
      optimizer.minimize(() => gt.sum(gt.square(gt.gather(table, [2, 2]))), { varList: [table] });
    }
    expect(numbers(table).slice(0, 4)).toEqual([1, 2, 3, 4]);
    expect(numbers(table)[4]).toBeLessThan(5);
    expect(numbers(optimizer.getSlot(table, "rms")).slice(0, 4)).toEqual([1, 1, 1, 1]);
    expect(numbers(optimizer.getSlot(table, "momentum")).slice(0, 4)).toEqual([0, 0, 0, 0]);
  });
});
