import { elementBytes } from "@gradtape/tensor";
import { operationCount } from "./expression.ts";
import type { Kernel } from "./fuse.ts";
import { sizeOfShape, type Value } from "./values.ts";

/** Estimated arithmetic, and bytes read and written. */
export function costOf({ loops, product, reads, makes }: Kernel): { flops: number; bytes: number } {
  const traffic = (value: Value) => touched(value) * elementBytes(value.buffer.dtype);
  const bytes = [...reads, ...makes].reduce((sum, value) => sum + traffic(value), 0);
  const elementwise = loops === null ? 0 : operationCount(loops.expressions) * sizeOfShape(loops.shape);
  if (product === null) return { flops: elementwise, bytes };
  const k = product.a.layout.shape[1]!;
  return { flops: 2 * sizeOfShape(product.result.layout.shape) * k + elementwise, bytes };
}

/** How many elements a value has in memory, repeated ones counted once. */
function touched({ layout }: Value): number {
  return layout.shape.reduce((size, extent, axis) => size * (layout.strides[axis] === 0 ? 1 : extent), 1);
}
