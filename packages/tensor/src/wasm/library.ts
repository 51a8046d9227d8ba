import { WasmModule } from "./assembler.ts";
import { addGemm } from "./gemm.ts";

/** The kernels of dynamic size, by name; addresses and strides in bytes. */
export interface Library {
  packA(from: number, across: number, along: number, count: number, length: number, to: number): void;
  packB(from: number, across: number, along: number, count: number, length: number, to: number): void;
  gemm(a: number, b: number, c: number, m: number, n: number, k: number, stride: number): void;
}

/** The module that exports the library. */
export function libraryModule(): Uint8Array<ArrayBuffer> {
  const module = new WasmModule();
  addGemm(module);
  return module.toBytes();
}
