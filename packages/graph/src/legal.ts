import {
  boolean,
  dtypes,
  EagerTensor,
  type Fields,
  fieldProblem,
  InvalidArgumentError,
  list,
  natural,
  normalizeAxis,
  oneOf,
  type PartialShape,
  type TensorSpec,
  ValueError,
} from "@gradtape/tensor";
import type { Attributes, Input, OpDef } from "./record.ts";
import { State } from "./state.ts";

/* The definition of a legal record, the same for a call, a gradient rule and a text. */

/** Kinds of attributes that many ops have. */
export const axis = natural;
export const axes = list(natural);
export const shape = list(natural);
export const dtype = oneOf(...dtypes);
export const flag = boolean;

/** Throws a ValueError unless `list` names axes of a tensor of `rank`, each once and in order. */
export function checkAxes(op: string, list: readonly number[], rank: number): void {
  for (const [i, axis] of list.entries()) {
    checkAxis(op, axis, rank);
    if (i > 0 && axis <= list[i - 1]!)
      throw new ValueError(`${op}: axes [${list.join(", ")}] are not in order, each once`);
  }
}

/** Throws a ValueError unless `axis`, counted from the front, is one of a tensor of `rank`. */
export function checkAxis(op: string, axis: number, rank: number): void {
  if (!(axis >= 0) || normalizeAxis(op, axis, rank) !== axis) {
    throw new ValueError(`${op}: axis ${axis} must be counted from the front`);
  }
}

/**
 * The shape that an attribute states, or where it is `null` that of the last of `count` inputs, which only lends it.
 * Throws a ValueError where neither or both are there.
 */
export function statedShape<S extends PartialShape>(
  op: string,
  stated: S | null,
  inputs: readonly TensorSpec[],
  count: number,
): S | PartialShape {
  if ((stated === null) === (inputs.length === count)) return stated ?? inputs[count - 1]!.shape;
  throw new ValueError(`${op}: the shape is stated by its attribute or lent by input ${count - 1}, by one of the two`);
}

/**
 * Checks a record of `def` and returns the specs of its outputs. Throws the errors of its shape rule, those that a run
 * throws as a ValueError; a TypeError for another number of inputs, an input of the wrong sort or a wrong attribute.
 */
export function legalSpecs(def: OpDef, inputs: readonly Input[], attributes: Attributes): readonly TensorSpec[] {
  checkInputs(def, inputs);
  checkAttributes(def, attributes);
  return inferred(def, inputs, attributes);
}

function inferred(def: OpDef, inputs: readonly Input[], attributes: Attributes): readonly TensorSpec[] {
  try {
    return def.infer(
      inputs.map((input) => input.spec),
      attributes,
    );
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw new ValueError(error.message, { cause: error });
    throw error;
  }
}

/** Throws a TypeError for a wrong number of inputs, a write to what is no variable, data in place of a tensor. */
function checkInputs({ name, arity, writes = [], holdsData = false }: OpDef, inputs: readonly Input[]): void {
  const [least, most] = typeof arity === "number" ? [arity, arity] : arity;
  if (inputs.length < least || inputs.length > most) {
    const expected =
      least === most ? `${least}` : most === Number.POSITIVE_INFINITY ? `at least ${least}` : `${least} to ${most}`;
    throw new TypeError(`${name}: it has ${inputs.length} inputs, expected ${expected}`);
  }
  for (const i of writes) {
    if (!(inputs[i] instanceof State)) throw new TypeError(`${name}: input ${i} is written and is no variable`);
    if (inputs.indexOf(inputs[i]) !== inputs.lastIndexOf(inputs[i])) {
      throw new TypeError(`${name}: input ${i} is written and taken a second time; read the variable before`);
    }
  }
  const data = inputs.findIndex((input) => input instanceof EagerTensor !== holdsData);
  if (data >= 0) throw new TypeError(`${name}: input ${data} is ${holdsData ? "no" : "a"} plain tensor`);
}

/** Throws a TypeError for an attribute that the op does not have, that is missing, or that is of another kind. */
export function checkAttributes({ name, attributes: kinds = {} }: OpDef, attributes: Attributes): void {
  const problem = fieldProblem("attribute", attributes, kinds as Fields);
  if (problem !== null) throw new TypeError(`${name}: ${problem}`);
}
