import type { DType, TypedData } from "../dtype.ts";
import { InvalidArgumentError } from "../errors.ts";
import { permuted, rowMajor } from "../layout.ts";
import { instance } from "../schema.ts";
import { formatShape, knownShape, type Shape, sizeOf } from "../shape.ts";
import { defineFunction } from "../signature.ts";
import { compact, EagerTensor, fromData, Tensor } from "../tensor.ts";
import { elements, readElements } from "./elements.ts";
import { parseHeader } from "./npy-header.ts";

/*
 * NumPy's file format for one array (numpy.lib.format): a magic string, a version, the length of a header, the header
 * as a Python dict (element type, memory order, shape), then the elements.
 */

const MAGIC = "\x93NUMPY";
// The header ends at a multiple of it, so that what follows is aligned for every element type.
const ALIGNMENT = 64;
// Longer than that of any array: a header beyond it is an attack or an accident.
const MAX_HEADER = 2 ** 20;

const descrOf: { readonly [D in DType]: string } = { float32: "<f4", float64: "<f8", int32: "<i4", bool: "|b1" };

/** The bytes of a `.npy` file (version 1.0, row-major, little-endian). Throws a TypeError for what is no tensor. */
export const saveNpy = defineFunction("saveNpy", { value: instance("a tensor", Tensor) }, undefined, encode);

function encode(value: Tensor): Uint8Array {
  const { dtype, data } = value;
  const shape = knownShape("saveNpy", value.shape);
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
 * value is lost: float16 to float32, every integer type to int32. Big-endian and column-major files are put in order.
 *
 * Throws an InvalidArgumentError before anything is allocated. It names the fault of a damaged file, the kind of elements
 * that no tensor has (text, objects, records), or the element that no int32 holds.
 */
export const loadNpy = defineFunction(
  "loadNpy",
  { bytes: instance("a Uint8Array", Uint8Array) },
  undefined,
  (bytes: Uint8Array): EagerTensor => readNpy("loadNpy: ", bytes),
);

/** `loadNpy`, whose messages begin with `where`. */
export function readNpy(where: string, bytes: Uint8Array): EagerTensor {
  const damaged = (fact: string) => new InvalidArgumentError(`${where}${fact}; the file is damaged or not an npy file`);
  const { text, start } = headerOf(bytes, damaged);
  const { descr, type, littleEndian, fortranOrder, shape } = parseHeader(where, text, damaged);
  const expected = sizeOf(shape) * elements[type].bytes;
  if (expected !== bytes.length - start) {
    throw damaged(
      `shape ${formatShape(shape)} of ${descr} takes ${expected} bytes, the file has ${bytes.length - start} after its header`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, expected);
  const data = readElements(where, view, type, littleEndian);
  const { dtype } = elements[type];
  return fortranOrder ? transposed(dtype, shape, data) : fromData(dtype, shape, data);
}

type Damaged = (fact: string) => InvalidArgumentError;

function headerOf(bytes: Uint8Array, damaged: Damaged): { text: string; start: number } {
  if (bytes.length < MAGIC.length + 4 || !isNpy(bytes)) {
    throw damaged(`it does not begin as npy files do${isZip(bytes) ? ", but as npz archives do: use loadNpz" : ""}`);
  }
  const major = bytes[MAGIC.length]!;
  if (major < 1 || major > 3) throw damaged(`it has format version ${major}, known are 1 to 3`);
  const begin = MAGIC.length + 2 + (major === 1 ? 2 : 4);
  if (bytes.length < begin) throw damaged("it ends within the length of its header");
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const length = major === 1 ? view.getUint16(begin - 2, true) : view.getUint32(begin - 4, true);
  if (length > bytes.length - begin) {
    throw damaged(`its header claims ${length} bytes, the file has ${bytes.length - begin} after its length`);
  }
  if (length > MAX_HEADER) throw damaged(`its header claims ${length} bytes, more than ${MAX_HEADER}`);
  const start = begin + length;
  return { text: new TextDecoder("latin1").decode(bytes.subarray(begin, start)), start };
}

/** True for the bytes of a file that begins as npy files do. */
export function isNpy(bytes: Uint8Array): boolean {
  return [...MAGIC].every((char, i) => bytes[i] === char.charCodeAt(0));
}

function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b;
}

/** The tensor whose elements lie column by column. */
function transposed(dtype: DType, shape: Shape, data: TypedData): EagerTensor {
  const axes = shape.map((_, axis) => axis).reverse();
  const layout = permuted(rowMajor([...shape].reverse()), axes);
  return compact(new EagerTensor(dtype, layout, data));
}
