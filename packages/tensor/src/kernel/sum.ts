import { type DType, isFloating } from "../dtype.ts";
import { foldStages, type Program } from "./program.ts";
import type { Scalar } from "./scalar.ts";
import * as k from "./scalar.ts";

/*
 * The order of every sum of floats, for folds along rows and for rows that share a segment. `BLOCK` consecutive terms at a
 * time are added up from 0 on, one after the other. The block receives what rounding took from the addition before (Kahan),
 * and the total receives the block. So the error does not grow with the number of terms.
 *
 * The step from block to block is written here once, for numbers and for expressions of the kernel language.
 */

/** Terms that are added up before anything is collected. A sum of at most so many terms is the plain one. */
export const BLOCK = 16;

/** The operations that a sum in this order needs. */
export interface Arithmetic<T, Condition> {
  add(x: T, y: T): T;
  sub(x: T, y: T): T;
  abs(x: T): T;
  lt(x: T, limit: number): Condition;
  select(condition: Condition, x: T, y: 0): T;
}

const exact = {
  abs: Math.abs,
  lt: (x: number, limit: number) => x < limit,
  select: (condition: boolean, x: number, y: 0) => (condition ? x : y),
};

/** The arithmetic of plain numbers, each operation rounded to the type. */
export const numbers: { readonly [D in "float32" | "float64"]: Arithmetic<number, boolean> } = {
  float32: { ...exact, add: (x, y) => Math.fround(x + y), sub: (x, y) => Math.fround(x - y) },
  float64: { ...exact, add: (x, y) => x + y, sub: (x, y) => x - y },
};

/** The total after one more block, and what rounding took from it. Both begin at 0; of infinity nothing is taken. */
export function carried<T, C>(arithmetic: Arithmetic<T, C>, total: T, lost: T, block: T): readonly [T, T] {
  const { add, sub, abs, lt, select } = arithmetic;
  const term = add(block, lost);
  const next = add(total, term);
  return [next, select(lt(abs(next), Number.POSITIVE_INFINITY), sub(term, sub(next, total)), 0)];
}

/** True for the folds that follow this order; the others join one term after the other. */
export function isBlocked({ op, combine, type }: Scalar): boolean {
  return op === "fold" && combine === "add" && isFloating(type);
}

/** True when no sum along rows of `length` elements has more than one block: nothing besides its additions is needed. */
export function fitsBlock({ outputs, printed }: Program, length: number): boolean {
  if (length <= BLOCK) return true;
  const sums = (printed.get("has sums") as boolean | undefined) ?? foldStages(outputs).flat().some(isBlocked);
  printed.set("has sums", sums);
  return !sums;
}

/** That step on one type as expressions of its `inputs`. */
export function sumStep(type: DType) {
  const [total, lost, block] = [0, 1, 2].map((i) => k.input(i, type)) as [Scalar, Scalar, Scalar];
  return { inputs: { total, lost, block }, next: carried<Scalar, Scalar>(k, total, lost, block) };
}
