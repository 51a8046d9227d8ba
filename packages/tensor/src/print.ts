import { type DType, isFloating } from "./dtype.ts";
import { rowMajorStrides } from "./layout.ts";
import type { EagerTensor } from "./tensor.ts";

/*
 * Text as NumPy 2 prints arrays with its default options: str(array). Columns are aligned, floats have as many digits
 * as tell them from their neighbours (8 decimals at most), long tensors show the ends of each axis.
 */

const LINE_WIDTH = 75;
const MOST_ELEMENTS = 1000;
const EDGE = 3;
const MOST_DECIMALS = 8;

/** The elements as NumPy would print them. */
export function formatTensor(tensor: EagerTensor): string {
  const { shape, dtype, data, size } = tensor;
  if (shape.length === 0) return formatScalar(data[0]!, dtype);
  if (size === 0) return "[]";
  const strides = rowMajorStrides(shape);
  const shown = shape.map((extent) => shownAlong(extent, size > MOST_ELEMENTS));

  const elements: number[] = [];
  const collect = (axis: number, position: number): void => {
    if (axis === shape.length) elements.push(data[position]!);
    else for (const i of shown[axis]!) if (i !== null) collect(axis + 1, position + i * strides[axis]!);
  };
  collect(0, 0);

  const words = alignElements(elements, dtype).values();
  const print = (axis: number, indent: string, width: number): string => {
    const inner = shown[axis]!.map((i) => {
      if (i === null) return "...";
      return axis === shape.length - 1 ? words.next().value! : print(axis + 1, `${indent} `, width - 1);
    });
    const body = axis === shape.length - 1 ? wrap(inner, indent, width - 1) : stack(inner, indent, shape.length - axis);
    return `[${body}]`;
  };
  return print(0, " ", LINE_WIDTH);
}

/** The positions to print along an axis; `null` stands for those left out. */
function shownAlong(extent: number, summarize: boolean): (number | null)[] {
  const all = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
  if (!summarize || extent <= 2 * EDGE) return all(0, extent);
  return [...all(0, EDGE), null, ...all(extent - EDGE, extent)];
}

/** Rows, matrices, … below each other, one more line break between them for each further axis. */
function stack(blocks: readonly string[], indent: string, axes: number): string {
  return blocks.join("\n".repeat(axes - 1) + indent);
}

/** Words on lines of at most `width` characters, lines after the first indented. */
function wrap(words: readonly string[], indent: string, width: number): string {
  const lines: string[] = [];
  let line = indent;
  for (const word of words) {
    if (line.length > indent.length && line.length + word.length > width) {
      lines.push(line.trimEnd());
      line = indent;
    }
    line += `${word} `;
  }
  return [...lines, line.slice(0, -1)].join("\n").slice(indent.length);
}

function alignElements(values: readonly number[], dtype: DType): string[] {
  if (isFloating(dtype)) return alignFloats(values, dtype === "float32");
  const texts = values.map((value) => formatScalar(value, dtype));
  const width = dtype === "bool" ? 5 : widest(texts.map((text) => text.length));
  return texts.map((text) => text.padStart(width));
}

function formatScalar(value: number, dtype: DType): string {
  if (dtype === "bool") return value === 1 ? "True" : "False";
  if (dtype === "int32") return String(value);
  if (!Number.isFinite(value)) return formatNonFinite(value);
  const decimal = shortest(value, dtype === "float32");
  const size = Math.abs(value);
  if (size === 0 || (size >= 1e-4 && size < (dtype === "float32" ? 1e6 : 1e16))) {
    const { left, right } = positional(decimal);
    return `${left}.${right || "0"}`;
  }
  const { left, right, power } = scientific([value], [decimal])[0]!;
  return left + (right === "" ? "" : `.${right}`) + power;
}

function widest(lengths: readonly number[]): number {
  return lengths.reduce((a, b) => Math.max(a, b), 0);
}

function formatNonFinite(value: number): string {
  return Number.isNaN(value) ? "nan" : value < 0 ? "-inf" : "inf";
}

/** Floats in one notation, decimal points under each other; non-finite ones are right-aligned in the same width. */
function alignFloats(values: readonly number[], single: boolean): string[] {
  const exponential = needsExponent(values, single);
  const finite = values.filter(Number.isFinite);
  const decimals = finite.map((value) => {
    const decimal = shortest(value, single);
    const count = MOST_DECIMALS + 1 + (exponential ? 0 : decimal.exponent);
    return decimal.digits.length > count ? rounded(value, count) : decimal;
  });
  const parts = exponential ? scientific(finite, decimals) : decimals.map(positional);
  const right = widest(parts.map((part) => part.right.length));
  const tail = 1 + right + widest(parts.map((part) => part.power.length));
  const other = values.filter((value) => !Number.isFinite(value)).map((value) => formatNonFinite(value).length - tail);
  const left = widest([...parts.map((part) => part.left.length), ...other]);
  const next = parts.values();
  return values.map((value) => {
    if (!Number.isFinite(value)) return formatNonFinite(value).padStart(left + tail);
    const part = next.next().value!;
    return `${part.left.padStart(left)}.${part.right.padEnd(right)}${part.power}`;
  });
}

/** Powers of ten are needed for very large, very small or very different numbers; how large depends on the dtype. */
function needsExponent(values: readonly number[], single: boolean): boolean {
  const sizes = values.filter((value) => Number.isFinite(value) && value !== 0).map(Math.abs);
  if (sizes.length === 0) return false;
  const round = single ? Math.fround : Number;
  const largest = sizes.reduce((a, b) => Math.max(a, b));
  const smallest = sizes.reduce((a, b) => Math.min(a, b));
  return largest >= (single ? 1e6 : 1e8) || smallest < round(1e-4) || round(largest / smallest) > 1000;
}

/** The number ±d.ddd… × 10^exponent, without trailing zeros. */
interface Decimal {
  readonly sign: "" | "-";
  readonly digits: string;
  readonly exponent: number;
}

/** The fewest digits that read back as `value`, a float32 when `single`. */
function shortest(value: number, single: boolean): Decimal {
  if (!single || value === 0) {
    const [mantissa, exponent] = Math.abs(value).toExponential().split("e") as [string, string];
    return { sign: signOf(value), digits: mantissa.replace(".", ""), exponent: Number(exponent) };
  }
  for (let count = 1; count < 9; count++) {
    // Below a power of two floats lie closer than above it: there the nearest decimal may fail and the next one serve.
    const found = [rounded(value, count), rounded(value, count, true)].find((decimal) => readsAs(decimal, value));
    if (found !== undefined) return found;
  }
  return rounded(value, 9);
}

function readsAs({ sign, digits, exponent }: Decimal, value: number): boolean {
  return Math.fround(Number(`${sign}${digits}e${exponent - digits.length + 1}`)) === value;
}

/** `value` to `count` digits, half to even; with `up` away from zero. */
function rounded(value: number, count: number, up = false): Decimal {
  // Sixty digits tell a tie from everything near it: no float64 lies that close to a tie without being one.
  const [mantissa, exponent] = Math.abs(value).toExponential(60).split("e") as [string, string];
  const exact = mantissa.replace(".", "");
  const kept = BigInt(exact.slice(0, count));
  const rest = exact.slice(count);
  const half = "5".padEnd(rest.length, "0");
  const digits = String(up || rest > half || (rest === half && kept % 2n === 1n) ? kept + 1n : kept);
  return {
    sign: signOf(value),
    digits: digits.replace(/0+$/, ""),
    exponent: Number(exponent) + digits.length - count,
  };
}

function signOf(value: number): "" | "-" {
  return value < 0 || Object.is(value, -0) ? "-" : "";
}

/** A printed float: what stands before the decimal point, after it, and as its power of ten. */
interface Parts {
  readonly left: string;
  readonly right: string;
  readonly power: string;
}

function positional({ sign, digits, exponent }: Decimal): Parts {
  if (digits === "0") return { left: `${sign}0`, right: "", power: "" };
  if (exponent < 0) return { left: `${sign}0`, right: "0".repeat(-exponent - 1) + digits, power: "" };
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return { left: sign + whole, right: digits.slice(exponent + 1), power: "" };
}

/** Numbers with as many digits each as the longest of them needs; the shorter ones show more of their exact value. */
function scientific(values: readonly number[], decimals: readonly Decimal[]): Parts[] {
  const count = widest(decimals.map(({ digits }) => digits.length));
  const width = widest([2, ...decimals.map(({ exponent }) => String(Math.abs(exponent)).length)]);
  return decimals.map((decimal, i) => {
    const value = values[i]!;
    const { sign, digits, exponent } = value === 0 || decimal.digits.length === count ? decimal : rounded(value, count);
    const power = `e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(width, "0")}`;
    return { left: sign + digits[0], right: digits.slice(1).padEnd(count - 1, "0"), power };
  });
}
