import { allocate, type DType, type TypedData } from "../dtype.ts";
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
  const tile = tiles[dtype];
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

const float64Tile = printTile(
  (x) => x,
  (x, y) => `${x} * ${y}`,
);
const int32Tile = printTile(
  (x) => `(${x}) | 0`,
  (x, y) => `Math.imul(${x}, ${y})`,
);

const tiles: { readonly [D in DType]: Tile } = {
  float32: printTile(
    (x) => `Math.fround(${x})`,
    (x, y) => `Math.fround(${x} * ${y})`,
  ),
  float64: float64Tile,
  int32: int32Tile,
  bool: int32Tile,
};
