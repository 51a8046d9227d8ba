import { formatShape, InvalidArgumentError, type Tensor } from "@gradtape/tensor";
import type { Message } from "./schema.ts";

// TensorFlow's default buckets: from 1e-12 every limit is 1.1 times the one before, up to 1e20; the same below zero.
const growing: number[] = [];
for (let limit = 1e-12; limit < 1e20; limit *= 1.1) growing.push(limit);
growing.push(Number.MAX_VALUE);
const limits = Float64Array.from([...growing.map((limit) => -limit).reverse(), 0, ...growing]);

/** The first bucket whose limit is above `value`; the last one where none is. */
function bucketOf(value: number): number {
  let low = 0;
  let high = limits.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (limits[middle]! > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * Counts the elements of a tensor in TensorFlow's default buckets. Throws an InvalidArgumentError when one is not
 * finite, as TensorFlow does: it has no bucket, and the sums would be lost.
 */
export function histogramOf(tag: string, { data, shape }: Pick<Tensor, "data" | "shape">): Message<"Histogram"> {
  const counts = new Float64Array(limits.length);
  let min = Number.MAX_VALUE;
  let max = -Number.MAX_VALUE;
  let sum = 0;
  let sumSquares = 0;
  for (const value of data) {
    if (!Number.isFinite(value)) throw notFinite(tag, data, shape);
    counts[bucketOf(value)]!++;
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
    sumSquares += value * value;
  }
  return { min, max, num: data.length, sum, sumSquares, ...joinEmpty(counts) };
}

/** The buckets, each run of empty ones as one. */
function joinEmpty(counts: Float64Array): { readonly bucket: number[]; readonly bucketLimit: number[] } {
  const bucket: number[] = [];
  const bucketLimit: number[] = [];
  for (const [i, count] of counts.entries()) {
    if (count === 0 && bucket.at(-1) === 0) bucketLimit.pop();
    else bucket.push(count);
    bucketLimit.push(limits[i]!);
  }
  return { bucket, bucketLimit };
}

function notFinite(tag: string, data: Tensor["data"], shape: Tensor["shape"]): InvalidArgumentError {
  let count = 0;
  let first: number | undefined;
  for (const [i, value] of data.entries()) {
    if (Number.isFinite(value)) continue;
    count++;
    first ??= i;
  }
  return new InvalidArgumentError(
    `histogram: ${JSON.stringify(tag)} of shape ${formatShape(shape)} has ${count} of ${data.length} elements that ` +
      `are not finite, the first is ${data[first!]}, element ${first}; find the op they come from with checkNumerics`,
  );
}
