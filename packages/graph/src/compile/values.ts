import {
  type DType,
  type EagerTensor,
  type Layout,
  type PartialShape,
  rowMajor,
  type Shape,
  type TensorSpec,
} from "@gradtape/tensor";
import type { SymbolicTensor } from "../operation.ts";
import type { State } from "../state.ts";

/** What holds elements while a step runs: fed by the caller, known beforehand, a variable, or made on the way. */
export type BufferKind = "fed" | "constant" | "state" | "temporary";

/** Elements in one piece of memory. */
export interface Buffer {
  readonly id: number;
  readonly kind: BufferKind;
  readonly dtype: DType;
  /** Number of elements. */
  readonly size: number;
  /** The elements of a constant. */
  readonly data?: EagerTensor;
  readonly state?: State;
  readonly tensor?: SymbolicTensor;
}

/** The number of rows of a tensor where only the run tells: at most `bound`, counted by a cell in memory. */
export interface Count {
  readonly name: symbol;
  readonly bound: number;
  readonly cell: Buffer;
}

/** A tensor while a step is compiled: elements of a buffer, seen through a layout. */
export interface Value {
  readonly buffer: Buffer;
  readonly layout: Layout;
  /** How often the buffer has been written when this value is read; only variables are written more than once. */
  readonly version: number;
  /** Which rows are there, when not all: axis 0 is counted. */
  readonly count: Count | null;
}

/** All elements of a buffer in row-major order. */
export function whole(buffer: Buffer, shape: Shape): Value {
  return { buffer, layout: rowMajor(shape), version: 0, count: null };
}

/** The shape as rules see it: a counted axis by its name. */
export function specOf({ buffer, layout, count }: Value): TensorSpec {
  const shape: PartialShape = count === null ? layout.shape : [count.name, ...layout.shape.slice(1)];
  return { shape, dtype: buffer.dtype };
}

/** Numbers buffers in the order in which they are made. */
export class Buffers {
  readonly all: Buffer[] = [];

  make(kind: BufferKind, dtype: DType, size: number, of: Partial<Buffer> = {}): Buffer {
    const made: Buffer = { id: this.all.length, kind, dtype, size, ...of };
    this.all.push(made);
    return made;
  }
}

/** The value of a constant that is the same everywhere; `null` for all others. */
export function uniform({ buffer, layout }: Value): number | null {
  if (buffer.kind !== "constant") return null;
  const data = buffer.data!.buffer;
  const moving = layout.strides.some((stride, axis) => stride !== 0 && layout.shape[axis]! > 1);
  const first = data[layout.offset];
  if (first === undefined) return null;
  return !moving || isUniform(data, first) ? first : null;
}

function isUniform(data: ArrayLike<number>, first: number): boolean {
  for (let i = 0; i < data.length; i++) if (!Object.is(data[i], first)) return false;
  return true;
}

/** Two values that read the same elements in the same order. */
export function sameValue(a: Value, b: Value): boolean {
  return a.buffer === b.buffer && a.version === b.version && sameLayout(a.layout, b.layout);
}

export function sameLayout(a: Layout, b: Layout): boolean {
  return (
    a.offset === b.offset &&
    a.shape.length === b.shape.length &&
    a.shape.every((extent, axis) => extent === b.shape[axis] && (extent === 1 || a.strides[axis] === b.strides[axis]))
  );
}

/** Names a value for keys and dumps. */
export function valueKey({ buffer, version, layout }: Value): string {
  return `${buffer.id}.${version}[${layout.shape}|${layout.strides}|${layout.offset}]`;
}

export function sizeOfShape(shape: Shape): number {
  return shape.reduce((size, extent) => size * extent, 1);
}
