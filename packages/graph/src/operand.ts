import {
  type DType,
  describe,
  literal,
  Printable,
  refuseOperators,
  Tensor,
  type TensorLike,
  type TensorSpec,
} from "@gradtape/tensor";
import { SymbolicTensor } from "./operation.ts";

/** Something that is not a tensor but has the value of one: a variable (it is read), slices (they are densified). */
export abstract class Convertible extends Printable {
  abstract readonly dtype: DType;

  static {
    refuseOperators(Convertible.prototype);
  }

  /** The value as a tensor, by way of an op that tapes hear of. */
  abstract toTensor(): Tensor;
}

/** What ops accept: anything a tensor can be made from, variables and IndexedSlices. */
export type Operand = TensorLike | Convertible;

/** `value` as a tensor. Plain numbers and arrays become `dtype` when that is given. */
export function asTensor(op: string, value: unknown, dtype?: DType): Tensor {
  if (value instanceof SymbolicTensor && dtype !== undefined) return value.graph.inDType(value, dtype);
  if (value instanceof Tensor) return value;
  if (value instanceof Convertible) return value.toTensor();
  return literal(op, value, dtype === undefined ? {} : { dtype });
}

/**
 * The operands of one op as tensors of one dtype. Plain numbers and arrays take the dtype of the first tensor among
 * them; tensors are never converted: two dtypes are a TypeError.
 */
export function asTensors(op: string, values: readonly unknown[]): Tensor[] {
  const typed = values.find(hasDType);
  if (values.includes(undefined)) asTensor(op, undefined); // also for a hole, which `map` passes over
  const tensors = values.map((value) => asTensor(op, value, typed?.dtype));
  checkOneDType(op, tensors);
  return tensors;
}

/** True when a value has a dtype of its own; plain numbers take that of others. */
function hasDType(value: unknown): value is Tensor | Convertible {
  if (value instanceof SymbolicTensor) return !value.graph.isPlain(value);
  return value instanceof Tensor || value instanceof Convertible;
}

/** Throws a TypeError unless all operands have one dtype. */
export function checkOneDType(op: string, operands: readonly TensorSpec[]): void {
  const dtype = operands[0]?.dtype;
  let other = 1;
  while (other < operands.length && operands[other]!.dtype === dtype) other++;
  if (other >= operands.length) return;
  const list = operands.map((operand) => operand.dtype).join(", ");
  throw new TypeError(`${op}: operands have dtypes ${list}; cast operand ${other + 1} to ${dtype} first`);
}

/** Throws a TypeError unless indices are int32. */
export function checkIndexDType(op: string, { dtype }: TensorSpec): void {
  if (dtype !== "int32") throw new TypeError(`${op}: indices have dtype ${dtype}, expected int32; cast them`);
}

/** Indices as a tensor: plain integers become int32. */
export function asIndices(op: string, value: unknown): Tensor {
  return asTensor(op, value, "int32");
}

/** Names a value in messages; tensors by dtype and shape. */
export const nameOf = describe;
