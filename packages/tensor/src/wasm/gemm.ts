import {
  doWhile,
  f32x4,
  i32,
  ifElse,
  type Local,
  load,
  op,
  type Statement,
  store,
  type Value,
  type WasmModule,
  whileDo,
} from "./assembler.ts";

/*
 * The product of two float32 matrices in any strides. Both are packed into panels, so that the tile runs through memory in
 * one direction; a tile of 4 x 8 sums lives in eight vectors. Every sum goes over k in ascending order, each product and
 * each sum rounded: the same bits as the JavaScript loops, whatever the sizes.
 */
export const ROWS = 4;
export const COLUMNS = 8;
const FLOAT = 4;

const plus = (a: Value, b: Value) => op("i32.add", a, b);
const times = (a: Value, by: number) => op("i32.mul", a, i32(by));
const advance = (local: Local, by: Value) => local.set(plus(local.get(), by));

/** Adds `packA`, `packB` and `gemm` to a module. Addresses and strides are in bytes. */
export function addGemm(module: WasmModule): void {
  addPack(module, "packA", ROWS);
  addPack(module, "packB", COLUMNS);
  const tile = addTile(module);
  const gemm = module.function(["i32", "i32", "i32", "i32", "i32", "i32", "i32"], null, "gemm");
  const [a, b, c, m, n, k, stride] = gemm.params as [Local, Local, Local, Local, Local, Local, Local];
  const [panelB, at, columns] = [gemm.local("i32"), gemm.local("i32"), gemm.local("i32")];
  gemm.define([
    whileDo(op("i32.gt_s", m.get(), i32(0)), [
      panelB.set(b.get()),
      at.set(c.get()),
      columns.set(n.get()),
      doWhile(
        [
          tile.call(a.get(), panelB.get(), at.get(), k.get(), stride.get(), m.get(), columns.get()) as Statement,
          advance(panelB, times(k.get(), COLUMNS * FLOAT)),
          advance(at, i32(COLUMNS * FLOAT)),
        ],
        op("i32.gt_s", columns.tee(op("i32.sub", columns.get(), i32(COLUMNS))), i32(0)),
      ),
      advance(a, times(k.get(), ROWS * FLOAT)),
      advance(c, times(stride.get(), ROWS)),
      m.set(op("i32.sub", m.get(), i32(ROWS))),
    ]),
  ]);
}

/**
 * `pack(from, across, along, count, length, to)`: `count` vectors of `length` elements, `across` apart and `along` from
 * element to element, interleaved `width` at a time; missing vectors read as zero.
 */
function addPack(module: WasmModule, name: string, width: number): void {
  const pack = module.function(["i32", "i32", "i32", "i32", "i32", "i32"], null, name);
  const [from, across, along, count, length, to] = pack.params as [Local, Local, Local, Local, Local, Local];
  const [source, left, lane] = [pack.local("i32"), pack.local("i32"), pack.local("i32")];
  const lanes = Array.from({ length: width }, (_, i) => i);
  const vectors = Array.from({ length: width / 4 }, (_, i) => i * 16);
  const along1 = advance(source, along.get());
  const to1 = advance(to, i32(width * FLOAT));
  const walk = (body: Statement[]): Statement[] => [
    source.set(from.get()),
    left.set(length.get()),
    doWhile([...body, along1, to1], left.tee(op("i32.sub", left.get(), i32(1)))),
  ];
  const contiguous = walk(
    vectors.map((offset) => store("v128.store", to.get(), load("v128.load", source.get(), offset), offset)),
  );
  const address = (i: number) => (i === 0 ? source.get() : plus(source.get(), times(across.get(), i)));
  const strided = walk(lanes.map((i) => store("f32.store", to.get(), load("f32.load", address(i)), i * FLOAT)));
  const partial = walk([
    ...vectors.map((offset) => store("v128.store", to.get(), f32x4(0), offset)),
    lane.set(i32(0)),
    doWhile(
      [
        store(
          "f32.store",
          plus(to.get(), times(lane.get(), FLOAT)),
          load("f32.load", plus(source.get(), op("i32.mul", lane.get(), across.get()))),
        ),
      ],
      op("i32.lt_s", lane.tee(plus(lane.get(), i32(1))), count.get()),
    ),
  ]);
  pack.define([
    doWhile(
      [
        ifElse(op("i32.lt_s", count.get(), i32(width)), partial, [
          ifElse(op("i32.eq", across.get(), i32(FLOAT)), contiguous, strided),
        ]),
        advance(from, times(across.get(), width)),
      ],
      op("i32.gt_s", count.tee(op("i32.sub", count.get(), i32(width))), i32(0)),
    ),
  ]);
}

/** `tile(a, b, c, k, stride, rows, columns)`: the sums of one tile, of which `rows` x `columns` are written. */
function addTile(module: WasmModule) {
  const tile = module.function(["i32", "i32", "i32", "i32", "i32", "i32", "i32"], null);
  const [a, b, c, k, stride, rows, columns] = tile.params as [Local, Local, Local, Local, Local, Local, Local];
  const lanes = Array.from({ length: ROWS }, (_, i) => i);
  const sums = lanes.map(() => [tile.local("v128"), tile.local("v128")] as const);
  const [b0, b1, splat] = [tile.local("v128"), tile.local("v128"), tile.local("v128")];
  const step = lanes.flatMap((i) => [
    splat.set(load("v128.load32_splat", a.get(), i * FLOAT)),
    ...sums[i]!.map((sum, half) =>
      sum.set(op("f32x4.add", sum.get(), op("f32x4.mul", splat.get(), (half === 0 ? b0 : b1).get()))),
    ),
  ]);
  const rowAt = (i: number) => plus(c.get(), times(stride.get(), i));
  const whole = lanes.flatMap((i) => sums[i]!.map((sum, half) => store("v128.store", rowAt(i), sum.get(), half * 16)));
  const at = tile.local("i32");
  // At an edge the row goes to the scratch below the first address, and from there element by element.
  const edge = lanes.map((i) =>
    ifElse(op("i32.gt_s", rows.get(), i32(i)), [
      ...sums[i]!.map((sum, half) => store("v128.store", i32(0), sum.get(), half * 16)),
      at.set(i32(0)),
      doWhile(
        [store("f32.store", plus(rowAt(i), at.get()), load("f32.load", at.get()))],
        op("i32.lt_s", at.tee(plus(at.get(), i32(FLOAT))), times(columns.get(), FLOAT)),
      ),
    ]),
  );
  const narrow = op("i32.gt_s", columns.get(), i32(COLUMNS));
  tile.define([
    doWhile(
      [
        b0.set(load("v128.load", b.get())),
        b1.set(load("v128.load", b.get(), 16)),
        ...step,
        advance(a, i32(ROWS * FLOAT)),
        advance(b, i32(COLUMNS * FLOAT)),
      ],
      k.tee(op("i32.sub", k.get(), i32(1))),
    ),
    ifElse(narrow, [columns.set(i32(COLUMNS))]),
    ifElse(
      op("i32.and", op("i32.ge_s", rows.get(), i32(ROWS)), op("i32.eq", columns.get(), i32(COLUMNS))),
      whole,
      edge,
    ),
  ]);
  return tile;
}
