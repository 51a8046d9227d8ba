import { describe } from "../describe.ts";
import { checkDType, type DType, isFloating } from "../dtype.ts";
import { ValueError } from "../errors.ts";
import { allocate, checkRoom } from "../memory.ts";
import { anything, number } from "../schema.ts";
import { checkShape, type Shape, sizeOf } from "../shape.ts";
import { type EagerTensor, fromData } from "../tensor.ts";
import { gauss, unit53 } from "./gauss.ts";

/** A stream of random 32-bit words. */
export type Words = () => number;

export interface UniformOptions {
  /** Least value, 0 unless given. */
  low?: number;
  /** The values stay below it; 1 unless given, without default for int32. */
  high?: number;
  /** float32 unless given. */
  dtype?: "float32" | "float64" | "int32";
}

export interface NormalOptions {
  /** 0 unless given. */
  mean?: number;
  /** Standard deviation before any truncation, 1 unless given. */
  stddev?: number;
  /** float32 unless given; float32 values are the float64 ones, rounded. */
  dtype?: "float32" | "float64";
}

/** Options of draws. */
export const uniformFields = { low: number, high: number, dtype: anything };
export const normalFields = { mean: number, stddev: number, dtype: anything };

/** Values from [low, high): multiples of 2^-24 (float32) or 2^-53 (float64) of the range, or whole numbers (int32). */
export function uniform(op: string, word: Words, shape: Shape, options: UniformOptions): EagerTensor {
  const { low = 0, dtype = "float32" } = options;
  checkNumeric(op, dtype, true);
  checkRoom(op, dtype, checkShape(op, shape));
  if (dtype === "int32" && options.high === undefined) {
    throw new ValueError(`${op}: int32 values have no default range; give high`);
  }
  const { high = 1 } = options;
  const round = dtype === "float32" ? Math.fround : Number;
  const [from, to] = [round(low), round(high)];
  if (!(from < to && Number.isFinite(to - from))) {
    throw new ValueError(`${op}: [${low}, ${high}) is not a range of ${dtype} values; low must be less than high`);
  }
  const data = allocate(dtype, sizeOf(shape));
  if (dtype === "int32") {
    if (!Number.isInteger(from) || !Number.isInteger(to) || from < -(2 ** 31) || to > 2 ** 31) {
      throw new ValueError(`${op}: [${low}, ${high}) is not a range of int32 values; use integers from -2^31 to 2^31`);
    }
    for (let i = 0; i < data.length; i++) data[i] = from + below(word, to - from);
    return fromData(dtype, [...shape], data);
  }
  for (let i = 0; i < data.length; i++) {
    const unit = dtype === "float32" ? (word() >>> 8) * 2 ** -24 : unit53(word);
    data[i] = from + unit * (to - from);
    // Rounding may reach the excluded end; the element then takes the last value before it.
    if (data[i]! >= to) data[i] = lastBefore(to, dtype);
  }
  return fromData(dtype, [...shape], data);
}

/** Normally distributed values. */
export function normal(op: string, word: Words, shape: Shape, options: NormalOptions): EagerTensor {
  return fillNormal(op, gauss(word), shape, options);
}

/** Normally distributed values no further than two standard deviations from the mean; the others are drawn again. */
export function truncatedNormal(op: string, word: Words, shape: Shape, options: NormalOptions): EagerTensor {
  const next = gauss(word);
  const near = () => {
    let value = next();
    while (Math.abs(value) > 2) value = next();
    return value;
  };
  return fillNormal(op, near, shape, options);
}

function fillNormal(op: string, next: () => number, shape: Shape, options: NormalOptions): EagerTensor {
  const { mean = 0, stddev = 1, dtype = "float32" } = options;
  checkNumeric(op, dtype, false);
  checkRoom(op, dtype, checkShape(op, shape));
  if (!Number.isFinite(mean)) throw new ValueError(`${op}: mean ${mean} is not a finite number`);
  if (!(stddev >= 0 && Number.isFinite(stddev))) {
    throw new ValueError(`${op}: stddev ${stddev} is not a finite number >= 0`);
  }
  const data = allocate(dtype, sizeOf(shape));
  for (let i = 0; i < data.length; i++) data[i] = mean + stddev * next();
  return fromData(dtype, [...shape], data);
}

/** The numbers 0 to n - 1 in random order, every order equally likely (Fisher and Yates). */
export function permutation(op: string, word: Words, n: number): EagerTensor {
  if (typeof n !== "number") throw new TypeError(`${op}: n is a number of elements, got ${describe(n)}`);
  if (!Number.isInteger(n) || n < 0 || n >= 2 ** 31) {
    throw new ValueError(`${op}: cannot permute ${n} elements; use an integer from 0 to 2^31 - 1`);
  }
  checkRoom(op, "int32", [n]);
  const order = Int32Array.from({ length: n }, (_, i) => i);
  for (let last = n - 1; last > 0; last--) {
    const chosen = below(word, last + 1);
    [order[last], order[chosen]] = [order[chosen]!, order[last]!];
  }
  return fromData("int32", [n], order);
}

/** An integer from 0 to `bound` - 1, for bounds up to 2^32. Words past the last whole multiple of it are drawn again. */
function below(word: Words, bound: number): number {
  const limit = 2 ** 32 - (2 ** 32 % bound);
  let drawn = word();
  while (drawn >= limit) drawn = word();
  return drawn % bound;
}

function lastBefore(value: number, dtype: "float32" | "float64"): number {
  const half = dtype === "float32" ? 2 ** -24 : 2 ** -53;
  const least = dtype === "float32" ? 2 ** -149 : Number.MIN_VALUE;
  const round = dtype === "float32" ? Math.fround : Number;
  // More than half and less than one and a half of the distance to the neighbour, so that rounding lands on it.
  const before = round(value - 1.25 * half * Math.abs(value));
  return before < value ? before : value - least;
}

function checkNumeric(op: string, dtype: DType, integers: boolean): void {
  checkDType(op, dtype);
  if (!isFloating(dtype) && !(integers && dtype === "int32")) {
    throw new TypeError(
      `${op}: no random values of dtype ${dtype}; use float32${integers ? ", int32" : ""} or float64`,
    );
  }
}
