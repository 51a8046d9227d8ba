import { scalar as k } from "@gradtape/tensor";
import type { Hyper, Rate } from "./hyper.ts";
import { Optimizer } from "./optimizer.ts";
import { type Step, type UpdateRule, updateRule } from "./rule.ts";
import { hyper as hyperKind, optimizerSignature } from "./signatures.ts";

export interface AdadeltaOptions {
  /** How much of the means is kept at each step. */
  readonly rho?: Hyper;
  /** Added inside of both square roots. */
  readonly epsilon?: Hyper;
  readonly useLocking?: boolean;
  readonly name?: string;
}

const signature = optimizerSignature("AdadeltaOptimizer", { rho: hyperKind, epsilon: hyperKind });

/**
 * Adadelta (Zeiler, 2012) as `tf.compat.v1.train.AdadeltaOptimizer` computes it:
 *
 *     accum       <- rho accum + (1 - rho) g²
 *     update      <- sqrt(accumUpdate + epsilon) / sqrt(accum + epsilon) g
 *     variable    <- variable - learningRate update
 *     accumUpdate <- rho accumUpdate + (1 - rho) update²
 */
export class AdadeltaOptimizer extends Optimizer {
  learningRate: Hyper;
  rho: Hyper;
  epsilon: Hyper;

  constructor(learningRate?: Hyper, options?: AdadeltaOptions);
  constructor(options: AdadeltaOptions & Rate);
  constructor(...args: readonly unknown[]) {
    const {
      learningRate = 0.001,
      rho = 0.95,
      epsilon = 1e-8,
      useLocking = false,
      name = "Adadelta",
    } = signature.record(args);
    super(rule, { name, useLocking });
    this.learningRate = learningRate;
    this.rho = rho;
    this.epsilon = epsilon;
  }
}

const step: Step = ({ variable, accum, accum_update }, { learningRate, rho, epsilon }, g) => {
  const rest = k.sub(1, rho!);
  const nextAccum = k.add(k.mul(accum!, rho!), k.mul(k.mul(g, g), rest));
  const inverse = k.div(1, k.sqrt(k.add(nextAccum, epsilon!)));
  const update = k.mul(k.mul(k.sqrt(k.add(accum_update!, epsilon!)), inverse), g);
  return {
    accum: nextAccum,
    accum_update: k.add(k.mul(accum_update!, rho!), k.mul(k.mul(update, update), rest)),
    variable: k.sub(variable!, k.mul(update, learningRate!)),
  };
};

const rule = updateRule({
  name: "Adadelta",
  slots: { accum: 0, accum_update: 0 },
  hyper: ["learningRate", "rho", "epsilon"],
  dense: step,
  sparse: step,
  tensorflow: { dense: { op: "ResourceApplyAdadelta" }, sparse: { op: "ResourceSparseApplyAdadelta" } },
});

export const adadeltaRules: readonly UpdateRule[] = [rule];
