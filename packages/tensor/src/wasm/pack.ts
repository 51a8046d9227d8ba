import {
  f32x4,
  i32,
  ifElse,
  type Local,
  load,
  op,
  type Statement,
  shuffle,
  store,
  type Value,
  type WasmFunction,
  type WasmModule,
  whileDo,
} from "./assembler.ts";

/*
 * Panels: `width` vectors (rows of A, columns of B) interleaved, so that a tile finds what it needs next at the next
 * address. Where elements of a vector adjoin, blocks of 4 x 4 are transposed; where vectors adjoin, whole cache lines are
 * spread over several panels, because with strides of a power of two a line would be gone before the next panel wants it.
 */

const FLOAT = 4;
/** Bytes that the spreading copy reads at a time: two cache lines. */
const SPREAD = 128;

const plus = (a: Value, b: Value) => op("i32.add", a, b);
const minus = (a: Value, b: Value) => op("i32.sub", a, b);
const times = (a: Value, by: number) => (by === 1 ? a : op("i32.mul", a, i32(by)));
const advance = (local: Local, by: Value) => local.set(plus(local.get(), by));
const atLeast = (local: Local, limit: number) => op("i32.ge_s", local.get(), i32(limit));
const steps = (length: number) => Array.from({ length }, (_, i) => i);

/** The parameters of a pack function, and what all its ways need. */
interface Pack {
  readonly width: number;
  readonly from: Local;
  readonly across: Local;
  readonly along: Local;
  readonly count: Local;
  readonly length: Local;
  readonly to: Local;
  /** Bytes of a panel. */
  readonly panel: Local;
  /** Places while walking along: the source, the panel, and what is left. */
  readonly source: Local;
  readonly target: Local;
  readonly left: Local;
  readonly local: (type: "i32" | "v128") => Local;
}

/**
 * Adds `name(from, across, along, count, length, to)`: `count` vectors of `length` elements, `across` bytes apart and
 * `along` from element to element, in panels of `width`; missing vectors read as zero.
 */
export function addPack(module: WasmModule, name: string, width: number): WasmFunction {
  const made = module.function(["i32", "i32", "i32", "i32", "i32", "i32"], null, name);
  const [from, across, along, count, length, to] = made.params as [Local, Local, Local, Local, Local, Local];
  const local = (type: "i32" | "v128") => made.local(type);
  const [panel, source, target, left] = [local("i32"), local("i32"), local("i32"), local("i32")];
  const pack: Pack = { width, from, across, along, count, length, to, panel, source, target, left, local };
  const adjoining = op("i32.eq", across.get(), i32(FLOAT));
  const spread = SPREAD / FLOAT / width;
  made.define([
    panel.set(times(length.get(), width * FLOAT)),
    ifElse(adjoining, [whileDo(atLeast(count, spread * width), [...copied(pack, spread), ...next(pack, spread)])]),
    whileDo(atLeast(count, width), [
      ifElse(adjoining, copied(pack, 1), [
        ifElse(op("i32.eq", along.get(), i32(FLOAT)), transposed(pack), begin(pack)),
        ...gathered(pack),
      ]),
      ...next(pack, 1),
    ]),
    ifElse(op("i32.gt_s", count.get(), i32(0)), partial(pack)),
  ]);
  return made;
}

function begin({ from, to, length, source, target, left }: Pack): Statement[] {
  return [source.set(from.get()), target.set(to.get()), left.set(length.get())];
}

function next({ from, across, count, to, panel, width }: Pack, panels: number): Statement[] {
  return [
    advance(from, times(across.get(), width * panels)),
    advance(to, times(panel.get(), panels)),
    advance(count, i32(-width * panels)),
  ];
}

/** Runs `body` for every `by` elements that are left, and goes on. */
function walk({ along, source, target, left, width }: Pack, by: number, body: readonly Statement[]): Statement {
  return whileDo(atLeast(left, by), [
    ...body,
    advance(source, times(along.get(), by)),
    advance(target, i32(by * width * FLOAT)),
    left.set(minus(left.get(), i32(by))),
  ]);
}

/** Vectors adjoin: the elements of `panels` panels lie in one piece. */
function copied(pack: Pack, panels: number): Statement[] {
  const { source, target, panel, width } = pack;
  const perPanel = width / 4;
  const held = steps(panels * perPanel).map(() => pack.local("v128"));
  const places = steps(panels).map((p) => (p < 2 ? null : pack.local("i32")));
  const placeOf = (p: number) => (p === 0 ? i32(0) : p === 1 ? panel.get() : places[p]!.get());
  return [
    ...begin(pack),
    ...places.flatMap((place, p) => (place === null ? [] : [place.set(times(panel.get(), p))])),
    walk(pack, 1, [
      ...held.map((vector, i) => vector.set(load("v128.load", source.get(), i * 16))),
      ...held.map((vector, i) => {
        const p = Math.floor(i / perPanel);
        const at = p === 0 ? target.get() : plus(target.get(), placeOf(p));
        return store("v128.store", at, vector.get(), (i % perPanel) * 16);
      }),
    ]),
  ];
}

/** Which bytes of two vectors make a new one, given the lanes of four bytes: 0 to 3 are the first's. */
const bytesOf = (taken: readonly number[]) => taken.flatMap((lane) => steps(4).map((byte) => lane * 4 + byte));
const LOW = bytesOf([0, 4, 1, 5]);
const HIGH = bytesOf([2, 6, 3, 7]);
const FIRST = bytesOf([0, 1, 4, 5]);
const SECOND = bytesOf([2, 3, 6, 7]);

/** Elements adjoin: four of four vectors at a time, transposed. What is left over is for `gathered`. */
function transposed(pack: Pack): Statement[] {
  const { source, target, across, width } = pack;
  const held = steps(4).map(() => pack.local("v128"));
  const paired = steps(4).map(() => pack.local("v128"));
  const base = pack.local("i32");
  const [v0, v1, v2, v3] = held.map((each) => () => each.get()) as [() => Value, () => Value, () => Value, () => Value];
  const [p0, p1, p2, p3] = paired as [Local, Local, Local, Local];
  const quads = steps(width / 4).flatMap((quad) => [
    base.set(quad === 0 ? source.get() : plus(base.get(), times(across.get(), 4))),
    ...held.map((each, i) =>
      each.set(load("v128.load", i === 0 ? base.get() : plus(base.get(), times(across.get(), i)))),
    ),
    p0.set(shuffle(v0(), v1(), LOW)),
    p1.set(shuffle(v0(), v1(), HIGH)),
    p2.set(shuffle(v2(), v3(), LOW)),
    p3.set(shuffle(v2(), v3(), HIGH)),
    ...[
      shuffle(p0.get(), p2.get(), FIRST),
      shuffle(p0.get(), p2.get(), SECOND),
      shuffle(p1.get(), p3.get(), FIRST),
      shuffle(p1.get(), p3.get(), SECOND),
    ].map((row, i) => store("v128.store", target.get(), row, (i * width + quad * 4) * FLOAT)),
  ]);
  return [...begin(pack), walk(pack, 4, quads)];
}

/** Any strides: element by element, on from where the walk is. */
function gathered(pack: Pack): Statement[] {
  const { source, target, across, width } = pack;
  const address = (i: number) => (i === 0 ? source.get() : plus(source.get(), times(across.get(), i)));
  return [
    walk(
      pack,
      1,
      steps(width).map((i) => store("f32.store", target.get(), load("f32.load", address(i)), i * FLOAT)),
    ),
  ];
}

/** The last panel, when vectors are missing. */
function partial(pack: Pack): Statement[] {
  const { from, to, across, along, source, target, count, width } = pack;
  const zero = walk(
    pack,
    1,
    steps(width / 4).map((i) => store("v128.store", target.get(), f32x4(0), i * 16)),
  );
  const copy = whileDo(op("i32.gt_s", pack.left.get(), i32(0)), [
    store("f32.store", target.get(), load("f32.load", source.get())),
    advance(source, along.get()),
    advance(target, i32(width * FLOAT)),
    advance(pack.left, i32(-1)),
  ]);
  return [
    ...begin(pack),
    zero,
    whileDo(op("i32.gt_s", count.get(), i32(0)), [
      ...begin(pack),
      copy,
      advance(from, across.get()),
      advance(to, i32(FLOAT)),
      advance(count, i32(-1)),
    ]),
  ];
}
