import { bytesPerElement, type DType, type TypedData } from "../dtype.ts";
import { InvalidArgumentError } from "../errors.ts";
import { allocate } from "../memory.ts";

/* Conversion of elements of files to elements of tensors. */

/** Element types of files, by kind and bits. */
export type ElementType =
  | "bool"
  | "float16"
  | "bfloat16"
  | "float32"
  | "float64"
  | "int8"
  | "int16"
  | "int32"
  | "int64"
  | "uint8"
  | "uint16"
  | "uint32"
  | "uint64";

/** The dtype that holds an element type, the bytes of an element in a file, and how one element is read. */
export interface Element {
  readonly dtype: DType;
  readonly bytes: number;
  read(view: DataView, at: number, littleEndian: boolean): number;
}

/** Types that no dtype has are widened: halves to float32, integers to int32 where their values fit. */
export const elements: { readonly [T in ElementType]: Element } = {
  bool: { dtype: "bool", bytes: 1, read: (view, at) => view.getUint8(at) },
  float16: { dtype: "float32", bytes: 2, read: (view, at, little) => half(view.getUint16(at, little)) },
  bfloat16: { dtype: "float32", bytes: 2, read: (view, at, little) => upperHalf(view.getUint16(at, little)) },
  float32: { dtype: "float32", bytes: 4, read: (view, at, little) => view.getFloat32(at, little) },
  float64: { dtype: "float64", bytes: 8, read: (view, at, little) => view.getFloat64(at, little) },
  int8: { dtype: "int32", bytes: 1, read: (view, at) => view.getInt8(at) },
  int16: { dtype: "int32", bytes: 2, read: (view, at, little) => view.getInt16(at, little) },
  int32: { dtype: "int32", bytes: 4, read: (view, at, little) => view.getInt32(at, little) },
  int64: { dtype: "int32", bytes: 8, read: (view, at, little) => Number(view.getBigInt64(at, little)) },
  uint8: { dtype: "int32", bytes: 1, read: (view, at) => view.getUint8(at) },
  uint16: { dtype: "int32", bytes: 2, read: (view, at, little) => view.getUint16(at, little) },
  uint32: { dtype: "int32", bytes: 4, read: (view, at, little) => view.getUint32(at, little) },
  uint64: { dtype: "int32", bytes: 8, read: (view, at, little) => Number(view.getBigUint64(at, little)) },
};

/** The number that a float16 stands for (IEEE 754). */
function half(bits: number): number {
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 0x1f, bits & 0x3ff];
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

const word = new DataView(new ArrayBuffer(4));

/** The number that a bfloat16 stands for: the upper half of a float32. */
function upperHalf(bits: number): number {
  word.setUint16(0, bits);
  return word.getFloat32(0);
}

/** The file is whole, but something in it is of a kind that no tensor holds. */
export class UnfitError extends InvalidArgumentError {}

/** The elements of `view`, as the data of a tensor. Throws an UnfitError for one that the dtype cannot hold. */
export function readElements(where: string, view: DataView, type: ElementType, littleEndian = true): TypedData {
  const { dtype, bytes, read } = elements[type];
  const size = view.byteLength / bytes;
  const data = allocate(dtype, size);
  // Copied as bytes, NaNs keep their payloads.
  if (bytes === bytesPerElement(dtype) && littleEndian && type === dtype) {
    new Uint8Array(data.buffer).set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  } else {
    for (let i = 0; i < size; i++) {
      const value = read(view, i * bytes, littleEndian);
      data[i] = value;
      if (dtype === "int32" && data[i] !== value) {
        throw new UnfitError(`${where}element ${i} is ${value}, which is not an int32; save the array as float64`);
      }
    }
  }
  const odd = dtype === "bool" ? data.findIndex((value) => value > 1) : -1;
  if (odd !== -1) throw new InvalidArgumentError(`${where}element ${odd} is ${data[odd]}, which is not a bool, 0 or 1`);
  return data;
}
