import * as gt from "gradtape";
import { describe, expect, test, vi } from "vitest";
import { expectError, numbers, rmsprop, variable } from "./support.ts";

describe("§5 minimize", () => {
  /** Two equal sets of variables, and a loss that reaches only the first two of a set. */
  const makeSet = () => [variable([1, 2], "a"), variable([[1], [2], [3]], "table"), variable(4, "apart")] as const;
  type Set = ReturnType<typeof makeSet>;
  const loss =
    ([a, table]: Set) =>
    () =>
      gt.add(gt.sum(gt.square(a)), gt.sum(gt.square(gt.gather(table, [0, 2, 0]))));

  test("§5 is computeGradients, then applyGradients", () => {
    const [one, other] = [makeSet(), makeSet()];
    const [minimizer, pairwise] = [rmsprop({ momentum: 0.9 }), rmsprop({ momentum: 0.9 })];
    for (let step = 0; step < 3; step++) {
      minimizer.minimize(loss(one), { varList: one });
      pairwise.applyGradients(pairwise.computeGradients(loss(other), { varList: other }));
      expect(one.map(numbers)).toEqual(other.map(numbers));
    }
    expect(numbers(one[0])).not.toEqual([1, 2]);
  });

  test("§5 hands the complete list of pairs on, those with null included", () => {
    const set = makeSet();
    const optimizer = rmsprop();
    const apply = vi.spyOn(optimizer, "applyGradients");
    optimizer.minimize(loss(set), { varList: set });
    const pairs = [...apply.mock.calls[0]![0]];
    expect(pairs.map(([, v]) => v)).toEqual([...set]);
    expect(pairs.map(([g]) => g === null)).toEqual([false, false, true]);
  });

  test("§5 hands on the options: varList, gradLoss, globalStep, name", () => {
    const v = variable([1, 2]);
    const optimizer = rmsprop();
    const [compute, apply] = [vi.spyOn(optimizer, "computeGradients"), vi.spyOn(optimizer, "applyGradients")];
    const globalStep = new gt.Variable(0, { trainable: false });
    const f = () => gt.square(v);
    const options = { varList: [v], gradLoss: gt.tensor([1, 2]), globalStep, name: "step" };
    optimizer.minimize(f, options);
    expect(compute.mock.calls[0]![0]).toBe(f);
    expect(compute.mock.calls[0]![1]).toMatchObject({ varList: options.varList, gradLoss: options.gradLoss });
    expect(apply.mock.calls[0]![1]).toMatchObject({ globalStep, name: "step" });
  });

  test("§5 no gradient at all: a ValueError that lists the variables and the loss; nothing changes", () => {
    const [a, b] = [variable(1, "first"), variable(2, "second")];
    const globalStep = new gt.Variable(0, { trainable: false });
    const optimizer = rmsprop();
    function flatLoss() {
      return gt.tensor(3);
    }
    expectError(
      () => optimizer.minimize(flatLoss, { varList: [a, b], globalStep }),
      gt.ValueError,
      /no gradients provided for any variable/i,
      /first/,
      /second/,
      /flatLoss/,
    );
    expect([a, b, globalStep].map((v) => v.item())).toEqual([1, 2, 0]);
    expect(optimizer.variables()).toEqual([]);
  });

  test("§5 one variable with a gradient is enough; the others are skipped silently", () => {
    const set = makeSet();
    const warned = vi.spyOn(console, "warn");
    rmsprop().minimize(loss(set), { varList: [set[2], set[0]] });
    expect(warned).not.toHaveBeenCalled();
    warned.mockRestore();
    expect(set[2].item()).toBe(4);
    expect(numbers(set[0])).not.toEqual([1, 2]);
  });

  test("§5 eager: returns null, also with globalStep", () => {
    const v = variable(1);
    const globalStep = new gt.Variable(gt.tensor(0, { dtype: "int32" }), { trainable: false });
    expect(rmsprop().minimize(() => gt.square(v))).toBeNull();
    expect(rmsprop().minimize(() => gt.square(v), { globalStep })).toBeNull();
    expect(globalStep.item()).toBe(1);
  });

  test("§5 finds the minimum of a bowl", () => {
    const v = variable([3, -2]);
    const optimizer = new gt.RMSPropOptimizer(0.05);
    for (let step = 0; step < 300; step++) optimizer.minimize(() => gt.sum(gt.square(gt.sub(v, [1, 1]))));
    for (const x of numbers(v)) expect(Math.abs(x - 1)).toBeLessThan(1e-2);
  });
});
