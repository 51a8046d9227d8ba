import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as gt from "gradtape";
import { expect, test } from "vitest";
import { packPoints } from "../data/points.ts";
import { digitImages, packedDigits } from "../fixtures/digits.ts";
import { Learner } from "../worker/learner.ts";
import { chooseOptimizer } from "./optimizers.ts";
import { defaultRun, presets } from "./presets.ts";
import { type Change, writeProgram } from "./program.ts";
import type { Run } from "./run.ts";

gt.strictNumerics(true);

const folder = fileURLToPath(new URL("../../artifacts/programs", import.meta.url));
mkdirSync(folder, { recursive: true });

const points = Array.from({ length: 30 }, (_, i) => ({ x: Math.cos(i), y: Math.sin(2 * i), target: i % 3 }));

const runs: Record<string, Partial<Run> & { changes?: Change[] }> = {
  circle: {},
  xor: {
    ...presets.xor,
    features: ["x", "y", "xy", "sin x"],
    regularization: "l2",
    optimizer: chooseOptimizer("adam"),
  },
  gauss: {
    ...presets.gauss,
    loss: "hinge",
    activation: "relu",
    optimizer: chooseOptimizer("momentum", { useNesterov: true }),
  },
  spirals: { ...presets.spirals, optimizer: chooseOptimizer("rmsprop", { momentum: 0.5, centered: true }) },
  plane: {
    ...presets.plane,
    loss: "huber",
    regularization: "l1",
    layers: [],
    optimizer: chooseOptimizer("ftrl", { beta: 0.01 }),
  },
  hills: { ...presets.hills, activation: "softplus", optimizer: chooseOptimizer("keras", { momentum: 0.3 }) },
  digits: { ...presets.digits, optimizer: chooseOptimizer("adagrad") },
  words: { ...presets.words, optimizer: chooseOptimizer("legacy") },
  "dense words": { data: "words", embedding: "dense", layers: [3], optimizer: chooseOptimizer("adadelta") },
  own: {
    data: "own",
    own: packPoints({ classes: 3, points }),
    names: ["a", 'b // "', "c"],
    activation: "sigmoid",
    optimizer: chooseOptimizer("sgd"),
  },
  changed: { seed: 7, batch: 5, changes: [{ step: 20, name: "learningRate", value: 0.002 }] },
};

test.each(Object.entries(runs))(
  "the program of %s ends with the numbers of the worker",
  (name, { changes = [], ...some }) => {
    const run: Run = { ...defaultRun, data: name as Run["data"], ...some };
    if (name === "changed") Object.assign(run, { data: "circle" });
    const steps = 75;
    const learner = new Learner(run, run.data === "digits" ? digitImages : null);
    for (let step = 0; step < steps; step++) {
      for (const change of changes)
        if (change.step === step) Object.assign(learner.optimizer, { [change.name]: change.value });
      learner.advance();
    }
    const file = `${folder}/${name.replace(" ", "-")}.mjs`;
    writeFileSync(file, writeProgram({ run, steps, changes, digits: packedDigits }));
    const printed = execFileSync(process.execPath, [file], { encoding: "utf8" });
    const { trainLoss, testLoss } = learner.measure();
    expect(printed).toBe(`step ${steps}: training loss ${trainLoss}, test loss ${testLoss}\n`);
  },
);
