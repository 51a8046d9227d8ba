import { f32x4, op, WasmModule } from "./assembler.ts";

/** Which machine the kernels run on. */
export interface Features {
  /** 128-bit vectors in WebAssembly. */
  readonly simd: boolean;
  /** Multiply-add with one rounding, where the engine has it and it was not declined. */
  readonly relaxed: boolean;
}

/** A module that only an engine with vectors (and multiply-add) accepts. */
function probe(relaxed: boolean): Uint8Array<ArrayBuffer> {
  const module = new WasmModule();
  const one = f32x4(1);
  module.function([], "v128").define([], relaxed ? op("f32x4.relaxed_madd", one, one, one) : op("f32x4.add", one, one));
  return module.toBytes();
}

/** Asks the engine. `strict` declines what rounds differently from engine to engine. */
export function detectFeatures({ strict = false } = {}): Features {
  if (typeof WebAssembly === "undefined") return { simd: false, relaxed: false };
  const simd = WebAssembly.validate(probe(false));
  return { simd, relaxed: simd && !strict && WebAssembly.validate(probe(true)) };
}
