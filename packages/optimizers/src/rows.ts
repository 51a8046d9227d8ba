import {
  type IndexedSlices,
  segmentSumLike,
  sliceIndices,
  sliceValues,
  unique,
  unsortedSegmentSum,
  type Variable,
} from "@gradtape/graph";
import { compatibleExtents, InvalidArgumentError, type Tensor } from "@gradtape/tensor";
import type { UpdateRule } from "./rule.ts";

/** What a sparse update takes of `slices`: values and indices, or one dense gradient for a rule that touches all rows. */
export function rowsToUpdate(slices: IndexedSlices, variable: Variable, rows: UpdateRule["sparseRows"]): Tensor[] {
  if (rows === "repeated") return [sliceValues(slices), sliceIndices(slices)];
  if (rows === "all") return [spreadRows(slices, variable)];
  const { values, indices } = mergeRows(slices);
  return [values, indices];
}

/** Slices with the rows of equal index added up, left to right, in order of first appearance. */
function mergeRows(slices: IndexedSlices): { values: Tensor; indices: Tensor } {
  const values = sliceValues(slices);
  const indices = sliceIndices(slices);
  // What does not fit is left as it is, for the update to say so.
  const fits = indices.rank === 1 && values.rank > 0 && compatibleExtents(values.shape[0]!, indices.shape[0]!);
  if (!fits) return { values, indices };
  const { values: distinct, positions } = unique(indices);
  return { values: segmentSumLike(values, positions, distinct), indices: distinct };
}

/** The rows in a tensor of the variable's shape, zeros elsewhere. Unlike when densifying, no index may be negative. */
function spreadRows(slices: IndexedSlices, variable: Variable): Tensor {
  if (variable.rank === 0) {
    throw new InvalidArgumentError(
      `${variable.name}: a variable must be at least 1 dimensional to have rows to update`,
    );
  }
  return unsortedSegmentSum(sliceValues(slices), sliceIndices(slices), variable.shape[0]!);
}
