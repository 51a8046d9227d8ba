import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as gt from "gradtape";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { modes } from "./engine.ts";
import { type Learner, makeLearner } from "./learner.ts";
import { Mistake } from "./mistake.ts";
import { makeCharacterModel, makePerceptron } from "./model.ts";
import { openSummaries } from "./summaries.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mlp-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const optimizer = {
  ...{ learningRate: 0.01, decay: 0.9, momentum: 0, epsilon: 1e-7 },
  schedule: "cosine",
  centered: false,
} as const;
const labels = gt.tensor([0, 1, 2, 1], { dtype: "int32" });
const epochs = 2;
const stepsOfEpoch = 3;

function makePlane(mode: (typeof modes)[number]): readonly [Learner, gt.Tensor] {
  const learner = makeLearner(
    { mode, optimizer, steps: epochs * stepsOfEpoch, inputs: { dtype: "float32", shape: [null, 2] } },
    () => makePerceptron([2, 8, 3], gt.generator(1)),
  );
  return [learner, gt.generator(2).normal([4, 2])];
}

function makeCharacters(mode: (typeof modes)[number]): readonly [Learner, gt.Tensor] {
  const learner = makeLearner(
    { mode, optimizer, steps: epochs * stepsOfEpoch, inputs: { dtype: "int32", shape: [null, 2] } },
    () => makeCharacterModel({ tokens: 5, context: 2, embedding: 3, hidden: 4 }, gt.generator(1)),
  );
  return [learner, gt.tensor([0, 1, 2, 3, 4, 0, 1, 1], { shape: [4, 2], dtype: "int32" })];
}

/** Trains, and returns the weights with what was written. */
function train([learner, inputs]: readonly [Learner, gt.Tensor], to: string | undefined) {
  {
    using summaries = openSummaries(to, learner);
    for (let epoch = 1; epoch <= epochs; epoch++) {
      for (let step = 0; step < stepsOfEpoch; step++) summaries.learn(inputs, labels);
      const result = { epoch, loss: 1 / epoch, accuracy: 0.5, milliseconds: 1, examples: 12 };
      summaries.epoch(result, { "test loss": 2 });
    }
  }
  const weights = [...learner.read()].map(([name, { data }]) => [name, data] as const);
  const files = to === undefined ? [] : readdirSync(to).map((file) => readFileSync(join(to, file), "latin1"));
  return { weights, files };
}

describe.each([
  ["perceptron", makePlane, ["dense1/kernel", "dense1/bias", "dense2/kernel", "dense2/bias"]],
  ["character model", makeCharacters, ["embedding", "dense1/kernel", "dense1/bias", "dense2/kernel", "dense2/bias"]],
] as const)("%s", (_, make, names) => {
  test.each(modes)("in %s mode: curves, histograms and the graph, and not a bit of the weights is changed", (mode) => {
    const { weights, files } = train(make(mode), folder);
    expect(weights).toEqual(train(make(mode), undefined).weights);
    expect(files).toHaveLength(1);
    const times = (text: string) => files[0]!.split(text).length - 1;
    // Behind a tag comes the key of its value: 0x15 for a number, "*" for a histogram.
    expect(times("step/loss\x15")).toBe(epochs * stepsOfEpoch);
    expect(times("step/accuracy\x15")).toBe(epochs * stepsOfEpoch);
    for (const tag of ["loss", "accuracy", "test loss"]) expect(times(`epoch/${tag}\x15`)).toBe(epochs);
    for (const name of names) {
      for (const tag of [`weights/${name}`, `gradients/${name}`, `slots/${name}/rms`]) {
        expect([tag, times(`${tag}*`)]).toEqual([tag, epochs]);
      }
    }
    expect(times("applyRMSProp")).toBeGreaterThan(0);
    expect(times("sparseSoftmaxCrossEntropyWithLogits")).toBeGreaterThan(0);
  });
});

test("a run that goes on counts on from its step, also when no batch of the epoch is left", () => {
  const [learner, inputs] = makePlane("compiled");
  for (let step = 0; step < stepsOfEpoch; step++) learner.learn(inputs, labels);
  {
    using summaries = openSummaries(folder, learner);
    summaries.epoch({ epoch: 1, loss: 1, accuracy: 1, milliseconds: 1, examples: 4 }, {});
  }
  const file = readFileSync(join(folder, readdirSync(folder)[0]!), "latin1");
  // The key of the step, the step, and the key of the summary.
  expect(file.split(`\x10${String.fromCharCode(stepsOfEpoch)}*`)).toHaveLength(1 + 2 + 4 * 3);
  expect(file).not.toContain("gradients/");
  // A restart after the steps there were: step, session log with status 1.
  expect(file).toContain(`\x10${String.fromCharCode(stepsOfEpoch + 1)}:\x02\x08\x01`);
});

describe("mistakes", () => {
  const mistake = (what: () => unknown): unknown => {
    try {
      return what();
    } catch (error) {
      expect(error).toBeInstanceOf(Mistake);
      return (error as Error).message;
    }
  };

  test("a folder that cannot be written in", () => {
    const [learner] = makePlane("eager");
    const file = join(folder, "file");
    writeFileSync(file, "");
    const advice = "; name a folder you may write to";
    expect(mistake(() => openSummaries(file, learner))).toBe(
      `--summaries ${file}: cannot be written, a part of the path is not a folder${advice}`,
    );
    expect(mistake(() => openSummaries("", learner))).toBe(
      `--summaries "": cannot be written, the name is empty${advice}`,
    );
    expect(mistake(() => openSummaries(join(file, "x"), learner))).toBe(
      `--summaries ${join(file, "x")}: cannot be written, a part of the path is not a folder${advice}`,
    );
  });

  test("weights that are not finite", () => {
    const [learner, inputs] = makePlane("compiled");
    using summaries = openSummaries(folder, learner);
    summaries.learn(inputs, labels);
    learner.weights.get("dense1/bias")!.assign(gt.fill([8], Number.NaN));
    expect(mistake(() => summaries.epoch({ epoch: 1, loss: 1, accuracy: 1, milliseconds: 1, examples: 4 }, {}))).toBe(
      '--summaries: histogram: "weights/dense1/bias" of shape [8] has 8 of 8 elements that are not finite, the first is ' +
        "NaN, element 0, so the training diverged; try a smaller --learning-rate or a larger --epsilon",
    );
  });
});
