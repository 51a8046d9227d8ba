import {
  add,
  asTensor,
  cast,
  cos,
  div,
  executingEagerly,
  floor,
  lessEqual,
  log,
  minimum,
  mul,
  type Operand,
  pow,
  State,
  sub,
  where,
} from "@gradtape/graph";
import { anything, boolean, defineFunction, isFloating, list, number, type Tensor, ValueError } from "@gradtape/tensor";

/*
 * Learning rates that change with the step, as `tf.compat.v1.train` defines them. With a step counter of eager mode a
 * schedule is a function, to be read anew at each step; in a graph it is a tensor that each run computes anew.
 */

/** A learning rate that follows a step counter: a function in eager mode, a tensor in a graph. */
export type Schedule = Tensor | (() => Tensor);

/** `compute` on the rate and on the step in the dtype of the rate; now, or whenever it is asked for. */
function schedule(
  op: string,
  learningRate: Operand,
  step: Operand,
  compute: (rate: Tensor, step: Tensor) => Tensor,
): Schedule {
  if (step === null || step === undefined)
    throw new ValueError(`${op}: a globalStep is needed; see getOrCreateGlobalStep`);
  const evaluate = () => {
    const rate = asTensor(op, learningRate);
    if (!isFloating(rate.dtype)) throw new TypeError(`${op}: the learning rate is ${rate.dtype}, expected a float`);
    return compute(rate, cast(asTensor(op, step), rate.dtype));
  };
  return step instanceof State && executingEagerly() && step.graph === null ? evaluate : evaluate();
}

/** The same rate at every step. */
export const constantRate = defineFunction(
  "constantRate",
  { learningRate: anything },
  undefined,
  (learningRate: Operand): (() => Tensor) => {
    asTensor("constantRate", learningRate);
    return () => asTensor("constantRate", learningRate);
  },
);

export interface StaircaseOptions {
  /** Let the rate fall in steps of `decaySteps`, instead of all the time. */
  readonly staircase?: boolean;
}

/** learningRate decayRate^(step / decaySteps) */
export const exponentialDecay = defineFunction(
  "exponentialDecay",
  { learningRate: anything, globalStep: anything, decaySteps: number, decayRate: number },
  { staircase: boolean },
  exponential,
);

function exponential(
  learningRate: Operand,
  globalStep: Operand,
  decaySteps: number,
  decayRate: number,
  { staircase = false }: StaircaseOptions = {},
): Schedule {
  return schedule("exponentialDecay", learningRate, globalStep, (rate, step) => {
    const exponent = div(step, decaySteps);
    return mul(rate, pow(asTensor("exponentialDecay", decayRate, rate.dtype), staircase ? floor(exponent) : exponent));
  });
}

/** learningRate / (1 + decayRate step / decaySteps) */
export const inverseTimeDecay = defineFunction(
  "inverseTimeDecay",
  { learningRate: anything, globalStep: anything, decaySteps: number, decayRate: number },
  { staircase: boolean },
  inverseTime,
);

function inverseTime(
  learningRate: Operand,
  globalStep: Operand,
  decaySteps: number,
  decayRate: number,
  { staircase = false }: StaircaseOptions = {},
): Schedule {
  return schedule("inverseTimeDecay", learningRate, globalStep, (rate, step) => {
    const periods = div(step, decaySteps);
    return div(rate, add(1, mul(decayRate, staircase ? floor(periods) : periods)));
  });
}

/** `values[i]` as long as the step is not beyond `boundaries[i]`, then the next; one value more than boundaries. */
export const piecewiseConstant = defineFunction(
  "piecewiseConstant",
  { globalStep: anything, boundaries: list(number), values: list(number) },
  undefined,
  piecewise,
);

function piecewise(globalStep: Operand, boundaries: readonly number[], values: readonly number[]): Schedule {
  if (boundaries.length !== values.length - 1) {
    throw new ValueError(
      `piecewiseConstant: ${boundaries.length} boundaries separate ${boundaries.length + 1} values, got ${values.length}`,
    );
  }
  if (boundaries.some((boundary, i) => i > 0 && boundary <= boundaries[i - 1]!)) {
    throw new ValueError(`piecewiseConstant: the boundaries [${boundaries.join(", ")}] must increase`);
  }
  // Compared in the dtype of the counter: as a float32 it would lose count beyond 2^24.
  const until = (boundary: number) => lessEqual(asTensor("piecewiseConstant", globalStep), boundary);
  return schedule("piecewiseConstant", values[values.length - 1]!, globalStep, (last) =>
    boundaries.reduceRight<Tensor>((later, boundary, i) => where(until(boundary), values[i]!, later), last),
  );
}

export interface PolynomialDecayOptions {
  /** What the rate ends at. */
  readonly endLearningRate?: number;
  readonly power?: number;
  /** Begin again, over a longer period, whenever the end is reached. */
  readonly cycle?: boolean;
}

/** (learningRate - end) (1 - step / decaySteps)^power + end */
export const polynomialDecay = defineFunction(
  "polynomialDecay",
  { learningRate: anything, globalStep: anything, decaySteps: number },
  { endLearningRate: number, power: number, cycle: boolean },
  polynomial,
);

function polynomial(
  learningRate: Operand,
  globalStep: Operand,
  decaySteps: number,
  { endLearningRate = 0.0001, power = 1, cycle = false }: PolynomialDecayOptions = {},
): Schedule {
  return schedule("polynomialDecay", learningRate, globalStep, (rate, step) => {
    const periods = sub(0, floor(sub(0, div(step, decaySteps)))); // rounded up; the first period counts from step 0
    const period = cycle ? mul(decaySteps, where(lessEqual(step, 0), 1, periods)) : decaySteps;
    const done = div(cycle ? step : minimum(step, decaySteps), period);
    const left = pow(sub(1, done), power);
    return add(mul(sub(rate, endLearningRate), left), endLearningRate);
  });
}

export interface CosineOptions {
  /** The least rate, as a share of the first. */
  readonly alpha?: number;
}

const halfCosine = (fraction: Tensor) => mul(0.5, add(1, cos(mul(fraction, Math.PI))));

/** learningRate ((1 - alpha) (1 + cos(pi step / decaySteps)) / 2 + alpha), constant after `decaySteps` */
export const cosineDecay = defineFunction(
  "cosineDecay",
  { learningRate: anything, globalStep: anything, decaySteps: number },
  { alpha: number },
  cosine,
);

function cosine(
  learningRate: Operand,
  globalStep: Operand,
  decaySteps: number,
  { alpha = 0 }: CosineOptions = {},
): Schedule {
  return schedule("cosineDecay", learningRate, globalStep, (rate, step) => {
    const decayed = halfCosine(div(minimum(step, decaySteps), decaySteps));
    return mul(rate, add(mul(1 - alpha, decayed), alpha));
  });
}

export interface CosineRestartsOptions extends CosineOptions {
  /** How much longer each period is than the one before. */
  readonly tMul?: number;
  /** How the first rate of each period compares with that of the one before. */
  readonly mMul?: number;
}

/** Cosine decay with warm restarts (Loshchilov and Hutter, 2016); the first period takes `firstDecaySteps`. */
export const cosineDecayRestarts = defineFunction(
  "cosineDecayRestarts",
  { learningRate: anything, globalStep: anything, firstDecaySteps: number },
  { tMul: number, mMul: number, alpha: number },
  cosineRestarts,
);

function cosineRestarts(
  learningRate: Operand,
  globalStep: Operand,
  firstDecaySteps: number,
  { tMul = 2, mMul = 1, alpha = 0 }: CosineRestartsOptions = {},
): Schedule {
  return schedule("cosineDecayRestarts", learningRate, globalStep, (rate, step) => {
    const base = (value: number) => asTensor("cosineDecayRestarts", value, rate.dtype);
    const time = div(step, firstDecaySteps);
    // After i periods of lengths 1, tMul, tMul², … the time is (1 - tMul^i) / (1 - tMul).
    const restarts = tMul === 1 ? floor(time) : floor(div(log(sub(1, mul(time, 1 - tMul))), base(Math.log(tMul))));
    const length = pow(base(tMul), restarts);
    const begun = tMul === 1 ? restarts : div(sub(1, length), 1 - tMul);
    const fraction = div(sub(time, begun), length);
    const decayed = mul(pow(base(mMul), restarts), halfCosine(fraction));
    return mul(rate, add(mul(1 - alpha, decayed), alpha));
  });
}
