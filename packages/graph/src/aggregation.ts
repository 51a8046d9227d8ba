import { type Tensor, ValueError } from "@gradtape/tensor";
import { nameScope } from "./control.ts";
import { nameOf } from "./operand.ts";
import { addN } from "./ops/clip.ts";
import { concat } from "./ops/concat.ts";
import { densify, IndexedSlices, sliceIndices, sliceValues } from "./ops/gather.ts";
import type { Cotangent } from "./record.ts";

/** How the terms of a gradient are added up. The sums differ in rounding only. */
export const AggregationMethod = {
  /** All terms in one op, in order. */
  ADD_N: 0,
  DEFAULT: 0,
  /** Pairwise, left to right, in an op for each pair. */
  EXPERIMENTAL_TREE: 1,
  /** The same as the tree. */
  EXPERIMENTAL_ACCUMULATE_N: 2,
} as const;
export type AggregationMethod = (typeof AggregationMethod)[keyof typeof AggregationMethod];

/** How a graph names what `aggregate` builds. */
export interface AggregateOptions {
  /** The name scope of the sums of a tree; that being built in when left out. */
  readonly treeScope?: string;
}

/**
 * The sum of cotangents. Slices are joined end to end, nothing merged; as soon as one term is dense the sum is.
 * Throws a ValueError for an unknown method, be there something to add or not.
 */
export function aggregate(
  terms: readonly Cotangent[],
  method: AggregationMethod | null = null,
  { treeScope }: AggregateOptions = {},
): Cotangent {
  const inOneOp = addsInOneOp(method);
  const [first, ...others] = terms as [Cotangent, ...Cotangent[]];
  if (others.length === 0) return first;
  if (terms.every((term) => term instanceof IndexedSlices)) {
    return new IndexedSlices(
      concat(terms.map(sliceValues), 0),
      concat(terms.map(sliceIndices), 0),
      (first as IndexedSlices).denseShape,
    );
  }
  const dense = terms.map(densify);
  const sum = (tensors: readonly Tensor[]) => addN(tensors, { name: "AddN" });
  if (inOneOp) return sum(dense);
  const tree = () => dense.reduce((total, term) => sum([total, term]));
  return treeScope === undefined ? tree() : nameScope(treeScope, tree);
}

function addsInOneOp(method: AggregationMethod | null): boolean {
  switch (method ?? AggregationMethod.DEFAULT) {
    case AggregationMethod.ADD_N:
      return true;
    case AggregationMethod.EXPERIMENTAL_TREE:
    case AggregationMethod.EXPERIMENTAL_ACCUMULATE_N:
      return false;
    default:
      throw new ValueError(
        `gradients: aggregationMethod is ${nameOf(method)}, which is no method; use AggregationMethod.ADD_N, EXPERIMENTAL_TREE or EXPERIMENTAL_ACCUMULATE_N`,
      );
  }
}
