import { broadcasted } from "../layout.ts";
import type { Shape } from "../shape.ts";
import { emptyTensor } from "../tensor.ts";
import type { Kernel } from "./kernel.ts";
import type { Place } from "./loops.ts";
import type { Matrix } from "./matrix.ts";
import { portableProduct } from "./portable-product.ts";
import { vectorProduct } from "./vector-product.ts";

/*
 * C = A B for matrices that lie in any strides. Each element of C is the sum over k in ascending order, every product
 * and every sum rounded to the dtype, whatever computes it: blocking and vectors never show in the bits.
 */

/** The product over the last two axes of two tensors; leading axes are repeated to those of the result. */
export function matrixProduct(): Kernel {
  return {
    form: { kind: "product" },
    run([a, b], [spec]) {
      const result = emptyTensor(spec!.dtype, spec!.shape as Shape);
      const [m, k] = a!.shape.slice(-2) as [number, number];
      const n = b!.shape[b!.rank - 1]!;
      if (m * n * k === 0) return [result];
      const multiply = vectorProduct(result.dtype, m, n, k) ?? portableProduct(result.dtype, m, n, k);
      const batch = result.shape.slice(0, -2);
      const [left, right] = [a!, b!].map(({ buffer, layout }) => ({
        buffer,
        layout: broadcasted(layout, [...batch, ...layout.shape.slice(-2)]),
      })) as [Place, Place];
      eachBatch(batch, (position) => {
        multiply(matrixAt(left, position), matrixAt(right, position), matrixAt(result, position));
      });
      return [result];
    },
  };
}

function matrixAt({ buffer, layout: { offset, strides } }: Place, batch: readonly number[]): Matrix {
  const at = batch.reduce((sum, position, axis) => sum + position * strides[axis]!, offset);
  return { buffer, offset: at, rowStride: strides[batch.length]!, columnStride: strides[batch.length + 1]! };
}

function eachBatch(shape: Shape, visit: (position: readonly number[]) => void, position: readonly number[] = []): void {
  if (position.length === shape.length) visit(position);
  else for (let i = 0; i < shape[position.length]!; i++) eachBatch(shape, visit, [...position, i]);
}
