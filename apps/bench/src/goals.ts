/** What a ratio is meant to reach: `other` takes at least so many times as long as `own` on a workload. */
export interface Goal {
  readonly workload: string;
  readonly own?: string;
  readonly other: string;
  readonly atLeast: number;
  /** The workload of the other, where it is not the same. */
  readonly otherWorkload?: string;
}

const against = (workload: string, goals: Readonly<Record<string, number>>): Goal[] =>
  Object.entries(goals).map(([other, atLeast]) => ({ workload, other, atLeast }));

const products = ["128", "256", "512", "1024", "2048", "512-tn", "512-nt", "forward", "dW", "dX"];

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
  ...products.map((name): Goal => ({ workload: `product-${name}`, other: "NumPy", atLeast: 0.45 })),
  ...["512-tn", "512-nt", "dW", "dX"].map(
    (name): Goal => ({ workload: `product-${name}`, other: "tfjs wasm", atLeast: 12 }),
  ),
  // A step on a table of a million rows costs at most 1.3 times that on ten thousand.
  { workload: "embed-1M", other: "gradtape", otherWorkload: "embed-10k", atLeast: 1 / 1.3 },
  ...against("embed-1M", { "TensorFlow 1": 8, JAX: 500 }),
  { workload: "embed-10k", other: "tfjs wasm", atLeast: 150 },
  { workload: "loop-16k", other: "plain JavaScript", atLeast: 12 },
  { workload: "mnist", own: "gradtape eager", other: "tfjs wasm", atLeast: 4 },
  { workload: "mnist", own: "gradtape eager", other: "gradtape", atLeast: 1 / 3 },
];

/** Below this share of a goal something is badly wrong. */
export const GROSS = 1 / 3;
