import {
  anything,
  formatShape,
  list,
  nullable,
  number,
  optional,
  permuted,
  type Tensor,
  ValueError,
  view,
} from "@gradtape/tensor";
import { applyOne, defineOp } from "../define.ts";
import { axes } from "../legal.ts";
import { asTensor, type Operand } from "../operand.ts";
import type { OpDef } from "../record.ts";
import { entry } from "../registry.ts";
import { numbersInput } from "../tensorflow.ts";

const transposeDef: OpDef<{ perm: readonly number[] }> = entry({
  name: "transpose",
  arity: 1,
  attributes: { perm: axes },
  infer([x], { perm }) {
    const { shape, dtype } = x!;
    const sorted = [...perm].sort((a, b) => a - b);
    if (sorted.length === shape.length && sorted.every((axis, i) => axis === i)) {
      return [{ shape: perm.map((axis) => shape[axis]!), dtype }];
    }
    throw new ValueError(
      `transpose: perm [${perm.join(", ")}] does not fit shape ${formatShape(shape)}; ` +
        `name each axis from 0 to ${shape.length - 1} once`,
    );
  },
  kernel: (_, { perm }) => view((layout) => permuted(layout, perm)),
  gradient: [(g, { attributes: { perm } }) => transpose(g, inverse(perm))],
  tensorflow: { op: "Transpose", takes: [0, numbersInput("perm")] },
});

/** The axes of `x` in the order of `perm`; reversed when `perm` is left out. Nothing is copied. */
export const transpose = defineOp(
  transposeDef,
  { x: anything, perm: optional(nullable(list(number))) },
  {},
  (x: Operand, perm?: readonly number[] | null): Tensor => {
    const source = asTensor("transpose", x);
    const order = perm ?? source.shape.map((_, axis) => source.rank - 1 - axis);
    return applyOne(transposeDef, [source], { perm: [...order] });
  },
);

function inverse(perm: readonly number[]): number[] {
  return perm.map((_, axis) => perm.indexOf(axis));
}

/** `x` with its last two axes exchanged. */
export function swapLastAxes(x: Tensor): Tensor {
  const perm = x.shape.map((_, axis) => axis);
  return transpose(x, [...perm.slice(0, -2), x.rank - 1, x.rank - 2]);
}
