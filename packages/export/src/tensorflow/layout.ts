import * as op from "@gradtape/graph";
import {
  type EagerTensor,
  InvalidArgumentError,
  literal,
  NotImplementedError,
  sameShape,
  type Tensor,
} from "@gradtape/tensor";
import { type Dim, dimsOf, product, ratio, ShapeValue, sameDim } from "./shape-value.ts";

/* Tensors whose shapes are known in part before a run. */

export function vector(numbers: readonly number[]): EagerTensor {
  return literal("importGraphDef", Int32Array.from(numbers), { shape: [numbers.length] });
}

/** `x` in another shape, of which one extent may be -1. */
export function shaped(x: Tensor, target: ShapeValue): Tensor {
  const to = settled(x, target);
  const { shape } = to;
  if (sameShape(x.spec.shape, shape)) return x;
  const open = shape.filter((extent) => typeof extent !== "number").length;
  if (open === 0) return op.reshape(x, to.dims as number[]);
  if (!shape.includes(-1)) {
    const like = open === 1 ? to.found() : to.ruler();
    if (like !== null) return op.reshapeLike(x, like);
    return op.reshape(
      x,
      shape.map((extent) => (typeof extent === "number" ? extent : -1)),
    );
  }
  throw new NotImplementedError("more than one extent of its shape is known only to a run");
}

/** The shape with its -1 filled in, where that follows from the extents. */
function settled(x: Tensor, to: ShapeValue): ShapeValue {
  const at = to.dims.indexOf(-1);
  const others = to.dims.filter((_, i) => i !== at);
  if (at < 0 || others.every((dim) => typeof dim === "number")) return to;
  const missing = ratio(product(dimsOf(x)), product(others));
  return missing === null ? to : new ShapeValue(to.dims.with(at, missing));
}

/** `x` repeated to a shape. */
export function stretched(x: Tensor, to: ShapeValue): Tensor {
  if (to.known !== null) return op.broadcastTo(x, to.dims as number[]);
  return sameShape(x.spec.shape, to.shape) ? x : op.broadcastLike(x, to.ruler());
}

/** `x` so many times side by side along each axis. */
export function tiled(x: Tensor, multiples: ShapeValue): Tensor {
  const extents = dimsOf(x);
  if (multiples.dims.length !== extents.length)
    throw new InvalidArgumentError(`${multiples.dims.length} numbers of repeats for ${extents.length} axes`);
  const repeated = multiples.dims.flatMap((times, axis) => (times === 1 ? [] : [axis]));
  if (repeated.length === 0) return x;
  // A new axis before each that repeats is stretched, then the two become one.
  const apart = extents.flatMap((extent, axis) => (repeated.includes(axis) && extent !== 1 ? [1, extent] : [extent]));
  const stretch = extents.flatMap((extent, axis): Dim[] => {
    const times = multiples.dims[axis]!;
    if (!repeated.includes(axis)) return [extent];
    return extent === 1 ? [times] : [times, extent];
  });
  const whole = extents.map((extent, axis) => product([multiples.dims[axis]!, extent]));
  const y = stretched(shaped(x, new ShapeValue(apart)), new ShapeValue(stretch));
  return shaped(y, new ShapeValue(whole));
}

/** Zeros of a shape, in the dtype of `x`. */
export function zerosOf(x: Tensor, dims: readonly Dim[]): Tensor {
  return stretched(op.constant(0, { dtype: x.dtype === "bool" ? "int32" : x.dtype }), new ShapeValue(dims));
}

// More numbers are made by the run that needs them.
const mostKnown = 2 ** 12;

/** The numbers from 0 to an extent, as int32. */
export function positions(extent: Dim): Tensor {
  if (typeof extent === "number" && extent <= mostKnown) return vector(Array.from({ length: extent }, (_, i) => i));
  const to = new ShapeValue([extent]);
  return shaped(op.nonZero(stretched(op.constant(1, { dtype: "int32" }), to)), to);
}

/** The elements along `axis` in the opposite order. */
export function reversed(x: Tensor, axis: number): Tensor {
  const extent = dimsOf(x)[axis]!;
  if (typeof extent === "number" && extent <= mostKnown) {
    const order = Array.from({ length: extent }, (_, i) => extent - 1 - i);
    return op.gather(x, vector(order), { axis });
  }
  const last = op.sub(new ShapeValue([extent], []).tensor(), op.constant(1, { dtype: "int32" }));
  return op.gather(x, op.sub(last, positions(extent)), { axis });
}

/** The elements of `x` from `first` on along one axis: `count` of them, or all that are left. */
export function cut(x: Tensor, axis: number, first: number, count = -1): Tensor {
  const along = (value: number, otherwise: number) => x.spec.shape.map((_, i) => (i === axis ? value : otherwise));
  return op.slice(x, along(first, 0), along(count, -1));
}

/** `x` without its last `count` elements along `axis`, or just these. */
export function cutFromEnd(x: Tensor, axis: number, count: number, what: "rest" | "end"): Tensor {
  const parts = [cut(x, axis, count), cut(x, axis, 0, count)];
  return op.concatPart(x, parts, axis, what === "rest" ? 0 : 1);
}

/** The elements of `x` along `axis` from one position up to another; `null` is the end. Positions may be open. */
export function between(x: Tensor, axis: number, from: Dim, to: Dim | null): Tensor {
  const at = positions(dimsOf(x)[axis]!);
  const bound = (dim: Dim) => new ShapeValue([dim], []).tensor();
  const begun = op.greaterEqual(at, bound(from));
  const picked = to === null ? begun : op.logicalAnd(begun, op.less(at, bound(to)));
  return op.gather(x, op.nonZero(picked), { axis });
}

/** The piece of `x` from `begin` on; -1 in `size` means all that is left. Numbers in both may be open. */
export function piece(x: Tensor, begin: readonly Dim[], size: readonly Dim[]): Tensor {
  const whole = dimsOf(x);
  if (begin.length !== whole.length || size.length !== whole.length)
    throw new InvalidArgumentError(
      `begin has ${begin.length} numbers and size ${size.length}, its operand ${whole.length} axes`,
    );
  const plain = whole.map((_, axis) => begin[axis] === 0 && sameDim(size[axis]!, whole[axis]!));
  const known = whole.map(
    (_, axis) => plain[axis] || [begin[axis], size[axis]].every((dim) => typeof dim === "number"),
  );
  const settled = <T>(dims: readonly Dim[], otherwise: T) =>
    dims.map((dim, axis) => (known[axis] && typeof dim === "number" ? dim : otherwise));
  const first = settled(begin, 0);
  const counts = settled(size, -1);
  const cutOut = op.slice(x, first, counts);
  return known.reduce<Tensor>((y, settledAxis, axis) => {
    if (settledAxis) return y;
    const [from, count] = [begin[axis]!, size[axis]!];
    if (count === -1) return between(y, axis, from, null);
    const taken = from === 0 ? between(y, axis, 0, count) : between(between(y, axis, from, null), axis, 0, count);
    // A run refuses a piece that goes beyond the end.
    return shaped(taken, new ShapeValue(dimsOf(taken).with(axis, count)));
  }, cutOut);
}

/** `x` with so many elements of one value before and after it along each axis. */
export function padded(x: Tensor, paddings: readonly number[], value: Tensor): Tensor {
  if (paddings.length !== 2 * x.rank || paddings.some((count) => count < 0))
    throw new InvalidArgumentError(`paddings ${paddings.join(", ")} do not fit ${x.rank} axes`);
  return dimsOf(x).reduce<Tensor>((y, _, axis) => {
    const [before, after] = [paddings[2 * axis]!, paddings[2 * axis + 1]!];
    if (before + after === 0) return y;
    const filled = (count: number) =>
      count === 0 ? [] : [stretched(value, new ShapeValue(dimsOf(y).with(axis, count)))];
    return op.concat([...filled(before), y, ...filled(after)], axis);
  }, x);
}

/** The shape to which all broadcast. */
export function broadcastOf(shapes: readonly ShapeValue[]): ShapeValue {
  const rank = Math.max(...shapes.map(({ dims }) => dims.length));
  const dims = Array.from({ length: rank }, (_, i): Dim | null => {
    const along = shapes.flatMap(({ dims }) => dims[dims.length - rank + i] ?? []).filter((dim) => dim !== 1);
    const [first = 1, ...more] = [...along.filter((dim) => typeof dim === "number"), ...along];
    return typeof first === "number" || more.every((dim) => sameDim(dim, first)) ? first : null;
  });
  if (!dims.includes(null)) return new ShapeValue(dims as Dim[]);
  const [first, ...others] = shapes.map((shape) => op.zerosLike(shape.ruler()));
  return new ShapeValue(dimsOf(op.broadcastLike(op.cast(first!, "int32"), ...others)));
}
