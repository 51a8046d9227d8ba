/* What is measured. Every peer reads the same workloads, data and initial weights. */

/** A step of training a perceptron: ReLU, softmax cross entropy, RMSProp. */
export interface Perceptron {
  readonly layers: readonly number[];
  readonly batch: number;
  /** The step whose loss all peers must agree on. */
  readonly check: number;
}

/** A step of training an embedding: rows of a table looked up in bags, a mean, a linear layer, RMSProp. */
export interface Embedding {
  readonly rows: number;
  readonly width: number;
  readonly indices: number;
  readonly bag: number;
  readonly classes: number;
  /** Sets of indices that are taken in turn. */
  readonly sets: number;
  readonly check: number;
}

export const perceptrons: Readonly<Record<string, Perceptron>> = {
  tiny: { layers: [2, 16, 16, 2], batch: 32, check: 200 },
  mnist: { layers: [784, 128, 64, 10], batch: 64, check: 50 },
  "mnist-wide": { layers: [784, 512, 512, 10], batch: 128, check: 20 },
  wide: { layers: [1024, 1024, 1024, 1024, 10], batch: 256, check: 4 },
};

const table = { width: 64, indices: 256, bag: 4, classes: 10, sets: 64 };

export const embeddings: Readonly<Record<string, Embedding>> = {
  "embed-10k": { ...table, rows: 10_000, check: 20 },
  "embed-100k": { ...table, rows: 100_000, check: 10 },
  "embed-1M": { ...table, rows: 1_000_000, check: 5 },
};

/** Matrix products: rows, columns, and what is summed; `a` or `b` transposed. */
export interface Product {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposed?: "a" | "b";
}

const square = (n: number): Product => ({ m: n, n, k: n });

export const products: Readonly<Record<string, Product>> = {
  ...Object.fromEntries([64, 128, 256, 512, 1024, 2048].map((n) => [`product-${n}`, square(n)])),
  ...Object.fromEntries(
    [128, 256, 512, 1024].flatMap((n) => [
      [`product-${n}-tn`, { ...square(n), transposed: "a" as const }],
      [`product-${n}-nt`, { ...square(n), transposed: "b" as const }],
    ]),
  ),
  ...layerProducts("product", 64, 784, 128),
  ...layerProducts("product-512", 128, 512, 512),
  ...layerProducts("product-1024", 256, 1024, 1024),
};

/** The products of a dense layer: forward, and for the gradients of its weights and of its inputs. */
function layerProducts(name: string, batch: number, inputs: number, units: number): Record<string, Product> {
  return {
    [`${name}-forward`]: { m: batch, n: units, k: inputs },
    [`${name}-dW`]: { m: inputs, n: units, k: batch, transposed: "a" },
    [`${name}-dX`]: { m: batch, n: inputs, k: units, transposed: "b" },
  };
}

/** Elements of relu(a x + b), and of the longer relu(a x + b) x - x² / 2 + 1: in the cache, and from memory. */
export const elementwise: Readonly<Record<string, number>> = {
  "loop-16k": 16_384,
  "loop-16M": 16_777_216,
  "chain-16k": 16_384,
  "chain-16M": 16_777_216,
};

export const settings = { learningRate: 0.001, decay: 0.9, epsilon: 1e-7, stepsBetweenResets: 500 };
