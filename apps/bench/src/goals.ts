import type { Measurement } from "./measure.ts";
import { products } from "./workloads.ts";

/** What a ratio is meant to reach: `other` takes at least so many times as long as `own` on a workload. */
export interface Goal {
  readonly workload: string;
  readonly own?: string;
  readonly other: string;
  readonly atLeast: number;
  /** The workload of the other, where it is not the same. */
  readonly otherWorkload?: string;
}

/** C at its peak of 128-bit multiply-adds. */
export const PEAK = "128-bit peak";

const against = (workload: string, goals: Readonly<Record<string, number>>): Goal[] =>
  Object.entries(goals).map(([other, atLeast]) => ({ workload, other, atLeast }));

const large = Object.entries(products).filter(([, { m, n, k }]) => Math.max(m, n, k) >= 128);
const productGoals = large.flatMap(([name, { transposed }]) =>
  against(name, { NumPy: 0.45, [PEAK]: 0.7, ...(transposed && { "tfjs wasm": 12 }) }),
);

export const goals: readonly Goal[] = [
  ...against("tiny", { PyTorch: 60, JAX: 20, "TensorFlow 1": 50, "jax-js": 50, "tfjs wasm": 150 }),
  ...against("mnist", {
    ...{ PyTorch: 1.3, "TensorFlow 1": 0.85, JAX: 0.8, "jax-js": 3.5, "tfjs wasm": 12, "plain JavaScript": 35 },
  }),
  ...against("mnist-wide", { PyTorch: 0.7, JAX: 0.7 }),
  ...against("wide", { PyTorch: 0.55, JAX: 0.55, "jax-js": 2.7, "tfjs wasm": 35 }),
  ...[
    ["mnist", 1.4],
    ["mnist-wide", 1.65],
    ["wide", 1.65],
    ["tiny", 1],
    ["product-512", 1.75],
    ["product-1024", 1.75],
    ["product-2048", 1.75],
  ].map(([workload, atLeast]) => ({
    workload: workload as string,
    own: "gradtape 2 threads",
    other: "gradtape",
    atLeast: atLeast as number,
  })),
  ...productGoals,
  // A step on a table of a million rows costs at most 1.3 times that on ten thousand.
  { workload: "embed-1M", other: "gradtape", otherWorkload: "embed-10k", atLeast: 1 / 1.3 },
  ...against("embed-1M", { "TensorFlow 1": 8, JAX: 500, "tfjs cpu": 10_000 }),
  { workload: "embed-10k", other: "tfjs wasm", atLeast: 150 },
  ...["loop-16k", "chain-16k"].flatMap((name) => against(name, { "plain JavaScript": 12 })),
  ...["loop-16M", "chain-16M"].flatMap((name) => against(name, { C: 0.9 })),
  { workload: "mnist", own: "gradtape eager", other: "tfjs wasm", atLeast: 4 },
  { workload: "mnist", own: "gradtape eager", other: "gradtape", atLeast: 1 / 3 },
];

/** What a figure of ours is meant to stay below. */
export interface Limit {
  readonly workload: string;
  readonly what: string;
  readonly atMost: number;
  readonly unit: string;
  figure(measurement: Measurement): number | undefined;
}

export const limits: readonly Limit[] = [
  {
    workload: "cold mnist",
    what: "start of the process to the end of the first step",
    atMost: 250,
    unit: "ms",
    figure: ({ microseconds }) => microseconds / 1000,
  },
  {
    workload: "cold mnist",
    what: "the first step alone: recorded, emitted, compiled, run",
    atMost: 100,
    unit: "ms",
    figure: ({ firstCallMilliseconds }) => firstCallMilliseconds,
  },
  {
    workload: "epoch",
    what: "an epoch through a dataset over its steps alone",
    atMost: 1.15,
    unit: "x",
    figure: ({ overSteps }) => overSteps,
  },
  {
    // A number that is returned takes 16 bytes; half a byte per step is what reading the heap leaves.
    workload: "garbage",
    what: "bytes left behind by a steady step, the returned number among them",
    atMost: 16.5,
    unit: "bytes",
    figure: ({ bytesPerStep }) => bytesPerStep,
  },
];

/** Below this share of a goal something is badly wrong. */
export const GROSS = 1 / 3;
