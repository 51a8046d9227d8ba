import type * as gt from "gradtape";

/* Arrays as StableHLO has them, computed slowly: element by element, by index. */

export type Element = "f32" | "f64" | "i32" | "i1";

export interface Type {
  readonly element: Element;
  readonly shape: readonly number[];
}

export interface Value extends Type {
  readonly data: readonly number[];
}

export const dtypes = { f32: "float32", f64: "float64", i32: "int32", i1: "bool" } as const;
export const elements: Record<gt.DType, Element> = { float32: "f32", float64: "f64", int32: "i32", bool: "i1" };

export const round: Record<Element, (x: number) => number> = {
  f32: Math.fround,
  f64: (x) => x,
  i32: (x) => x | 0,
  i1: (x) => (x === 0 ? 0 : 1),
};

export const sameType = (a: Type, b: Type) => show(a) === show(b);
export const show = ({ element, shape }: Type) => `tensor<${[...shape, element].join("x")}>`;

export function typesIn(text: string): Type[] {
  return [...text.matchAll(/tensor<((?:\d+x)*)(f32|f64|i32|i1)>/g)].map(([, extents, element]) => ({
    element: element as Element,
    shape: numbers(extents!.replaceAll("x", " ")),
  }));
}

export const numbers = (text: string) => [...text.matchAll(/-?\d+/g)].map(Number);

export const sizeOf = (shape: readonly number[]) => shape.reduce((size, extent) => size * extent, 1);

export function* indicesOf(shape: readonly number[]): Generator<number[]> {
  for (let i = 0; i < sizeOf(shape); i++) {
    const index: number[] = [];
    for (let axis = shape.length - 1, rest = i; axis >= 0; axis--) {
      index.unshift(rest % shape[axis]!);
      rest = Math.floor(rest / shape[axis]!);
    }
    yield index;
  }
}

export const placeOf = (shape: readonly number[], index: readonly number[]) =>
  index.reduce((place, i, axis) => place * shape[axis]! + i, 0);
export const at = ({ shape, data }: Value, index: readonly number[]) => data[placeOf(shape, index)]!;

/** A value whose elements follow from their indices. */
export function build({ element, shape }: Type, rule: (index: number[]) => number): Value {
  return { element, shape, data: Array.from(indicesOf(shape), (index) => round[element](rule(index))) };
}

export const float = new Float32Array(1);
export const whole = new Int32Array(float.buffer);

export const elementwise: Record<string, (...operands: number[]) => number> = {
  add: (a, b) => a! + b!,
  subtract: (a, b) => a! - b!,
  multiply: (a, b) => a! * b!,
  divide: (a, b) => a! / b!,
  minimum: (a, b) => Math.min(a!, b!),
  maximum: (a, b) => Math.max(a!, b!),
  power: (a, b) => a! ** b!,
  and: (a, b) => a! & b!,
  or: (a, b) => a! | b!,
  not: (a) => (a === 0 ? 1 : 0),
  shift_left: (a, b) => a! << b!,
  shift_right_arithmetic: (a, b) => a! >> b!,
  negate: (a) => -a!,
  abs: Math.abs,
  sqrt: Math.sqrt,
  floor: Math.floor,
  exponential: Math.exp,
  log: Math.log,
  log_plus_one: Math.log1p,
  tanh: Math.tanh,
  logistic: (a) => 1 / (1 + Math.exp(-a!)),
  sine: Math.sin,
  cosine: Math.cos,
};

export const compared: Record<string, (a: number, b: number) => boolean> = {
  LT: (a, b) => a < b,
  LE: (a, b) => a <= b,
  EQ: (a, b) => a === b,
  NE: (a, b) => a !== b,
};

export const wholeResults: Record<string, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  multiply: Math.imul,
  divide: (a, b) => Math.trunc(a / b),
};

export function parseLiteral(text: string, { element, shape }: Type): Value {
  const size = sizeOf(shape);
  if (text === "") return { element, shape, data: [] };
  if (text.startsWith('"0x')) {
    const bytes = Uint8Array.from(Buffer.from(text.slice(3, -1), "hex"));
    const array = { f32: Float32Array, f64: Float64Array, i32: Int32Array, i1: Uint8Array }[element];
    return { element, shape, data: [...new array(bytes.buffer)] };
  }
  const data = text
    .replaceAll(/[[\] ]/g, "")
    .split(",")
    .map((each) => parseNumber(each, element));
  const all = data.length === 1 ? Array<number>(size).fill(data[0]!) : data;
  if (all.length !== size) throw new Error(`dense<${text}> has ${all.length} elements, not ${size}`);
  return { element, shape, data: all };
}

function parseNumber(text: string, element: Element): number {
  if (element === "i1") return { true: 1, false: 0 }[text] ?? Number.NaN;
  if (!/^0x/.test(text)) return round[element](Number(text));
  const bytes = Buffer.from(text.slice(2), "hex");
  return element === "f32" ? bytes.readFloatBE() : bytes.readDoubleBE();
}

export function combine(operation: string, element: Element): (a: number, b: number) => number {
  const rule = ((element === "i32" && wholeResults[operation]) || elementwise[operation]) as (
    a: number,
    b: number,
  ) => number;
  return (a, b) => round[element](rule(a, b));
}
