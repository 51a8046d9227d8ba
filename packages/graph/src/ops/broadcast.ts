import {
  broadcastAxes,
  broadcasted,
  broadcastShapes,
  checkShape,
  formatShape,
  scalar as k,
  reducedShape,
  type Shape,
  sameShape,
  type Tensor,
  ValueError,
  view,
} from "@gradtape/tensor";
import { applyOne, defineOp } from "../define.ts";
import { defineFold } from "../fold.ts";
import { asTensor, asTensors, type Operand } from "../operand.ts";
import type { OpDef } from "../record.ts";
import { reshape, reshapeLike } from "./reshape.ts";

/* Repeating and adding up are each other's adjoints: the gradient of one is the other. */

const broadcastToDef: OpDef<{ shape: Shape }> = {
  name: "broadcastTo",
  infer: ([x], { shape }) => [{ shape, dtype: x!.dtype }],
  kernel: () => view(broadcasted),
  gradient: [(g, { inputs: [x] }) => reshapeLike(sum(g, broadcastAxes(x!.shape, g.shape)), x!)],
};

/** `x` repeated to `shape` by the rules of broadcasting. Nothing is copied. Throws a ValueError when it cannot stretch so. */
export const broadcastTo = defineOp(broadcastToDef, (x: Operand, shape: Shape): Tensor => {
  const source = asTensor("broadcastTo", x);
  if (sameShape(source.shape, checkShape("broadcastTo", shape))) return source;
  if (!sameShape(broadcastShapes("broadcastTo", [source.shape, shape]), shape)) {
    throw new ValueError(
      `broadcastTo: ${formatShape(source.shape)} does not stretch to ${formatShape(shape)}; only extents of 1 repeat`,
    );
  }
  return applyOne(broadcastToDef, [source], { shape: [...shape] });
});

/** The sum over `axis`. The elements of a row are added in order. */
export const sum = defineFold(
  "sum",
  (x) => k.fold("add", x),
  (g, { inputs: [x], attributes: { axes } }) => spread(g, x as Tensor, axes),
);

/** The values `y` of a reduction of `x` over `axes`, repeated over the elements they came from. */
export function spread(y: Tensor, x: Tensor, axes: readonly number[]): Tensor {
  return broadcastTo(reshape(y, reducedShape(x.shape, axes, true) as Shape), x.shape);
}

/** The operands of `op` as tensors of one dtype and one shape. */
export function broadcastTogether(op: string, operands: readonly unknown[]): Tensor[] {
  return stretch(op, asTensors(op, operands));
}

/** Tensors, of whatever dtypes, repeated to their common shape. */
export function stretch(op: string, tensors: readonly Tensor[]): Tensor[] {
  const shape = broadcastShapes(
    op,
    tensors.map((tensor) => tensor.shape),
  ) as Shape;
  return tensors.map((tensor) => broadcastTo(tensor, shape));
}
