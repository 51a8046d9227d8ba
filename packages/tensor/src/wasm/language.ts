/** What modules are written in, under one roof, for `import { wasm }`. */
export * from "./assembler.ts";
export { addBarrier } from "./barrier.ts";
