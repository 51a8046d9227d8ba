import * as gt from "gradtape";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

/* The rows of `unique` lie in the memory of a module for as many as there may be; what is behind the last is never read. */

const rows = (ids: gt.Tensor) => gt.unique(ids).values;
const floats = (ids: gt.Tensor) => gt.cast(rows(ids), "float32");

const uses: Record<string, (ids: gt.Tensor) => gt.Tensor> = {
  "added to five": (ids) => gt.add(floats(ids), gt.tensor([1, 2, 3, 4, 5])),
  "repeated to five": (ids) => gt.broadcastTo(rows(ids), [5]),
  "in a new shape": (ids) => gt.reshape(rows(ids), [5]),
  "in a shape of their own": (ids) => gt.mul(gt.expandDims(floats(ids), 1), 2),
  summed: (ids) => gt.sum(floats(ids)),
  greatest: (ids) => gt.argMax(rows(ids)),
  picked: (ids) => gt.gather(rows(ids), [4]),
  "picking rows": (ids) => gt.gather(gt.range(9), rows(ids)),
  cut: (ids) => gt.slice(rows(ids), [2], [3]),
  padded: (ids) => gt.pad(rows(ids), [[1, 1]]),
  joined: (ids) => gt.concat([rows(ids), ids], 0),
  "as ids of five": (ids) => gt.unsortedSegmentSum(gt.ones([5]), rows(ids), 9),
  "as ids of themselves": (ids) => gt.unsortedSegmentSum(floats(ids), rows(ids), 9),
  "as rows of a product": (ids) => gt.matMul(gt.expandDims(floats(ids), 1), gt.ones([1, 2])),
  "as columns of a product": (ids) => gt.matMul(gt.ones([2, 5]), gt.expandDims(floats(ids), 1)),
  "distinct once more": (ids) => gt.unique(rows(ids)).values,
};

const lists = [
  [7, 7, 7, 7, 7],
  [1, 2, 3, 4, 5],
  [1, 1, 2, 2, 3],
];

beforeAll(() => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
});
afterAll(() => {
  vi.restoreAllMocks();
});

test.each(Object.entries(uses))("%s", (_, use) => {
  const compiled = gt.compile((ids: gt.Tensor) => use(ids));
  for (const list of lists) {
    const ids = gt.tensor(list, { dtype: "int32" });
    const shown = (run: () => gt.Tensor) => {
      try {
        return String(run());
      } catch (error) {
        return (error as Error).name;
      }
    };
    expect(
      shown(() => compiled(ids)),
      String(list),
    ).toBe(shown(() => use(ids)));
  }
});
