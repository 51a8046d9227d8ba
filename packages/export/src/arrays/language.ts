import type { DType, EagerTensor, Scalar, Shape } from "@gradtape/tensor";
import type { FunctionName } from "./functions.ts";
import type { OpenExtents } from "./open-extents.ts";

/** An array in a program for an engine: its name there, and what is known of it. */
export interface ArrayValue {
  readonly name: string;
  readonly dtype: DType;
  /** Extents; an open one is the number that stands for it. */
  readonly shape: Shape;
  /** The elements, where they are known beforehand. */
  readonly data?: EagerTensor;
  /** No element occurs twice. */
  readonly distinct?: boolean;
}

/** What is done to elements: instructions of the kernel language, and the functions that it spells out. */
export type Instruction = Exclude<Scalar["op"], "input" | "constant" | "index" | "extent" | "fold"> | FunctionName;

/** What folds join with. */
export type Combine = NonNullable<Scalar["combine"]>;

/**
 * What engines for whole arrays have in common. Each writer says once how its engine puts these; every kernel is then
 * told in them. Methods append to the program being written. They throw a `Refused` for what the engine lacks.
 */
export interface ArrayLanguage {
  readonly open: OpenExtents;

  /** Says which operation the following is for. */
  enter(operation: string): void;
  argument(name: string, dtype: DType, shape: Shape): ArrayValue;
  constant(data: EagerTensor): ArrayValue;
  /** The same number everywhere. */
  filled(value: number, dtype: DType, shape: Shape): ArrayValue;
  /** An open extent as a scalar of int32. */
  extent(extent: number): ArrayValue;
  /** The position (int32) along `axis`. */
  positions(shape: Shape, axis: number): ArrayValue;

  has(instruction: Instruction): boolean;
  /** Operands have one shape; `type` is the dtype of the result. */
  elementwise(instruction: Instruction, type: DType, operands: readonly ArrayValue[]): ArrayValue;
  /** Joined over `axes`, which go. */
  folded(combine: Combine, x: ArrayValue, axes: readonly number[]): ArrayValue;

  reshaped(x: ArrayValue, shape: Shape): ArrayValue;
  transposed(x: ArrayValue, perm: readonly number[]): ArrayValue;
  /** Axis `i` of `x` becomes axis `axes[i]` (ascending) of `shape`; along the others it is repeated. */
  repeated(x: ArrayValue, shape: Shape, axes: readonly number[]): ArrayValue;
  /** `shape` elements from `begin` on, `steps` apart. */
  sliced(x: ArrayValue, begin: Shape, shape: Shape, steps: Shape): ArrayValue;
  /** Zeros of `shape` with `x` laid in from `begin` on, its elements `steps` apart. */
  embedded(x: ArrayValue, shape: Shape, begin: Shape, steps: Shape): ArrayValue;
  joined(parts: readonly ArrayValue[], axis: number): ArrayValue;

  /** Matrix products over the last two axes; leading axes are repeated. */
  product(a: ArrayValue, b: ArrayValue, shape: Shape): ArrayValue;
  /** What `ids` name along `axis`: `[..axis] + ids + [axis+1..]`. */
  picked(x: ArrayValue, ids: ArrayValue, axis: number): ArrayValue;
  /**
   * `x` with `rows` added to, or put in place of, the rows that the vector `ids` names. With `mayMiss` there may be ids
   * that name no row; nothing happens for those.
   */
  scattered(how: "add" | "set", x: ArrayValue, ids: ArrayValue, rows: ArrayValue, mayMiss: boolean): ArrayValue;
  /** The distinct elements of a vector in order of first appearance, and where among them each element is. */
  unique(x: ArrayValue): { readonly values: ArrayValue; readonly positions: ArrayValue };
}

/** What an engine cannot be told, and why. Whoever knows the operation makes an error of it. */
export class Refused extends Error {}
