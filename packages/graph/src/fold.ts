import {
  type Kernel,
  normalizeAxes,
  type PartialShape,
  type Program,
  program,
  reducedShape,
  rows,
  type Scalar,
  type Tensor,
  view,
} from "@gradtape/tensor";
import { applyOne, checkDomain, type Domain, defineOp, type Op, type OpOptions, programs } from "./define.ts";
import { axes, checkAxes, flag } from "./legal.ts";
import { asTensor, type Operand } from "./operand.ts";
import type { GradientRule, OpDef } from "./record.ts";
import { entry } from "./registry.ts";
import { axesInput, dtypeOf, same } from "./tensorflow.ts";

/** Which axes a reduction folds: one, several, or all of them (`null`). Negative axes count from the end. */
export type Axes = number | readonly number[] | null;

export interface ReduceOptions extends OpOptions {
  /** The axes to reduce; every axis when left out. */
  readonly axis?: Axes;
  /** Keep reduced axes as extents of 1. */
  readonly keepDims?: boolean;
}

/** Attributes of a reduction: sorted axes from the front. */
export type FoldAttributes = { readonly axes: readonly number[]; readonly keepDims: boolean };

/** A reduction as users call it: `sum(x)`, `sum(x, 0)`, `sum(x, { axis: [0, 1], keepDims: true })`. */
export type Reduction = (x: Operand, axis?: Axes | ReduceOptions, options?: ReduceOptions) => Tensor;

/** Folds rows along `axes`; a row of one element, where there are none, is its own fold: also a zero keeps its sign. */
export function foldOver(fold: Program, axes: readonly number[]): Kernel {
  return axes.length === 0 ? view((layout) => layout) : rows(fold, axes);
}

/** A reduction of which `meaning` folds the elements of a row into one. */
export function defineFold(
  name: string,
  meaning: (x: Scalar) => Scalar,
  gradient: GradientRule<FoldAttributes> | null,
  { domain = "numeric", tensorflow }: { readonly domain?: Domain; readonly tensorflow: string },
): Op<Reduction> {
  const programOf = programs((types) => program(types, meaning));
  const def: OpDef<FoldAttributes> = entry({
    name,
    arity: 1,
    attributes: { axes, keepDims: flag },
    infer([x], { axes, keepDims }) {
      checkDomain(name, x!.dtype, domain);
      checkAxes(name, axes, x!.shape.length);
      const shape: PartialShape = reducedShape(x!.shape, axes, keepDims);
      return [{ shape, dtype: programOf([x!.dtype]).outputs[0]!.type }];
    },
    kernel: ([x], { axes }) => foldOver(programOf([x!.dtype]), axes),
    gradient: [gradient],
    tensorflow: {
      op: tensorflow,
      takes: [0, axesInput("axes")],
      attributes: { ...(domain === "numeric" && { T: dtypeOf(0) }), keep_dims: same("bool", "keepDims") },
    },
  });
  return defineOp(def, (x: Operand, axis?: Axes | ReduceOptions, options?: ReduceOptions): Tensor => {
    const source = asTensor(name, x);
    return applyOne(def, [source], foldAttributes(name, source.rank, axis, options));
  });
}

/** Reads the arguments of a reduction over a tensor of `rank` axes. */
export function foldAttributes(
  op: string,
  rank: number,
  axis?: Axes | ReduceOptions,
  options: ReduceOptions = {},
): FoldAttributes {
  const named = typeof axis === "object" && axis !== null && !Array.isArray(axis) ? (axis as ReduceOptions) : options;
  const chosen = named === axis ? named.axis : ((axis ?? options.axis) as Axes | undefined);
  return { axes: normalizeAxes(op, chosen, rank), keepDims: named.keepDims ?? false };
}
