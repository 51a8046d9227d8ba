import { chooseOptimizer } from "./optimizers.ts";
import type { DataKind, Run } from "./run.ts";

/** What the page begins with. */
export const defaultRun: Run = {
  data: "circle",
  count: 400,
  noise: 0.1,
  testPercent: 30,
  seed: 1,
  own: "",
  names: [],
  features: ["x", "y"],
  layers: [6, 4],
  activation: "tanh",
  loss: "cross entropy",
  regularization: "none",
  regularizationRate: 0.001,
  batch: 16,
  embedding: "sparse",
  optimizer: chooseOptimizer("rmsprop", { learningRate: 0.01 }),
};

/** Settings with which a dataset is learned well. */
export const presets: Readonly<Record<DataKind, Partial<Run>>> = {
  circle: {},
  xor: { noise: 0.2 },
  gauss: { noise: 0.6, layers: [4] },
  spirals: { noise: 0.05, count: 600, layers: [8, 8], optimizer: chooseOptimizer("rmsprop", { learningRate: 0.01 }) },
  plane: { layers: [4], loss: "squared" },
  hills: { layers: [8, 6], loss: "squared" },
  digits: { noise: 0, count: 1797, layers: [12], activation: "relu", batch: 32 },
  words: { noise: 0, count: 600, layers: [], batch: 8 },
  own: {},
};
