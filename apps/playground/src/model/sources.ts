import circle from "../data/circle.ts?raw";
import digits from "../data/digits.ts?raw";
import gauss from "../data/gauss.ts?raw";
import hills from "../data/hills.ts?raw";
import own from "../data/own.ts?raw";
import plane from "../data/plane.ts?raw";
import spirals from "../data/spirals.ts?raw";
import words from "../data/words.ts?raw";
import xor from "../data/xor.ts?raw";
import type { DataKind } from "./run.ts";

/* The very text of the makers of data, as the worker runs them. */

const sources: Readonly<Record<DataKind, string>> = { circle, xor, gauss, spirals, plane, hills, digits, words, own };

/** A maker of data in JavaScript: without imports, and without the one type it has. */
export function sourceOf(data: DataKind): string {
  return sources[data]
    .replace(/^import .*\n/gm, "")
    .replace(/^export const (\w+): \w+ =/m, "const $1 =")
    .replace(/^\/\* (.*) \*\/$/m, "// $1")
    .trim();
}
