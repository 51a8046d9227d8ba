export type { ComputeGradientsOptions, GradientPair, Loss } from "./compute.ts";
export type { Hyper } from "./hyper.ts";
export { type ApplyGradientsOptions, type MinimizeOptions, Optimizer } from "./optimizer.ts";
export type { Gradient } from "./pairs.ts";
export { RMSPropOptimizer, type RMSPropOptions } from "./rmsprop.ts";
