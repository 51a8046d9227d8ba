import type { OptimizerSettings } from "./optimizers.ts";

/* The description of a run. The worker trains from it, the program text is printed from it, the address holds it. */

export const dataKinds = ["circle", "xor", "gauss", "spirals", "plane", "hills", "digits", "words", "own"] as const;
export type DataKind = (typeof dataKinds)[number];

export const featureNames = ["x", "y", "x²", "y²", "xy", "sin x", "sin y"] as const;
export type FeatureName = (typeof featureNames)[number];

export const activations = ["tanh", "relu", "sigmoid", "softplus", "linear"] as const;
export type Activation = (typeof activations)[number];

export const losses = ["cross entropy", "hinge", "squared", "absolute", "huber"] as const;
export type Loss = (typeof losses)[number];

export const regularizations = ["none", "l1", "l2"] as const;
export type Regularization = (typeof regularizations)[number];

/** How the rows of an embedding are read: `gather`, whose gradient is slices, or a product with one-hot rows. */
export const embeddings = ["sparse", "dense"] as const;
export type Embedding = (typeof embeddings)[number];

/** Everything that decides the numbers of a run. */
export interface Run {
  readonly data: DataKind;
  /** Examples drawn, for training and test together. */
  readonly count: number;
  /** Standard deviation of the jitter added to each point. */
  readonly noise: number;
  /** Percent of the examples that are kept for the test. */
  readonly testPercent: number;
  readonly seed: number;
  /** Points of the user's own, packed; see `data/own.ts`. */
  readonly own: string;
  /** Names of their classes, where there are any. */
  readonly names: readonly string[];
  readonly features: readonly FeatureName[];
  /** Neurons in each hidden layer. */
  readonly layers: readonly number[];
  readonly activation: Activation;
  readonly loss: Loss;
  readonly regularization: Regularization;
  readonly regularizationRate: number;
  readonly batch: number;
  readonly embedding: Embedding;
  readonly optimizer: OptimizerSettings;
}

/** What is asked of a network. */
export type Task = "two classes" | "classes" | "regression";

/** What a dataset asks: the task, and into how many classes the examples fall. */
export interface Question {
  readonly task: Task;
  /** 1 for a regression. */
  readonly classes: number;
}

/** The name of a class. */
export const className = (names: readonly string[], index: number) => names[index] ?? `class ${index}`;

/** Limits of what can be set. */
export const limits = {
  count: [20, 2000],
  noise: [0, 1],
  testPercent: [10, 90],
  seed: [0, 999_999_999],
  layers: 6,
  neurons: [1, 12],
  nameLetters: 40,
  batch: [1, 256],
  regularizationRate: [0, 10],
} as const;

/** Points live in the square from -reach to reach. */
export const reach = 4;

/** Rows of the table of words, and numbers in each. */
export const vocabulary = 40;
export const embeddingWidth = 2;

/** The losses that fit a task. */
export function lossesFor(task: Task): readonly Loss[] {
  if (task === "two classes") return ["cross entropy", "hinge", "squared"];
  return task === "classes" ? ["cross entropy"] : ["squared", "absolute", "huber"];
}

/** The loss that is used: the chosen one where it fits the task, else the first that does. */
export function lossOf(run: Run, task: Task): Loss {
  const fitting = lossesFor(task);
  return fitting.includes(run.loss) ? run.loss : fitting[0]!;
}

/** Whether examples are points of a plane, so that features of them can be chosen and a surface drawn. */
export function isPlanar(data: DataKind): boolean {
  return data !== "digits" && data !== "words";
}

/** Numbers that enter the first layer. */
export function inputWidth(run: Run): number {
  if (run.data === "digits") return 64;
  return run.data === "words" ? embeddingWidth : run.features.length;
}

/** Numbers that leave the last layer. */
export function outputWidth({ task, classes }: Question): number {
  return task === "classes" ? classes : 1;
}

/** How many of `count` examples are trained on; at least one is left for the test. */
export function trainCount(count: number, testPercent: number): number {
  return Math.min(count - 1, Math.max(1, Math.round((count * (100 - testPercent)) / 100)));
}
