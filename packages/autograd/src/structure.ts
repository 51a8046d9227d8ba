/** Nested lists and objects of `T`: the shape in which sources are given and gradients come back. */
export type Structure<T> = T | readonly Structure<T>[] | { readonly [key: string]: Structure<T> };

/** The same structure with leaves of another type. */
export type Mapped<S, R> = S extends readonly unknown[]
  ? { -readonly [I in keyof S]: Mapped<S[I], R> }
  : S extends PlainObject
    ? { -readonly [K in keyof S]: Mapped<S[K], R> }
    : R;
type PlainObject = { readonly [key: string]: unknown } & { readonly dtype?: undefined };

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** The leaves in order; the entries of an object in the order of its sorted keys. */
export function flatten(structure: unknown): unknown[] {
  if (Array.isArray(structure)) return structure.flatMap(flatten);
  if (isPlainObject(structure)) {
    return Object.keys(structure)
      .sort()
      .flatMap((key) => flatten(structure[key]));
  }
  return [structure];
}

/** The structure with its leaves, in the order of `flatten`, replaced by `leaves`. */
export function pack(structure: unknown, leaves: readonly unknown[]): unknown {
  let next = 0;
  const build = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(build);
    if (!isPlainObject(part)) return leaves[next++];
    const built = Object.fromEntries(
      Object.keys(part)
        .sort()
        .map((key) => [key, build(part[key])]),
    );
    return Object.fromEntries(Object.keys(part).map((key) => [key, built[key]]));
  };
  return build(structure);
}
