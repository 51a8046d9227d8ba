import * as gt from "gradtape";
import { expect, test } from "vitest";
import { exampleSize, takeFeatures, takeLabels } from "./data/dataset.ts";
import { loadDigits } from "./data/digits.ts";
import { makePerceptron } from "./model.ts";
import { learn, makeOptimizer } from "./optimizer.ts";

/* The perceptron of the demo on the digits, as the demo trains it and in the style of TensorFlow 1: placeholders and a
 * session. The weights must end up the same, bit for bit. */

const settings = {
  learningRate: 0.002,
  schedule: "constant",
  decay: 0.9,
  momentum: 0.5,
  epsilon: 1e-7,
  centered: false,
} as const;
const sizes = [64, 128, 64, 10];
const ROWS = 32;

test("graph style and eager style end with the same weights", async () => {
  const digits = await loadDigits();
  const order = gt.generator(5).permutation(digits.train.labels.length).data;
  const batches = Array.from({ length: 40 }, (_, i) => {
    const rows = order.slice(i * ROWS, (i + 1) * ROWS);
    const features = gt.tensor(takeFeatures(digits, digits.train, rows), { shape: [rows.length, exampleSize(digits)] });
    return { features, labels: gt.tensor(takeLabels(digits.train, rows)) };
  });

  const eager = makePerceptron(sizes, gt.generator(1));
  const scheduled = makeOptimizer(settings, batches.length);
  const losses = batches.map(({ features, labels }) => learn(eager, features, labels, scheduled).loss);

  const graph = new gt.Graph();
  graph.asDefault(() => {
    const x = gt.placeholder("float32", [null, 64], { name: "x" });
    const labels = gt.placeholder("int32", [null], { name: "labels" });
    const model = makePerceptron(sizes, gt.generator(1));
    const loss = gt.losses.sparseSoftmaxCrossEntropy(labels, model.logits(x));
    const { learningRate, decay, momentum, epsilon } = settings;
    const globalStep = gt.getOrCreateGlobalStep();
    const train = new gt.RMSPropOptimizer(learningRate, { decay, momentum, epsilon }).minimize(loss, { globalStep });
    const session = new gt.Session({ graph });
    session.run(gt.globalVariablesInitializer());
    const trained = batches.map(
      (batch) =>
        session.run(
          [train, loss],
          [
            [x, batch.features],
            [labels, batch.labels],
          ],
        )[1],
    );
    expect(trained.map((value) => value.item())).toEqual(losses);
    expect(session.run(globalStep).item()).toBe(batches.length);
    for (const [name, weights] of model.weights) {
      expect(session.run(weights).data, name).toEqual(eager.weights.get(name)!.data);
    }
  });
});
