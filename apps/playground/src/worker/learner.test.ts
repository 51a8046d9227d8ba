import { expect, test } from "vitest";
import { defaultRun, presets } from "../model/presets.ts";
import { Learner } from "./learner.ts";

test.each(["circle", "xor", "gauss", "spirals", "plane", "hills", "words"] as const)("%s is learned", (data) => {
  const learner = new Learner({ ...defaultRun, data, ...presets[data] }, null);
  const before = learner.measure();
  for (let i = 0; i < 2000; i++) learner.advance();
  const after = learner.measure();
  expect(after.trainLoss).toBeLessThan(before.trainLoss / 5);
});
