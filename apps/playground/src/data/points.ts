import { reach } from "../model/run.ts";

/* Points of the user's own as text: `2:`, `5:` or `r:` (classes, or a regression), then base64. See own.ts. */

/** A point with its class, or its number for a regression. */
export interface Point {
  readonly x: number;
  readonly y: number;
  readonly target: number;
}

/** Points that can be trained on. */
export interface PointSet {
  /** How many classes there are; 0 for a regression. */
  readonly classes: number;
  readonly points: readonly Point[];
}

/** As many points as an address can carry. */
export const mostPoints = 2000;
export const mostClasses = 10;

const unit = 8192;
const toInteger = (value: number) => Math.round(Math.min(Math.max(value, -reach), reach - 1 / unit) * unit);

/** Points as text. They are rounded to 1/8192. */
export function packPoints({ classes, points }: PointSet): string {
  const numbers = new Int16Array(3 * points.length);
  points.forEach(({ x, y, target }, i) => {
    numbers.set([toInteger(x), toInteger(y), classes === 0 ? toInteger(target) : target], 3 * i);
  });
  const bytes = new Uint8Array(numbers.buffer);
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return `${classes === 0 ? "r" : classes === 10 ? "T" : classes}:${btoa(text)}`;
}

const head = /^([2-9Tr]):([A-Za-z0-9+/]*={0,2})$/;

/** The points in a text, or `null` for a text that holds none. */
export function unpackPoints(packed: string): PointSet | null {
  const found = head.exec(packed);
  if (found === null) return null;
  const [, kind, text] = found as unknown as [string, string, string];
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    return null;
  }
  if (bytes.length % 6 !== 0 || bytes.length > 6 * mostPoints) return null;
  const classes = kind === "r" ? 0 : kind === "T" ? 10 : Number(kind);
  const numbers = new Int16Array(bytes.buffer);
  const points: Point[] = [];
  for (let i = 0; i < numbers.length; i += 3) {
    const [x, y, target] = [numbers[i]!, numbers[i + 1]!, numbers[i + 2]!];
    if (classes > 0 && !(target >= 0 && target < classes)) return null;
    points.push({ x: x / unit, y: y / unit, target: classes === 0 ? target / unit : target });
  }
  return { classes, points };
}

/** Why these points cannot be trained on, or `null`. */
export function pointsProblem({ classes, points }: PointSet): string | null {
  if (points.length === 0) return "There are no points yet: paint some, or drop a CSV file.";
  if (points.length < 4)
    return `There ${points.length === 1 ? "is one point" : `are ${points.length} points`}: paint at least four.`;
  if (classes === 0) return null;
  const present = new Set(points.map(({ target }) => target));
  if (present.size < 2)
    return "All points are of one class: with nothing to tell apart there is nothing to learn. Add points of another class.";
  return null;
}
