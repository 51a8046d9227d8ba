import { isForeign, markOf } from "./brand.ts";
import type { Extent, PartialShape } from "./shape.ts";

/** Names a value for messages: its kind and, when short, the value; tensors and variables by dtype and shape. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "string") return `the string ${quoted(value)}`;
  if (typeof value === "function") return `a function${nameOfFunction(value)}`;
  if (typeof value === "object") return describeObject(value);
  return `the ${typeof value} ${String(value)}`;
}

/** A long string is cut. */
function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text);
}

function nameOfFunction(value: { readonly name: unknown }): string {
  const { name } = value;
  return typeof name === "string" && name !== "" ? ` (${name.slice(0, 80)})` : "";
}

/** Objects that refuse to be looked at are called objects. */
function describeObject(value: object): string {
  try {
    if (Array.isArray(value)) return `an array of ${value.length}`;
    const mark = markOf(value);
    if (mark === null) return `an object${className(value)}`;
    const { dtype, shape } = value as { readonly dtype: string; readonly shape: PartialShape };
    const own = `a ${dtype} ${mark.noun} of shape ${formatShape(shape)}`;
    return isForeign(mark) ? `${own} made by another copy of gradtape (install and import one copy)` : own;
  } catch {
    return "an object";
  }
}

/** The class of an object, where it has one that can be read. */
function className(value: object): string {
  const { constructor: made } = value;
  return typeof made === "function" && made.name !== "" ? ` of class ${made.name}` : " of class Object";
}

/** `[2, ?, 3]`: a shape as messages and printed graphs show it. */
export function formatShape(shape: PartialShape): string {
  return `[${shape.map(formatExtent).join(", ")}]`;
}

/** An extent as messages show it: `?` where it is open. */
export function formatExtent(extent: Extent): string {
  return typeof extent === "number" ? String(extent) : "?";
}

/** A number itself, anything else by its kind: values that should have been other numbers. */
export function shown(value: unknown): string {
  return typeof value === "number" ? String(value) : describe(value);
}

/** A list of values that should have been numbers, as messages show it. Not all of many. */
export function formatList(values: readonly unknown[]): string {
  const first = Array.from(values.slice(0, 12), shown);
  return `[${first.join(", ")}${values.length > first.length ? ", …" : ""}]`;
}

/** A record that should have had other fields, as messages show it. Not all of a long one. */
export function formatRecord(record: object): string {
  try {
    const text = JSON.stringify(record);
    return text.length > 200 ? `${text.slice(0, 200)}…` : text;
  } catch {
    return describe(record);
  }
}
