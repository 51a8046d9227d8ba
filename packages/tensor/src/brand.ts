/* Brands mark values of the library, so that a second copy of it in the process recognizes them. */

/** The field by which every copy of the library recognizes tensors, variables and slices. */
export const brand: unique symbol = Symbol.for("gradtape/value");

/** The facts about a value that its brand holds. */
export interface Mark {
  /** The copy of the library that made the value. */
  readonly copy: object;
  /** The noun for it in messages: tensor, variable. */
  readonly noun: string;
}

const thisCopy = {};

/** Puts the mark of this copy on all values of a class. */
export function mark(prototype: object, noun: string): void {
  Object.defineProperty(prototype, brand, { value: { copy: thisCopy, noun } satisfies Mark });
}

/** The mark of a value, or `null` for what no copy of the library made. */
export function markOf(value: object): Mark | null {
  return (value as { readonly [brand]?: Mark })[brand] ?? null;
}

/** True for values of another copy of the library. */
export function isForeign({ copy }: Mark): boolean {
  return copy !== thisCopy;
}
