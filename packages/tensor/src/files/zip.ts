import { Inflate } from "fflate";
import { InvalidArgumentError } from "../errors.ts";
import { checkBytes } from "../memory.ts";
import { crc32 } from "./checksum.ts";

/*
 * Reading zip archives (PKWARE's APPNOTE) of stored and deflated entries. The directory at the end lists the entries, and
 * its claims are checked against the bytes of the archive before anything is allocated.
 */

const END = { signature: 0x06054b50, bytes: 22 };
const LOCATOR_64 = { signature: 0x07064b50, bytes: 20 };
const END_64 = { signature: 0x06064b50, bytes: 56 };
const ENTRY = { signature: 0x02014b50, bytes: 46 };
const LOCAL = { signature: 0x04034b50, bytes: 30 };
const MAX_COMMENT = 0xffff;
/** The extra field that holds the numbers for which 32 bits do not suffice (zip64), and the values in their place. */
const EXTRA_64 = 0x0001;
const ABSENT = 0xffffffff;
const [STORED, DEFLATED] = [0, 8];
/** So many bytes are unpacked at once. */
const PORTION = 1024;
/** More bytes than this never come of one deflated byte. */
const MAX_RATIO = 1032;

/** A file of an archive. */
export interface ZipEntry {
  readonly name: string;
  /** Bytes of the contents. */
  readonly size: number;
  /** Unpacks the contents. Throws an InvalidArgumentError for damaged ones. */
  contents(): Uint8Array;
}

/** An entry as the directory describes it. */
interface Listed {
  readonly name: string;
  readonly method: number;
  readonly checksum: number;
  /** Bytes in the archive. */
  readonly packed: number;
  readonly size: number;
  /** The place of the local header. */
  readonly at: number;
}

type Damaged = (fact: string) => InvalidArgumentError;

/**
 * The files of an archive; folders are left out. Throws an InvalidArgumentError, whose message begins with `where`, for a
 * damaged archive: two entries of one name, entries that overlap, sizes that their bytes cannot give. Throws a ValueError
 * for an archive that unpacks to more than the limit of memory.
 */
export function readZip(where: string, bytes: Uint8Array): ZipEntry[] {
  const damaged = (fact: string) =>
    new InvalidArgumentError(`${where}${fact}; the file is damaged or not a zip archive`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const listed = directory(bytes, view, damaged);
  const names = new Set<string>();
  const placed = listed.map((entry) => {
    if (names.has(entry.name)) throw damaged(`there are two entries ${JSON.stringify(entry.name)}`);
    names.add(entry.name);
    const wrong = (fact: string) => damaged(`entry ${JSON.stringify(entry.name)} ${fact}`);
    return { entry, wrong, data: packedData(entry, bytes, view, wrong) };
  });
  let covered = 0;
  for (const { entry, data, wrong } of placed.toSorted((a, b) => a.entry.at - b.entry.at)) {
    if (entry.at < covered) throw wrong(`begins at byte ${entry.at}, within another entry that ends at ${covered}`);
    covered = data.byteOffset - bytes.byteOffset + data.length;
  }
  const total = listed.reduce((sum, { size }) => sum + size, 0);
  checkBytes(where.replace(/: $/, ""), "the unpacked archive", total);
  return placed
    .filter(({ entry: { name, size } }) => !(name.endsWith("/") && size === 0))
    .map(({ entry: { name, size, method, checksum }, data, wrong }) => ({
      name,
      size,
      contents() {
        const whole = method === STORED ? data : inflated(data, size, wrong);
        if (crc32(whole) !== checksum) throw wrong("does not have the checksum it was saved with");
        return whole;
      },
    }));
}

function directory(bytes: Uint8Array, view: DataView, damaged: Damaged): Listed[] {
  const end = endOf(view, damaged);
  const entries: Listed[] = [];
  let { at } = end;
  for (let i = 0; i < end.count; i++) {
    if (at + ENTRY.bytes > end.limit || view.getUint32(at, true) !== ENTRY.signature) {
      throw damaged(`entry ${i} of ${end.count} is not in the directory`);
    }
    const name = at + ENTRY.bytes;
    const extra = name + view.getUint16(at + 28, true);
    const comment = extra + view.getUint16(at + 30, true);
    const next = comment + view.getUint16(at + 32, true);
    if (next > end.limit) throw damaged(`entry ${i} of ${end.count} goes beyond the directory`);
    const wide = wideNumbers(view, extra, comment);
    // The extra field holds just those numbers that are absent here, in this order.
    const [size, packed, place] = [24, 20, 42].map((field) => {
      const number = view.getUint32(at + field, true);
      return number === ABSENT ? (wide.shift() ?? ABSENT) : number;
    }) as [number, number, number];
    entries.push({
      name: new TextDecoder().decode(bytes.subarray(name, extra)),
      method: view.getUint16(at + 10, true),
      checksum: view.getUint32(at + 16, true),
      packed,
      size,
      at: place,
    });
    at = next;
  }
  return entries;
}

/** The 64-bit numbers in the extra fields between two places. */
function wideNumbers(view: DataView, from: number, to: number): number[] {
  for (let at = from; at + 4 <= to; ) {
    const next = at + 4 + view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === EXTRA_64 && next <= to) {
      return Array.from({ length: Math.floor((next - at - 4) / 8) }, (_, i) => wide(view, at + 4 + 8 * i));
    }
    at = next;
  }
  return [];
}

function wide(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}

/** The directory: its place, the number of its entries, and the place that it does not reach beyond. */
function endOf(view: DataView, damaged: Damaged): { at: number; count: number; limit: number } {
  const end = endRecord(view);
  if (end === null) throw damaged("it has no directory at its end");
  const locator = end - LOCATOR_64.bytes;
  if (locator < 0 || view.getUint32(locator, true) !== LOCATOR_64.signature) {
    return { at: view.getUint32(end + 16, true), count: view.getUint16(end + 10, true), limit: end };
  }
  const end64 = wide(view, locator + 8);
  if (end64 + END_64.bytes > locator || view.getUint32(end64, true) !== END_64.signature) {
    throw damaged("its 64-bit directory is not where its end says");
  }
  return { at: wide(view, end64 + 48), count: wide(view, end64 + 32), limit: end64 };
}

/** The place of the record at the end, which only a comment may follow; `null` where there is none. */
function endRecord(view: DataView): number | null {
  const last = view.byteLength - END.bytes;
  for (let at = last; at >= Math.max(0, last - MAX_COMMENT); at--) {
    if (view.getUint32(at, true) === END.signature && view.getUint16(at + 20, true) === last - at) return at;
  }
  return null;
}

/** The bytes of an entry as they lie in the archive. */
function packedData(entry: Listed, bytes: Uint8Array, view: DataView, wrong: Damaged): Uint8Array {
  const { method, packed, size, at } = entry;
  if (at + LOCAL.bytes > bytes.length || view.getUint32(at, true) !== LOCAL.signature) {
    throw wrong(`does not begin at byte ${at}`);
  }
  if ((view.getUint16(at + 6, true) & 1) === 1) throw wrong("is encrypted");
  const begin = at + LOCAL.bytes + view.getUint16(at + 26, true) + view.getUint16(at + 28, true);
  if (begin + packed > bytes.length) throw wrong(`ends at byte ${begin + packed}, the file has ${bytes.length}`);
  if (method !== STORED && method !== DEFLATED) {
    throw wrong(`is packed by method ${method}; known are ${STORED} and ${DEFLATED}`);
  }
  if (method === STORED ? size !== packed : size > packed * MAX_RATIO) {
    throw wrong(`has ${packed} bytes, of which ${size} do not come as the directory says`);
  }
  return bytes.subarray(begin, begin + packed);
}

function inflated(data: Uint8Array, size: number, wrong: Damaged): Uint8Array {
  const whole = new Uint8Array(size);
  let length = 0;
  const inflate = new Inflate((part) => {
    if (length + part.length <= size) whole.set(part, length);
    length += part.length;
  });
  try {
    for (let at = 0; at < data.length && length <= size; at += PORTION) {
      inflate.push(data.subarray(at, at + PORTION), at + PORTION >= data.length);
    }
  } catch (error) {
    throw wrong(`cannot be unpacked (${(error as Error).message})`);
  }
  if (length !== size)
    throw wrong(`holds ${length > size ? "more" : "less"} than the ${size} bytes the directory says`);
  return whole;
}

/**
 * An archive that holds more entries than its 16-bit count can say, with the 64-bit directory end (zip64) that readers
 * look for in it. `archive` has the ordinary end, without a comment.
 */
export function withWideCount(archive: Uint8Array, count: number): Uint8Array {
  const end = archive.length - END.bytes;
  const old = new DataView(archive.buffer, archive.byteOffset + end, END.bytes);
  const wider = new Uint8Array(archive.length + END_64.bytes + LOCATOR_64.bytes);
  wider.set(archive);
  const view = new DataView(wider.buffer, end);
  view.setUint32(0, END_64.signature, true);
  view.setBigUint64(4, BigInt(END_64.bytes - 12), true);
  view.setUint16(12, 45, true); // made by, and needed to read: version 4.5
  view.setUint16(14, 45, true);
  view.setUint32(16, 0, true);
  view.setUint32(20, 0, true);
  view.setBigUint64(24, BigInt(count), true);
  view.setBigUint64(32, BigInt(count), true);
  view.setBigUint64(40, BigInt(old.getUint32(12, true)), true);
  view.setBigUint64(48, BigInt(old.getUint32(16, true)), true);
  const locator = END_64.bytes;
  view.setUint32(locator, LOCATOR_64.signature, true);
  view.setUint32(locator + 4, 0, true);
  view.setBigUint64(locator + 8, BigInt(end), true);
  view.setUint32(locator + 16, 1, true);
  const last = locator + LOCATOR_64.bytes;
  wider.set(archive.subarray(end), end + last);
  for (const field of [8, 10]) view.setUint16(last + field, 0xffff, true);
  return wider;
}
