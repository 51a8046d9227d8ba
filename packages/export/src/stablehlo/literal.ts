import type { DType, EagerTensor, Shape } from "@gradtape/tensor";

/* Numbers as MLIR writes them. */

export const elementTypes: { readonly [D in DType]: string } = {
  float32: "f32",
  float64: "f64",
  int32: "i32",
  bool: "i1",
};

/** More elements than this are written as their bytes. */
const LISTED = 16;

/** The value of a constant: one number, lists of numbers, or bytes. */
export function literal({ dtype, shape, data }: EagerTensor): string {
  const first = data[0];
  if (first === undefined) return "dense<>";
  if (data.every((value) => Object.is(value, first))) return `dense<${numberText(first, dtype)}>`;
  if (data.length > LISTED && dtype !== "bool") return `dense<"0x${hex(data)}">`;
  return `dense<${nested(
    [...data].map((value) => numberText(value, dtype)),
    shape,
  )}>`;
}

/** A number of a dtype. The text gives the very number back; what is not finite is told by its bits. */
export function numberText(value: number, dtype: DType): string {
  if (dtype === "bool") return value === 0 ? "false" : "true";
  if (dtype === "int32") return String(value);
  const array = dtype === "float32" ? Float32Array.of(value) : Float64Array.of(value);
  if (!Number.isFinite(value) || Object.is(value, -0)) {
    return `0x${[...new Uint8Array(array.buffer)].reverse().map(byteText).join("").toUpperCase()}`;
  }
  const text = dtype === "float32" ? shortest(array[0]!) : String(value);
  const [digits, exponent] = text.split("e");
  return `${digits!.includes(".") ? digits : `${digits}.0`}${exponent === undefined ? "" : `e${exponent}`}`;
}

/** As few digits as tell a float32 from all others. */
function shortest(value: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const near = Number(value.toPrecision(digits));
    if (Math.fround(near) === value) return String(near);
  }
  return String(Number(value.toPrecision(9)));
}

function nested(texts: readonly string[], shape: Shape): string {
  if (shape.length === 0) return texts[0]!;
  const [count, ...rest] = shape as [number, ...number[]];
  const size = texts.length / count;
  const parts = Array.from({ length: count }, (_, i) => nested(texts.slice(i * size, (i + 1) * size), rest));
  return `[${parts.join(", ")}]`;
}

function hex(data: EagerTensor["data"]): string {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return Array.from(bytes, byteText).join("");
}

function byteText(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
