import * as gt from "gradtape";
import { describe, expect, test } from "vitest";
import { fetched, inGraph, sessionOn } from "./graph-support.ts";
import { expectError, rmsprop } from "./support.ts";

const rows = [
  [1, 2],
  [3, 4],
  [5, 6],
];

/** The gradient that `build` gives for a table of 3 rows of 2, in its graph. */
function gradientOf(build: (table: gt.Variable) => gt.Tensor, options: gt.GradientsOptions = {}) {
  return inGraph(() => {
    const table = new gt.Variable(rows, { name: "table" });
    const [found] = gt.gradients(build(table), table, options);
    return { table, found: found as gt.Tensor | gt.IndexedSlices };
  });
}

/** The entries `[index, first of its values]` of a sparse gradient, sorted. */
function entries({ graph, found }: ReturnType<typeof gradientOf>): number[][] {
  expect(found).toBeInstanceOf(gt.IndexedSlices);
  const { values, indices } = sessionOn(graph).run(found as gt.IndexedSlices);
  const width = values.data.length / Math.max(1, indices.data.length);
  return Array.from(indices.data, (index, i) => [Number(index), Number(values.data[i * width])]).sort(
    (a, b) => a[0]! - b[0]! || a[1]! - b[1]!,
  );
}

const picked = (table: gt.Operand, ids: number[], weight = 1) => gt.mul(gt.sum(gt.gather(table, ids)), weight);

describe("§9.2 adding sparse terms in a graph", () => {
  const several = (table: gt.Variable) =>
    gt.add(gt.add(picked(table, [0, 2]), picked(table, [2], 10)), picked(table, [1], 100));

  test("§9.2 all sparse: joined, nothing merged, dense shape of the first, whatever the method", () => {
    for (const aggregationMethod of [0, 1, 2]) {
      const built = gradientOf(several, { aggregationMethod });
      expect(entries(built)).toEqual([
        [0, 1],
        [1, 100],
        [2, 1],
        [2, 10],
      ]);
      expect((built.found as gt.IndexedSlices).denseShape).toEqual([3, 2]);
    }
  });

  test("§9.2 any dense term makes a dense sum, in which every row counts as touched", () => {
    const optimizer = rmsprop({ decay: 0.5 });
    const { graph, table, train } = inGraph(() => {
      const table = new gt.Variable(rows, { name: "table" });
      const loss = gt.add(picked(table, [0]), gt.mul(gt.sum(table), 0));
      expect(gt.gradients(loss, table)[0]).toBeInstanceOf(gt.Tensor);
      return { table, train: optimizer.minimize(loss)! };
    });
    const session = sessionOn(graph);
    session.run(train);
    expect(fetched(session, optimizer.getSlot(table, "rms")!)).toEqual([1, 1, 0.5, 0.5, 0.5, 0.5]);
  });
});

describe("§9.3 which gradients are sparse in a graph", () => {
  test("§9.3 gather on axis 0: indices of rank 1, values [n] + row, dense shape of the table", () => {
    const ids = [
      [2, 0],
      [1, 1],
    ];
    const built = gradientOf((table) => gt.sum(gt.gather(table, ids)));
    expect(entries(built)).toEqual([
      [0, 1],
      [1, 1],
      [1, 1],
      [2, 1],
    ]);
    const { values, indices, denseShape } = built.found as gt.IndexedSlices;
    expect([values.shape, indices.shape, denseShape]).toEqual([[4, 2], [4], [3, 2]]);
  });

  test("§9.3 a scalar index gives one row, no indices give none", () => {
    expect(entries(gradientOf((table) => gt.sum(gt.gather(table, 1))))).toEqual([[1, 1]]);
    const none = gt.tensor([], { shape: [0], dtype: "int32" });
    expect(entries(gradientOf((table) => gt.sum(gt.gather(table, none))))).toEqual([]);
  });

  test("§9.3 a number of indices that only the run tells", () => {
    const { graph, ids, train, table } = inGraph(() => {
      const table = new gt.Variable(rows, { name: "table" });
      const ids = gt.placeholder("int32", [null], { name: "ids" });
      return { table, ids, train: new gt.GradientDescentOptimizer(1).minimize(gt.sum(gt.gather(table, ids)))! };
    });
    const session = sessionOn(graph);
    session.run(train, [[ids, [1]]]);
    session.run(train, [[ids, [1, 2, 2]]]);
    session.run(train, [[ids, gt.tensor([], { shape: [0], dtype: "int32" })]]);
    expect(fetched(session, table)).toEqual([1, 2, 1, 2, 3, 4]);
  });

  test.each<[string, (table: gt.Variable) => gt.Tensor]>([
    ["another axis", (table) => gt.gather(table, [0, 1], { axis: 1 })],
    ["batch dimensions", (table) => gt.gather(table, [[0], [1], [0]], { batchDims: 1 })],
    ["a slice", (table) => gt.slice(table, [0, 0], [1, -1])],
  ])("§9.3 %s: dense", (_, build) => {
    expect(gradientOf(build).found).toBeInstanceOf(gt.Tensor);
  });

  test.each<[string, (table: gt.Variable) => gt.Operand, number]>([
    ["identity", (table) => gt.identity(table), 1],
    ["negative", (table) => gt.neg(table), -1],
    ["cast", (table) => gt.cast(table, "float64"), 1],
    ["tuple", (table) => gt.tuple([gt.identity(table)])[0] as gt.Tensor, 1],
    ["a sum of terms", (table) => gt.addN([table, gt.ones([3, 2])]), 1],
  ])("§9.3 through %s it stays sparse", (_, through, sign) => {
    const found = entries(gradientOf((table) => gt.sum(gt.gather(through(table), [0, 2]))));
    expect(found).toEqual([
      [0, sign],
      [2, sign],
    ]);
  });

  test("§9.3 a gather of a gather names all rows of the inner one", () => {
    const found = entries(gradientOf((table) => gt.sum(gt.gather(gt.gather(table, [2, 1, 0, 1]), [0, 2]))));
    expect(found).toEqual([
      [0, 1],
      [1, 0],
      [1, 0],
      [2, 1],
    ]);
  });

  test.each<[string, (table: gt.Variable) => gt.Operand]>([
    ["reshape", (table) => gt.reshape(table, [3, 1, 2])],
    ["expandDims", (table) => gt.expandDims(table, 1)],
    ["squeeze", (table) => gt.squeeze(gt.reshape(table, [3, 1, 2]))],
    ["multiply", (table) => gt.mul(table, 1)],
    ["matMul", (table) => gt.matMul(table, gt.eye(2))],
    ["add with broadcasting", (table) => gt.add(table, [1, 2])],
  ])("§9.3 through %s it is densified", (_, through) => {
    const { graph, found } = gradientOf((table) => gt.sum(gt.gather(through(table), [0, 2, 2])));
    expect(found).toBeInstanceOf(gt.Tensor);
    expect(fetched(sessionOn(graph), found as gt.Tensor)).toEqual([1, 1, 0, 0, 2, 2]);
  });

  test("§9.3 densifying needs denseShape: a ValueError without", () => {
    inGraph(() => {
      const x = gt.constant(rows, { name: "x" });
      const seed = new gt.IndexedSlices(gt.constant([[1, 1]]), gt.constant([0], { dtype: "int32" }));
      expectError(() => gt.gradients(gt.mul(x, 2), x, { gradYs: seed }), gt.ValueError, "denseShape");
      return {};
    });
  });

  test("§9.3 through concat on axis 0: split by index range; on another axis: the columns of each", () => {
    const { graph, found } = inGraph(() => {
      const [a, b] = [new gt.Variable(rows, { name: "a" }), new gt.Variable(rows, { name: "b" })];
      const weights = [[1], [10], [100]];
      const tall = gt.mul(gt.gather(gt.concat([a, b], 0), [5, 1, 3]), weights);
      const wide = gt.mul(gt.gather(gt.concat([a, b], 1), [2, 0]), [1, 2, 3, 4]);
      return { found: [...gt.gradients(tall, [a, b]), ...gt.gradients(wide, [a, b])] as gt.IndexedSlices[] };
    });
    const session = sessionOn(graph);
    const got = found.map((each) => session.run(each));
    expect(got.map(({ indices, values }) => [Array.from(indices.data), values.array()])).toEqual([
      [[1], [[10, 10]]],
      [
        [2, 0],
        [
          [1, 1],
          [100, 100],
        ],
      ],
      [
        [2, 0],
        [
          [1, 2],
          [1, 2],
        ],
      ],
      [
        [2, 0],
        [
          [3, 4],
          [3, 4],
        ],
      ],
    ]);
  });
});
