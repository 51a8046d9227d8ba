export { type CheckOptions, checkGradients } from "./check.ts";
export { customGradient, grad, hvp, jacobian, valueAndGrad, type WithGradient } from "./functional.ts";
export { type GradientsOptions, gradients } from "./gradients.ts";
export { flatten, type Mapped, pack, type Structure } from "./structure.ts";
export {
  type Differentiable,
  type GradientOptions,
  GradientTape,
  type JacobianOptions,
  type TapeOptions,
  UnconnectedGradients,
} from "./tape.ts";
