import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { Mistake, systemReason } from "../mistake.ts";
import type { Split } from "./dataset.ts";

/** The content of an IDX file. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array | Int32Array;
}

/** The ranks and element types that a file may have. */
export interface Wanted {
  readonly words: string;
  readonly ranks: readonly number[];
  readonly types: readonly number[];
}

const unsignedByte = 0x08;
const int32 = 0x0c;
const bytesOf: ReadonlyMap<number, number> = new Map([
  [unsignedByte, 1],
  [int32, 4],
]);
/** That of a file of rank 3. */
const longestHeader = 16;
/** An array of more bytes is not read. */
const mostBytes = 2 ** 31;

export const images: Wanted = { words: "images (rank 3)", ranks: [3], types: [unsignedByte] };
/** The labels of QMNIST are rows of integers, of which the first is the class. */
export const labels: Wanted = { words: "labels (rank 1)", ranks: [1, 2], types: [unsignedByte, int32] };

interface Header {
  readonly shape: readonly number[];
  readonly type: number;
  /** The byte at which the elements begin. */
  readonly start: number;
  /** The number of bytes that the file has. */
  readonly expected: number;
}

/**
 * Reads the IDX format: two zero bytes, a type code, the rank, one big-endian 32-bit extent per axis, then the elements,
 * big-endian. Elements are unsigned bytes, as in MNIST, or 32-bit integers, as in the labels of QMNIST.
 *
 * @param source names the bytes in error messages
 */
export function parseIdx(bytes: Uint8Array, source: string, wanted: Wanted): IdxArray {
  const { shape, type, start, expected } = parseHeader(bytes, source, wanted);
  if (bytes.length !== expected) {
    const fault = bytes.length < expected ? "truncated" : "too long";
    throw new Mistake(
      `${source}: ${fault}, ${bytes.length} bytes; its header says [${shape.join(", ")}], which takes ${expected}`,
    );
  }
  if (shape.includes(0))
    throw new Mistake(`${source}: empty, shape [${shape.join(", ")}]; expected at least one entry`);
  if (type === unsignedByte)
    return { shape, data: new Uint8Array(bytes.buffer, bytes.byteOffset + start, expected - start) };
  const view = new DataView(bytes.buffer, bytes.byteOffset + start);
  return { shape, data: Int32Array.from({ length: (expected - start) / 4 }, (_, i) => view.getInt32(4 * i)) };
}

function parseHeader(bytes: Uint8Array, source: string, { words, ranks, types }: Wanted): Header {
  if (bytes.length < 4) {
    throw new Mistake(`${source}: ${bytes.length} bytes are too few for an IDX header; the file is truncated`);
  }
  const [zero0, zero1, type = 0, rank = 0] = bytes;
  if (zero0 !== 0 || zero1 !== 0) {
    const magic = Buffer.from(bytes.subarray(0, 4)).toString("hex");
    throw new Mistake(`${source}: not an IDX file, magic 0x${magic}; expected 0x0000080${ranks[0]}, ${words} of bytes`);
  }
  const size = bytesOf.get(type);
  if (size === undefined || !types.includes(type)) {
    const code = type.toString(16).padStart(2, "0");
    const known = types.includes(int32) ? "0x08, unsigned bytes, or 0x0c, 32-bit integers" : "0x08, unsigned bytes";
    throw new Mistake(`${source}: IDX element type 0x${code}; expected ${known}, so convert the file`);
  }
  if (!ranks.includes(rank)) {
    throw new Mistake(`${source}: IDX rank ${rank}; expected ${words}, so check that the files are not swapped`);
  }
  const start = 4 + 4 * rank;
  if (bytes.length < start) {
    throw new Mistake(`${source}: truncated in its header, ${bytes.length} bytes; expected at least ${start}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const expected = start + size * shape.reduce((product, extent) => product * extent, 1);
  if (expected > mostBytes) {
    throw new Mistake(
      `${source}: its header says [${shape.join(", ")}], which takes ${expected} bytes; at most ${mostBytes} are read`,
    );
  }
  return { shape, type, start, expected };
}

/** Reads an IDX file, which may be gzipped under any name. */
export async function readIdx(path: string, wanted: Wanted): Promise<IdxArray> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new Mistake(`${path}: cannot be read, ${systemReason(error)}`);
  });
  const gzipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return parseIdx(gzipped ? await unpack(bytes, path, wanted) : bytes, path, wanted);
}

/** Unpacks no more than the header in the first bytes asks for. */
async function unpack(bytes: Uint8Array, path: string, wanted: Wanted): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  let expected: number | null = null;
  try {
    for await (const part of Readable.from([bytes]).pipe(createGunzip())) {
      parts.push(part);
      length += part.length;
      if (length >= longestHeader) expected ??= parseHeader(Buffer.concat(parts, length), path, wanted).expected;
      if (expected !== null && length > expected) break;
    }
  } catch (error) {
    if (error instanceof Mistake) throw error;
    throw new Mistake(`${path}: not a whole gzip file, ${(error as Error).message}; fetch it again`);
  }
  return Buffer.concat(parts, length);
}

/** Reads an image file and its label file, and checks that they belong together. */
export async function readImages(
  imagePath: string,
  labelPath: string,
): Promise<Split & { readonly shape: readonly number[] }> {
  // One after the other, so that of several mistakes always the same is reported.
  const pictures = await readIdx(imagePath, images);
  const classes = await readIdx(labelPath, labels);
  if (pictures.shape[0] !== classes.shape[0]) {
    throw new Mistake(
      `${imagePath}: ${pictures.shape[0]} images, but ${classes.shape[0]} labels in ${labelPath}; expected as many of each`,
    );
  }
  return {
    features: pictures.data as Uint8Array,
    labels: classesOf(classes, labelPath),
    shape: pictures.shape.slice(1),
  };
}

/** The class of each row: the element, or the first of each row of elements. */
function classesOf({ shape, data }: IdxArray, path: string): Uint8Array {
  const width = shape[1] ?? 1;
  return Uint8Array.from({ length: shape[0] ?? 0 }, (_, row) => {
    const label = data[row * width] ?? 0;
    if (label < 0 || label > 255) throw new Mistake(`${path}: label ${label} at row ${row}; expected 0 to 255`);
    return label;
  });
}
