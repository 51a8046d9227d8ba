import { describe } from "./describe.ts";
import { checkDType, type DType, dtypeOfArray, type TypedData, toElement } from "./dtype.ts";
import { ValueError } from "./errors.ts";
import { allocate } from "./memory.ts";
import { isNdArray, type NdArray, readNdArray } from "./ndarray.ts";
import { anything } from "./schema.ts";
import { checkShape, formatShape, MAX_RANK, type Shape, sizeOf } from "./shape.ts";
import { defineFunction } from "./signature.ts";
import { copyOf, EagerTensor, fromData, type NestedArray, Tensor } from "./tensor.ts";

/** Any typed array of numbers; `Float32Array`, `Float64Array` and `Int32Array` bring their dtype along. */
export type NumberArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array;

/** Everything that a tensor can be made from. */
export type TensorLike = NestedArray | NumberArray | NdArray<any> | Tensor;

export interface TensorOptions {
  /** Extents along each axis; taken from nested arrays when left out. */
  shape?: Shape;
  /** Element type; float32 for numbers, bool for booleans, that of the array for typed arrays. */
  dtype?: DType;
}

/**
 * Makes a tensor from a number, nested arrays, a flat (typed or plain) array with a `shape`, an npm `ndarray`, or
 * another tensor. Typed arrays are copied; an `ndarray` of the tensor's dtype is not: both then share one memory.
 *
 * Throws a TypeError for values that are not numbers or do not fit `dtype`, a ValueError for ragged nesting or a
 * shape of another size.
 */
export const tensor = defineFunction(
  "tensor",
  { values: anything },
  { shape: anything, dtype: anything },
  (values: TensorLike, options?: TensorOptions): EagerTensor => literal("tensor", values, options, (shared) => shared),
);

/**
 * `tensor`, with messages that name `op`. A tensor over the memory of an `ndarray` is replaced by the result of `take`: a
 * copy, so that later writes of the caller change nothing.
 */
export function literal(
  op: string,
  values: unknown,
  { shape, dtype }: TensorOptions = {},
  take: Take = copyOf,
): EagerTensor {
  if (dtype !== undefined) checkDType(op, dtype);
  if (shape !== undefined) checkShape(op, shape);
  const made = isNdArray(values) ? take(fromNdArray(op, values, dtype)) : read(op, values, dtype);
  if (shape === undefined) return made;
  const size = sizeOf(shape);
  if (size !== made.size) {
    throw new ValueError(
      `${op}: ${made.size} values do not fill shape ${formatShape(shape)}, which has ${size} elements`,
    );
  }
  return fromData(made.dtype, [...shape], made.data);
}

type Take = (shared: EagerTensor) => EagerTensor;

function read(op: string, values: unknown, dtype: DType | undefined): EagerTensor {
  if (values instanceof EagerTensor) return retyped(op, values, dtype);
  if (values instanceof Tensor) throw new TypeError(`${op}: the tensor has no value yet; run it in a session`);
  if (isNumberArray(values)) {
    checkAttached(op, values);
    const to = dtype ?? dtypeOfArray(values) ?? "float32";
    return fromData(to, [values.length], fill(op, to, values.length, values));
  }
  return fromNested(op, values, dtype);
}

/** A TypeError for an array whose memory has been transferred: it would read as an empty one. */
export function checkAttached(op: string, { length, buffer }: { length: number; buffer: ArrayBufferLike }): void {
  if (length > 0) return;
  try {
    new Uint8Array(buffer);
  } catch {
    throw new TypeError(
      `${op}: the memory of the typed array has been transferred elsewhere (detached); copy it before`,
    );
  }
}

function retyped(op: string, source: EagerTensor, dtype: DType | undefined): EagerTensor {
  if (dtype === undefined || dtype === source.dtype) return source;
  return fromData(dtype, source.shape, fill(op, dtype, source.size, source.data));
}

function fromNdArray(op: string, source: NdArray<any>, dtype: DType | undefined): EagerTensor {
  const { layout, elements } = readNdArray(op, source);
  const own = dtypeOfArray(elements);
  if (own !== null && (dtype === undefined || dtype === own))
    return new EagerTensor(own, layout, elements as TypedData);
  if (dtype === "bool" && elements instanceof Uint8Array) {
    const made = new EagerTensor("bool", layout, elements);
    for (const value of made.elements) toElement(op, dtype, value);
    return made;
  }
  // Element by element through the float64 that holds every number, then into the dtype asked for.
  const wide = Float64Array.from(elements, (value) => checkNumber(op, value));
  const to = dtype ?? own ?? "float32";
  const compacted = new EagerTensor("float64", layout, wide).elements;
  return fromData(to, layout.shape, fill(op, to, compacted.length, compacted));
}

/** `value`, which is a number or boolean. */
function checkNumber(op: string, value: unknown): number {
  if (typeof value === "number" || typeof value === "boolean") return Number(value);
  throw notNumeric(op, value);
}

function notNumeric(op: string, value: unknown): TypeError {
  return new TypeError(
    `${op}: cannot make a tensor of ${describe(value)}; use numbers, booleans, arrays of them, typed arrays or ndarrays`,
  );
}

function fromNested(op: string, values: unknown, dtype: DType | undefined): EagerTensor {
  const shape: number[] = [];
  for (let level = values; Array.isArray(level); level = level[0]) {
    if (shape.length === MAX_RANK) {
      throw new ValueError(`${op}: arrays are nested more than ${MAX_RANK} deep; does one hold itself?`);
    }
    shape.push(level.length);
  }
  const flat: (number | boolean)[] = [];
  const visit = (value: unknown, axis: number): void => {
    if (Array.isArray(value)) {
      if (axis === shape.length || value.length !== shape[axis]) throw ragged(op, shape, axis, value.length);
      for (let i = 0; i < value.length; i++) visit(value[i], axis + 1);
    } else if (axis < shape.length) {
      throw ragged(op, shape, axis, null);
    } else if (typeof value === "number" || typeof value === "boolean") {
      flat.push(value);
    } else {
      throw notNumeric(op, value);
    }
  };
  visit(values, 0);
  const to = dtype ?? (flat.length > 0 && flat.every((value) => typeof value === "boolean") ? "bool" : "float32");
  return fromData(to, shape, fill(op, to, flat.length, flat));
}

function ragged(op: string, shape: Shape, axis: number, length: number | null): ValueError {
  const found = length === null ? "a single value" : `${length} values`;
  const expected = axis === shape.length ? "a single value" : `${shape[axis]} values`;
  return new ValueError(`${op}: the nested array is ragged on axis ${axis}: ${found} where others have ${expected}`);
}

function fill(op: string, dtype: DType, length: number, values: ArrayLike<number | boolean>): TypedData {
  const data = allocate(dtype, length);
  const checked = dtype === "int32" || dtype === "bool";
  for (let i = 0; i < length; i++) {
    const value = values[i]!;
    data[i] = checked ? toElement(op, dtype, value) : Number(value);
  }
  return data;
}

function isNumberArray(value: unknown): value is NumberArray {
  return (
    ArrayBuffer.isView(value) &&
    !(value instanceof DataView) &&
    !(value instanceof BigInt64Array) &&
    !(value instanceof BigUint64Array)
  );
}
