import { describe } from "./describe.ts";

/* Kinds of plain values, for checks of options that users write and of attributes that come from a text. */

/** A kind of value: how messages call it, and the test for it. */
export interface Kind<T = unknown> {
  readonly words: string;
  /** True where the value may be missing. */
  readonly optional?: boolean;
  holds(value: unknown): value is T;
}

/** The type of the values of a kind. */
export type ValueOf<K> = K extends Kind<infer T> ? T : never;

/** The fields that a record may have, by name. Fields of an `optional` kind may be missing. */
export interface Fields {
  readonly [name: string]: Kind;
}

/** The type of a record with these fields. */
export type RecordOf<F extends Fields> = { readonly [Name in keyof F]: ValueOf<F[Name]> };

/** A kind by its words and its test. */
/* @__NO_SIDE_EFFECTS__ */
export function kind<T>(words: string, holds: (value: unknown) => boolean): Kind<T> {
  return { words, holds: holds as (value: unknown) => value is T };
}

export const anything = kind<unknown>("any value", () => true);
export const string = kind<string>("a string", (value) => typeof value === "string");
export const boolean = kind<boolean>("true or false", (value) => typeof value === "boolean");
export const number = kind<number>("a number", (value) => typeof value === "number");
export const integer = kind<number>("an integer", Number.isSafeInteger);
/** An integer that is not negative: an extent, an axis counted from the front, a count. */
export const natural = kind<number>("an integer >= 0", (value) => integer.holds(value) && value >= 0);
export const callable = kind<(...args: never[]) => unknown>("a function", (value) => typeof value === "function");

/** An object of a class. */
/* @__NO_SIDE_EFFECTS__ */
export function instance<T>(words: string, owner: abstract new (...args: any[]) => T): Kind<T> {
  return kind(words, (value) => value instanceof owner);
}

/** One of some strings, numbers or constants. */
/* @__NO_SIDE_EFFECTS__ */
export function oneOf<const T extends readonly (string | number | boolean | null)[]>(...values: T): Kind<T[number]> {
  const words = values.map((value) => JSON.stringify(value)).join(", ");
  return kind(`one of ${words}`, (value) => values.includes(value as T[number]));
}

/** A list of one kind of elements, of any length. Holes are no elements. */
/* @__NO_SIDE_EFFECTS__ */
export function list<T>(element: Kind<T>): Kind<readonly T[]> {
  return kind(`a list, each element ${element.words}`, (value) => {
    if (!Array.isArray(value)) return false;
    for (let i = 0; i < value.length; i++) if (!element.holds(value[i])) return false;
    return true;
  });
}

/** A value of the kind, or `null`. */
/* @__NO_SIDE_EFFECTS__ */
export function nullable<T>(some: Kind<T>): Kind<T | null> {
  return kind(`${some.words} or null`, (value) => value === null || some.holds(value));
}

/** A value of the kind, or nothing at all. */
/* @__NO_SIDE_EFFECTS__ */
export function optional<T>(some: Kind<T>): Kind<T | undefined> {
  return { ...kind<T | undefined>(some.words, (value) => value === undefined || some.holds(value)), optional: true };
}

/** A value of either kind. */
/* @__NO_SIDE_EFFECTS__ */
export function either<A, B>(a: Kind<A>, b: Kind<B>): Kind<A | B> {
  return kind(`${a.words} or ${b.words}`, (value) => a.holds(value) || b.holds(value));
}

/**
 * Checks a record against the fields it may have. Returns the problem, or `null` where there is none: a name that is
 * not known (with the nearest one that is), a missing field, a value of another kind. `noun` is what messages call a
 * field: `option`, `attribute`.
 */
export function fieldProblem(noun: string, record: object, fields: Fields): string | null {
  for (const name of Object.keys(record)) {
    if (!Object.hasOwn(fields, name)) return unknownField(noun, name, Object.keys(fields));
  }
  for (const [name, each] of Object.entries(fields)) {
    const value = (record as { readonly [name: string]: unknown })[name];
    if (each.holds(value)) continue;
    if (!Object.hasOwn(record, name)) return `the ${noun} ${name} is missing, expected ${each.words}`;
    return `the ${noun} ${name} is ${describe(value)}, expected ${each.words}`;
  }
  return null;
}

function unknownField(noun: string, name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  const advice = near === null ? allowed(noun, known) : `did you mean ${near}?`;
  return `there is no ${noun} ${JSON.stringify(name)}; ${advice}`;
}

function allowed(noun: string, known: readonly string[]): string {
  return known.length === 0 ? `no ${noun} is taken here` : `the ${noun}s are ${known.join(", ")}`;
}

/** The known name that a misspelt one most likely stands for; `null` where none is near. */
export function nearest(name: string, known: readonly string[]): string | null {
  const plain = (text: string) => text.replaceAll(/[_-]/g, "").toLowerCase();
  const limit = Math.max(1, Math.floor(name.length / 3));
  const [best] = known
    .map((each) => ({ each, distance: editDistance(plain(name), plain(each)) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance);
  return best?.each ?? null;
}

/** The number of letters to add, drop or replace to make `b` of `a` (Levenshtein, 1965). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}

/** True for an object that is a mere record of fields. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  // The prototype of all objects, also that of another realm, is the one without a prototype.
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null;
}
