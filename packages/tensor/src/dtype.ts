import { describe } from "./describe.ts";
import { ValueError } from "./errors.ts";

/** The element types of tensors. `bool` is stored as one byte per element, 0 or 1. */
export type DType = "float32" | "float64" | "int32" | "bool";

/** The typed array in which the elements of a tensor lie, by dtype. */
export interface DataOf {
  float32: Float32Array;
  float64: Float64Array;
  int32: Int32Array;
  bool: Uint8Array;
}
export type TypedData = DataOf[DType];

interface DTypeFacts {
  readonly array: new (length: number) => TypedData;
  readonly floating: boolean;
  /** Bytes per element. */
  readonly bytes: number;
}

const facts: { readonly [D in DType]: DTypeFacts } = {
  float32: { array: Float32Array, floating: true, bytes: 4 },
  float64: { array: Float64Array, floating: true, bytes: 8 },
  int32: { array: Int32Array, floating: false, bytes: 4 },
  bool: { array: Uint8Array, floating: false, bytes: 1 },
};

export const dtypes = Object.keys(facts) as readonly DType[];

/** True for the dtypes that gradients flow through: float32 and float64. */
export function isFloating(dtype: DType): boolean {
  return facts[dtype].floating;
}

/** Bytes that one element of `dtype` takes. */
export function bytesPerElement(dtype: DType): number {
  return facts[dtype].bytes;
}

/** A zero-filled typed array for `length` elements of `dtype`, without a limit; `allocate` checks the limit. */
export function newArray<D extends DType>(dtype: D, length: number): DataOf[D] {
  return new facts[dtype].array(length) as DataOf[D];
}

/** The dtype whose elements lie in arrays like `data`, or `null` for arrays that no dtype uses (`Int8Array` and others). */
export function dtypeOfArray(data: object): DType | null {
  // By tag and not by class, so that arrays of another realm (a frame, a test runner) keep their dtype.
  const tag: unknown = (data as Partial<TypedData>)[Symbol.toStringTag];
  return ArrayBuffer.isView(data) ? (tagged[tag as string] ?? null) : null;
}

const tagged: { readonly [tag: string]: DType | undefined } = {
  Float32Array: "float32",
  Float64Array: "float64",
  Int32Array: "int32",
};

/** Checks that `dtype` names one of the four dtypes. */
export function checkDType(op: string, dtype: unknown): DType {
  if (typeof dtype === "string" && Object.hasOwn(facts, dtype)) return dtype as DType;
  const which = typeof dtype === "string" ? JSON.stringify(dtype.slice(0, 80)) : describe(dtype);
  throw new ValueError(`${op}: unknown dtype ${which}; expected one of ${dtypes.join(", ")}`);
}

/** `value` as the element of `dtype` that represents it: rounded to float32, checked to be an integer for int32. */
export function toElement(op: string, dtype: DType, value: number | boolean): number {
  const number = Number(value);
  if (dtype === "int32" && !(number === (number | 0))) {
    throw new TypeError(`${op}: ${value} is not an int32; round it, or use dtype float32 or float64`);
  }
  if (dtype === "bool" && typeof value !== "boolean" && number !== 0 && number !== 1) {
    throw new TypeError(`${op}: ${value} is not a bool; use true, false, 1 or 0`);
  }
  return dtype === "float32" ? Math.fround(number) : number;
}
