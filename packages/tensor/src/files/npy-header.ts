import type { InvalidArgumentError } from "../errors.ts";
import type { Shape } from "../shape.ts";
import { type ElementType, elements, UnfitError } from "./elements.ts";
import { type Literal, parseLiteral } from "./python-literal.ts";

/** The header of an npy file. */
export interface Header {
  /** The element type as the file spells it: `<f4`. */
  readonly descr: string;
  readonly type: ElementType;
  readonly littleEndian: boolean;
  /** Whether the first axis is contiguous, instead of the last. */
  readonly fortranOrder: boolean;
  readonly shape: Shape;
}

/** Reads the Python dict of a header. Throws the error that `damaged` returns for any other text. */
export function parseHeader(where: string, text: string, damaged: (fact: string) => InvalidArgumentError): Header {
  const dict = parseLiteral(text);
  if (!(dict instanceof Map) || dict.size !== 3)
    throw damaged(`its header is not a dict of three entries: ${shown(text)}`);
  const [descr, fortranOrder, shape] = ["descr", "fortran_order", "shape"].map((key) => dict.get(key));
  const legal = (typeof descr === "string" || Array.isArray(descr)) && typeof fortranOrder === "boolean";
  if (!legal || !Array.isArray(shape) || !shape.every(isExtent)) {
    throw damaged(`its header is not a dict of descr, fortran_order and a shape of integers: ${shown(text)}`);
  }
  if (typeof descr !== "string") throw new UnfitError(`${where}its elements are ${records(descr)}`);
  const type = typeOf(descr);
  if (type === null) throw new UnfitError(`${where}its elements are ${otherKind(descr)}`);
  return { descr, type, littleEndian: descr[0] !== ">", fortranOrder, shape };
}

function isExtent(value: Literal): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function shown(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text.trim());
}

/** NumPy's one-letter codes and names, besides a letter with a number of bytes. */
const names: { readonly [T in ElementType]?: readonly string[] } = {
  bool: ["?", "bool", "bool_", "b1"],
  float16: ["e", "half", "f2"],
  float32: ["f", "single", "f4"],
  float64: ["d", "double", "float", "f8"],
  int8: ["b", "byte", "i1"],
  int16: ["h", "short", "i2"],
  int32: ["i", "intc", "i4"],
  int64: ["l", "q", "int", "int_", "longlong", "i8"],
  uint8: ["B", "ubyte", "u1"],
  uint16: ["H", "ushort", "u2"],
  uint32: ["I", "uintc", "u4"],
  uint64: ["L", "Q", "uint", "ulonglong", "u8"],
};

const byName: ReadonlyMap<string, ElementType> = new Map(
  (Object.keys(elements) as ElementType[]).flatMap((type) =>
    [type, ...(names[type] ?? [])].map((name) => [name, type]),
  ),
);

/** The element type that NumPy reads in `descr`, whose byte order may be left out. */
function typeOf(descr: string): ElementType | null {
  const name = /^[<>=|]/.test(descr) ? descr.slice(1) : descr;
  return name === "bfloat16" ? null : (byName.get(name) ?? null);
}

const otherKinds: { readonly [letter: string]: string } = {
  U: "text",
  S: "bytes of text",
  a: "bytes of text",
  O: "Python objects",
  M: "dates",
  m: "durations",
  c: "complex numbers",
  F: "complex numbers",
  D: "complex numbers",
  V: "raw bytes",
  f: "floats of another size",
  g: "floats of another size",
};

function otherKind(descr: string): string {
  const words = otherKinds[descr.replace(/^[<>=|]/, "")[0] ?? ""] ?? "of a kind unknown here";
  const known = Object.keys(elements).filter((type) => type !== "bfloat16");
  return `${descr} (${words}), of which no tensor is made; convert them to one of ${known.join(", ")}`;
}

/** A structured dtype: fields with names. */
function records(fields: readonly Literal[]): string {
  const all = fields.map((field) => (Array.isArray(field) ? String(field[0]) : "?"));
  return `records of the fields ${all.join(", ")}, of which no tensor is made; save each field as an array of its own`;
}
