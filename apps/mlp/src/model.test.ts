import * as gt from "gradtape";
import { expect, test } from "vitest";
import { makeLearner } from "./learner.ts";
import { makeCharacterModel, makePerceptron, weightCount } from "./model.ts";
import { makeOptimizer } from "./optimizer.ts";

const settings = { learningRate: 0.01, decay: 0.9, momentum: 0, epsilon: 1e-7, centered: false } as const;

test("a perceptron has the weights its sizes ask for", () => {
  const model = makePerceptron([784, 128, 64, 10], gt.generator(1));
  expect(weightCount(model)).toBe(109_386);
  expect([...model.weights.keys()]).toEqual(
    ["dense1", "dense2", "dense3"].flatMap((n) => [`${n}/kernel`, `${n}/bias`]),
  );
  expect(model.logits(gt.zeros([3, 784])).shape).toEqual([3, 10]);
  expect(weightCount(makePerceptron([4, 3], gt.generator(1)))).toBe(15);
});

test("the embedding learns sparsely: only the rows of the characters in a batch move", () => {
  const extents = { tokens: 28, context: 3, embedding: 4, hidden: 8 };
  const model = makeCharacterModel(extents, gt.generator(1));
  const table = model.weights.get("embedding")!;
  const contexts = gt.tensor([0, 0, 5, 0, 5, 9], { shape: [2, 3], dtype: "int32" });
  const labels = gt.tensor([9, 0], { dtype: "int32" });
  const loss = () => gt.losses.sparseSoftmaxCrossEntropy(labels, model.logits(contexts));
  const scheduled = makeOptimizer({ ...settings, schedule: "constant" }, 1);
  const pairs = scheduled.optimizer.computeGradients(loss, { varList: [table] });
  expect(pairs[0]![0]).toBeInstanceOf(gt.IndexedSlices);

  const before = table.data;
  scheduled.optimizer.applyGradients(pairs);
  const { data: after } = table;
  const row = (data: ArrayLike<number>, r: number) => Array.from(data).slice(4 * r, 4 * r + 4);
  const moved = Array.from({ length: 28 }, (_, r) => r).filter((r) => `${row(after, r)}` !== `${row(before, r)}`);
  expect(moved).toEqual([0, 5, 9]);
});

test("on the cosine schedule the learning rate falls from its start to nothing", () => {
  const optimizer = { ...settings, schedule: "cosine" } as const;
  const inputs = { dtype: "float32", shape: [null, 1] } as const;
  const learner = makeLearner({ mode: "eager", optimizer, steps: 2, inputs }, () =>
    makePerceptron([1, 2], gt.generator(1)),
  );
  const kernel = learner.weights.get("dense1/kernel")!;
  const moves = [0, 1, 2].map(() => {
    const before = kernel.data[0]!;
    learner.learn(gt.tensor([[1]]), gt.tensor([0], { dtype: "int32" }));
    return Math.abs(kernel.data[0]! - before);
  });
  expect(moves[0]).toBeGreaterThan(1e-3);
  expect(moves[2]).toBe(0);
});
