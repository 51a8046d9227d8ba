import { describe } from "../describe.ts";
import { bytesPerElement, type DType, type TypedData } from "../dtype.ts";
import { InvalidArgumentError } from "../errors.ts";
import { permuted, rowMajor } from "../layout.ts";
import { allocate } from "../memory.ts";
import { formatShape, type Shape, sizeOf } from "../shape.ts";
import { compact, EagerTensor, fromData, Tensor } from "../tensor.ts";
import { parseHeader } from "./npy-header.ts";

/*
 * NumPy's file format for one array (numpy.lib.format): a magic string, a version, the length of a header, the header
 * as a Python dict (element type, memory order, shape), then the elements.
 */

const MAGIC = "\x93NUMPY";
// The header ends at a multiple of it, so that what follows is aligned for every element type.
const ALIGNMENT = 64;

const descrOf: { readonly [D in DType]: string } = { float32: "<f4", float64: "<f8", int32: "<i4", bool: "|b1" };

/** The bytes of a `.npy` file (version 1.0, row-major, little-endian). Throws a TypeError for what is no tensor. */
export function saveNpy(value: Tensor): Uint8Array {
  if (!(value instanceof Tensor)) throw new TypeError(`saveNpy: expected a tensor, got ${describe(value)}`);
  const { dtype, shape, data } = value;
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const dict = `{'descr': '${descrOf[dtype]}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const start = Math.ceil((MAGIC.length + 4 + dict.length + 1) / ALIGNMENT) * ALIGNMENT;
  const text = `${MAGIC}\x01\x00__${dict}`.padEnd(start - 1);
  const file = new Uint8Array(start + data.byteLength);
  for (let i = 0; i < text.length; i++) file[i] = text.charCodeAt(i);
  file[start - 1] = 0x0a;
  new DataView(file.buffer).setUint16(MAGIC.length + 2, start - MAGIC.length - 4, true);
  file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start);
  return file;
}

/**
 * The array of a `.npy` file of any version, as a copy. Element types that tensors do not have are converted where no
 * value is lost: float16 to float32, every integer type to int32; big-endian and column-major files are put in order.
 *
 * Throws an InvalidArgumentError that says what is wrong with a damaged file, or which element no tensor can hold,
 * before anything is allocated for it.
 */
export function loadNpy(bytes: Uint8Array): Tensor {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`loadNpy: expected a Uint8Array, got ${describe(bytes)}`);
  return readNpy("loadNpy: ", bytes);
}

/** `loadNpy`, whose messages begin with `where`. */
export function readNpy(where: string, bytes: Uint8Array): Tensor {
  const damaged = (fact: string) => new InvalidArgumentError(`${where}${fact}; the file is damaged or not an npy file`);
  const { text, start } = headerOf(bytes, damaged);
  const { descr, fortranOrder, shape } = parseHeader(text, damaged);
  const kind = kinds.get(descr.slice(1));
  if (kind === undefined || !"<>=|".includes(descr[0]!)) {
    const convertible = [...kinds.keys()].join(", ");
    throw new InvalidArgumentError(`${where}its elements are ${descr}, of which no tensor is made; use ${convertible}`);
  }
  const size = sizeOf(shape);
  const expected = size * kind.bytes;
  if (expected !== bytes.length - start) {
    throw damaged(
      `shape ${formatShape(shape)} of ${descr} takes ${expected} bytes, the file has ${bytes.length - start} after its header`,
    );
  }
  const elements = new DataView(bytes.buffer, bytes.byteOffset + start, expected);
  const data = readElements(where, elements, kind, size, descr[0] !== ">");
  return fortranOrder ? transposed(kind.dtype, shape, data) : fromData(kind.dtype, shape, data);
}

type Damaged = (fact: string) => InvalidArgumentError;

function headerOf(bytes: Uint8Array, damaged: Damaged): { text: string; start: number } {
  if (bytes.length < MAGIC.length + 4 || !isMagic(bytes)) throw damaged("it does not begin as npy files do");
  const major = bytes[MAGIC.length]!;
  if (major < 1 || major > 3) throw damaged(`it has format version ${major}, known are 1 to 3`);
  const begin = MAGIC.length + 2 + (major === 1 ? 2 : 4);
  if (bytes.length < begin) throw damaged("it ends within the length of its header");
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const length = major === 1 ? view.getUint16(begin - 2, true) : view.getUint32(begin - 4, true);
  if (length > bytes.length - begin) {
    throw damaged(`its header claims ${length} bytes, the file has ${bytes.length - begin} after its length`);
  }
  const start = begin + length;
  return { text: new TextDecoder("latin1").decode(bytes.subarray(begin, start)), start };
}

function isMagic(bytes: Uint8Array): boolean {
  return [...MAGIC].every((char, i) => bytes[i] === char.charCodeAt(0));
}

/** Element types of files: what becomes of them, and how one element is read. */
interface Kind {
  readonly dtype: DType;
  readonly bytes: number;
  read(view: DataView, at: number, littleEndian: boolean): number;
}

const kinds: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ["f4", { dtype: "float32", bytes: 4, read: (view, at, little) => view.getFloat32(at, little) }],
  ["f8", { dtype: "float64", bytes: 8, read: (view, at, little) => view.getFloat64(at, little) }],
  ["f2", { dtype: "float32", bytes: 2, read: (view, at, little) => half(view.getUint16(at, little)) }],
  ["i1", { dtype: "int32", bytes: 1, read: (view, at) => view.getInt8(at) }],
  ["i2", { dtype: "int32", bytes: 2, read: (view, at, little) => view.getInt16(at, little) }],
  ["i4", { dtype: "int32", bytes: 4, read: (view, at, little) => view.getInt32(at, little) }],
  ["i8", { dtype: "int32", bytes: 8, read: (view, at, little) => Number(view.getBigInt64(at, little)) }],
  ["u1", { dtype: "int32", bytes: 1, read: (view, at) => view.getUint8(at) }],
  ["u2", { dtype: "int32", bytes: 2, read: (view, at, little) => view.getUint16(at, little) }],
  ["u4", { dtype: "int32", bytes: 4, read: (view, at, little) => view.getUint32(at, little) }],
  ["u8", { dtype: "int32", bytes: 8, read: (view, at, little) => Number(view.getBigUint64(at, little)) }],
  ["b1", { dtype: "bool", bytes: 1, read: (view, at) => view.getUint8(at) }],
]);

/** The number that a float16 stands for (IEEE 754). */
function half(bits: number): number {
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 0x1f, bits & 0x3ff];
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

function readElements(where: string, view: DataView, kind: Kind, size: number, littleEndian: boolean): TypedData {
  const { dtype, bytes } = kind;
  const data = allocate(dtype, size);
  // As they lie, NaNs keep their payloads.
  if (bytes === bytesPerElement(dtype) && littleEndian && kinds.get(descrOf[dtype].slice(1)) === kind) {
    new Uint8Array(data.buffer).set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  } else {
    for (let i = 0; i < size; i++) {
      const value = kind.read(view, i * bytes, littleEndian);
      data[i] = value;
      if (dtype === "int32" && data[i] !== value) throw strange(where, i, value, "an int32");
    }
  }
  const odd = dtype === "bool" ? data.findIndex((value) => value > 1) : -1;
  if (odd !== -1) throw strange(where, odd, data[odd]!, "a bool, 0 or 1");
  return data;
}

function strange(where: string, position: number, value: number, wanted: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `${where}element ${position} is ${value}, which is not ${wanted}; convert the array before it is saved`,
  );
}

/** The tensor whose elements lie column by column. */
function transposed(dtype: DType, shape: Shape, data: TypedData): Tensor {
  const axes = shape.map((_, axis) => axis).reverse();
  const layout = permuted(rowMajor([...shape].reverse()), axes);
  return compact(new EagerTensor(dtype, layout, data));
}
