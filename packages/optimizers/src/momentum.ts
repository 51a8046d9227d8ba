import { boolean, scalar as k, optional, Signature } from "@gradtape/tensor";
import type { Hyper, Rate } from "./hyper.ts";
import { Optimizer } from "./optimizer.ts";
import { type Step, type UpdateRule, updateRule } from "./rule.ts";
import { hyper, required, sharedFields } from "./signatures.ts";

export interface MomentumOptions {
  readonly useLocking?: boolean;
  readonly name?: string;
  /** Look ahead as Nesterov (1983), in the form of Sutskever et al. (2013) with the gradient taken at the present value. */
  readonly useNesterov?: boolean;
}

const signature = new Signature(
  "MomentumOptimizer",
  { learningRate: optional(hyper), momentum: optional(hyper) },
  { ...sharedFields, useNesterov: boolean },
);

/**
 * Momentum (Polyak, 1964) as `tf.compat.v1.train.MomentumOptimizer` computes it:
 *
 *     accumulator <- momentum accumulator + g
 *     variable    <- variable - learningRate accumulator
 *     variable    <- variable - (learningRate g + learningRate momentum accumulator)     with Nesterov
 */
export class MomentumOptimizer extends Optimizer {
  learningRate: Hyper;
  momentum: Hyper;

  constructor(learningRate: Hyper, momentum: Hyper, options?: MomentumOptions);
  constructor(learningRate: Hyper, options: MomentumOptions & { readonly momentum: Hyper });
  constructor(options: MomentumOptions & Rate & { readonly momentum: Hyper });
  constructor(...args: readonly unknown[]) {
    const {
      learningRate,
      momentum,
      useLocking = false,
      name = "Momentum",
      useNesterov = false,
    } = signature.record(args);
    super(useNesterov ? nesterovRule : plainRule, { name, useLocking });
    this.learningRate = required("MomentumOptimizer", "learningRate", learningRate);
    this.momentum = required("MomentumOptimizer", "momentum", momentum);
  }
}

const plain: Step = ({ variable, momentum }, h, g) => {
  const next = k.add(k.mul(momentum!, h.momentum!), g);
  return { momentum: next, variable: k.sub(variable!, k.mul(next, h.learningRate!)) };
};

// TensorFlow multiplies the rate in last for a dense gradient, first for a sparse one.

const nesterov: Step = ({ variable, momentum }, h, g) => {
  const next = k.add(k.mul(momentum!, h.momentum!), g);
  const ahead = k.add(k.mul(g, h.learningRate!), k.mul(k.mul(next, h.momentum!), h.learningRate!));
  return { momentum: next, variable: k.sub(variable!, ahead) };
};

const sparseNesterov: Step = ({ variable, momentum }, h, g) => {
  const next = k.add(k.mul(momentum!, h.momentum!), g);
  const ahead = k.add(k.mul(g, h.learningRate!), k.mul(k.mul(h.learningRate!, h.momentum!), next));
  return { momentum: next, variable: k.sub(variable!, ahead) };
};

const shared = { slots: { momentum: 0 }, hyper: ["learningRate", "momentum"] };
// TensorFlow's kernels take the momentum last.
const kernels = (nesterov: boolean) => ({
  dense: { op: "ResourceApplyMomentum", takes: [0, 1, 2, 4, 3], flags: { use_nesterov: nesterov } },
  sparse: { op: "ResourceSparseApplyMomentum", takes: [0, 1, 2, 4, 5, 3], flags: { use_nesterov: nesterov } },
});
const plainRule = updateRule({ ...shared, name: "Momentum", dense: plain, sparse: plain, tensorflow: kernels(false) });
const nesterovRule = updateRule({
  ...shared,
  name: "NesterovMomentum",
  dense: nesterov,
  sparse: sparseNesterov,
  tensorflow: kernels(true),
});

export const momentumRules: readonly UpdateRule[] = [plainRule, nesterovRule];
