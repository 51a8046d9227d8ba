import make from "ndarray";
import { mayEval } from "./kernel/eval.ts";
import { StridedArray } from "./strided-array.ts";

/**
 * What tensors and the npm package `ndarray` have in common: elements of `data`, at `offset` plus `stride` times index
 * along each axis. Spelled out here so that users need no further type package; every `ndarray` is one.
 */
export interface NdArray<D = unknown> {
  readonly data: D;
  readonly shape: number[];
  readonly stride: number[];
  readonly offset: number;
  readonly dimension: number;
  readonly size: number;
  get(...position: number[]): number;
  set(...positionAndValue: number[]): number;
  transpose(...axes: number[]): NdArray<D>;
  lo(...begin: number[]): NdArray<D>;
  hi(...extents: number[]): NdArray<D>;
  step(...steps: number[]): NdArray<D>;
  pick(...position: (number | null)[]): NdArray<D>;
}

/**
 * An npm `ndarray` over `data`; the memory is shared. That package makes its classes from text: where text may not become
 * code, an object with the same fields and methods.
 */
export function makeNdArray<D>(
  data: D,
  shape: readonly number[],
  stride: readonly number[],
  offset: number,
): NdArray<D> {
  if (!mayEval()) return new StridedArray(data, [...shape], [...stride], offset);
  return make(data as never, [...shape], [...stride], offset) as unknown as NdArray<D>;
}
