import * as gt from "gradtape";
import { afterEach, describe, expect, test, vi } from "vitest";

/* Several threads: the bits of one, no hanging, no process kept alive. */

afterEach(() => gt.setThreads(1));

const random = gt.generator(2);
const x = random.normal([96, 300]);
const labels = random.uniform([96], { low: 0, high: 10, dtype: "int32" });

/** A few steps of a network large enough to be shared; the losses and the weights they end with. */
function train(steps: number) {
  const seeded = gt.generator(3);
  const sizes = [300, 130, 61, 10];
  const weights = sizes.slice(1).map((units, i) => new gt.Variable(seeded.normal([sizes[i]!, units], { stddev: 0.1 })));
  const optimizer = new gt.RMSPropOptimizer(0.001, { momentum: 0.9 });
  const step = gt.compile((inputs: gt.Tensor, classes: gt.Tensor) => {
    let loss!: gt.Tensor;
    optimizer.minimize(() => {
      const logits = weights.reduce<gt.Tensor>((h, w, i) => gt.matMul(i === 0 ? h : gt.tanh(h), w), inputs);
      loss = gt.losses.sparseSoftmaxCrossEntropy(classes, logits);
      return loss;
    });
    return loss;
  });
  const losses = Array.from({ length: steps }, () => step.item(x, labels));
  return { losses, weights: weights.map(({ data }) => data), step };
}

describe("the same bits for any number of threads", () => {
  const one = train(5);
  test.each([2, 3])("%i", (count) => {
    gt.setThreads(count);
    expect(gt.backendInfo().threads).toBe(count);
    const { losses, weights } = train(5);
    expect(losses).toEqual(one.losses);
    expect(weights).toEqual(one.weights);
  });

  test("also when the number changes between steps", () => {
    const { step, weights } = train(0);
    const losses = [1, 2, 1, 3, 2].map((count) => {
      gt.setThreads(count);
      return step.item(x, labels);
    });
    expect(losses).toEqual(one.losses);
    expect(weights.length).toBe(3);
  });

  test("wrong labels are refused before anything has changed", () => {
    gt.setThreads(2);
    const { step } = train(1);
    const wrong = gt.tensor(Array(96).fill(10), { dtype: "int32" });
    expect(() => step(x, wrong)).toThrow(/labels.*indices\[0\] = 10 is out of range/);
    expect(step.item(x, labels)).toBe(one.losses[1]);
  });
});

test("eager ops follow to the new memory", () => {
  const big = gt.ones([2000]);
  const before = gt.add(big, 1).data;
  gt.setThreads(2);
  expect(gt.add(big, 1).data).toEqual(before);
  expect(gt.sub(big, 2).data[1999]).toBe(-1);
});

test("a browser has one thread, and says so", () => {
  vi.stubGlobal("process", undefined);
  expect(() => gt.setThreads(2)).toThrow(/^setThreads: a browser computes with one thread, asked for 2/);
  gt.setThreads(1);
  vi.unstubAllGlobals();
});

test("what is no number of threads is refused", () => {
  for (const count of [0, -1, 1.5, 65, "2" as never])
    expect(() => gt.setThreads(count)).toThrow(/is not a number of threads/);
});
