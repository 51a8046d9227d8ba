import { type Shape, sizeOf } from "./shape.ts";

/**
 * Where the elements of a tensor lie in its typed array: element `[i, j, …]` is at
 * `offset + i * strides[0] + j * strides[1] + …`. A stride of 0 repeats one element along its axis.
 */
export interface Layout {
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly offset: number;
}

/** Row-major strides: the last axis is contiguous. */
export function rowMajorStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

export function rowMajor(shape: Shape, offset = 0): Layout {
  return { shape, strides: rowMajorStrides(shape), offset };
}

/** True when the elements lie one after the other in row-major order. */
export function isContiguous({ shape, strides }: Layout): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] === 0) return true;
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}

/** The axes in the order of `permutation`. */
export function permuted(layout: Layout, permutation: readonly number[]): Layout {
  return {
    shape: permutation.map((axis) => layout.shape[axis]!),
    strides: permutation.map((axis) => layout.strides[axis]!),
    offset: layout.offset,
  };
}

/** Repeated to `shape` without moving anything: new and stretched axes get stride 0. */
export function broadcasted(layout: Layout, shape: Shape): Layout {
  const lead = shape.length - layout.shape.length;
  const strides = shape.map((extent, axis) =>
    axis < lead || (layout.shape[axis - lead] === 1 && extent !== 1) ? 0 : layout.strides[axis - lead]!,
  );
  return { shape, strides, offset: layout.offset };
}

/** Every `step`-th element from `begin` on along each axis, `shape` of them. A negative step runs backwards. */
export function sliced(layout: Layout, begin: Shape, shape: Shape, steps: readonly number[]): Layout {
  let offset = layout.offset;
  if (sizeOf(shape) > 0) for (const [axis, first] of begin.entries()) offset += first * layout.strides[axis]!;
  return { shape, strides: layout.strides.map((stride, axis) => stride * steps[axis]!), offset };
}

/** The same elements under another shape of the same size; `null` when that needs a copy. */
export function reshaped(layout: Layout, shape: Shape): Layout | null {
  if (isContiguous(layout)) return { shape, strides: rowMajorStrides(shape), offset: layout.offset };
  // Extents of 1 come and go freely wherever the elements lie.
  const core = layout.shape.flatMap((extent, axis) => (extent === 1 ? [] : [[extent, layout.strides[axis]!]]));
  const wanted = shape.filter((extent) => extent !== 1);
  if (wanted.length !== core.length || wanted.some((extent, i) => extent !== core[i]![0])) return null;
  let next = 0;
  const strides = shape.map((extent) => (extent === 1 ? 0 : core[next++]![1]!));
  return { shape, strides, offset: layout.offset };
}

/**
 * The loops that several layouts of one shape share, with as few axes as possible: extents of 1 dropped, neighbouring
 * axes merged wherever every layout runs through them in one stride.
 */
export function commonLoops(shape: Shape, layouts: readonly Layout[]): { shape: number[]; strides: number[][] } {
  const extents: number[] = [];
  const strides: number[][] = layouts.map(() => []);
  for (const [axis, extent] of shape.entries()) {
    if (extent === 1) continue;
    const last = extents.length - 1;
    const merges = last >= 0 && layouts.every((layout, i) => strides[i]![last] === layout.strides[axis]! * extent);
    if (merges) {
      extents[last] = extents[last]! * extent;
      for (const [i, layout] of layouts.entries()) strides[i]![last] = layout.strides[axis]!;
    } else {
      extents.push(extent);
      for (const [i, layout] of layouts.entries()) strides[i]!.push(layout.strides[axis]!);
    }
  }
  return { shape: extents, strides };
}
