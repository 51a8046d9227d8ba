import {
  f32x4,
  i32,
  ifElse,
  type Local,
  load,
  op,
  type Statement,
  select,
  store,
  type Value,
  type WasmFunction,
  type WasmModule,
  whileDo,
} from "./assembler.ts";
import { addPack } from "./pack.ts";
import { COLUMNS, ROWS } from "./panels.ts";

/*
 * The product of two float32 matrices, both packed into panels, so that the tile runs through memory in one direction; a
 * tile of 4 x 8 sums lives in eight vectors. Every sum goes over k in ascending order and starts from zero; between two
 * blocks of k it waits in C. Blocks, edges and ranges of rows therefore never show in the bits.
 */

const FLOAT = 4;
// A block of one panel of B stays in the first cache, a block of A in the second.
const DEPTH = 512;
const BLOCK = 128;

type Nine = [Local, Local, Local, Local, Local, Local, Local, Local, Local];

const lanes = Array.from({ length: ROWS }, (_, i) => i);
const halves = [0, 16];

const plus = (a: Value, b: Value) => op("i32.add", a, b);
const times = (a: Value, by: number) => op("i32.mul", a, i32(by));
const atMost = (a: Local, limit: number) => select(op("i32.lt_s", a.get(), i32(limit)), a.get(), i32(limit));
const advance = (local: Local, by: Value) => local.set(plus(local.get(), by));
const positive = (local: Local) => op("i32.gt_s", local.get(), i32(0));

/** How the module multiplies. */
export interface GemmOptions {
  /** Product and sum in one rounding (the engine must have it), else each rounded. */
  readonly relaxed: boolean;
  /** Steps of k in a block. */
  readonly depth?: number;
  /** Rows in a block, a multiple of `ROWS`. */
  readonly block?: number;
}

/** Adds `packA`, `packB`, `gemm` and `gemmOnto` to a module; see `Library`. */
export function addGemm(module: WasmModule, { relaxed, depth = DEPTH, block = BLOCK }: GemmOptions): void {
  addPack(module, "packA", ROWS);
  addPack(module, "packB", COLUMNS);
  const tile = addTile(module, relaxed);
  const blocks = addBlocks(module, tile, addEdge(module, tile), depth, block);
  for (const [name, onto] of [
    ["gemm", 0],
    ["gemmOnto", 1],
  ] as const) {
    const made = module.function(Array<"i32">(8).fill("i32"), null, name);
    made.define([blocks.call(...made.params.map((each) => each.get()), i32(onto)) as Statement]);
  }
}

/** `tile(a, b, c, k, stride, onto)`: adds k products to each of 4 x 8 sums, which begin as zeros or as they are in C. */
function addTile(module: WasmModule, relaxed: boolean): WasmFunction {
  const tile = module.function(["i32", "i32", "i32", "i32", "i32", "i32"], null);
  const [a, b, c, k, stride, onto] = tile.params as [Local, Local, Local, Local, Local, Local];
  const sums = lanes.map(() => halves.map(() => tile.local("v128")));
  const [b0, b1, splat] = [tile.local("v128"), tile.local("v128"), tile.local("v128")];
  const rowAt = (i: number) => (i === 0 ? c.get() : plus(c.get(), times(stride.get(), i)));
  const each = (visit: (sum: Local, row: number, offset: number) => Statement) =>
    sums.flatMap((row, i) => row.map((sum, half) => visit(sum, i, halves[half]!)));
  const accumulate = (sum: Local, x: Value, y: Value) =>
    relaxed ? op("f32x4.relaxed_madd", x, y, sum.get()) : op("f32x4.add", sum.get(), op("f32x4.mul", x, y));
  tile.define([
    ifElse(
      onto.get(),
      each((sum, i, offset) => sum.set(load("v128.load", rowAt(i), offset))),
      each((sum) => sum.set(f32x4(0))),
    ),
    whileDo(k.get(), [
      b0.set(load("v128.load", b.get())),
      b1.set(load("v128.load", b.get(), 16)),
      ...lanes.flatMap((i) => [
        splat.set(load("v128.load32_splat", a.get(), i * FLOAT)),
        ...sums[i]!.map((sum, half) => sum.set(accumulate(sum, splat.get(), (half === 0 ? b0 : b1).get()))),
      ]),
      advance(a, i32(ROWS * FLOAT)),
      advance(b, i32(COLUMNS * FLOAT)),
      k.set(op("i32.sub", k.get(), i32(1))),
    ]),
    ...each((sum, i, offset) => store("v128.store", rowAt(i), sum.get(), offset)),
  ]);
  return tile;
}

/** `edge(a, b, c, k, stride, onto, rows, columns, scratch)`: a tile of which only `rows` x `columns` lie in C. */
function addEdge(module: WasmModule, tile: WasmFunction): WasmFunction {
  const edge = module.function(Array<"i32">(9).fill("i32"), null);
  const [a, b, c, k, stride, onto, rows, columns, scratch] = edge.params as Nine;
  const [row, at, from, to] = [edge.local("i32"), edge.local("i32"), edge.local("i32"), edge.local("i32")];
  const width = COLUMNS * FLOAT;
  const copy = (source: Local, sourceStep: Value, target: Local, targetStep: Value): Statement[] => [
    from.set(source.get()),
    to.set(target.get()),
    row.set(rows.get()),
    whileDo(positive(row), [
      at.set(i32(0)),
      whileDo(op("i32.lt_s", at.get(), columns.get()), [
        store("f32.store", plus(to.get(), at.get()), load("f32.load", plus(from.get(), at.get()))),
        advance(at, i32(FLOAT)),
      ]),
      advance(from, sourceStep),
      advance(to, targetStep),
      advance(row, i32(-1)),
    ]),
  ];
  edge.define([
    rows.set(atMost(rows, ROWS)),
    columns.set(times(atMost(columns, COLUMNS), FLOAT)),
    ifElse(onto.get(), copy(c, stride.get(), scratch, i32(width))),
    tile.call(a.get(), b.get(), scratch.get(), k.get(), i32(width), onto.get()) as Statement,
    ...copy(scratch, i32(width), c, stride.get()),
  ]);
  return edge;
}

/** `blocks(a, b, c, m, n, k, stride, scratch, onto)`: blocks of k, of rows therein, and all tiles of each. */
function addBlocks(
  module: WasmModule,
  tile: WasmFunction,
  edge: WasmFunction,
  depth: number,
  block: number,
): WasmFunction {
  const blocks = module.function(Array<"i32">(9).fill("i32"), null);
  const [a, b, c, m, n, k, stride, scratch, onto] = blocks.params as Nine;
  const local = () => blocks.local("i32");
  const [rest, steps] = [local(), local()];
  const [rowsLeft, blockA, blockC] = [local(), local(), local()];
  const [columns, panelB, stripC] = [local(), local(), local()];
  const [rows, panelA, at] = [local(), local(), local()];
  const places = [panelA, panelB, at, steps, stride, onto].map((each) => () => each.get());
  const operands = () => places.map((get) => get());
  const strip = [
    rows.set(atMost(rowsLeft, block)),
    panelA.set(blockA.get()),
    at.set(stripC.get()),
    whileDo(positive(rows), [
      ifElse(
        op("i32.and", op("i32.ge_s", rows.get(), i32(ROWS)), op("i32.ge_s", columns.get(), i32(COLUMNS))),
        [tile.call(...operands()) as Statement],
        [edge.call(...operands(), rows.get(), columns.get(), scratch.get()) as Statement],
      ),
      advance(panelA, times(k.get(), ROWS * FLOAT)),
      advance(at, times(stride.get(), ROWS)),
      advance(rows, i32(-ROWS)),
    ]),
  ];
  const rowBlock = [
    columns.set(n.get()),
    panelB.set(b.get()),
    stripC.set(blockC.get()),
    whileDo(positive(columns), [
      ...strip,
      advance(panelB, times(k.get(), COLUMNS * FLOAT)),
      advance(stripC, i32(COLUMNS * FLOAT)),
      advance(columns, i32(-COLUMNS)),
    ]),
  ];
  const again = blocks.local("i32");
  blocks.define([
    rest.set(k.get()),
    again.set(i32(1)), // even without any k there are zeros to write
    whileDo(again.get(), [
      steps.set(atMost(rest, depth)),
      rowsLeft.set(m.get()),
      blockA.set(a.get()),
      blockC.set(c.get()),
      whileDo(positive(rowsLeft), [
        ...rowBlock,
        advance(blockA, times(k.get(), block * FLOAT)),
        advance(blockC, times(stride.get(), block)),
        advance(rowsLeft, i32(-block)),
      ]),
      advance(a, times(steps.get(), ROWS * FLOAT)),
      advance(b, times(steps.get(), COLUMNS * FLOAT)),
      rest.set(op("i32.sub", rest.get(), steps.get())),
      onto.set(i32(1)),
      again.set(positive(rest)),
    ]),
  ]);
  return blocks;
}
