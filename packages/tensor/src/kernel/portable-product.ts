import type { DType, TypedData } from "../dtype.ts";
import { allocate } from "../memory.ts";
import { mayEval } from "./eval.ts";
import type { Matrix, Multiply } from "./matrix.ts";

/* Matrix products in plain JavaScript: for every dtype, and where WebAssembly has no vectors. */

/** Both operands are packed into panels this wide, so that the tile reads memory in one direction only. */
const TILE = 4;

type Tile = (
  k: number,
  a: TypedData,
  b: TypedData,
  bAt: number,
  c: TypedData,
  cAt: number,
  stride: number,
  rows: number,
  columns: number,
) => void;

/** Products of `m` x `k` and `k` x `n` matrices of `dtype`. */
export function portableProduct(dtype: DType, m: number, n: number, k: number): Multiply {
  const panelA = allocate(dtype, TILE * k);
  const panelsB = allocate(dtype, Math.ceil(n / TILE) * TILE * k);
  const tile = tileOf(dtype);
  return (a, b, c) => {
    for (let j = 0; j < n; j += TILE) {
      pack(panelsB, j * k, b, b.offset + j * b.columnStride, k, b.rowStride, Math.min(TILE, n - j), b.columnStride);
    }
    for (let i = 0; i < m; i += TILE) {
      const rows = Math.min(TILE, m - i);
      pack(panelA, 0, a, a.offset + i * a.rowStride, k, a.columnStride, rows, a.rowStride);
      for (let j = 0; j < n; j += TILE) {
        const at = c.offset + i * c.rowStride + j;
        tile(k, panelA, panelsB, j * k, c.buffer, at, c.rowStride, rows, Math.min(TILE, n - j));
      }
    }
  };
}

/** Writes `count` vectors of `length` elements into a panel, interleaved; missing vectors read as zero. */
function pack(
  panel: TypedData,
  at: number,
  { buffer }: Matrix,
  from: number,
  length: number,
  step: number,
  count: number,
  across: number,
): void {
  for (let lane = 0; lane < TILE; lane++) {
    const first = from + lane * across;
    if (lane >= count) for (let i = 0; i < length; i++) panel[at + i * TILE + lane] = 0;
    else for (let i = 0; i < length; i++) panel[at + i * TILE + lane] = buffer[first + i * step]!;
  }
}

/** Prints the tile: sixteen sums in local variables over one pass through both panels. */
function printTile(round: (x: string) => string, times: (x: string, y: string) => string): Tile {
  const lanes = Array.from({ length: TILE }, (_, i) => i);
  const cells = lanes.flatMap((i) => lanes.map((j) => [i, j] as const));
  const body = [
    `let ${cells.map(([i, j]) => `c${i}${j} = 0`).join(", ")};`,
    `for (let p = 0, end = k * ${TILE}; p < end; p += ${TILE}, bAt += ${TILE}) {`,
    ...lanes.map((i) => `const a${i} = a[p + ${i}], b${i} = b[bAt + ${i}];`),
    ...cells.map(([i, j]) => `c${i}${j} = ${round(`c${i}${j} + ${times(`a${i}`, `b${j}`)}`)};`),
    "}",
    ...lanes.flatMap((i) => [
      `if (rows > ${i}) {`,
      ...lanes.map((j) => `if (columns > ${j}) c[cAt + ${j}] = c${i}${j};`),
      "}",
      "cAt += stride;",
    ]),
  ];
  return new Function("k", "a", "b", "bAt", "c", "cAt", "stride", "rows", "columns", body.join("\n")) as Tile;
}

/** The same element by element, for pages that do not let text become code. */
function plainTile(accumulate: (sum: number, x: number, y: number) => number): Tile {
  return (k, a, b, bAt, c, cAt, stride, rows, columns) => {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        let sum = 0;
        for (let p = 0; p < k * TILE; p += TILE) sum = accumulate(sum, a[p + i]!, b[bAt + p + j]!);
        c[cAt + i * stride + j] = sum;
      }
    }
  };
}

function makeTile(dtype: DType): Tile {
  const single = dtype === "float32";
  if (!mayEval()) {
    if (single) return plainTile((sum, x, y) => Math.fround(sum + Math.fround(x * y)));
    return plainTile(dtype === "float64" ? (sum, x, y) => sum + x * y : (sum, x, y) => (sum + Math.imul(x, y)) | 0);
  }
  if (single || dtype === "float64") {
    const round = (x: string) => (single ? `Math.fround(${x})` : x);
    return printTile(round, (x, y) => round(`${x} * ${y}`));
  }
  return printTile(
    (x) => `(${x}) | 0`,
    (x, y) => `Math.imul(${x}, ${y})`,
  );
}

const tiles = new Map<DType, Tile>();

/** The tile of a dtype, made when first needed. */
function tileOf(dtype: DType): Tile {
  const tile = tiles.get(dtype) ?? makeTile(dtype);
  tiles.set(dtype, tile);
  return tile;
}
