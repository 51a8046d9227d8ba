import type { DType } from "../dtype.ts";
import { COLUMNS, ROWS } from "../wasm/gemm.ts";
import { type Machine, machine } from "../wasm/machine.ts";
import type { Matrix, Multiply } from "./matrix.ts";

/** Below this many multiplications the way through the machine's memory costs more than it saves. */
const WORTHWHILE = 2048;

const BYTES = 4;

/** Products by the machine's vectors, through its scratch memory; `null` where there are none or they would not pay. */
export function vectorProduct(dtype: DType, m: number, n: number, k: number): Multiply | null {
  if (dtype !== "float32" || m * n * k < WORTHWHILE) return null;
  const engine = machine();
  const panelA = Math.ceil(m / ROWS) * ROWS * k;
  const panelB = Math.ceil(n / COLUMNS) * COLUMNS * k;
  const sizes = [SPAN * m * k, SPAN * k * n, panelA, panelB, m * n];
  if (engine === null || engine.scratch(sizes) === null) return null;
  return (a, b, c) => multiply(engine, sizes, [m, n, k], a, b, c);
}

function multiply(
  engine: Machine,
  sizes: readonly number[],
  [m, n, k]: readonly [number, number, number],
  a: Matrix,
  b: Matrix,
  c: Matrix,
): void {
  const { library } = engine;
  const { floats, at } = engine.scratch(sizes)!;
  const [rawA, rawB, panelA, panelB, result] = at as [number, number, number, number, number];
  const left = copyIn(floats, rawA, a, m, k);
  library.packA(rawA * BYTES, left.rowStride * BYTES, left.columnStride * BYTES, m, k, panelA * BYTES);
  const right = copyIn(floats, rawB, b, k, n);
  library.packB(rawB * BYTES, right.columnStride * BYTES, right.rowStride * BYTES, n, k, panelB * BYTES);
  library.gemm(panelA * BYTES, panelB * BYTES, result * BYTES, m, n, k, n * BYTES);
  const target = c.buffer as Float32Array;
  if (c.rowStride === n) target.set(floats.subarray(result, result + m * n), c.offset);
  else
    for (let i = 0; i < m; i++)
      target.set(floats.subarray(result + i * n, result + (i + 1) * n), c.offset + i * c.rowStride);
}

/** A matrix that lies scattered over more than this many times its size is gathered element by element. */
const SPAN = 2;

/** Copies a matrix into the scratch memory, in one piece with the strides it has where that is short. */
function copyIn(floats: Float32Array, at: number, matrix: Matrix, rows: number, columns: number) {
  const { offset, rowStride, columnStride } = matrix;
  const buffer = matrix.buffer as Float32Array;
  const span = (rows - 1) * rowStride + (columns - 1) * columnStride + 1;
  if (rowStride >= 0 && columnStride >= 0 && span <= SPAN * rows * columns) {
    floats.set(buffer.subarray(offset, offset + span), at);
    return { rowStride, columnStride };
  }
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) floats[at + i * columns + j] = buffer[offset + i * rowStride + j * columnStride]!;
  }
  return { rowStride: columns, columnStride: 1 };
}
