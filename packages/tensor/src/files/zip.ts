import { Inflate } from "fflate";
import { InvalidArgumentError } from "../errors.ts";
import { crc32 } from "./checksum.ts";

/*
 * Reading zip archives (PKWARE's APPNOTE) of stored and deflated entries: the directory at the end says what there is.
 * What an entry claims is checked against the bytes there are before anything is allocated.
 */

const END = { signature: 0x06054b50, bytes: 22 };
const ENTRY = { signature: 0x02014b50, bytes: 46 };
const LOCAL = { signature: 0x04034b50, bytes: 30 };
const MAX_COMMENT = 0xffff;
/** Sizes beyond it stand elsewhere, in archives of another kind (zip64), which are not read. */
const ABSENT = 0xffffffff;
const [STORED, DEFLATED] = [0, 8];
/** So many bytes are unpacked at once; at most a thousand times as many come of them. */
const PORTION = 1024;

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly checksum: number;
  /** Bytes in the archive, and bytes that come of them. */
  readonly packed: number;
  readonly size: number;
  /** Where its local header begins. */
  readonly at: number;
}

/** The contents of the archive by name. Throws an InvalidArgumentError, whose message begins with `where`, for a damaged one. */
export function readZip(where: string, bytes: Uint8Array): Map<string, Uint8Array> {
  const damaged = (fact: string) =>
    new InvalidArgumentError(`${where}${fact}; the file is damaged or not a zip archive`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = new Map<string, Uint8Array>();
  for (const entry of directory(bytes, view, damaged)) {
    if (found.has(entry.name)) throw damaged(`there are two entries ${JSON.stringify(entry.name)}`);
    found.set(
      entry.name,
      contents(entry, bytes, view, (fact) => damaged(`entry ${JSON.stringify(entry.name)} ${fact}`)),
    );
  }
  return found;
}

type Damaged = (fact: string) => InvalidArgumentError;

function directory(bytes: Uint8Array, view: DataView, damaged: Damaged): Entry[] {
  const end = endOf(view);
  if (end === null) throw damaged("it has no directory at its end");
  const count = view.getUint16(end + 10, true);
  const entries: Entry[] = [];
  let at = view.getUint32(end + 16, true);
  for (let i = 0; i < count; i++) {
    if (at + ENTRY.bytes > end || view.getUint32(at, true) !== ENTRY.signature) {
      throw damaged(`entry ${i} of ${count} is not in the directory`);
    }
    const [name, extra, comment] = [28, 30, 32].map((field) => view.getUint16(at + field, true)) as [
      number,
      number,
      number,
    ];
    const next = at + ENTRY.bytes + name + extra + comment;
    if (next > end) throw damaged(`entry ${i} of ${count} goes beyond the directory`);
    entries.push({
      name: new TextDecoder().decode(bytes.subarray(at + ENTRY.bytes, at + ENTRY.bytes + name)),
      method: view.getUint16(at + 10, true),
      checksum: view.getUint32(at + 16, true),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      at: view.getUint32(at + 42, true),
    });
    at = next;
  }
  return entries;
}

/** Where the record at the end begins, which only a comment may follow; `null` when there is none. */
function endOf(view: DataView): number | null {
  const last = view.byteLength - END.bytes;
  for (let at = last; at >= Math.max(0, last - MAX_COMMENT); at--) {
    if (view.getUint32(at, true) === END.signature && view.getUint16(at + 20, true) === last - at) return at;
  }
  return null;
}

function contents(entry: Entry, bytes: Uint8Array, view: DataView, damaged: Damaged): Uint8Array {
  const { method, checksum, packed, size, at } = entry;
  if (packed === ABSENT || size === ABSENT || at === ABSENT) throw damaged("has 64-bit sizes, which are not read");
  if (at + LOCAL.bytes > bytes.length || view.getUint32(at, true) !== LOCAL.signature) {
    throw damaged(`does not begin at byte ${at}`);
  }
  if ((view.getUint16(at + 6, true) & 1) === 1) throw damaged("is encrypted");
  const begin = at + LOCAL.bytes + view.getUint16(at + 26, true) + view.getUint16(at + 28, true);
  if (begin + packed > bytes.length) throw damaged(`ends at byte ${begin + packed}, the file has ${bytes.length}`);
  const data = bytes.subarray(begin, begin + packed);
  const whole = method === STORED ? data : unpacked(method, data, size, damaged);
  if (whole.length !== size) throw damaged(`has ${whole.length} bytes, the directory says ${size}`);
  if (crc32(whole) !== checksum) throw damaged("does not have the checksum it was saved with");
  return whole;
}

function unpacked(method: number, data: Uint8Array, size: number, damaged: Damaged): Uint8Array {
  if (method !== DEFLATED) throw damaged(`is packed by method ${method}; known are ${STORED} and ${DEFLATED}`);
  const parts: Uint8Array[] = [];
  let length = 0;
  const inflate = new Inflate((part) => {
    length += part.length;
    parts.push(part);
  });
  try {
    for (let at = 0; at < data.length && length <= size; at += PORTION) {
      inflate.push(data.subarray(at, at + PORTION), at + PORTION >= data.length);
    }
  } catch (error) {
    throw damaged(`cannot be unpacked (${(error as Error).message})`);
  }
  if (length !== size)
    throw damaged(`holds ${length > size ? "more" : "less"} than the ${size} bytes the directory says`);
  return joined(parts, length);
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
