import { describe } from "../describe.ts";
import { bytesPerElement, type DType } from "../dtype.ts";
import { InvalidArgumentError, ValueError } from "../errors.ts";
import { allocate } from "../memory.ts";
import { formatShape, type Shape, sizeOf } from "../shape.ts";
import { fromData, Tensor } from "../tensor.ts";

/*
 * The safetensors file format (github.com/huggingface/safetensors): eight bytes that hold the length of a JSON header,
 * the header (dtype, shape and place of every tensor), then the elements, little-endian and without gaps.
 */

/** What a file holds. Both records have no prototype, so any name is safe in them. */
export interface TensorFile {
  tensors: Record<string, Tensor>;
  metadata: Record<string, string>;
}

const METADATA = "__metadata__";
const PREFIX_BYTES = 8;
// The bound that other readers set: a header longer than this is an attack or an accident.
const MAX_HEADER_BYTES = 100_000_000;

const tagOf: { readonly [D in DType]: string } = { float32: "F32", float64: "F64", int32: "I32", bool: "BOOL" };
const dtypeOf = new Map(Object.entries(tagOf).map(([dtype, tag]) => [tag, dtype as DType]));
// Widest elements first keeps every tensor aligned to its element size.
const fileOrder: readonly DType[] = ["float64", "float32", "int32", "bool"];

/**
 * The bytes of a safetensors file with `tensors`, and `metadata` as free text under names of its own.
 * Throws a TypeError for values that are not tensors (or not text), a ValueError for the reserved name `__metadata__`.
 */
export function saveSafetensors(tensors: Record<string, Tensor>, metadata: Record<string, string> = {}): Uint8Array {
  const op = "saveSafetensors";
  const members: string[] = [];
  const notes = Object.entries(metadata);
  for (const [name, note] of notes) {
    if (typeof note !== "string")
      throw new TypeError(`${op}: metadata ${quote(name)} is ${describe(note)}; use strings`);
  }
  if (notes.length > 0)
    members.push(`${quote(METADATA)}:{${notes.map((note) => note.map(quote).join(":")).join(",")}}`);

  const entries = Object.entries(tensors).map(([name, tensor]) => {
    if (name === METADATA) throw new ValueError(`${op}: ${METADATA} is reserved; give the tensor another name`);
    if (!(tensor instanceof Tensor)) {
      throw new TypeError(`${op}: ${quote(name)} is ${describe(tensor)}; use tensors`);
    }
    return { name, dtype: tensor.dtype, shape: tensor.shape, data: tensor.data };
  });
  entries.sort((a, b) => fileOrder.indexOf(a.dtype) - fileOrder.indexOf(b.dtype) || (a.name < b.name ? -1 : 1));
  let end = 0;
  for (const { name, dtype, shape, data } of entries) {
    const begin = end;
    end += data.byteLength;
    members.push(`${quote(name)}:${JSON.stringify({ dtype: tagOf[dtype], shape, data_offsets: [begin, end] })}`);
  }

  const header = new TextEncoder().encode(`{${members.join(",")}}`);
  const start = PREFIX_BYTES + Math.ceil(header.length / 8) * 8;
  const file = new Uint8Array(start + end).fill(0x20, PREFIX_BYTES, start);
  new DataView(file.buffer).setBigUint64(0, BigInt(start - PREFIX_BYTES), true);
  file.set(header, PREFIX_BYTES);
  let position = start;
  for (const { data } of entries) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
    position += data.byteLength;
  }
  return file;
}

/**
 * Reads the bytes of a safetensors file. The tensors are copies; the bytes may be reused.
 * Throws an InvalidArgumentError that says what is wrong with a damaged file or which tensor cannot be represented,
 * before anything is allocated for it.
 */
export function loadSafetensors(bytes: Uint8Array): TensorFile {
  if (!(bytes instanceof Uint8Array))
    throw new TypeError(`loadSafetensors: expected a Uint8Array, got ${describe(bytes)}`);
  const { header, start } = readHeader(bytes);
  const metadata: Record<string, string> = Object.create(null);
  const places: Place[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === METADATA) Object.assign(metadata, readMetadata(value));
    else places.push(readPlace(name, value));
  }
  checkCoverage(places, bytes.length - start);
  const tensors: Record<string, Tensor> = Object.create(null);
  for (const place of places) tensors[place.name] = readTensor(place, bytes, start);
  return { tensors, metadata };
}

/** What the header says about one tensor; offsets count from the end of the header. */
interface Place {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly begin: number;
  readonly end: number;
}

function readHeader(bytes: Uint8Array): { header: object; start: number } {
  if (bytes.length < PREFIX_BYTES) {
    throw damaged(`the file has ${bytes.length} bytes, fewer than the ${PREFIX_BYTES} of the header length`);
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > BigInt(bytes.length - PREFIX_BYTES)) {
    throw damaged(`the header claims ${length} bytes, the file has ${bytes.length - PREFIX_BYTES} after its length`);
  }
  if (length > MAX_HEADER_BYTES) throw damaged(`the header claims ${length} bytes, more than ${MAX_HEADER_BYTES}`);
  const start = PREFIX_BYTES + Number(length);
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(PREFIX_BYTES, start));
    header = JSON.parse(text);
  } catch (cause) {
    throw damaged(`the header is not JSON (${(cause as Error).message})`);
  }
  if (!isRecord(header)) throw damaged("the header is not a JSON object");
  const repeated = repeatedKey(text);
  if (repeated !== null) throw damaged(`the header names ${repeated} twice`);
  return { header, start };
}

function readMetadata(value: unknown): Record<string, string> {
  if (!isRecord(value)) throw damaged(`${METADATA} is not a JSON object`);
  for (const [name, note] of Object.entries(value)) {
    if (typeof note !== "string") throw damaged(`metadata ${quote(name)} is ${describe(note)}, not a string`);
  }
  return value as Record<string, string>;
}

function readPlace(name: string, entry: unknown): Place {
  const tensor = `tensor ${quote(name)}`;
  if (!isRecord(entry)) throw damaged(`${tensor} has no description`);
  const { dtype: tag, shape, data_offsets: offsets } = entry;
  const dtype = dtypeOf.get(tag as string);
  if (dtype === undefined) {
    throw new InvalidArgumentError(
      `loadSafetensors: ${tensor} has dtype ${quote(tag)}, which no tensor has here; convert it to one of ${[...dtypeOf.keys()].join(", ")}`,
    );
  }
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    throw damaged(`${tensor} has shape ${quote(shape)}, not a list of integers >= 0`);
  }
  const [begin, end] = Array.isArray(offsets) && offsets.length === 2 ? offsets : [];
  if (!isCount(begin) || !isCount(end) || begin > end) {
    throw damaged(`${tensor} has data_offsets ${quote(offsets)}, not a begin and an end`);
  }
  const expected = sizeOf(shape) * bytesPerElement(dtype);
  if (end - begin !== expected) {
    throw damaged(
      `${tensor} of shape ${formatShape(shape)} and dtype ${tag} takes ${expected} bytes, not ${end - begin}`,
    );
  }
  return { name, dtype, shape, begin, end };
}

/** Every byte after the header belongs to exactly one tensor. */
function checkCoverage(places: readonly Place[], available: number): void {
  let covered = 0;
  for (const { name, begin, end } of [...places].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== covered) {
      const fault = begin < covered ? "overlaps another tensor" : "leaves a gap before it";
      throw damaged(`tensor ${quote(name)} ${fault}: it begins at byte ${begin}, the one before ends at ${covered}`);
    }
    if (end > available) {
      throw damaged(`tensor ${quote(name)} ends at byte ${end}, the file has ${available} after the header`);
    }
    covered = end;
  }
  if (covered !== available)
    throw damaged(`the tensors take ${covered} bytes, the file has ${available} after the header`);
}

function readTensor({ name, dtype, shape, begin, end }: Place, bytes: Uint8Array, start: number): Tensor {
  const data = allocate(dtype, sizeOf(shape));
  new Uint8Array(data.buffer).set(bytes.subarray(start + begin, start + end));
  if (dtype === "bool") {
    const strange = data.find((value) => value > 1);
    if (strange !== undefined) throw damaged(`tensor ${quote(name)} has the byte ${strange} for a bool, not 0 or 1`);
  }
  return fromData(dtype, shape, data);
}

/**
 * The first key that some object in `json` has twice, as written there; `null` when there is none. JSON.parse would
 * quietly keep the last.
 */
function repeatedKey(json: string): string | null {
  const open: Set<string>[] = [];
  for (const [token, text, colon] of json.matchAll(/("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|[{}]/g)) {
    if (token === "{") open.push(new Set());
    else if (token === "}") open.pop();
    else if (text !== undefined && colon !== undefined) {
      const keys = open.at(-1)!;
      const name = JSON.parse(text) as string;
      if (keys.has(name)) return text;
      keys.add(name);
    }
  }
  return null;
}

function damaged(fact: string): InvalidArgumentError {
  return new InvalidArgumentError(`loadSafetensors: ${fact}; the file is damaged or not a safetensors file`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function quote(value: unknown): string {
  return JSON.stringify(value) ?? "undefined";
}
