import { isDocumented, located } from "./location.ts";

/*
 * Arguments that cannot be read at all: objects that throw when they are looked at, arrays without a bottom, arrays whose
 * memory has gone. They are looked for only when a call has failed, so a call that succeeds pays nothing.
 */

/** Deeper than any tensor, and than any structure of tensors. */
const MAX_DEPTH = 254;
/** So many values are looked at; the fault of a call is seldom behind them. */
const MAX_VALUES = 100_000;

/**
 * The error of a call of `name` with `args`: `error` itself where it is the library's, or where every argument can be read.
 * Otherwise a TypeError that names the function and the argument, caused by `error`.
 */
export function explained(name: string, error: unknown, args: readonly unknown[]): unknown {
  if (isDocumented(error) && named.test(error.message)) return error;
  const at = args.findIndex((arg) => reasonOf(arg) !== null);
  if (at < 0) return error;
  return new TypeError(`${name}: argument ${at + 1} cannot be read: ${reasonOf(args[at])}`, { cause: error });
}

/** Runs `body`, a call of `name` with `args`; an error thrown in it names the user's line, or the argument. */
export function reading<T>(name: string, args: readonly unknown[], body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw located(explained(name, error, args));
  }
}

/** How the library's own messages begin. */
const named = /^[\w.]+(?: [\w.]+)*: /;

/** Why a value, or one inside it, cannot be read; `null` where all can. */
function reasonOf(value: unknown): string | null {
  const waiting: [value: unknown, depth: number][] = [[value, 0]];
  for (let count = 0; waiting.length > 0 && count < MAX_VALUES; count++) {
    const [each, depth] = waiting.pop()!;
    if (typeof each !== "object" || each === null) continue;
    if (depth > MAX_DEPTH) return `it is nested more than ${MAX_DEPTH} deep; does it hold itself?`;
    try {
      for (const inner of contentsOf(each)) waiting.push([inner, depth + 1]);
    } catch (error) {
      return error instanceof Error ? error.message : "it throws";
    }
  }
  return null;
}

/** The values that an array or a record of fields holds. Throws the error that the object throws when it is read. */
function contentsOf(value: object): readonly unknown[] {
  if (ArrayBuffer.isView(value)) {
    if (isDetached(value)) throw new TypeError("its memory has been transferred elsewhere (detached)");
    return [];
  }
  if (Array.isArray(value)) return value.slice(0, MAX_VALUES);
  if (value instanceof Map) return [...value].flat();
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ? Object.values(value) : [];
}

function isDetached({ byteLength, buffer }: ArrayBufferView): boolean {
  if (byteLength > 0) return false;
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}
