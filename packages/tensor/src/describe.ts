/** Names a value that is not a tensor, for messages: its kind and, when short, the value. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "string") return `the string ${quoted(value)}`;
  if (typeof value === "function") return `a function${value.name === "" ? "" : ` (${value.name})`}`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "object") return `an object${className(value)}`;
  return `the ${typeof value} ${String(value)}`;
}

/** A long string is cut. */
function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text);
}

/** The class of an object, where it has one that can be read. */
function className(value: object): string {
  try {
    const { name } = value.constructor;
    return typeof name === "string" && name !== "" ? ` of class ${name}` : " of class Object";
  } catch {
    return " of class Object";
  }
}
