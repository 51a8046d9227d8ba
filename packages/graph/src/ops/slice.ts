import { assemble, checkShape, formatShape, type Shape, sliced, type Tensor, ValueError, view } from "@gradtape/tensor";
import { applyOne, defineOp } from "../define.ts";
import { asTensor, type Operand } from "../operand.ts";
import type { OpDef } from "../record.ts";

/* Cutting a piece out and laying a piece into zeros are each other's adjoints. */

type Region = { readonly begin: Shape; readonly shape: Shape; readonly steps: readonly number[] };

const sliceDef: OpDef<Region> = {
  name: "slice",
  infer: ([x], { shape }) => [{ shape, dtype: x!.dtype }],
  kernel: (_, { begin, shape, steps }) => view((layout) => sliced(layout, begin, shape, steps)),
  gradient: [
    (g, { inputs: [x], attributes: { begin, steps } }) => applyOne(embedDef, [g], { begin, steps, shape: x!.shape }),
  ],
};

const embedDef: OpDef<Region> = {
  name: "embed",
  infer: ([x], { shape }) => [{ shape, dtype: x!.dtype }],
  kernel: ([x], { begin, steps }) => assemble((layout) => sliced(layout, begin, x!.shape as Shape, steps)),
  gradient: [
    (g, { inputs: [x], attributes: { begin, steps } }) => applyOne(sliceDef, [g], { begin, steps, shape: x!.shape }),
  ],
};

export interface SliceOptions {
  /** Take every n-th element along each axis; 1 when left out. */
  readonly steps?: readonly number[];
}

/**
 * The piece of `x` that starts at `begin` and has shape `size`; -1 in `size` means all that is left. Nothing is copied.
 * Throws a ValueError for a piece that reaches outside of `x`.
 */
export const slice = defineOp(
  sliceDef,
  (x: Operand, begin: Shape, size: readonly number[], { steps }: SliceOptions = {}): Tensor => {
    const source = asTensor("slice", x);
    const stride = steps ?? source.shape.map(() => 1);
    if ([begin.length, size.length, stride.length].some((length) => length !== source.rank)) {
      throw new ValueError(
        `slice: begin [${begin.join(", ")}] and size [${size.join(", ")}] need one entry for each axis of ${formatShape(source.shape)}`,
      );
    }
    const shape = size.map((extent, axis) =>
      extent === -1 ? Math.ceil((source.shape[axis]! - begin[axis]!) / stride[axis]!) : extent,
    );
    checkRegion("slice", { begin, shape, steps: stride }, source.shape);
    return applyOne(sliceDef, [source], { begin: [...begin], shape, steps: [...stride] });
  },
);

/** Zeros of `shape` with `x` laid in from `begin` on, its elements `steps` apart (1 when left out). */
export const embed = defineOp(
  embedDef,
  (x: Operand, shape: Shape, begin: Shape, { steps }: SliceOptions = {}): Tensor => {
    const source = asTensor("embed", x);
    const stride = steps ?? source.shape.map(() => 1);
    checkShape("embed", shape);
    checkRegion("embed", { begin, shape: source.shape, steps: stride }, shape);
    return applyOne(embedDef, [source], { begin: [...begin], shape: [...shape], steps: [...stride] });
  },
);

/** `x` with zeros around it: `paddings[axis]` is `[before, after]`. */
export function pad(x: Operand, paddings: readonly (readonly [number, number])[]): Tensor {
  const source = asTensor("pad", x);
  if (paddings.length !== source.rank || paddings.some((pair) => pair.length !== 2 || Math.min(...pair) < 0)) {
    throw new ValueError(
      `pad: paddings ${JSON.stringify(paddings)} do not fit shape ${formatShape(source.shape)}; ` +
        "give [before, after], both >= 0, for each axis",
    );
  }
  return embed(
    source,
    source.shape.map((extent, axis) => paddings[axis]![0] + extent + paddings[axis]![1]),
    paddings.map(([before]) => before),
  );
}

function checkRegion(op: string, { begin, shape, steps }: Region, whole: Shape): void {
  const outside = whole.findIndex((extent, axis) => {
    const first = begin[axis]!;
    const count = shape[axis]!;
    const step = steps[axis]!;
    if (![first, count, step].every(Number.isInteger) || first < 0 || count < 0 || step < 1) return true;
    return count === 0 ? first > extent : first + (count - 1) * step >= extent;
  });
  if (begin.length === whole.length && shape.length === whole.length && outside < 0) return;
  throw new ValueError(
    `${op}: the piece does not lie within the whole${outside < 0 ? "" : ` on axis ${outside}`};\n` +
      `  whole ${formatShape(whole)}\n  begin [${begin.join(", ")}]\n  size  [${shape.join(", ")}]`,
  );
}
