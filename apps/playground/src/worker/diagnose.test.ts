import * as gt from "gradtape";
import { expect, test } from "vitest";
import { chooseOptimizer } from "../model/optimizers.ts";
import { defaultRun } from "../model/presets.ts";
import { Session } from "./session.ts";

// As in the worker: else the step in which numbers run away depends on how the machine multiplies matrices.
gt.strictNumerics(true);

test("a learning rate that is too high is told with op and step, and the way back is kept", () => {
  const optimizer = chooseOptimizer("sgd", { learningRate: 100 });
  const run = { ...defaultRun, data: "plane", loss: "squared", activation: "linear", optimizer } as const;
  const session = new Session(1, [run], true, null);
  let report = null;
  for (let i = 0; i < 1000 && report === null; i++) report = session.advance();
  expect(report).toMatchObject({
    type: "diverged",
    lane: 0,
    kept: 0,
    reason: expect.stringMatching(/^checkNumerics: matMul made 16 /),
  });
  session.goBack();
  expect(session.step).toBe(0);
  expect(session.snapshot().lanes[0]!.metrics.trainLoss).toBeLessThan(100);
});

test("what was changed on the way is changed again when the steps are made again", () => {
  const run = {
    ...defaultRun,
    data: "plane",
    loss: "squared",
    activation: "linear",
    optimizer: chooseOptimizer("sgd", { learningRate: 0.03 }),
  } as const;
  const session = new Session(1, [run], true, null);
  for (let i = 0; i < 230; i++) expect(session.advance()).toBeNull();
  session.setHyper(0, "learningRate", 1000);
  let report = null;
  for (let i = 0; i < 50 && report === null; i++) report = session.advance();
  expect(report).toMatchObject({ type: "diverged", step: session.step, kept: 100 });
  session.goBack();
  for (let i = 100; i < 300; i++) expect(session.advance()).toBeNull();
  expect(session.snapshot().lanes[0]!.metrics.trainLoss).toBeLessThan(0.01);
});
