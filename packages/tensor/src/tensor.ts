import { mark } from "./brand.ts";
import type { DType, TypedData } from "./dtype.ts";
import { ValueError } from "./errors.ts";
import { isContiguous, type Layout, rowMajor, rowMajorStrides } from "./layout.ts";
import { allocate } from "./memory.ts";
import { makeNdArray, type NdArray } from "./ndarray.ts";
import { refuseOperators } from "./operators.ts";
import { formatTensor } from "./print.ts";
import { Printable } from "./printable.ts";
import { formatShape, isStatic, knownShape, type PartialShape, type Shape, sizeOf, type TensorShape } from "./shape.ts";
import { defineMethods } from "./signature.ts";

/** Elements as nested JavaScript arrays; a bare number or boolean for a scalar. */
export type NestedArray = number | boolean | readonly NestedArray[];

/**
 * A number with a shape. Tensors are immutable: ops make new ones, nothing is ever freed by hand.
 * A tensor either holds its elements now or stands for a value that a session will compute.
 */
export abstract class Tensor extends Printable {
  abstract readonly dtype: DType;
  /** The extents along each axis; `null` for one of a graph that only a run knows. */
  abstract readonly shape: TensorShape;

  static {
    mark(Tensor.prototype, "tensor");
    refuseOperators(Tensor.prototype);
    defineMethods("Tensor", Tensor, { array: [{}], item: [{}], ndarray: [{}] });
  }

  /** The elements in row-major order. Treat the array as read-only: it may be the tensor's own memory. */
  abstract get data(): TypedData;

  /** Shape and dtype as shape rules see them. */
  get spec(): TensorSpec {
    return this;
  }

  /** Number of axes. */
  get rank(): number {
    return this.shape.length;
  }

  /** Number of elements; `null` for a tensor of a graph with open extents, which only a run knows. */
  get size(): number | null {
    return isStatic(this.shape) ? sizeOf(this.shape) : null;
  }

  /** The elements as nested arrays, booleans for dtype bool. */
  array(): NestedArray {
    return nest(this.data, knownShape("array", this.shape), this.dtype === "bool");
  }

  /** The only element of a tensor of size 1. Throws a ValueError for any other size. */
  item(): number | boolean {
    if (this.size !== 1) {
      throw new ValueError(`item: the tensor has shape ${formatShape(this.shape)}; item() needs exactly one element`);
    }
    const value = this.data[0]!;
    return this.dtype === "bool" ? value === 1 : value;
  }

  /** The elements as an npm `ndarray`. */
  ndarray(): NdArray<TypedData> {
    const { data } = this;
    const shape = knownShape("ndarray", this.shape);
    return makeNdArray(data, shape, rowMajorStrides(shape), 0);
  }

  abstract override toString(): string;

  protected override consoleText(): string {
    const text = String(this);
    return `Tensor ${this.dtype} ${formatShape(this.shape)}${text.includes("\n") ? "\n" : " "}${text}`;
  }
}

/** The present listeners for numbers that a program takes out of tensors. */
export const readers: ((tensor: Tensor) => void)[] = [];

/** A tensor whose elements exist now, in a typed array of its own or as a strided view of another's. */
export class EagerTensor extends Tensor {
  readonly dtype: DType;
  readonly layout: Layout;
  /** The memory the layout points into; shared by every view of it. */
  readonly buffer: TypedData;

  constructor(dtype: DType, layout: Layout, buffer: TypedData) {
    super();
    this.dtype = dtype;
    this.layout = layout;
    this.buffer = buffer;
  }

  get shape(): Shape {
    return this.layout.shape;
  }

  override get size(): number {
    return sizeOf(this.layout.shape);
  }

  get data(): TypedData {
    taken(this);
    return this.elements;
  }

  /** The same for kernels; readers of the data are not notified. */
  get elements(): TypedData {
    const { layout, buffer, size } = this;
    if (!isContiguous(layout)) return compact(this).buffer;
    return layout.offset === 0 && buffer.length === size
      ? buffer
      : buffer.subarray(layout.offset, layout.offset + size);
  }

  /** The elements as NumPy would print them. */
  override toString(): string {
    return formatTensor(this);
  }

  /** The same memory as an npm `ndarray`, strides and all. */
  override ndarray(): NdArray<TypedData> {
    taken(this);
    return makeNdArray(this.buffer, this.shape, this.layout.strides, this.layout.offset);
  }
}

/** Reports that the numbers of a tensor are taken out of the ops. */
function taken(tensor: Tensor): void {
  for (const reader of readers) reader(tensor);
}

/** What a tensor will be before it is computed: the currency of shape rules. */
export interface TensorSpec {
  readonly shape: PartialShape;
  readonly dtype: DType;
}

/** A tensor over `data`, whose elements are in row-major order. The memory is taken over, not copied. */
export function fromData(dtype: DType, shape: Shape, data: TypedData): EagerTensor {
  return new EagerTensor(dtype, rowMajor(shape), data);
}

/** A zero-filled tensor. */
export function emptyTensor(dtype: DType, shape: Shape): EagerTensor {
  return fromData(dtype, shape, allocate(dtype, sizeOf(shape)));
}

/** The tensor itself when its elements are contiguous in row-major order, else a compact copy. */
export function compact(tensor: EagerTensor): EagerTensor {
  return isContiguous(tensor.layout) ? tensor : copyOf(tensor);
}

/** The same elements in row-major order, in memory of their own. */
export function copyOf(tensor: EagerTensor): EagerTensor {
  const result = emptyTensor(tensor.dtype, tensor.shape);
  copyInto(result.buffer, result.layout, tensor);
  return result;
}

/** Writes the elements of `source` to the places that `layout` (of the same shape) names in `target`. */
export function copyInto(target: TypedData, layout: Layout, source: EagerTensor): void {
  const { shape, strides } = source.layout;
  if (sizeOf(shape) === 0) return;
  if (isContiguous(layout) && isContiguous(source.layout)) {
    target.set(source.buffer.subarray(source.layout.offset, source.layout.offset + source.size), layout.offset);
    return;
  }
  const last = shape.length - 1;
  const copyAxis = (axis: number, to: number, from: number): void => {
    const stepTo = layout.strides[axis]!;
    const stepFrom = strides[axis]!;
    for (let i = 0; i < shape[axis]!; i++, to += stepTo, from += stepFrom) {
      if (axis === last) target[to] = source.buffer[from]!;
      else copyAxis(axis + 1, to, from);
    }
  };
  copyAxis(0, layout.offset, source.layout.offset);
}

function nest(data: TypedData, shape: Shape, bool: boolean): NestedArray {
  let position = 0;
  const build = (axis: number): NestedArray => {
    if (axis === shape.length) {
      const value = data[position++]!;
      return bool ? value === 1 : value;
    }
    return Array.from({ length: shape[axis]! }, () => build(axis + 1));
  };
  return build(0);
}
