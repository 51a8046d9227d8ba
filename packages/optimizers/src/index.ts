export type { Hyper } from "./hyper.ts";
export {
  type ApplyGradientsOptions,
  type ComputeGradientsOptions,
  type Gradient,
  type GradientPair,
  type Loss,
  type MinimizeOptions,
  Optimizer,
} from "./optimizer.ts";
export { RMSPropOptimizer, type RMSPropOptions } from "./rmsprop.ts";
