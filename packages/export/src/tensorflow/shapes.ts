import * as op from "@gradtape/graph";
import { State } from "@gradtape/graph";
import {
  broadcastAxes,
  InvalidArgumentError,
  isStatic,
  NotImplementedError,
  normalizeAxis,
  sameShape,
  type Tensor,
  tensor,
} from "@gradtape/tensor";
import { dtypeFrom } from "./decode.ts";
import type { NodeDef } from "./messages.ts";
import type { GraphReader, Value } from "./reader.ts";
import { ShapeValue } from "./shape-value.ts";

/* What TensorFlow does with shapes that are computed while a graph runs, in terms of tensors that have such shapes. */

/** The inputs and attributes of a node, as its translation asks for them. */
export class Given {
  readonly node: NodeDef;
  readonly inputs: readonly Value[];
  readonly reader: GraphReader;

  constructor(node: NodeDef, inputs: readonly Value[], reader: GraphReader) {
    this.node = node;
    this.inputs = inputs;
    this.reader = reader;
  }

  at(i: number): Value {
    const value = this.inputs[i];
    if (value === undefined)
      throw new InvalidArgumentError(`it has ${this.inputs.length} inputs, input ${i} is missing`);
    return value;
  }

  x(i: number): Tensor {
    return this.reader.tensor(this.at(i));
  }

  known(i: number): Tensor | null {
    const value = this.at(i);
    if (!(value instanceof ShapeValue)) return this.reader.known(value);
    return value.known === null ? null : tensor([...value.known], { shape: [value.known.length], dtype: "int32" });
  }

  /** Numbers that must be known before a run. */
  numbers(i: number): number[] {
    const known = this.known(i);
    if (known === null)
      throw new NotImplementedError(`input ${i} is computed while it runs; here it must be known before`);
    return [...known.data];
  }

  /** A shape: known, or that of tensors. */
  shape(i: number): ShapeValue {
    const value = this.at(i);
    return value instanceof ShapeValue ? value : new ShapeValue(this.numbers(i), []);
  }

  flag(name: string): boolean {
    const value = this.node.attr[name]?.value;
    return value?.case === "b" && value.value;
  }

  int(name: string, otherwise = 0): number {
    const value = this.node.attr[name]?.value;
    return value?.case === "i" ? Number(value.value) : otherwise;
  }

  float(name: string, otherwise: number): number {
    const value = this.node.attr[name]?.value;
    return value?.case === "f" ? value.value : otherwise;
  }

  dtype(name: string) {
    const value = this.node.attr[name]?.value;
    return dtypeFrom(this.node, value?.case === "type" ? value.value : 0, this.reader.types);
  }
}

export type Translation = (given: Given) => Value | readonly Value[];

/** `x` in a shape that may be known only by tensors that have it. */
export function shaped(x: Tensor, to: ShapeValue): Tensor {
  if (sameShape(x.spec.shape, to.shape)) return x;
  const [like] = to.likes;
  if (to.known === null && like !== undefined && sameShape(like.spec.shape, to.shape)) return op.reshapeLike(x, like);
  const open = to.shape.filter((extent) => typeof extent !== "number");
  if (open.length > 1) throw new NotImplementedError("more than one extent of its shape is known only to a run");
  return op.reshape(
    x,
    to.shape.map((extent) => (typeof extent === "number" ? extent : -1)),
  );
}

export function stretched(x: Tensor, to: ShapeValue): Tensor {
  if (to.known !== null) return op.broadcastTo(x, to.known);
  return sameShape(x.spec.shape, to.shape) ? x : op.broadcastLike(x, ...to.likes.filter((like) => like !== x));
}

export function tiled(x: Tensor, multiples: ShapeValue): Tensor {
  const { shape } = x.spec;
  if (shape.every((extent, axis) => extent === 1 || multiples.shape[axis] === 1)) {
    if (shape.every((extent) => extent === 1)) return stretched(x, multiples);
  }
  if (multiples.known === null) throw new NotImplementedError("how often it repeats is computed while it runs");
  return multiples.known.reduce<Tensor>((y, times, axis) => {
    if (times === 1) return y;
    if (!(times >= 1 && times <= 2 ** 16)) throw new NotImplementedError(`it repeats something ${times} times`);
    return op.concat(Array<Tensor>(times).fill(y), axis);
  }, x);
}

/** The axes over which a gradient is summed after a broadcast, as numbers or by what they bring `x` to. */
class SummedAxes extends ShapeValue {}

export function broadcastGradientAxes(given: Given): Value[] {
  const shapes = [given.shape(0), given.shape(1)];
  const whole = shapes[0]!.broadcast(shapes[1]!);
  return shapes.map((own) => {
    const settled = own.shape.every((extent, i) => {
      const other = whole.shape[whole.shape.length - own.shape.length + i];
      return typeof extent === "number" && (extent !== 1 || typeof other === "number") ? true : extent === other;
    });
    if (!settled) return new SummedAxes(own.shape, own.likes);
    return vector(broadcastAxes(own.shape, whole.shape));
  });
}

export function vector(numbers: readonly number[]): Tensor {
  return tensor(Int32Array.from(numbers), { shape: [numbers.length] });
}

/** Sums that only a run settles end in the shape that they are reshaped to anyway. */
export function sum(given: Given): Tensor {
  const x = given.x(0);
  const axes = given.at(1);
  if (axes instanceof SummedAxes) {
    const like = axes.likes[0] ?? stretched(op.cast(op.constant(0), x.dtype), axes);
    return op.sumLike(x, like);
  }
  return op.sum(x, { axis: given.numbers(1), keepDims: given.flag("keep_dims") });
}

export function stridedSlice(given: Given): Value {
  const source = given.at(0);
  const mask = (name: string) => given.int(`${name}_mask`);
  const [begin, end, strides] = [1, 2, 3].map((i) => given.numbers(i)) as [number[], number[], number[]];
  const shape = source instanceof ShapeValue ? [source.shape.length] : given.x(0).spec.shape;
  if (mask("ellipsis") !== 0 || mask("new_axis") !== 0)
    throw new NotImplementedError("it makes new axes or has an ellipsis");
  const first = [...shape].fill(0) as number[];
  const size = [...shape].fill(-1) as number[];
  const steps = [...shape].fill(1) as number[];
  const gone: number[] = [];
  for (const [axis, stride] of strides.entries()) {
    const extent = shape[axis];
    const bit = 1 << axis;
    if (stride < 1 || extent === undefined) throw new NotImplementedError(`it walks axis ${axis} by ${stride}`);
    const placed = (at: number) => {
      if (at >= 0) return typeof extent === "number" ? Math.min(at, extent) : at;
      if (typeof extent !== "number") throw new NotImplementedError("it counts from an end that only a run knows");
      return Math.max(at + extent, 0);
    };
    const from = mask("begin") & bit ? 0 : placed(begin[axis]!);
    first[axis] = from;
    if (mask("shrink_axis") & bit) {
      gone.push(axis);
      size[axis] = 1;
    } else if (!(mask("end") & bit)) size[axis] = Math.max(0, Math.ceil((placed(end[axis]!) - from) / stride));
    steps[axis] = gone.includes(axis) ? 1 : stride;
  }
  if (source instanceof ShapeValue) {
    const stop = size[0] === -1 ? source.shape.length : first[0]! + size[0]!;
    return new ShapeValue(source.shape.slice(first[0], stop), source.likes, gone.length > 0);
  }
  const piece = op.slice(given.x(0), first, size, { steps });
  return gone.length === 0 ? piece : op.squeeze(piece, { axis: gone });
}

/** Where a part of a concat begins, when only a run tells how long the parts before it are. */
class Offset extends ShapeValue {
  readonly axis: number;
  readonly part: number;

  constructor(parts: readonly Tensor[], axis: number, part: number) {
    super([], parts);
    this.axis = axis;
    this.part = part;
  }
}

/** Where the parts of a concat begin in it. */
export function concatOffsets(given: Given): Value[] {
  const shapes = given.inputs.slice(1).map((_, i) => given.shape(1 + i));
  const axis = normalizeAxis("ConcatOffset", given.numbers(0)[0]!, shapes[0]!.shape.length);
  return shapes.map((_, part) => {
    const before = shapes.slice(0, part).map(({ shape }) => shape[axis]!);
    if (isStatic(before)) {
      const begin = before.reduce((sum: number, extent) => sum + (extent as number), 0);
      return vector(shapes[0]!.shape.map((_, i) => (i === axis ? begin : 0)));
    }
    const parts = shapes.map((shape) => shape.likes[0] ?? stretched(op.constant(0), shape));
    return new Offset(parts, axis, part);
  });
}

/** A piece whose extents may be those of tensors. */
export function sliceOf(given: Given): Tensor {
  const [x, begin, size] = [given.x(0), given.at(1), given.shape(2)];
  if (begin instanceof Offset) return op.concatPart(x, begin.likes, begin.axis, begin.part);
  const first = given.numbers(1);
  const extents = size.shape.map((extent, axis) => {
    if (typeof extent === "number") return extent;
    if (first[axis] === 0 && extent !== null && extent === x.spec.shape[axis]) return -1;
    throw new NotImplementedError(`how much it takes along axis ${axis} is known only to a run`);
  });
  return op.slice(x, first, extents);
}

/** Extents side by side: numbers, and single extents of shapes. */
export function pack(given: Given): Value {
  const { inputs } = given;
  if (inputs.some((each) => each instanceof ShapeValue)) {
    const parts = inputs.map((_, i) => given.shape(i));
    return new ShapeValue(
      parts.flatMap((part) => part.shape),
      parts.flatMap((part) => part.likes),
    );
  }
  const terms = inputs.map((_, i) => given.x(i));
  return op.stack(terms, { axis: normalizeAxis("Pack", given.int("axis"), terms[0]!.rank + 1) });
}

export function shapeOf(value: Value): Value {
  if (value instanceof ShapeValue) return op.constant(vector([value.shape.length]));
  const { shape } = value instanceof State ? value : value.spec;
  return isStatic(shape) ? vector(shape) : ShapeValue.of(value as Tensor);
}
