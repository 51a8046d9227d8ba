import type { NdArray } from "./ndarray.ts";

type Elements = { [index: number]: number };

/** An array equal to those of the npm package `ndarray` in every field and method, without code made from text. */
export class StridedArray<D> implements NdArray<D> {
  readonly data: D;
  readonly shape: number[];
  readonly stride: number[];
  readonly offset: number;

  constructor(data: D, shape: number[], stride: number[], offset: number) {
    this.data = data;
    this.shape = shape;
    this.stride = stride;
    this.offset = offset;
  }

  get dimension(): number {
    return this.shape.length;
  }

  get size(): number {
    return this.shape.reduce((size, extent) => size * extent, 1);
  }

  get dtype(): string {
    const { name } = (this.data as object).constructor;
    return name === "Uint8ClampedArray" ? "uint8_clamped" : name.replace(/Array$/, "").toLowerCase() || "array";
  }

  /** The axes from the one with the smallest stride to the one with the largest. */
  get order(): number[] {
    const size = (axis: number) => Math.abs(this.stride[axis]!);
    return this.shape.map((_, axis) => axis).sort((a, b) => size(a) - size(b));
  }

  index(...position: number[]): number {
    return this.stride.reduce((at, stride, axis) => at + stride * position[axis]!, this.offset);
  }

  get(...position: number[]): number {
    return (this.data as Elements)[this.index(...position)]!;
  }

  set(...positionAndValue: number[]): number {
    const value = positionAndValue[this.dimension]!;
    (this.data as Elements)[this.index(...positionAndValue)] = value;
    return value;
  }

  valueOf(): unknown {
    return this.dimension === 0 ? this.get() : this;
  }

  transpose(...axes: number[]): StridedArray<D> {
    const from = this.shape.map((_, axis) => axes[axis] ?? axis);
    const moved = (list: readonly number[]) => from.map((axis) => list[axis]!);
    return new StridedArray(this.data, moved(this.shape), moved(this.stride), this.offset);
  }

  lo(...begin: number[]): StridedArray<D> {
    const skipped = this.shape.map((_, axis) => (isExtent(begin[axis]) ? begin[axis] | 0 : 0));
    const shape = this.shape.map((extent, axis) => extent - skipped[axis]!);
    return new StridedArray(this.data, shape, [...this.stride], this.index(...skipped));
  }

  hi(...extents: number[]): StridedArray<D> {
    const shape = this.shape.map((extent, axis) => (isExtent(extents[axis]) ? extents[axis] | 0 : extent));
    return new StridedArray(this.data, shape, [...this.stride], this.offset);
  }

  step(...steps: number[]): StridedArray<D> {
    const by = this.shape.map((_, axis) => (typeof steps[axis] === "number" ? steps[axis] | 0 : 1));
    const first = this.shape.map((extent, axis) => (by[axis]! < 0 ? extent - 1 : 0));
    const shape = this.shape.map((extent, axis) => Math.ceil(extent / Math.abs(by[axis]!)));
    const stride = this.stride.map((each, axis) => each * by[axis]!);
    return new StridedArray(this.data, shape, stride, this.index(...first));
  }

  pick(...position: (number | null)[]): StridedArray<D> {
    const fixed = this.shape.map((_, axis) => (isExtent(position[axis]) ? position[axis] : null));
    const left = (list: readonly number[]) => list.filter((_, axis) => fixed[axis] === null);
    const at = this.index(...fixed.map((each) => each ?? 0));
    return new StridedArray(this.data, left(this.shape), left(this.stride), at);
  }
}

function isExtent(value: unknown): value is number {
  return typeof value === "number" && value >= 0;
}
