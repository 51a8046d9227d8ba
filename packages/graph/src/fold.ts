import {
  anything,
  boolean,
  either,
  type Kernel,
  list,
  normalizeAxes,
  nullable,
  number,
  optional,
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
export interface Reduction {
  (x: Operand, axis: Axes | undefined, options?: Omit<ReduceOptions, "axis">): Tensor;
  (x: Operand, options?: ReduceOptions): Tensor;
  (x: Operand, axis?: Axes | ReduceOptions): Tensor;
}

/** Folds rows along `axes`. Without axes each element is its own fold, so a zero keeps its sign. */
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
  const call = (x: Operand, axis?: Axes, { keepDims = false }: ReduceOptions = {}): Tensor => {
    const source = asTensor(name, x);
    return applyOne(def, [source], { axes: normalizeAxes(name, axis, source.rank), keepDims });
  };
  return defineOp(def, { x: anything, axis: optional(anyAxes) }, reduceFields, call as Reduction);
}

/** Axes as users write them: one, several, or `null` for all. */
export const anyAxes = nullable(either(number, list(number)));

/** The options of a reduction besides its axis. */
export const reduceFields = { keepDims: boolean };
