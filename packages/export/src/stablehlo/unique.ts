import type { ArrayValue } from "../arrays/language.ts";
import { Refused } from "../arrays/language.ts";
import type { StableHloProgram } from "./program.ts";

/** No row has this id: writing there writes nothing. */
const NOWHERE = 2 ** 31 - 1;

/**
 * The distinct elements of a vector, by sorting: equal elements are neighbours then, and the first of them is the one
 * that came first. There is room for as many as the vector has; behind the last stands an id that names no row.
 */
export function distinct(language: StableHloProgram, x: ArrayValue): { values: ArrayValue; positions: ArrayValue } {
  if (x.dtype !== "int32")
    throw new Refused(`only the distinct elements of int32 vectors can be found, not of ${x.dtype}`);
  const [count] = x.shape as [number];
  if (count === 0) return { values: x, positions: x };
  const whole = [count];
  const number = (value: number) => language.filled(value, "int32", whole);
  const choose = (condition: ArrayValue, a: ArrayValue, b: ArrayValue) =>
    language.elementwise("select", "int32", [condition, a, b]);
  const [ascending, places] = language.sorted(x);
  const order = language.positions(whole, 0);

  const before = shifted(language, ascending, 1, 0);
  const isNew = language.elementwise("ne", "bool", [ascending, before]);
  const starts = language.elementwise("or", "bool", [isNew, language.elementwise("eq", "bool", [order, number(0)])]);
  // For each element in ascending order: where its equals start, and which of them came first.
  const startOf = running(language, "max", choose(starts, order, number(0)), 0);
  const firstOf = language.picked(places, startOf, 0);

  const isFirst = language.scattered("set", number(0), places, choose(starts, number(1), number(0)), false);
  const rank = language.elementwise("sub", "int32", [running(language, "add", isFirst, 0), number(1)]);
  const positions = language.scattered("set", number(0), places, language.picked(rank, firstOf, 0), false);

  const comesFirst = language.elementwise("ne", "bool", [isFirst, number(0)]);
  const slots = choose(comesFirst, rank, number(NOWHERE));
  const values = language.scattered("set", number(NOWHERE), slots, x, true);
  const rows = language.open.make("distinct", count);
  return { values: { ...values, shape: [rows] }, positions };
}

/** The elements `by` places later, with `start` before the first. */
function shifted(language: StableHloProgram, x: ArrayValue, by: number, start: number): ArrayValue {
  return language.padded(x, language.filled(start, x.dtype, []), { low: [by], high: [-by], interior: [0] });
}

/** Each element joined with all before it, in as many steps as the length has binary digits. */
function running(language: StableHloProgram, join: "add" | "max", x: ArrayValue, start: number): ArrayValue {
  let sums = x;
  for (let by = 1; by < x.shape[0]!; by *= 2) {
    sums = language.elementwise(join, x.dtype, [sums, shifted(language, sums, by, start)]);
  }
  return sums;
}
