import { scalar as k, type Scalar, ValueError } from "@gradtape/tensor";
import type { Hyper } from "./hyper.ts";
import { Optimizer } from "./optimizer.ts";
import { type Step, updateRule } from "./rule.ts";

export interface FtrlOptions {
  /** How the rate falls with the accumulated squares; at most 0, -0.5 is a square root. */
  readonly learningRatePower?: number;
  /** What the accumulators begin at; at least 0. */
  readonly initialAccumulatorValue?: number;
  readonly l1RegularizationStrength?: Hyper;
  readonly l2RegularizationStrength?: Hyper;
  readonly useLocking?: boolean;
  readonly name?: string;
  /** What the variable of slot `accum` is called behind its owner's name; the optimizer's name when left out. */
  readonly accumName?: string | null;
  /** The same for slot `linear`. */
  readonly linearName?: string | null;
  /** A pull towards zero that is kept out of the accumulators. */
  readonly l2ShrinkageRegularizationStrength?: Hyper;
  /** Adds `beta / (2 learningRate)` to the L2 strength. */
  readonly beta?: number | null;
}

/**
 * FTRL-Proximal (McMahan et al., 2013) as `tf.compat.v1.train.FtrlOptimizer` computes it, with p = -learningRatePower:
 *
 *     g'       <- g + 2 l2Shrinkage variable
 *     n        <- accum + g²
 *     linear   <- linear + g' - (n^p - accum^p) / learningRate variable
 *     variable <- 0                                                             where |linear| <= l1
 *                 (sign(linear) l1 - linear) / (n^p / learningRate + 2 l2)      elsewhere
 */
export class FtrlOptimizer extends Optimizer {
  learningRate: Hyper;
  readonly learningRatePower: number;
  readonly initialAccumulatorValue: number;
  readonly l1: Hyper;
  readonly l2: Hyper;
  readonly l2Shrinkage: Hyper;
  readonly beta: number;
  private readonly slotNames: { readonly [slot: string]: string | null };

  constructor(learningRate: Hyper, options: FtrlOptions = {}) {
    const {
      learningRatePower = -0.5,
      initialAccumulatorValue = 0.1,
      l1RegularizationStrength = 0,
      l2RegularizationStrength = 0,
      useLocking = false,
      name = "Ftrl",
      accumName = null,
      linearName = null,
      l2ShrinkageRegularizationStrength = 0,
      beta = null,
    } = options;
    atLeastZero({ initialAccumulatorValue, l1RegularizationStrength, l2RegularizationStrength });
    atLeastZero({ l2ShrinkageRegularizationStrength });
    if (!(learningRatePower <= 0)) {
      throw new ValueError(
        `FtrlOptimizer: learningRatePower must be less than or equal to 0, got ${learningRatePower}`,
      );
    }
    super(rule, { name, useLocking });
    this.learningRate = learningRate;
    this.learningRatePower = learningRatePower;
    this.initialAccumulatorValue = initialAccumulatorValue;
    this.l1 = l1RegularizationStrength;
    this.l2 = l2RegularizationStrength;
    this.l2Shrinkage = l2ShrinkageRegularizationStrength;
    this.beta = beta ?? 0;
    this.slotNames = { accum: accumName, linear: linearName };
  }

  protected override slotLabel(slot: string): string {
    return this.slotNames[slot] ?? super.slotLabel(slot);
  }
}

function atLeastZero(values: { readonly [name: string]: Hyper }): void {
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === "number" && !(value >= 0))
      throw new ValueError(`FtrlOptimizer: ${name} must be at least 0, got ${value}`);
  }
}

/** x^p for p = -learningRatePower; a square root where that is meant, for its bits. */
const power = (x: Scalar, learningRatePower: Scalar) =>
  k.select(k.eq(learningRatePower, -0.5), k.sqrt(x), k.pow(x, k.neg(learningRatePower)));

const step: Step = ({ variable, accum, linear }, h, g) => {
  const { learningRate, learningRatePower, l1, l2, l2Shrinkage, beta } = h;
  const next = k.add(accum!, k.mul(g, g));
  const shrunk = k.add(g, k.mul(k.mul(2, l2Shrinkage!), variable!));
  const grown = k.div(k.sub(power(next, learningRatePower!), power(accum!, learningRatePower!)), learningRate!);
  const nextLinear = k.add(linear!, k.sub(shrunk, k.mul(grown, variable!)));
  const strength = k.add(l2!, k.div(beta!, k.mul(2, learningRate!)));
  const curvature = k.add(k.div(power(next, learningRatePower!), learningRate!), k.mul(2, strength));
  const edge = k.select(k.lt(nextLinear, 0), k.neg(l1!), l1!);
  const solution = k.div(k.sub(edge, nextLinear), curvature);
  return {
    accum: next,
    linear: nextLinear,
    variable: k.select(k.lt(l1!, k.abs(nextLinear)), solution, 0),
  };
};

const rule = updateRule({
  name: "Ftrl",
  slots: { accum: "initialAccumulatorValue", linear: 0 },
  hyper: ["learningRate", "l1", "l2", "l2Shrinkage", "learningRatePower", "beta"],
  dense: step,
  sparse: step,
});
