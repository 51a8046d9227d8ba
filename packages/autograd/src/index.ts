export type { CheckedFunction } from "./check.ts";
export { type CheckOptions, checkGradients } from "./check.ts";
export { type Differentiable, UnconnectedGradients } from "./endpoints.ts";
export { type ExplainGradientOptions, explainGradient } from "./explain-gradient.ts";
export type { Grad, GradOptions, JacobianOfOptions, TensorFunction } from "./functional.ts";
export { customGradient, grad, hvp, jacobian, valueAndGrad, type WithGradient } from "./functional.ts";
export { type GradientsOptions, gradients } from "./gradients.ts";
export { flatten, type Mapped, pack, type Structure } from "./structure.ts";
export { type GradientOptions, GradientTape, type JacobianOptions, type TapeOptions } from "./tape.ts";
