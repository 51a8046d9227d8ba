export { AdadeltaOptimizer, type AdadeltaOptions } from "./adadelta.ts";
export { AdagradOptimizer, type AdagradOptions } from "./adagrad.ts";
export { AdamOptimizer, type AdamOptions } from "./adam.ts";
export type { ComputeGradientsOptions, GradientPair, Loss } from "./compute.ts";
export { FtrlOptimizer, type FtrlOptions } from "./ftrl.ts";
export { GradientDescentOptimizer, type GradientDescentOptions } from "./gradient-descent.ts";
export type { Hyper } from "./hyper.ts";
export {
  convertRMSProp,
  LegacyRMSprop,
  type LegacyRMSpropOptions,
  RMSprop,
  type RMSpropOptions,
} from "./keras-rmsprop.ts";
export { MomentumOptimizer, type MomentumOptions } from "./momentum.ts";
export { type ApplyGradientsOptions, type MinimizeOptions, Optimizer } from "./optimizer.ts";
export type { Gradient } from "./pairs.ts";
export { RMSPropOptimizer, type RMSPropOptions } from "./rmsprop.ts";
export type { CosineOptions, CosineRestartsOptions, PolynomialDecayOptions, StaircaseOptions } from "./schedules.ts";
export {
  constantRate,
  cosineDecay,
  cosineDecayRestarts,
  exponentialDecay,
  inverseTimeDecay,
  piecewiseConstant,
  polynomialDecay,
  type Schedule,
} from "./schedules.ts";
export { updateOps } from "./updates.ts";
