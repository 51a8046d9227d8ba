import { type Tensor, ValueError } from "@gradtape/tensor";
import { nameOf } from "./operand.ts";
import { add } from "./ops/arithmetic.ts";
import { addN } from "./ops/clip.ts";
import { concat } from "./ops/concat.ts";
import { IndexedSlices, sliceIndices, sliceValues } from "./ops/gather.ts";
import type { Cotangent } from "./record.ts";

/** How the terms of a gradient are added up. The sums differ in rounding only. */
export const AggregationMethod = {
  /** All terms in one op, in order. */
  ADD_N: 0,
  DEFAULT: 0,
  /** Pairwise, left to right. */
  EXPERIMENTAL_TREE: 1,
  /** The same as the tree. */
  EXPERIMENTAL_ACCUMULATE_N: 2,
} as const;
export type AggregationMethod = (typeof AggregationMethod)[keyof typeof AggregationMethod];

/**
 * The sum of cotangents. Slices are joined end to end, nothing merged; as soon as one term is dense the sum is.
 * Throws a ValueError for an unknown method.
 */
export function aggregate(terms: readonly Cotangent[], method: AggregationMethod | null = null): Cotangent {
  const [first, ...others] = terms as [Cotangent, ...Cotangent[]];
  if (others.length === 0) return first;
  if (terms.every((term) => term instanceof IndexedSlices)) {
    return new IndexedSlices(
      concat(terms.map(sliceValues), 0),
      concat(terms.map(sliceIndices), 0),
      (first as IndexedSlices).denseShape,
    );
  }
  const dense = terms.map((term) => (term instanceof IndexedSlices ? term.toTensor() : term));
  switch (method ?? AggregationMethod.DEFAULT) {
    case AggregationMethod.ADD_N:
      return addN(dense);
    case AggregationMethod.EXPERIMENTAL_TREE:
    case AggregationMethod.EXPERIMENTAL_ACCUMULATE_N:
      return addTree(dense);
    default:
      throw new ValueError(
        `aggregationMethod: ${nameOf(method)} is not a method; use AggregationMethod.ADD_N, EXPERIMENTAL_TREE or EXPERIMENTAL_ACCUMULATE_N`,
      );
  }
}

function addTree(terms: readonly Tensor[]): Tensor {
  let level = [...terms];
  while (level.length > 1) {
    level = level.flatMap((term, i) => (i % 2 === 1 ? [] : i + 1 < level.length ? [add(term, level[i + 1]!)] : [term]));
  }
  return level[0]!;
}
