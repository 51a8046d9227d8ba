import make from "ndarray";
import { describe, formatList, shown } from "./describe.ts";
import { ValueError } from "./errors.ts";
import { mayEval } from "./kernel/eval.ts";
import type { Layout } from "./layout.ts";
import { checkShape } from "./shape.ts";
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

/** True for objects with the fields of an `ndarray`. */
export function isNdArray(value: unknown): value is NdArray<unknown> {
  return typeof value === "object" && value !== null && "stride" in value && "shape" in value && "data" in value;
}

/** Elements that are not in an array but handed out by a function, as `ndarray` allows. */
interface Store {
  readonly length: number;
  get(index: number): unknown;
}

/**
 * The layout and the elements of an `ndarray`; those of a store with `get` are read here. Throws a ValueError for one
 * whose elements would lie outside its data, a TypeError for fields of a wrong kind.
 */
export function readNdArray(op: string, source: NdArray<unknown>): { layout: Layout; elements: ArrayLike<number> } {
  const { data } = source;
  const shape = [...checkShape(op, source.shape)];
  const strides = source.stride as readonly unknown[];
  const offset = source.offset as unknown;
  if (!Array.isArray(strides) || strides.length !== shape.length || !strides.every(Number.isSafeInteger)) {
    const found = Array.isArray(strides) ? formatList(strides) : describe(strides);
    throw new ValueError(
      `${op}: the stride of the ndarray is ${found}; it needs an integer for each of ${shape.length} axes`,
    );
  }
  if (!Number.isSafeInteger(offset))
    throw new ValueError(`${op}: the offset of the ndarray is ${shown(offset)}, not an integer`);
  const elements = elementsOf(op, data);
  checkBounds(op, { shape, strides, offset: offset as number }, elements.length);
  return { layout: { shape, strides: [...strides], offset: offset as number }, elements };
}

function elementsOf(op: string, data: unknown): ArrayLike<number> {
  const array = Array.isArray(data) || (ArrayBuffer.isView(data) && !(data instanceof DataView));
  if (array) return data as ArrayLike<number>;
  const store = data as Store | null;
  if (
    typeof store === "object" &&
    store !== null &&
    typeof store.get === "function" &&
    Number.isSafeInteger(store.length)
  ) {
    return Array.from({ length: store.length }, (_, i) => store.get(i) as number);
  }
  throw new TypeError(
    `${op}: the data of the ndarray is ${describe(data)}; expected an array or a store with get and length`,
  );
}

/** Every element lies within the data. */
function checkBounds(op: string, { shape, strides, offset }: Layout, length: number): void {
  if (shape.includes(0)) return;
  const reach = (sign: 1 | -1) =>
    shape.reduce((sum, extent, axis) => sum + (extent - 1) * Math.max(0, sign * strides[axis]!), 0);
  const [first, last] = [offset - reach(-1), offset + reach(1)];
  if (first >= 0 && last < length) return;
  throw new ValueError(
    `${op}: the ndarray reaches from element ${first} to ${last} of its data, which has ${length} elements`,
  );
}
