import { boolean, scalar as k, type Scalar } from "@gradtape/tensor";
import type { Hyper, Rate } from "./hyper.ts";
import { Optimizer } from "./optimizer.ts";
import { type RuleDescription, type UpdateRule, updateRule, type Values } from "./rule.ts";
import { hyper as hyperKind, optimizerSignature, required } from "./signatures.ts";

export interface RMSPropOptions {
  /** How much of the mean square is kept at each step. */
  readonly decay?: Hyper;
  readonly momentum?: Hyper;
  /** Added inside the square root. */
  readonly epsilon?: Hyper;
  readonly useLocking?: boolean;
  /** Divide by an estimate of the variance instead of the second moment: the mean gradient is tracked and taken off. */
  readonly centered?: boolean;
  readonly name?: string;
}

const signature = optimizerSignature("RMSPropOptimizer", {
  decay: hyperKind,
  momentum: hyperKind,
  epsilon: hyperKind,
  centered: boolean,
});

/**
 * RMSProp (Hinton, Coursera lecture 6, 2012) as `tf.compat.v1.train.RMSPropOptimizer` computes it, bit for bit:
 *
 *     rms      <- decay rms + (1 - decay) g²          starts at one, not zero
 *     mg       <- decay mg + (1 - decay) g            only when centered
 *     momentum <- momentum momentum + learningRate g / sqrt(rms - mg² + epsilon)
 *     variable <- variable - momentum
 *
 * A sparse gradient updates the rows it names, repeated rows added up first; all other rows and their slots stay.
 */
export class RMSPropOptimizer extends Optimizer {
  /** @internal The rules, for others that share them. */
  static get rules(): { readonly plain: RuleDescription; readonly centered: RuleDescription } {
    return { plain, centered: centeredForm };
  }

  learningRate: Hyper;
  decay: Hyper;
  momentum: Hyper;
  epsilon: Hyper;

  constructor(learningRate: Hyper, options?: RMSPropOptions);
  constructor(options: RMSPropOptions & Rate);
  constructor(...args: readonly unknown[]) {
    const {
      learningRate,
      decay = 0.9,
      momentum = 0,
      epsilon = 1e-10,
      useLocking = false,
      centered = false,
      name = "RMSProp",
    } = signature.record(args);
    super(centered ? centeredRule : plainRule, { name, useLocking });
    this.learningRate = required("RMSPropOptimizer", "learningRate", learningRate);
    this.decay = decay;
    this.momentum = momentum;
    this.epsilon = epsilon;
  }
}

// The order of operations below is that of TensorFlow's kernels, in which the dense and the sparse path differ.

const hyper = ["learningRate", "decay", "momentum", "epsilon"];

/** The dense form of a moving average. */
const approach = (average: Scalar, value: Scalar, rate: Scalar) => k.add(average, k.mul(k.sub(value, average), rate));

/** The sparse form of a moving average. */
const blend = (average: Scalar, value: Scalar, decay: Scalar) =>
  k.add(k.mul(average, decay), k.mul(value, k.sub(1, decay)));

function move({ variable, momentum }: Values, { momentum: mu }: Values, step: Scalar): Values {
  const next = k.add(k.mul(momentum!, mu!), step);
  return { momentum: next, variable: k.sub(variable!, next) };
}

const plain: RuleDescription = {
  name: "RMSProp",
  slots: { rms: 1, momentum: 0 },
  hyper,
  dense(states, h, g) {
    const rms = approach(states.rms!, k.mul(g, g), k.sub(1, h.decay!));
    const step = k.div(k.mul(g, h.learningRate!), k.sqrt(k.add(rms, h.epsilon!)));
    return { rms, ...move(states, h, step) };
  },
  sparse(states, h, g) {
    const rms = blend(states.rms!, k.mul(g, g), h.decay!);
    const step = k.mul(k.mul(k.div(1, k.sqrt(k.add(rms, h.epsilon!))), h.learningRate!), g);
    return { rms, ...move(states, h, step) };
  },
  tensorflow: { dense: { op: "ResourceApplyRMSProp" }, sparse: { op: "ResourceSparseApplyRMSProp" } },
};

const centeredForm: RuleDescription = {
  name: "CenteredRMSProp",
  slots: { rms: 1, mg: 0, momentum: 0 },
  hyper,
  dense(states, h, g) {
    const rms = approach(states.rms!, k.mul(g, g), k.sub(1, h.decay!));
    const mg = approach(states.mg!, g, k.sub(1, h.decay!));
    const spread = k.add(k.sub(rms, k.mul(mg, mg)), h.epsilon!);
    return { rms, mg, ...move(states, h, k.div(k.mul(g, h.learningRate!), k.sqrt(spread))) };
  },
  sparse(states, h, g) {
    const rms = blend(states.rms!, k.mul(g, g), h.decay!);
    const mg = blend(states.mg!, g, h.decay!);
    const spread = k.sub(k.add(rms, h.epsilon!), k.mul(mg, mg));
    return { rms, mg, ...move(states, h, k.mul(k.mul(k.div(1, k.sqrt(spread)), h.learningRate!), g)) };
  },
  // The mean gradient comes before the mean square there.
  tensorflow: {
    dense: { op: "ResourceApplyCenteredRMSProp", takes: [0, 2, 1, 3, 4, 5, 6, 7, 8] },
    sparse: { op: "ResourceSparseApplyCenteredRMSProp", takes: [0, 2, 1, 3, 4, 5, 6, 7, 8, 9] },
  },
};

const plainRule = updateRule(plain);
const centeredRule = updateRule(centeredForm);

export const rmspropRules: readonly UpdateRule[] = [plainRule, centeredRule];
