import * as op from "@gradtape/graph";
import { State } from "@gradtape/graph";
import { normalizeAxis, type Tensor } from "@gradtape/tensor";
import type { Given } from "./given.ts";
import { piece, vector } from "./layout.ts";
import type { Value } from "./reader.ts";
import { dimsOf, Followed, followed, type ShapeValue, sameDim } from "./shape-value.ts";

/* Ops that ask for shapes, and those that gradients use to come back to a shape. */

export function shapeOf(value: Value): Value {
  if (value instanceof State) return vector(value.shape);
  return followed(dimsOf(value as Tensor), [(value as Tensor).rank]);
}

/** The axes over which a gradient is summed after a broadcast, when only a run knows them: those that lead to a shape. */
class SummedAxes extends Followed {
  readonly own: ShapeValue;

  constructor(own: ShapeValue) {
    super("axes of a sum");
    this.own = own;
  }
}

export function broadcastGradientAxes(given: Given): Value[] {
  const shapes = [given.shape(0), given.shape(1)] as const;
  return shapes.map((own, i) => {
    const other = shapes[1 - i]!;
    const offset = other.dims.length - own.dims.length;
    const axes: number[] = [];
    for (let axis = -Math.max(offset, 0); axis < own.dims.length; axis++) {
      const mine = axis < 0 ? 1 : own.dims[axis]!;
      const theirs = other.dims[axis + offset] ?? 1;
      const settled = typeof mine === "number" || theirs === 1 || sameDim(mine, theirs);
      if (!settled) return new SummedAxes(own);
      // A sum over an axis of extent 1 changes nothing, so extents that only a run knows may turn out to be 1.
      if (mine === 1 && theirs !== 1) axes.push(axis + Math.max(offset, 0));
    }
    return vector(axes);
  });
}

/** Sums that only a run settles end in the shape that they are reshaped to anyway. */
export function sum(given: Given): Tensor {
  const axes = given.at(1);
  if (axes instanceof SummedAxes) return op.sumLike(given.x(0), axes.own.ruler());
  return op.sum(given.x(0), { axis: given.numbers(1), keepDims: given.flag("keep_dims") });
}

/** The beginning of a part of a concat, when only a run knows the length of the parts before it. */
class Offset extends Followed {
  readonly parts: readonly ShapeValue[];
  readonly axis: number;
  readonly part: number;

  constructor(parts: readonly ShapeValue[], axis: number, part: number) {
    super("the beginning of a part of a concat");
    this.parts = parts;
    this.axis = axis;
    this.part = part;
  }
}

/** The beginnings of the parts of a concat. */
export function concatOffsets(given: Given): Value[] {
  const shapes = given.inputs.slice(1).map((_, i) => given.shape(1 + i));
  const axis = normalizeAxis("ConcatOffset", given.number(0), shapes[0]!.dims.length);
  return shapes.map((_, part) => {
    const before = shapes.slice(0, part).map(({ dims }) => dims[axis]!);
    if (before.some((dim) => typeof dim !== "number")) return new Offset(shapes, axis, part);
    const begin = (before as number[]).reduce((total, extent) => total + extent, 0);
    return vector(shapes[0]!.dims.map((_, i) => (i === axis ? begin : 0)));
  });
}

/** A piece whose extents may be those of tensors. */
export function sliceOf(given: Given): Tensor {
  const begin = given.at(1);
  if (!(begin instanceof Offset)) return piece(given.x(0), given.shape(1).dims, given.shape(2).dims);
  return op.concatPart(
    given.x(0),
    begin.parts.map((part) => part.ruler()),
    begin.axis,
    begin.part,
  );
}
