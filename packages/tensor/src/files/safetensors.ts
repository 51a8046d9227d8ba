import { describe } from "../describe.ts";
import type { DType } from "../dtype.ts";
import { InvalidArgumentError, ValueError } from "../errors.ts";
import { instance, optional } from "../schema.ts";
import { formatShape, type Shape, sizeOf } from "../shape.ts";
import { defineFunction } from "../signature.ts";
import { type EagerTensor, fromData, Tensor } from "../tensor.ts";
import { type ElementType, elements, readElements, UnfitError } from "./elements.ts";
import { byName, type LoadOptions, loadFields, select } from "./selection.ts";

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
/** Tags that are read. Other tags are those of element types that no tensor has, and of newer versions of the format. */
const typeOf: ReadonlyMap<unknown, ElementType> = new Map<string, ElementType>([
  ["BOOL", "bool"],
  ["F16", "float16"],
  ["BF16", "bfloat16"],
  ["F32", "float32"],
  ["F64", "float64"],
  ["I8", "int8"],
  ["I16", "int16"],
  ["I32", "int32"],
  ["I64", "int64"],
  ["U8", "uint8"],
  ["U16", "uint16"],
  ["U32", "uint32"],
  ["U64", "uint64"],
]);
// Widest elements first keeps every tensor aligned to its element size.
const fileOrder: readonly DType[] = ["float64", "float32", "int32", "bool"];

/**
 * The bytes of a safetensors file with `tensors`, and `metadata` as free text under names of its own.
 * Throws a TypeError for values that are not tensors (or not text), a ValueError for the reserved name `__metadata__`.
 */
export const saveSafetensors = defineFunction(
  "saveSafetensors",
  { tensors: byName, metadata: optional(byName) },
  undefined,
  encode,
);

function encode(tensors: Record<string, Tensor>, metadata: Record<string, string> = {}): Uint8Array {
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
 * Reads the bytes of a safetensors file. The tensors are copies; the bytes may be reused. Element types that tensors do not
 * have are converted where no value is lost: F16 and BF16 to float32, every integer type to int32. Tensors of other types
 * (F8) are passed over with a warning; see `LoadOptions`.
 *
 * Throws an InvalidArgumentError before anything is allocated; it names the fault of a damaged file, or the tensor that
 * cannot be represented. Throws a NotFoundError for a name that the file lacks.
 */
export const loadSafetensors = defineFunction(
  "loadSafetensors",
  { bytes: instance("a Uint8Array", Uint8Array) },
  loadFields,
  decode,
);

function decode(bytes: Uint8Array, options: LoadOptions = {}): TensorFile {
  const { header, start } = readHeader(bytes);
  const metadata: Record<string, string> = Object.create(null);
  const places: Place[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === METADATA) Object.assign(metadata, readMetadata(value));
    else places.push(readPlace(name, value));
  }
  checkCoverage(places, bytes.length - start);
  const stored = places.map((place) => ({ name: place.name, read: () => readTensor(place, bytes, start) }));
  return { tensors: select("loadSafetensors", stored, options), metadata };
}

/** The header's description of one tensor; offsets count from the end of the header. */
interface Place {
  readonly name: string;
  readonly tag: string;
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
    const deep = cause instanceof RangeError ? "nested too deeply" : (cause as Error).message;
    throw damaged(`the header is not JSON (${deep.slice(0, 200)})`);
  }
  if (!isRecord(header)) throw damaged("the header is not a JSON object");
  const repeated = repeatedKey(text);
  if (repeated !== null) throw damaged(`the header names ${repeated} twice`);
  return { header, start };
}

function readMetadata(value: unknown): Record<string, string> {
  if (!isRecord(value)) throw damaged(`${METADATA} is not a JSON object`);
  for (const [name, note] of Object.entries(value)) {
    if (typeof note !== "string") throw damaged(`metadata ${shown(name)} is ${describe(note)}, not a string`);
  }
  return value as Record<string, string>;
}

function readPlace(name: string, entry: unknown): Place {
  const tensor = `tensor ${shown(name)}`;
  if (!isRecord(entry)) throw damaged(`${tensor} has no description`);
  const { dtype: tag, shape, data_offsets: offsets } = entry;
  if (typeof tag !== "string") throw damaged(`${tensor} has dtype ${shown(tag)}, not a string`);
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    throw damaged(`${tensor} has shape ${shown(shape)}, not a list of integers >= 0`);
  }
  const [begin, end] = Array.isArray(offsets) && offsets.length === 2 ? offsets : [];
  if (!isCount(begin) || !isCount(end) || begin > end) {
    throw damaged(`${tensor} has data_offsets ${shown(offsets)}, not a begin and an end`);
  }
  const type = typeOf.get(tag);
  const expected = type === undefined ? end - begin : sizeOf(shape) * elements[type].bytes;
  if (end - begin !== expected) {
    throw damaged(
      `${tensor} of shape ${formatShape(shape)} and dtype ${tag} takes ${expected} bytes, not ${end - begin}`,
    );
  }
  return { name, tag, shape, begin, end };
}

/** Every byte after the header belongs to exactly one tensor. */
function checkCoverage(places: readonly Place[], available: number): void {
  let covered = 0;
  for (const { name, begin, end } of [...places].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== covered) {
      const fault = begin < covered ? "overlaps another tensor" : "leaves a gap before it";
      throw damaged(`tensor ${shown(name)} ${fault}: it begins at byte ${begin}, the one before ends at ${covered}`);
    }
    if (end > available) {
      throw damaged(`tensor ${shown(name)} ends at byte ${end}, the file has ${available} after the header`);
    }
    covered = end;
  }
  if (covered !== available)
    throw damaged(`the tensors take ${covered} bytes, the file has ${available} after the header`);
}

function readTensor({ name, tag, shape, begin, end }: Place, bytes: Uint8Array, start: number): EagerTensor {
  const where = `loadSafetensors: tensor ${shown(name)}: `;
  const type = typeOf.get(tag);
  if (type === undefined) {
    const known = [...typeOf.keys()].join(", ");
    throw new UnfitError(`${where}its dtype is ${shown(tag)}, which no tensor has; convert it to one of ${known}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + start + begin, end - begin);
  return fromData(elements[type].dtype, shape, readElements(where, view, type));
}

/**
 * The first key that some object in `json`, which is legal, has twice, as written there; `null` when there is none.
 * JSON.parse would quietly keep the last.
 */
function repeatedKey(json: string): string | null {
  const open: Set<string>[] = [];
  for (let at = 0; at < json.length; at++) {
    const char = json[at];
    if (char === "{") open.push(new Set());
    else if (char === "}") open.pop();
    if (char !== '"') continue;
    const end = endOfString(json, at);
    if (isKey(json, end)) {
      const text = json.slice(at, end);
      const name = JSON.parse(text) as string;
      const keys = open.at(-1);
      if (keys?.has(name)) return text;
      keys?.add(name);
    }
    at = end - 1;
  }
  return null;
}

/** The place behind the string that begins at `at`. */
function endOfString(json: string, at: number): number {
  let end = at + 1;
  while (json[end] !== '"') end += json[end] === "\\" ? 2 : 1;
  return end + 1;
}

/** True when a colon follows. */
function isKey(json: string, end: number): boolean {
  let at = end;
  while (" \t\n\r".includes(json[at] ?? ":")) at++;
  return json[at] === ":";
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

/** A value of the header for messages; a long one is cut. */
function shown(value: unknown): string {
  let text: string;
  try {
    text = quote(value);
  } catch {
    return "nested too deeply";
  }
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}

function quote(value: unknown): string {
  return JSON.stringify(value) ?? "undefined";
}
