import { type MemoryLimits, WasmModule } from "./assembler.ts";
import { addGemm } from "./gemm.ts";
import { addPhilox } from "./random.ts";

/**
 * The kernels of dynamic size, by name. Addresses, strides and distances are in bytes, and float32 elements lie at any
 * multiple of 4; counts are in elements.
 */
export interface Library {
  /**
   * Packs `count` rows of `length` elements for the left side of a product. Row r begins at `from + r * across`, its
   * elements lie `along` apart. Panel p, of rows 4p to 4p + 3, is written at `to + p * 4 * length * 4`; the rows missing
   * from the last are zeros.
   */
  packA(from: number, across: number, along: number, count: number, length: number, to: number): void;
  /** The same for `count` columns of the right side, in panels of 8. */
  packB(from: number, across: number, along: number, count: number, length: number, to: number): void;
  /**
   * C = A B of packed panels: `m` rows of `n` elements, `stride` apart, each the sum over `k` from the first on. `scratch`
   * is an area of `SCRATCH` bytes of this call's own, on a multiple of 64.
   *
   * A range of rows that begins at a panel (row 4p) can be computed by itself, with the bits of the whole: pass
   * `a + p * 4 * k * 4`, `c + 4 * p * stride` and the number of its rows.
   */
  gemm(a: number, b: number, c: number, m: number, n: number, k: number, stride: number, scratch: number): void;
  /** C += A B: goes on with the sums of earlier steps of k. */
  gemmOnto(a: number, b: number, c: number, m: number, n: number, k: number, stride: number, scratch: number): void;
  /** Blocks of four random words for the counters from `low + 2^32 high` on, to an address. */
  philox(key0: number, key1: number, low: number, high: number, blocks: number, to: number): void;
}

/** The module that exports the library, over such a memory; `relaxed` as in `Features`. */
export function libraryModule(relaxed: boolean, memory?: MemoryLimits): Uint8Array<ArrayBuffer> {
  const module = new WasmModule(memory);
  addGemm(module, { relaxed });
  addPhilox(module);
  return module.toBytes();
}
