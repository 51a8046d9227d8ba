import { scalar as k, number, ValueError } from "@gradtape/tensor";
import type { Hyper, Rate } from "./hyper.ts";
import { Optimizer } from "./optimizer.ts";
import { type Step, type UpdateRule, updateRule } from "./rule.ts";
import { optimizerSignature, required } from "./signatures.ts";

export interface AdagradOptions {
  /** What the accumulators begin at; greater than 0. */
  readonly initialAccumulatorValue?: number;
  readonly useLocking?: boolean;
  readonly name?: string;
}

const signature = optimizerSignature("AdagradOptimizer", { initialAccumulatorValue: number });

/**
 * Adagrad (Duchi et al., 2011) as `tf.compat.v1.train.AdagradOptimizer` defines it, without an epsilon:
 *
 *     accumulator <- accumulator + g²
 *     variable    <- variable - learningRate g / sqrt(accumulator)
 */
export class AdagradOptimizer extends Optimizer {
  learningRate: Hyper;
  readonly initialAccumulatorValue: number;

  constructor(learningRate: Hyper, options?: AdagradOptions);
  constructor(options: AdagradOptions & Rate);
  constructor(...args: readonly unknown[]) {
    const {
      learningRate,
      initialAccumulatorValue = 0.1,
      useLocking = false,
      name = "Adagrad",
    } = signature.record(args);
    if (!(initialAccumulatorValue > 0)) {
      throw new ValueError(
        `AdagradOptimizer: initialAccumulatorValue must be positive, got ${initialAccumulatorValue}`,
      );
    }
    super(rule, { name, useLocking });
    this.learningRate = required("AdagradOptimizer", "learningRate", learningRate);
    this.initialAccumulatorValue = initialAccumulatorValue;
  }
}

// TensorFlow multiplies by a reciprocal root, which its vector instructions only approximate in float32 (within 2 units
// in the last place); only for rows of one element it divides. The reciprocal here is rounded correctly.

const step: Step = ({ variable, accumulator }, h, g) => {
  const next = k.add(accumulator!, k.mul(g, g));
  const move = k.mul(k.mul(g, h.learningRate!), k.div(1, k.sqrt(next)));
  return { accumulator: next, variable: k.sub(variable!, move) };
};

const singleStep: Step = ({ variable, accumulator }, h, g) => {
  const next = k.add(accumulator!, k.mul(g, g));
  return { accumulator: next, variable: k.sub(variable!, k.div(k.mul(g, h.learningRate!), k.sqrt(next))) };
};

const rule = updateRule({
  name: "Adagrad",
  slots: { accumulator: "initialAccumulatorValue" },
  hyper: ["learningRate"],
  dense: step,
  sparse: step,
  sparseSingle: singleStep,
  tensorflow: {
    dense: { op: "ResourceApplyAdagrad", flags: { update_slots: true } },
    sparse: { op: "ResourceSparseApplyAdagrad", flags: { update_slots: true } },
  },
});

export const adagradRules: readonly UpdateRule[] = [rule];
