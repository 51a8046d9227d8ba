import { i32, i64, type Local, op, type Statement, store, type Value, type WasmModule, whileDo } from "./assembler.ts";

const ROUNDS = 10;
const MULTIPLIERS = [0xd2511f53, 0xcd9e8d57] as const;
const KEY_STEPS = [0x9e3779b9, 0xbb67ae85] as const;

/** Bytes of a block: four words. */
export const BLOCK_BYTES = 16;

/**
 * Adds `philox(key0, key1, low, high, blocks, to)`: the blocks of Philox4x32-10 for the counters from `low + 2^32 high`
 * on, one after the other, to an address. The words are those of `random/philox.ts`.
 */
export function addPhilox(module: WasmModule): void {
  const made = module.function(Array<"i32">(6).fill("i32"), null, "philox");
  const [key0, key1, low, high, blocks, to] = made.params as [Local, Local, Local, Local, Local, Local];
  const words = [0, 1, 2, 3].map(() => made.local("i32")) as [Local, Local, Local, Local];
  const [k0, k1] = [made.local("i32"), made.local("i32")];
  const products = [made.local("i64"), made.local("i64")] as const;
  const [c0, c1, c2, c3] = words;
  const wide = (x: Value) => op("i64.extend_i32_u", x);
  const upper = (x: Local) => op("i32.wrap_i64", op("i64.shr_u", x.get(), i64(32)));
  const times = (x: Local, multiplier: number) => op("i64.mul", wide(x.get()), wide(i32(multiplier | 0)));
  const xor = (a: Value, b: Value, c: Value) => op("i32.xor", op("i32.xor", a, b), c);
  const round: Statement[] = [
    products[0].set(times(c0, MULTIPLIERS[0])),
    products[1].set(times(c2, MULTIPLIERS[1])),
    c0.set(xor(upper(products[1]), c1.get(), k0.get())),
    c1.set(op("i32.wrap_i64", products[1].get())),
    c2.set(xor(upper(products[0]), c3.get(), k1.get())),
    c3.set(op("i32.wrap_i64", products[0].get())),
    k0.set(op("i32.add", k0.get(), i32(KEY_STEPS[0] | 0))),
    k1.set(op("i32.add", k1.get(), i32(KEY_STEPS[1] | 0))),
  ];
  made.define([
    whileDo(blocks.get(), [
      c0.set(low.get()),
      c1.set(high.get()),
      c2.set(i32(0)),
      c3.set(i32(0)),
      k0.set(key0.get()),
      k1.set(key1.get()),
      ...Array.from({ length: ROUNDS }, () => round).flat(),
      ...words.map((word, i) => store("i32.store", to.get(), word.get(), 4 * i)),
      low.set(op("i32.add", low.get(), i32(1))),
      high.set(op("i32.add", high.get(), op("i32.eqz", low.get()))),
      to.set(op("i32.add", to.get(), i32(BLOCK_BYTES))),
      blocks.set(op("i32.sub", blocks.get(), i32(1))),
    ]),
  ]);
}
