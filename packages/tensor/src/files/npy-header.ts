import type { InvalidArgumentError } from "../errors.ts";
import type { Shape } from "../shape.ts";

/** What the header of an npy file says. */
export interface Header {
  /** Byte order and element type: `<f4`. */
  readonly descr: string;
  /** Whether the first axis is contiguous, instead of the last. */
  readonly fortranOrder: boolean;
  readonly shape: Shape;
}

type Damaged = (fact: string) => InvalidArgumentError;

// A Python dict of three entries, whose values are a string, True or False, and a tuple of integers.
const entry = /\s*(?:'(\w+)'|"(\w+)")\s*:\s*(?:'([^']*)'|"([^"]*)"|(True|False)|\(([\d\s,L]*)\))\s*(,|\}\s*$)/y;

/** Reads the dict of a header. Throws what `damaged` makes of it when it is none. */
export function parseHeader(text: string, damaged: Damaged): Header {
  const shown = JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text.trim());
  const found = new Map<string, string | boolean | Shape>();
  entry.lastIndex = text.indexOf("{") + 1;
  for (let closed = entry.lastIndex === 0 || /^\s*\}\s*$/.test(text.slice(entry.lastIndex)); !closed; ) {
    const match = entry.exec(text);
    if (match === null) throw damaged(`its header is not a dict of descr, fortran_order and shape: ${shown}`);
    const key = (match[1] ?? match[2])!;
    if (found.has(key)) throw damaged(`its header names ${key} twice`);
    found.set(key, match[6] === undefined ? (match[3] ?? match[4] ?? match[5] === "True") : extents(match[6], damaged));
    // A comma may stand before the end.
    closed = match[7] !== "," || /^\s*\}\s*$/.test(text.slice(entry.lastIndex));
  }
  const [descr, order, shape] = ["descr", "fortran_order", "shape"].map((key) => found.get(key));
  if (found.size !== 3 || typeof descr !== "string" || typeof order !== "boolean" || !Array.isArray(shape)) {
    throw damaged(`its header is not a dict of descr, fortran_order and shape: ${shown}`);
  }
  return { descr, fortranOrder: order, shape };
}

/** The integers of a tuple. Python 2 wrote long ones with an L. */
function extents(text: string, damaged: Damaged): Shape {
  const parts = text.split(",").map((part) => part.trim());
  if (parts.at(-1) === "") parts.pop();
  return parts.map((part) => {
    const extent = /^\d+L?$/.test(part) ? Number.parseInt(part, 10) : Number.NaN;
    if (!Number.isSafeInteger(extent)) throw damaged(`its shape is (${text}), not a tuple of integers`);
    return extent;
  });
}
