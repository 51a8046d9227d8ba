import { asTensor, type Cotangent, densify, type Input, nameOf, onesLike, Variable, zerosLike } from "@gradtape/graph";
import {
  compatible,
  fill,
  InvalidArgumentError,
  isStatic,
  shapeMessage,
  Tensor,
  ValueError,
  wrongAxis,
} from "@gradtape/tensor";
import { flatten } from "./structure.ts";

/* The two ends of a request for gradients: what they are of, with what cotangents to begin; what they are with respect to. */

/** What gradients are taken of and with respect to. */
export type Differentiable = Tensor | Variable;

/** What stands for a gradient where there is none: `null`, or zeros. */
export const UnconnectedGradients = { NONE: "none", ZERO: "zero" } as const;
export type UnconnectedGradients = (typeof UnconnectedGradients)[keyof typeof UnconnectedGradients];

/** The sources of a request in a row. A TypeError for what is neither tensor nor variable. */
export function sourcesOf(method: string, sources: unknown): Input[] {
  return flatten(sources).map((leaf) => {
    if (leaf instanceof Tensor || leaf instanceof Variable) return leaf;
    throw new TypeError(`GradientTape.${method}: a source is ${nameOf(leaf)}; expected tensors or variables`);
  });
}

/** Throws a ValueError for anything but the two choices. */
export function checkUnconnected(op: string, value: unknown): void {
  if (value === "none" || value === "zero") return;
  throw new ValueError(`${op}: unconnectedGradients is ${nameOf(value)}, which is not a choice; use "none" or "zero"`);
}

/** Ones in the shape of `like`. */
function ones(like: Input): Tensor {
  const { shape, dtype } = like.spec;
  return isStatic(shape) ? fill(shape, 1, { dtype }) : onesLike(like as Tensor);
}

/** Zeros in the shape of `like`. */
export function zeros(like: Input): Tensor {
  const { shape, dtype } = like.spec;
  return isStatic(shape) ? fill(shape, 0, { dtype }) : zerosLike(like as Tensor);
}

const OUTPUT_GRADIENTS = "GradientTape.gradient: outputGradients";

/** The cotangent of each target: as given, else ones. */
export function seedsOf(targets: readonly Input[], given: unknown): Tensor[] {
  const list = given === undefined || given === null ? [] : seedList(targets, given);
  return targets.map((target, i) => {
    const seed = list[i];
    if (seed === undefined || seed === null) return ones(target);
    const tensor = asTensor(OUTPUT_GRADIENTS, seed, target.dtype);
    if (compatible(tensor.spec.shape, target.spec.shape) && tensor.dtype === target.dtype) return tensor;
    throw new InvalidArgumentError(
      shapeMessage(OUTPUT_GRADIENTS, `entry ${i} (${tensor.dtype}) must match its target (${target.dtype})`, [
        { name: "target", shape: target.spec.shape },
        { name: "given", shape: tensor.spec.shape, wrong: wrongAxis(tensor.spec.shape, target.spec.shape) },
      ]),
    );
  });
}

/** The cotangents in a row: one for a single target, of which a nested array of numbers may be the value, else a list. */
function seedList(targets: readonly Input[], given: unknown): unknown[] {
  const isArray = (value: unknown) => Array.isArray(value) && flatten(value).every((leaf) => typeof leaf === "number");
  if (targets.length === 1 && targets[0]!.shape.length > 0 && isArray(given)) return [given];
  return Array.isArray(given) ? given.flatMap((entry) => (isArray(entry) ? [entry] : flatten(entry))) : flatten(given);
}

/** The gradient of `like` as a tensor, zeros where nothing connects. */
export function denseOrZeros(gradient: Cotangent | null, like: Input): Tensor {
  return gradient === null ? zeros(like) : densify(gradient);
}
