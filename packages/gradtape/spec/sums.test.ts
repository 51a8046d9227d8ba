import * as gt from "gradtape";
import { afterEach, describe, expect, test } from "vitest";

/* Sums of many terms: the same bits in every mode and for any number of threads, and an error that does not grow. */

afterEach(() => gt.setThreads(1));

const normal = (shape: number[], seed: number) => gt.randomNormal(shape, { seed, mean: 0.3 });
const ids = (size: number, rows: number) =>
  gt.tensor(
    Array.from({ length: size }, (_, i) => (i % 3 === 0 ? 1 : (i * 7) % rows)),
    { dtype: "int32" },
  );

const cases: { [name: string]: [gt.Tensor, (x: gt.Tensor) => gt.Tensor | gt.Tensor[]] } = {
  "a vector": [normal([3001], 1), (x) => gt.sum(gt.square(x))],
  rows: [normal([9, 333], 2), (x) => gt.mean(x, { axis: 1 })],
  columns: [normal([333, 9], 3), (x) => gt.sum(x, { axis: 0 })],
  "columns of a transpose": [normal([9, 333], 4), (x) => gt.sum(gt.transpose(x), { axis: 0 })],
  "the outer axes": [normal([7, 5, 11], 5), (x) => gt.sum(x, { axis: [0, 2] })],
  "a softmax and its loss": [
    normal([6, 100], 6),
    (x) => [gt.softmax(x), gt.losses.sparseSoftmaxCrossEntropy([1, 2, 3, 4, 5, 6], x)],
  ],
  "a norm": [normal([50, 50], 7), (x) => gt.clipByGlobalNorm([x, gt.neg(x)], 1).clipped as gt.Tensor[]],
  "the gradient of a bias": [
    normal([100, 5], 8),
    (x) => gt.grad((b: gt.Tensor) => gt.sum(gt.tanh(gt.add(x, b))))(gt.fill([5], 0.1)) as gt.Tensor,
  ],
  "segments of many rows": [normal([200, 6], 9), (x) => gt.unsortedSegmentSum(x, ids(200, 20), 20)],
  "segments of single numbers": [normal([100], 10), (x) => gt.unsortedSegmentSum(x, ids(100, 4), 4)],
  "the gradient of a gather": [
    normal([4, 5], 11),
    (x) => gt.grad((v: gt.Tensor) => gt.sum(gt.square(gt.gather(gt.mul(v, 2), ids(90, 4)))))(x) as gt.Tensor,
  ],
};

describe.each(Object.entries(cases))("%s", (_, [x, compute]) => {
  const bits = (results: gt.Tensor | gt.Tensor[]) => [results].flat().map(({ data }) => data);

  test("has the same bits eagerly, in a session and compiled, on one thread and two", () => {
    const eager = bits(compute(x));
    const graph = new gt.Graph();
    const fetched = graph.asDefault(() => {
      const fed = gt.placeholder("float32", x.shape as number[]);
      const results = [compute(fed)].flat();
      const session = new gt.Session({ graph });
      return Array.from({ length: 4 }, () => session.run(results, [[fed, x]]) as gt.Tensor[]);
    });
    for (const results of fetched) expect(bits(results)).toEqual(eager);
    for (const threads of [1, 2]) {
      gt.setThreads(threads);
      expect(bits(gt.compile((input: gt.Tensor) => compute(input))(x) as gt.Tensor | gt.Tensor[])).toEqual(eager);
    }
  });
});

describe("the error does not grow", () => {
  test("of means, spreads and norms", () => {
    const tenths = gt.fill([1e7], 0.1);
    const values = Float32Array.from({ length: 4_000_000 }, (_, i) => (i % 5 === 0 ? (i % 256) / 255 : 0));
    const pixels = gt.tensor(values);
    const exact = values.reduce((sum, each) => sum + each, 0) / values.length;
    const spread = Math.sqrt(values.reduce((sum, each) => sum + (each - exact) ** 2, 0) / values.length);
    expect(Math.abs(gt.mean(tenths).data[0]! - Math.fround(0.1))).toBeLessThanOrEqual(8 * 2 ** -27);
    expect(gt.mean(gt.ones([2 ** 25])).item()).toBe(1);
    expect(gt.mean(pixels).item()).toBeCloseTo(exact, 7);
    expect(gt.sqrt(gt.mean(gt.square(gt.sub(pixels, gt.mean(pixels))))).item()).toBeCloseTo(spread, 7);
    expect(gt.globalNorm([tenths, tenths])!.item()).toBeCloseTo(Math.sqrt(2e7) * 0.1, 3);
  });

  test("of many rows of one segment, eagerly and compiled", () => {
    const count = 1_000_000;
    const rows = gt.fill([count, 2], 0.1);
    const one = gt.zeros([count], { dtype: "int32" });
    const add = (x: gt.Tensor) => gt.unsortedSegmentSum(x, one, 3);
    for (const sums of [add(rows), gt.compile(add)(rows) as gt.Tensor])
      for (const sum of sums.data.subarray(0, 2))
        expect(Math.abs(sum / (count * Math.fround(0.1)) - 1)).toBeLessThan(8 * 2 ** -24);
  });
});
