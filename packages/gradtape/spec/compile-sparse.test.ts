import * as gt from "gradtape";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

/* Steps on tables are modules: no op of them is left to a session, which would say so on the console. */

const warn = vi.spyOn(console, "warn");
beforeEach(() => {
  warn.mockImplementation(() => {});
});
afterEach(() => {
  warn.mockReset();
});

const optimizers: Record<string, () => gt.Optimizer> = {
  GradientDescent: () => new gt.GradientDescentOptimizer(0.1),
  Momentum: () => new gt.MomentumOptimizer(0.1, 0.9),
  Adagrad: () => new gt.AdagradOptimizer(0.1),
  Adadelta: () => new gt.AdadeltaOptimizer(0.1),
  RMSProp: () => new gt.RMSPropOptimizer(0.1, { momentum: 0.5 }),
  "centered RMSProp": () => new gt.RMSPropOptimizer(0.1, { centered: true }),
  Adam: () => new gt.AdamOptimizer(0.1),
  Ftrl: () => new gt.FtrlOptimizer(0.1),
};

/** The table after three steps over ids of which some repeat. */
function trained(optimizer: gt.Optimizer, run: (step: (ids: gt.Tensor) => unknown) => (ids: gt.Tensor) => unknown) {
  const table = new gt.Variable(gt.generator(1).normal([6, 3]), { name: "table" });
  const loss = (ids: gt.Tensor) => gt.sum(gt.square(gt.gather(gt.identity(table), ids)));
  const step = run((ids) => optimizer.minimize(() => gt.add(loss(ids), gt.sum(gt.gather(table, ids)))));
  for (const ids of [
    [0, 2, 2],
    [5, 5, 5],
    [1, 0, 3],
  ])
    step(gt.tensor(ids, { dtype: "int32" }));
  return [...table.data];
}

test.each(Object.entries(optimizers))("%s", (_, make) => {
  const compiled = trained(make(), (step) => gt.compile(step));
  expect(warn.mock.calls).toEqual([]);
  expect(compiled).toEqual(trained(make(), (step) => step));
});

test.each(Object.entries(optimizers))("%s on rows alone", (_, make) => {
  const table = new gt.Variable(gt.generator(1).normal([50, 4]), { name: "table" });
  const optimizer = make();
  const step = gt.compile((ids: gt.Tensor) => optimizer.minimize(() => gt.sum(gt.square(gt.gather(table, ids)))));
  for (let i = 0; i < 3; i++) step(gt.tensor([1, 7, 7, i], { dtype: "int32" }));
  expect(warn.mock.calls).toEqual([]);
});
