import {
  checkShape,
  formatShape,
  normalizeAxes,
  normalizeAxis,
  reshaped,
  type Shape,
  sizeOf,
  type Tensor,
  ValueError,
  view,
} from "@gradtape/tensor";
import { applyOne, defineOp } from "../define.ts";
import { asTensor, type Operand } from "../operand.ts";
import type { OpDef } from "../record.ts";

const reshapeDef: OpDef<{ shape: Shape }> = {
  name: "reshape",
  infer: ([x], { shape }) => [{ shape, dtype: x!.dtype }],
  kernel: () => view(reshaped),
  gradient: [(g, { inputs: [x] }) => reshapeLike(g, x!)],
};

/**
 * The elements of `x` in row-major order under another shape of the same size. One extent may be -1: it follows from
 * the others. Throws a ValueError when the sizes differ.
 */
export const reshape = defineOp(reshapeDef, (x: Operand, shape: Shape): Tensor => {
  const source = asTensor("reshape", x);
  const target = resolveShape(source.shape, shape);
  if (target.length === source.rank && target.every((extent, axis) => extent === source.shape[axis])) return source;
  return applyOne(reshapeDef, [source], { shape: target });
});

/** `x` in the shape of `other`. */
export function reshapeLike(x: Tensor, other: { readonly shape: Shape }): Tensor {
  return reshape(x, other.shape);
}

function resolveShape(from: Shape, to: Shape): Shape {
  const open = Array.isArray(to) ? to.indexOf(-1) : -1;
  const known = checkShape("reshape", open < 0 ? to : to.map((extent, axis) => (axis === open ? 1 : extent)));
  const size = sizeOf(from);
  const rest = sizeOf(known);
  const missing = rest === 0 ? 0 : size / rest;
  if (open < 0 ? rest !== size : !Number.isInteger(missing) || missing * rest !== size) {
    throw new ValueError(
      `reshape: cannot give ${formatShape(from)} (${size} elements) the shape [${to.join(", ")}]` +
        `${open < 0 ? ` (${rest} elements)` : ""}; the sizes must agree`,
    );
  }
  return open < 0 ? [...known] : known.map((extent, axis) => (axis === open ? missing : extent));
}

/** `x` with a new axis of extent 1 at `axis` (negative: counted from the end of the result). */
export function expandDims(x: Operand, axis: number): Tensor {
  const source = asTensor("expandDims", x);
  const at = normalizeAxis("expandDims", axis, source.rank + 1);
  return reshape(source, source.shape.toSpliced(at, 0, 1));
}

/** `x` without its axes of extent 1, or without just those in `axis`. Throws a ValueError for an axis of another extent. */
export function squeeze(x: Operand, { axis = null }: { axis?: number | readonly number[] | null } = {}): Tensor {
  const source = asTensor("squeeze", x);
  const axes = normalizeAxes("squeeze", axis, source.rank);
  const wide = axes.find((a) => source.shape[a] !== 1);
  if (axis !== null && wide !== undefined) {
    throw new ValueError(
      `squeeze: axis ${wide} of shape ${formatShape(source.shape)} has extent ${source.shape[wide]}, only 1 can go`,
    );
  }
  return reshape(
    source,
    source.shape.filter((extent, a) => extent !== 1 || !axes.includes(a)),
  );
}
