import * as gt from "gradtape";
import { describe, expect, test } from "vitest";
import { trainingBatches } from "./batches.ts";
import { exampleSize, splitTensors } from "./data/dataset.ts";
import { loadDigits } from "./data/digits.ts";
import { type InputSpec, type Mode, modes } from "./engine.ts";
import { type Learner, makeLearner } from "./learner.ts";
import { type Model, makeCharacterModel, makePerceptron } from "./model.ts";
import type { OptimizerOptions } from "./optimizer.ts";

/* The models of the demo, run in every mode: losses, counts and weights must be the same, bit for bit. */

const digits = await loadDigits();
const steps = 40;
const optimizer: OptimizerOptions = {
  ...{ learningRate: 0.002, decay: 0.9, momentum: 0.5, epsilon: 1e-7 },
  schedule: "cosine",
  centered: false,
};

interface Case {
  readonly inputs: InputSpec;
  readonly split: readonly [gt.EagerTensor, gt.EagerTensor];
  model(): Model;
}

const cases: Readonly<Record<string, Case>> = {
  perceptron: {
    inputs: { dtype: "float32", shape: [null, exampleSize(digits)] },
    // 1,000 rows make 31 batches of 32 and a short one, which is a signature of its own.
    split: splitTensors(digits, {
      features: digits.train.features.subarray(0, 64_000),
      labels: digits.train.labels.subarray(0, 1000),
    }),
    model: () => makePerceptron([64, 128, 64, 10], gt.generator(1)),
  },
  "character model": {
    inputs: { dtype: "int32", shape: [null, 3] },
    split: [
      gt.generator(2).uniform([1000, 3], { low: 0, high: 28, dtype: "int32" }),
      gt.generator(3).uniform([1000], { low: 0, high: 28, dtype: "int32" }),
    ],
    model: () => makeCharacterModel({ tokens: 28, context: 3, embedding: 4, hidden: 16 }, gt.generator(1)),
  },
};

function run({ inputs, split, model }: Case, mode: Mode): { learner: Learner; outcome: unknown } {
  const learner = makeLearner({ mode, optimizer, steps, inputs }, model);
  const data = trainingBatches(split, 32, gt.generator(4));
  const results = [];
  while (results.length < steps) {
    for (const [x, labels] of data) {
      results.push(learner.learn(x, labels));
      if (results.length === steps) break;
    }
  }
  const { loss, classes } = learner.test(...split);
  const weights = [...learner.read()].map(([name, { data }]) => [name, data]);
  return { learner, outcome: { results, loss, classes, weights, logits: learner.logits(split[0]).data } };
}

describe.each(Object.entries(cases))("%s", (_, given) => {
  const expected = run(given, "eager").outcome;

  test.each(modes.filter((mode) => mode !== "eager"))("%s mode gives the bits of eager mode", (mode) => {
    expect(run(given, mode).outcome).toEqual(expected);
  });

  test.each(modes)("weights that are written in %s mode are what is read and used", (mode) => {
    const from = run(given, "eager").learner;
    const to = makeLearner({ mode, optimizer, steps, inputs: given.inputs }, given.model);
    to.write(Object.fromEntries(from.read()));
    expect([...to.read()].map(([, { data }]) => data)).toEqual([...from.read()].map(([, { data }]) => data));
    expect(to.test(...given.split)).toEqual(from.test(...given.split));
  });
});
