import type { TypedData } from "../dtype.ts";

/** A matrix in memory: element `[i, j]` at `offset + i * rowStride + j * columnStride`. */
export interface Matrix {
  readonly buffer: TypedData;
  readonly offset: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

/** c = a b, for matrices of sizes known beforehand; the columns of `c` are contiguous. */
export type Multiply = (a: Matrix, b: Matrix, c: Matrix) => void;
