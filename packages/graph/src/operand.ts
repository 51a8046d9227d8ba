import { type DType, describe, formatShape, literal, Tensor, type TensorLike } from "@gradtape/tensor";

/** Something that is not a tensor but has the value of one: a variable (it is read), slices (they are densified). */
export abstract class Convertible {
  abstract readonly dtype: DType;
  /** The value as a tensor, by way of an op that tapes hear of. */
  abstract toTensor(): Tensor;
}

/** What ops accept: anything a tensor can be made from, variables and IndexedSlices. */
export type Operand = TensorLike | Convertible;

/** `value` as a tensor. Plain numbers and arrays become `dtype` when that is given. */
export function asTensor(op: string, value: unknown, dtype?: DType): Tensor {
  if (value instanceof Tensor) return value;
  if (value instanceof Convertible) return value.toTensor();
  return literal(op, value, dtype === undefined ? {} : { dtype });
}

/**
 * The operands of one op as tensors of one dtype. Plain numbers and arrays take the dtype of the first tensor among
 * them; tensors are never converted: two dtypes are a TypeError.
 */
export function asTensors(op: string, values: readonly unknown[]): Tensor[] {
  const typed = values.find((value) => value instanceof Tensor || value instanceof Convertible);
  const tensors = values.map((value) => asTensor(op, value, typed?.dtype));
  const dtype = tensors[0]?.dtype;
  const other = tensors.findIndex((tensor) => tensor.dtype !== dtype);
  if (other > 0) {
    const list = tensors.map((tensor) => tensor.dtype).join(", ");
    throw new TypeError(`${op}: operands have dtypes ${list}; cast operand ${other + 1} to ${dtype} first`);
  }
  return tensors;
}

/** Indices as an int32 tensor: plain integers are converted, a tensor of another dtype is a TypeError. */
export function asIndices(op: string, value: unknown): Tensor {
  const indices = asTensor(op, value, "int32");
  if (indices.dtype === "int32") return indices;
  throw new TypeError(`${op}: indices have dtype ${indices.dtype}, expected int32; cast them`);
}

/** Names a value in messages; tensors by dtype and shape. */
export function nameOf(value: unknown): string {
  return value instanceof Tensor ? `a ${value.dtype} tensor of shape ${formatShape(value.shape)}` : describe(value);
}
