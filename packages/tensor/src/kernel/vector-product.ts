import type { DType } from "../dtype.ts";
import { RuntimeError } from "../errors.ts";
import { detectFeatures } from "../wasm/features.ts";
import { type Machine, machine } from "../wasm/machine.ts";
import { COLUMNS, ROWS, SCRATCH } from "../wasm/panels.ts";
import type { Matrix, Multiply } from "./matrix.ts";

/** Below this many multiplications the way through the machine's memory costs more than it saves. */
const WORTHWHILE = 2048;

/** Matrices of up to this many elements together are moved by plain loops: calls would cost more. */
const SMALL = 256;

/** Elements of the areas of a small product: for the edges, both operands packed, the result. */
const smallAreas = [SCRATCH / 4, ROWS * SMALL, COLUMNS * SMALL, SMALL];

/** Larger products are computed in blocks, so that the machine's memory (which never shrinks) stays below 32 MB. */
const BLOCK = { rows: 256, columns: 1024, depth: 2048 };

/** Columns that are packed and multiplied while they are in the cache. */
const STRIP = 128;

const BYTES = 4;

/**
 * Products by the machine's vectors, through its scratch memory; `null` where there are none or they would not pay. An
 * engine with multiply-add computes all of them: JavaScript has no such thing, and bits must not depend on sizes.
 */
export function vectorProduct(dtype: DType, m: number, n: number, k: number): Multiply | null {
  if (dtype !== "float32") return null;
  const { relaxed } = detectFeatures();
  if (!relaxed && m * n * k < WORTHWHILE) return null;
  const engine = machine();
  if (engine === null) return null;
  const small = m * k + k * n + m * n <= SMALL;
  if (engine.scratch(small ? smallAreas : areas(m, n, k)) === null) {
    if (relaxed) throw new RuntimeError(`matMul: [${m}, ${k}] by [${k}, ${n}] finds no memory for its blocks`);
    return null;
  }
  const run = small ? multiplySmall : multiply;
  return (a, b, c) => run(engine, m, n, k, a, b, c);
}

const roundUp = (count: number, to: number) => Math.ceil(count / to) * to;

/** Elements of the areas of a product: for the edges, both operands as they are, both packed, the result. */
function areas(m: number, n: number, k: number): number[] {
  const rows = Math.min(m, BLOCK.rows);
  const columns = Math.min(n, BLOCK.columns);
  const depth = Math.min(k, BLOCK.depth);
  return [
    SCRATCH / BYTES,
    rows * depth,
    depth * columns,
    roundUp(rows, ROWS) * depth,
    roundUp(columns, COLUMNS) * depth,
    rows * columns,
  ];
}

function multiply(engine: Machine, m: number, n: number, k: number, a: Matrix, b: Matrix, c: Matrix): void {
  const { library } = engine;
  const { floats, at } = engine.scratch(areas(m, n, k))!;
  const [edges, rawA, rawB, panelsA, panelsB, result] = at as [number, number, number, number, number, number];
  eachBlock(n, BLOCK.columns, (j, columns) => {
    eachBlock(m, BLOCK.rows, (i, rows) => {
      eachBlock(k, BLOCK.depth, (p, depth) => {
        const left = copyIn(floats, rawA, partOf(a, i, p), rows, depth);
        const along = left.columnStride * BYTES;
        library.packA(rawA * BYTES, left.rowStride * BYTES, along, rows, depth, panelsA * BYTES);
        // Later rows find the columns packed, unless other steps of k took their place.
        const right = i === 0 || k > BLOCK.depth ? copyIn(floats, rawB, partOf(b, p, j), depth, columns) : null;
        eachBlock(columns, STRIP, (from, width) => {
          const panels = (panelsB + from * depth) * BYTES;
          if (right !== null) {
            const across = right.columnStride * BYTES;
            library.packB(rawB * BYTES + from * across, across, right.rowStride * BYTES, width, depth, panels);
          }
          const run = p === 0 ? library.gemm : library.gemmOnto;
          const sums = (result + from) * BYTES;
          run(panelsA * BYTES, panels, sums, rows, width, depth, columns * BYTES, edges * BYTES);
        });
      });
      copyOut(floats, result, partOf(c, i, j), rows, columns);
    });
  });
}

/** The same in one block, for operands so small that a copy costs more than a loop. */
function multiplySmall(engine: Machine, m: number, n: number, k: number, a: Matrix, b: Matrix, c: Matrix): void {
  const { floats, at } = engine.scratch(smallAreas)!;
  const [edges, panelsA, panelsB, result] = at as [number, number, number, number];
  interleave(floats, panelsA, ROWS, a.buffer as Float32Array, a.offset, m, a.rowStride, k, a.columnStride);
  interleave(floats, panelsB, COLUMNS, b.buffer as Float32Array, b.offset, n, b.columnStride, k, b.rowStride);
  engine.library.gemm(panelsA * BYTES, panelsB * BYTES, result * BYTES, m, n, k, n * BYTES, edges * BYTES);
  const target = c.buffer as Float32Array;
  for (let i = 0, from = result, row = c.offset; i < m; i++, row += c.rowStride)
    for (let j = 0; j < n; j++) target[row + j] = floats[from++]!;
}

/** Packs `count` vectors of `length` elements in panels of `width`; missing vectors read as zero. */
function interleave(
  floats: Float32Array,
  to: number,
  width: number,
  buffer: Float32Array,
  from: number,
  count: number,
  across: number,
  length: number,
  along: number,
): void {
  for (let vector = 0; vector < count || vector % width !== 0; vector++) {
    const missing = vector >= count;
    let source = from + vector * across;
    let target = to + (vector - (vector % width)) * length + (vector % width);
    for (let i = 0; i < length; i++, source += along, target += width) floats[target] = missing ? 0 : buffer[source]!;
  }
}

function eachBlock(extent: number, block: number, visit: (from: number, count: number) => void): void {
  for (let from = 0; from < extent; from += block) visit(from, Math.min(block, extent - from));
}

function partOf(matrix: Matrix, row: number, column: number): Matrix {
  return { ...matrix, offset: matrix.offset + row * matrix.rowStride + column * matrix.columnStride };
}

/** Copies a matrix into the scratch memory, in as few pieces as its strides allow, and tells the strides it has there. */
function copyIn(floats: Float32Array, at: number, matrix: Matrix, rows: number, columns: number) {
  const { offset, rowStride, columnStride } = matrix;
  const buffer = matrix.buffer as Float32Array;
  const span = (rows - 1) * rowStride + (columns - 1) * columnStride + 1;
  if (rowStride >= 0 && columnStride >= 0 && span <= rows * columns) {
    floats.set(buffer.subarray(offset, offset + span), at);
    return { rowStride, columnStride };
  }
  if (rowStride === 1) {
    copyPieces(floats, at, rows, buffer, offset, columnStride, columns, rows);
    return { rowStride: 1, columnStride: rows };
  }
  if (columnStride === 1) copyPieces(floats, at, columns, buffer, offset, rowStride, rows, columns);
  else
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++)
        floats[at + i * columns + j] = buffer[offset + i * rowStride + j * columnStride]!;
  return { rowStride: columns, columnStride: 1 };
}

function copyOut(floats: Float32Array, at: number, matrix: Matrix, rows: number, columns: number): void {
  const { offset, rowStride } = matrix;
  const buffer = matrix.buffer as Float32Array;
  if (rowStride === columns) buffer.set(floats.subarray(at, at + rows * columns), offset);
  else copyPieces(buffer, offset, rowStride, floats, at, columns, rows, columns);
}

/** Copies `count` pieces of `length` elements, which lie `toStep` and `fromStep` apart. */
function copyPieces(
  target: Float32Array,
  to: number,
  toStep: number,
  source: Float32Array,
  from: number,
  fromStep: number,
  count: number,
  length: number,
): void {
  for (let i = 0; i < count; i++)
    target.set(source.subarray(from + i * fromStep, from + i * fromStep + length), to + i * toStep);
}
