import { expect, test } from "vitest";
import { optimizers } from "../model/optimizer-list.ts";
import { chooseOptimizer } from "../model/optimizers.ts";
import { defaultRun } from "../model/presets.ts";
import { adviceFor } from "./advice.ts";

const adviceOn = (kind: Parameters<typeof chooseOptimizer>[0], values: Record<string, number>) =>
  adviceFor(defaultRun, chooseOptimizer(kind, values).values);

test("advice is by cause", () => {
  expect(adviceOn("adam", { beta1: 1 })).toMatch(/^beta1 is 1/);
  expect(adviceOn("adam", { epsilon: 0 })).toMatch(/^epsilon is 0/);
  expect(adviceOn("rmsprop", { epsilon: 0 })).toMatch(/^epsilon is 0/);
  expect(adviceOn("momentum", { momentum: 1 })).toMatch(/^With a momentum of 1/);
  expect(adviceOn("adagrad", { initialAccumulatorValue: 0 })).toMatch(/^The accumulator begins at 0/);
  const strong = { ...defaultRun, regularization: "l2", regularizationRate: 5 } as const;
  expect(adviceFor(strong, strong.optimizer.values)).toMatch(/^Choose a smaller rate of regularization/);
});

test("with its defaults every optimizer gets the advice to slow down", () => {
  for (const { kind } of optimizers) expect(adviceOn(kind, {}), kind).toMatch(/^Choose a smaller learning rate/);
});
