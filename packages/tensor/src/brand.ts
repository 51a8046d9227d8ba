/* How values of the library know each other, and those of a second copy of it in the process. */

/** The field by which every copy of the library knows tensors, variables and slices. */
export const brand: unique symbol = Symbol.for("gradtape/value");

/** What the brand says of a value. */
export interface Mark {
  /** The copy of the library that made the value. */
  readonly copy: object;
  /** What messages call it: tensor, variable. */
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
