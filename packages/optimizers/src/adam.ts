import { scalar as k } from "@gradtape/tensor";
import type { Hyper, Rate } from "./hyper.ts";
import { Optimizer } from "./optimizer.ts";
import { type UpdateRule, updateRule, type Values } from "./rule.ts";
import { hyper as hyperKind, optimizerSignature } from "./signatures.ts";

export interface AdamOptions {
  /** How much of the mean gradient is kept at each step. */
  readonly beta1?: Hyper;
  /** How much of the mean square is kept at each step. */
  readonly beta2?: Hyper;
  /** Added outside of the square root. */
  readonly epsilon?: Hyper;
  readonly useLocking?: boolean;
  readonly name?: string;
}

const signature = optimizerSignature("AdamOptimizer", { beta1: hyperKind, beta2: hyperKind, epsilon: hyperKind });

/**
 * Adam (Kingma and Ba, 2014) as `tf.compat.v1.train.AdamOptimizer` computes it, with the bias correction in the rate:
 *
 *     alpha    <- learningRate sqrt(1 - beta2^t) / (1 - beta1^t)
 *     m        <- m + (g - m) (1 - beta1)
 *     v        <- v + (g² - v) (1 - beta2)
 *     variable <- variable - alpha m / (sqrt(v) + epsilon)
 *
 * A sparse gradient counts as zero for the rows it does not name: their `m` and `v` decay, and they go on moving.
 */
export class AdamOptimizer extends Optimizer {
  learningRate: Hyper;
  beta1: Hyper;
  beta2: Hyper;
  epsilon: Hyper;

  constructor(learningRate?: Hyper, options?: AdamOptions);
  constructor(options: AdamOptions & Rate);
  constructor(...args: readonly unknown[]) {
    const {
      learningRate = 0.001,
      beta1 = 0.9,
      beta2 = 0.999,
      epsilon = 1e-8,
      useLocking = false,
      name = "Adam",
    } = signature.record(args);
    super(rule, { name, useLocking });
    this.learningRate = learningRate;
    this.beta1 = beta1;
    this.beta2 = beta2;
    this.epsilon = epsilon;
  }
}

/** The rate with its bias correction; the powers are those of this step. */
const correctedRate = ({ learningRate, beta1Power, beta2Power }: Values) =>
  k.div(k.mul(learningRate!, k.sqrt(k.sub(1, beta2Power!))), k.sub(1, beta1Power!));

const rule = updateRule({
  name: "Adam",
  slots: { m: 0, v: 0 },
  hyper: ["learningRate", "beta1", "beta2", "epsilon"],
  powers: { beta1Power: "beta1", beta2Power: "beta2" },
  // The order of operations is that of TensorFlow's kernel (dense) and of its Python rule (sparse).
  dense(states, h, g) {
    const m = k.add(states.m!, k.mul(k.sub(g, states.m!), k.sub(1, h.beta1!)));
    const v = k.add(states.v!, k.mul(k.sub(k.mul(g, g), states.v!), k.sub(1, h.beta2!)));
    const move = k.div(k.mul(m, correctedRate(h)), k.add(k.sqrt(v), h.epsilon!));
    return { m, v, variable: k.sub(states.variable!, move) };
  },
  sparse(states, h, g) {
    const m = k.add(k.mul(states.m!, h.beta1!), k.mul(g, k.sub(1, h.beta1!)));
    const v = k.add(k.mul(states.v!, h.beta2!), k.mul(k.mul(g, g), k.sub(1, h.beta2!)));
    const move = k.div(k.mul(correctedRate(h), m), k.add(k.sqrt(v), h.epsilon!));
    return { m, v, variable: k.sub(states.variable!, move) };
  },
  sparseRows: "all",
  tensorflow: { dense: { op: "ResourceApplyAdam", takes: [0, 1, 2, 7, 8, 3, 4, 5, 6, 9] } },
});

export const adamRules: readonly UpdateRule[] = [rule];
