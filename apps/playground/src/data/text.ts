/* The text of a file in any of the common encodings. */

/** Bytes that are read at once. */
const pieceBytes = 1 << 20;

/** Thrown where bytes are no UTF-8. */
export class EncodingError extends Error {}

const startsWith = (bytes: Uint8Array, text: string) =>
  [...text].every((letter, i) => bytes[i] === letter.charCodeAt(0));

const formats: readonly (readonly [start: string, title: string])[] = [
  ["PK\x03\x04", "an Excel workbook or another zip archive"],
  ["\xd0\xcf\x11\xe0", "an old Excel workbook"],
  ["\x1f\x8b", "compressed by gzip"],
  ["%PDF", "a PDF document"],
  ["PAR1", "a Parquet file"],
  ["\x89HDF", "an HDF5 file"],
  ["\x93NUMPY", "a NumPy array"],
  ["SQLite format", "a database"],
];

/** The reason for which a file is no table of text, by its first bytes; `null` when it may be one. */
export function formatProblem(head: Uint8Array): string | null {
  const found = formats.find(([start]) => startsWith(head, start));
  if (found !== undefined) return `is ${found[1]}; save the table as CSV first`;
  const text = new TextDecoder("latin1").decode(head.subarray(0, 400)).trimStart();
  if (/^<(!doctype|html|\?xml)/i.test(text)) return "is a page of HTML or XML; save the table as CSV first";
  if (/^[[{]\s*["{[\]}]/.test(text)) return "is JSON; save the table as CSV first";
  if (/^@relation\b/im.test(text)) return "is an ARFF file; save the table as CSV first";
  if (encodingOf(head) === "utf-8" && head.includes(0)) return "holds bytes that are no text";
  return null;
}

/** The encoding that the first bytes show; UTF-8 where they show none. */
export function encodingOf(head: Uint8Array): "utf-8" | "utf-16le" | "utf-16be" {
  if (startsWith(head, "\xff\xfe")) return "utf-16le";
  if (startsWith(head, "\xfe\xff")) return "utf-16be";
  // Latin letters in UTF-16 have a zero in every other byte.
  const zeros = [0, 0];
  for (let i = 0; i < head.length; i++) if (head[i] === 0) zeros[i % 2]!++;
  const most = head.length / 2;
  if (zeros[1]! > 0.7 * most && zeros[0]! < 0.1 * most) return "utf-16le";
  if (zeros[0]! > 0.7 * most && zeros[1]! < 0.1 * most) return "utf-16be";
  return "utf-8";
}

/** A piece of the text of a file. */
export interface Piece {
  readonly text: string;
  readonly last: boolean;
}

/** The text of a file piece by piece, its lines ended by `\n`. A letter may lie across two pieces of bytes. */
export async function* readText(file: Blob, encoding: string): AsyncGenerator<Piece> {
  const decoder = new TextDecoder(encoding, { fatal: encoding === "utf-8" });
  let held = "";
  for (let at = 0; at < file.size; at += pieceBytes) {
    const bytes = await file.slice(at, at + pieceBytes).arrayBuffer();
    const last = at + pieceBytes >= file.size;
    const text = held + decode(decoder, bytes, !last);
    // The second half of a line's end may come with the next piece.
    held = text.endsWith("\r") && !last ? "\r" : "";
    yield { text: text.slice(0, text.length - held.length).replace(/\r\n?/g, "\n"), last };
  }
}

function decode(decoder: TextDecoder, bytes: ArrayBuffer, stream: boolean): string {
  try {
    return decoder.decode(bytes, { stream });
  } catch {
    throw new EncodingError("the bytes are no UTF-8");
  }
}
