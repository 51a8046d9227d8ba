import {
  anything,
  describe,
  type Extent,
  formatExtent,
  formatList,
  formatShape,
  integer,
  isStatic,
  list,
  normalizeAxes,
  normalizeAxis,
  nullable,
  optional,
  type PartialShape,
  reshaped,
  type Shape,
  sameShape,
  sizeOf,
  type Tensor,
  ValueError,
  view,
} from "@gradtape/tensor";
import { type AlongAxis, applyOne, defineOp } from "../define.ts";
import { anyAxes } from "../fold.ts";
import { axes, checkAxes, statedShape } from "../legal.ts";
import { asTensor, type Operand } from "../operand.ts";
import type { Input, OpDef } from "../record.ts";
import { entry } from "../registry.ts";
import { dtypeOf, numbersInput, placeInput, same, type Wire } from "../tensorflow.ts";

/** The shape asked for, in which one -1 is left open; `null` means the shape of the second input. */
type ReshapeAttributes = { readonly shape: readonly number[] | null };

const reshapeDef: OpDef<ReshapeAttributes> = entry({
  name: "reshape",
  arity: [1, 2],
  attributes: { shape: nullable(list(integer)) },
  infer(inputs, { shape }) {
    const [x] = inputs;
    if (shape !== null) checkWanted(shape);
    const target = statedShape("reshape", shape, inputs, 2);
    return [{ shape: shape === null ? checkSize(x!.shape, target) : resolveShape(x!.shape, shape), dtype: x!.dtype }];
  },
  kernel: () => view(reshaped),
  gradient: [(g, { inputs: [x] }) => reshapeLike(g, x!), null],
  tensorflow: [
    { op: "Reshape", takes: [0, numbersInput("shape")] },
    (nodes) => [nodes.node("Reshape", [nodes.input(0), nodes.shape(1)])],
  ],
});

/**
 * The elements of `x` in row-major order under another shape of the same size. One extent may be -1: it follows from
 * the others. Throws a ValueError when the sizes differ.
 */
export const reshape = defineOp(
  reshapeDef,
  { x: anything, shape: anything },
  {},
  (x: Operand, shape: Shape): Tensor => {
    const source = asTensor("reshape", x);
    const target = resolveShape(source.spec.shape, checkWanted(shape));
    return applyOne(reshapeDef, [source], { shape: isStatic(target) ? target : [...shape] });
  },
);

/** `x` in another shape of the same size; itself where it has that shape. */
export function reshapeTo(x: Tensor, shape: Shape): Tensor {
  const { shape: from } = x.spec;
  return sameShape(resolveShape(from, shape), from) ? x : reshape(x, shape);
}

/** `x` in the shape of `other`. */
export function reshapeLike(x: Tensor, other: Input): Tensor {
  const { shape } = other.spec;
  if (sameShape(x.spec.shape, shape)) return x;
  if (isStatic(shape)) return applyOne(reshapeDef, [x], { shape });
  return applyOne(reshapeDef, [x, other], { shape: null });
}

function checkWanted(shape: unknown): Shape {
  const legal =
    Array.isArray(shape) &&
    shape.every((extent) => Number.isInteger(extent) && extent >= -1) &&
    shape.filter((extent) => extent === -1).length <= 1;
  if (legal) return shape;
  const text = Array.isArray(shape) ? formatList(shape) : describe(shape);
  throw new ValueError(`reshape: ${text} is not a shape; use integers >= 0, and at most one -1`);
}

/** Throws a ValueError where both sizes are known and differ. */
function checkSize(from: PartialShape, to: PartialShape): PartialShape {
  if (isStatic(from) && isStatic(to)) resolveShape(from, to);
  return to;
}

/** The shape `to` with its open extent filled in, as far as `from` tells. */
function resolveShape(from: PartialShape, to: readonly number[]): PartialShape {
  const open = to.indexOf(-1);
  if (!isStatic(from)) {
    const unknown = from.filter((extent) => typeof extent !== "number");
    const [before, after] = [from, to].map((shape) =>
      sizeOf((shape as PartialShape).filter((extent): extent is number => typeof extent === "number" && extent >= 0)),
    );
    // The one open extent stays the same one when everything else does.
    const kept = unknown.length === 1 && before === after ? unknown[0]! : null;
    return to.map((extent): Extent => (extent === -1 ? kept : extent));
  }
  const size = sizeOf(from);
  const rest = sizeOf(to.filter((extent) => extent !== -1));
  const missing = rest === 0 ? 0 : size / rest;
  if (open < 0 ? rest !== size : !Number.isInteger(missing) || missing * rest !== size) {
    throw new ValueError(
      `reshape: cannot give ${formatShape(from)} (${size} elements) the shape [${to.join(", ")}]` +
        `${open < 0 ? ` (${rest} elements)` : ""}; ${sizeAdvice(size, to)}`,
    );
  }
  return to.map((extent) => (extent === -1 ? missing : extent));
}

function sizeAdvice(size: number, to: readonly number[]): string {
  const behind = sizeOf(to.slice(1));
  const batch = to.length > 1 && to[0] !== -1 && behind > 0 && size % behind === 0;
  return batch ? `is the first axis a batch? write [${[-1, ...to.slice(1)].join(", ")}]` : "the sizes must agree";
}

/* New axes of extent 1 and axes of extent 1 taken away are each other's adjoints. Axes count in the longer shape. */

type AxesAttributes = { readonly axes: readonly number[] };

const expandDimsDef: OpDef<AxesAttributes> = entry({
  name: "expandDims",
  arity: 1,
  attributes: { axes },
  infer([x], { axes }) {
    checkAxes("expandDims", axes, x!.shape.length + axes.length);
    return [{ shape: axes.reduce<PartialShape>((s, axis) => s.toSpliced(axis, 0, 1), x!.shape), dtype: x!.dtype }];
  },
  kernel: () => view(reshaped),
  gradient: [(g, { attributes: { axes } }) => squeezeAxes(g, axes)],
  tensorflow: [
    { op: "ExpandDims", takes: [0, placeInput("axes")] },
    (nodes, { attributes: { axes } }) => {
      const widened = (x: Wire, axis: number) => nodes.node("ExpandDims", [x, nodes.constant(axis)]);
      return [(axes as number[]).reduce(widened, nodes.input(0))];
    },
  ],
});

const squeezeDef: OpDef<AxesAttributes> = entry({
  name: "squeeze",
  arity: 1,
  attributes: { axes },
  infer([x], { axes }) {
    checkAxes("squeeze", axes, x!.shape.length);
    const wide = axes.find((axis) => typeof x!.shape[axis] === "number" && x!.shape[axis] !== 1);
    if (wide === undefined) return [{ shape: x!.shape.filter((_, axis) => !axes.includes(axis)), dtype: x!.dtype }];
    throw new ValueError(
      `squeeze: axis ${wide} of shape ${formatShape(x!.shape)} has extent ${formatExtent(x!.shape[wide]!)}, only 1 can go`,
    );
  },
  kernel: () => view(reshaped),
  gradient: [(g, { attributes: { axes } }) => expandAxes(g, axes)],
  tensorflow: { op: "Squeeze", attributes: { T: dtypeOf(0), squeeze_dims: same("axes", "axes") } },
});

/** `x` with new axes of extent 1 at `axes` of the result, sorted. */
export function expandAxes(x: Tensor, axes: readonly number[]): Tensor {
  return axes.length === 0 ? x : applyOne(expandDimsDef, [x], { axes });
}

function squeezeAxes(x: Tensor, axes: readonly number[]): Tensor {
  return axes.length === 0 ? x : applyOne(squeezeDef, [x], { axes });
}

/** `x` with a new axis of extent 1 at `axis` (negative: counted from the end of the result). */
export const expandDims = defineOp(
  expandDimsDef,
  { x: anything, axis: anything },
  {},
  (x: Operand, axis: number): Tensor => {
    const source = asTensor("expandDims", x);
    return expandAxes(source, [normalizeAxis("expandDims", axis, source.rank + 1)]);
  },
);

/** `x` without axes of extent 1. Throws a ValueError for an axis of another extent. */
export const squeeze = defineOp(squeezeDef, { x: anything, axis: optional(anyAxes) }, {}, ((
  x: Operand,
  axis: number | readonly number[] | null = null,
): Tensor => {
  const source = asTensor("squeeze", x);
  const all = axis === null || (Array.isArray(axis) && axis.length === 0);
  return applyOne(squeezeDef, [source], {
    axes: all ? unitAxes(source) : normalizeAxes("squeeze", axis, source.rank),
  });
}) as AlongAxis<Operand, Tensor, number | readonly number[] | null>);

/** The axes of extent 1. Throws a ValueError when only a run knows which these are. */
function unitAxes(x: Tensor): number[] {
  if (x.size === null) {
    throw new ValueError(
      `squeeze: only a run tells which axes of shape ${formatShape(x.shape)} have extent 1; name them: { axis }`,
    );
  }
  return x.shape.flatMap((extent, axis) => (extent === 1 ? [axis] : []));
}
