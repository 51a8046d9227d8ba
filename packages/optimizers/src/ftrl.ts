import { add, cast, div, maximum, mul } from "@gradtape/graph";
import { scalar as k, nullable, number, type Scalar, string, ValueError } from "@gradtape/tensor";
import { evaluateHyper, type Hyper, type Rate } from "./hyper.ts";
import { Optimizer } from "./optimizer.ts";
import { type Step, type UpdateRule, updateRule, type Values } from "./rule.ts";
import { hyper, optimizerSignature, required } from "./signatures.ts";

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

const signature = optimizerSignature("FtrlOptimizer", {
  learningRatePower: number,
  initialAccumulatorValue: number,
  l1RegularizationStrength: hyper,
  l2RegularizationStrength: hyper,
  accumName: nullable(string),
  linearName: nullable(string),
  l2ShrinkageRegularizationStrength: hyper,
  beta: nullable(number),
});

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
  readonly l1RegularizationStrength: Hyper;
  readonly l2RegularizationStrength: Hyper;
  readonly l2ShrinkageRegularizationStrength: Hyper;
  readonly beta: number;
  private readonly slotNames: { readonly [slot: string]: string | null };

  constructor(learningRate: Hyper, options?: FtrlOptions);
  constructor(options: FtrlOptions & Rate);
  constructor(...args: readonly unknown[]) {
    const {
      learningRate,
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
    } = signature.record(args);
    atLeastZero({ initialAccumulatorValue, l1RegularizationStrength, l2RegularizationStrength });
    atLeastZero({ l2ShrinkageRegularizationStrength });
    if (!(learningRatePower <= 0)) {
      throw new ValueError(
        `FtrlOptimizer: learningRatePower must be less than or equal to 0, got ${learningRatePower}`,
      );
    }
    super(learningRatePower === -0.5 ? rootRule : powerRule, { name, useLocking });
    this.learningRate = required("FtrlOptimizer", "learningRate", learningRate);
    this.learningRatePower = learningRatePower;
    this.initialAccumulatorValue = initialAccumulatorValue;
    this.l1RegularizationStrength = l1RegularizationStrength;
    this.l2RegularizationStrength = l2RegularizationStrength;
    this.l2ShrinkageRegularizationStrength = l2ShrinkageRegularizationStrength;
    this.beta = beta ?? 0;
    this.slotNames = { accum: accumName, linear: linearName };
  }

  /** The L2 strength with beta in it, formed in the dtype of the rate: in float32 for plain numbers, whatever the variable. */
  get adjustedL2RegularizationStrength(): Hyper {
    return this.beta === 0 ? this.l2RegularizationStrength : this.withBeta;
  }

  private readonly withBeta = () => {
    const rate = evaluateHyper(this, "learningRate");
    const [strength, beta] = [
      evaluateHyper(this, "l2RegularizationStrength"),
      evaluateHyper(this, "beta", { exact: rate.dtype === "float64" }),
    ].map((each) => cast(each, rate.dtype));
    return add(strength!, div(beta!, mul(2, maximum(rate, 1e-36))));
  };

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

/** Operations in which steps differ: the power of an accumulator, `linear + slope - pull`, the solution. */
interface Form {
  readonly power: (x: Scalar, h: Values) => Scalar;
  readonly join: (linear: Scalar, slope: Scalar, pull: Scalar) => Scalar;
  readonly solve: (linear: Scalar, l1: Scalar, curvature: Scalar) => Scalar;
}

/** The solution beyond the bounds, else 0. */
const solveDense: Form["solve"] = (linear, l1, curvature) => {
  const edge = k.select(k.lt(linear, 0), k.neg(l1), l1);
  return k.select(k.lt(l1, k.abs(linear)), k.div(k.sub(edge, linear), curvature), 0);
};

/** The same numbers; but within the bounds 0 is divided too, so it is NaN where the curvature is 0, and NaN stays NaN. */
const solveSparse: Form["solve"] = (linear, l1, curvature) =>
  k.div(k.sub(k.min(k.max(linear, k.neg(l1)), l1), linear), curvature);

const stepOf =
  ({ power, join, solve }: Form): Step =>
  ({ variable, accum, linear }, h, g) => {
    const l1 = h.l1RegularizationStrength!;
    const next = k.add(accum!, k.mul(g, g));
    const grown = power(next, h);
    const slope = k.add(g, k.mul(k.mul(2, h.l2ShrinkageRegularizationStrength!), variable!));
    const pull = k.mul(k.div(k.sub(grown, power(accum!, h)), h.learningRate!), variable!);
    const nextLinear = join(linear!, slope, pull);
    const curvature = k.add(k.div(grown, h.learningRate!), k.mul(2, h.adjustedL2RegularizationStrength!));
    return { accum: next, linear: nextLinear, variable: solve(nextLinear, l1, curvature) };
  };

function ruleWith(name: string, power: Form["power"], hyper: readonly string[]): UpdateRule {
  // The gradient comes before the rates there, and the power is always among them.
  const gradient = 7 + hyper.length;
  const rates = [3, 4, 5, 6, hyper.length > 0 ? 7 : { number: -0.5 }];
  const join: Form["join"] = (linear, slope, pull) => k.add(linear, k.sub(slope, pull));
  // The first version of the kernels knows no shrinkage.
  const kernels = (kind: string, first: readonly number[]) => ({
    op: `Resource${kind}FtrlV2`,
    takes: [...first, ...rates],
    older: { op: `Resource${kind}Ftrl`, takes: [...first, ...rates.filter((i) => i !== 6)], supplied: { 6: 0 } },
  });
  return updateRule({
    name,
    slots: { accum: "initialAccumulatorValue", linear: 0 },
    hyper: [
      "learningRate",
      "l1RegularizationStrength",
      "adjustedL2RegularizationStrength",
      "l2ShrinkageRegularizationStrength",
      ...hyper,
    ],
    dense: stepOf({ power, join, solve: solveDense }),
    sparse: stepOf({ power, join, solve: solveSparse }),
    // For rows of one element TensorFlow has a loop of its own, which adds from the left.
    sparseSingle: stepOf({
      power,
      join: (linear, slope, pull) => k.sub(k.add(linear, slope), pull),
      solve: solveSparse,
    }),
    tensorflow: {
      dense: kernels("Apply", [0, 1, 2, gradient]),
      sparse: kernels("SparseApply", [0, 1, 2, gradient, gradient + 1]),
    },
  });
}

// The usual power is a square root: other bits than those of a power, and a tenth of its time.
const rootRule = ruleWith("Ftrl", k.sqrt, []);
const powerRule = ruleWith("PowerFtrl", (x, h) => k.pow(x, k.neg(h.learningRatePower!)), ["learningRatePower"]);

export const ftrlRules: readonly UpdateRule[] = [rootRule, powerRule];
