import { RuntimeError } from "../errors.ts";
import { boolean } from "../schema.ts";
import { defineFunction } from "../signature.ts";
import { f32, f32x4, lane, op, WasmModule } from "./assembler.ts";
import { threadCount } from "./thread-count.ts";

/** Which machine the kernels run on. */
export interface Features {
  /** 128-bit vectors in WebAssembly. */
  readonly simd: boolean;
  /** Multiply-add with one rounding, where the engine has it and it was not declined. */
  readonly relaxed: boolean;
  /** Whether what rounds differently from engine to engine was declined. */
  readonly strict: boolean;
}

/** What kernels compute with; see `backendInfo`. */
export interface BackendInfo {
  /** 128-bit vectors in WebAssembly; without them, plain JavaScript. */
  readonly simd: boolean;
  /** Whether float32 products accumulate with one rounding per step instead of two. */
  readonly relaxed: boolean;
  /** Whether the portable form was asked for: the same bits on every engine. */
  readonly strict: boolean;
  readonly threads: number;
  /** All of it in one line. */
  readonly description: string;
}

/** A module that only an engine with vectors accepts. */
function vectorProbe(): Uint8Array<ArrayBuffer> {
  const module = new WasmModule();
  module.function([], "v128").define([], op("f32x4.add", f32x4(1), f32x4(1)));
  return module.toBytes();
}

/**
 * A module that only an engine with multiply-add accepts. Its `fused` tells whether (1 + e)^2 - (1 + 2e), e = 2^-12, keeps
 * the e^2 that rounding the product would lose: on a processor without the instruction, engines round twice.
 */
function fusedProbe(): Uint8Array<ArrayBuffer> {
  const module = new WasmModule();
  const [x, y] = [f32x4(1 + 2 ** -12), f32x4(-1 - 2 ** -11)];
  const sum = lane("f32x4.extract_lane", op("f32x4.relaxed_madd", x, x, y), 0);
  module.function([], "i32", "fused").define([], op("f32.ne", sum, f32(0)));
  return module.toBytes();
}

function isFused(): boolean {
  const bytes = fusedProbe();
  if (!WebAssembly.validate(bytes) && !(switchOn() && WebAssembly.validate(bytes))) return false;
  const memory = new WebAssembly.Memory({ initial: 0, maximum: 65536 });
  const { fused } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports;
  return (fused as () => number)() === 1;
}

/** Node 20 has multiply-add behind a flag, which later engines do not know any more. Answers whether it was set. */
function switchOn(): boolean {
  if (typeof process === "undefined" || typeof process.getBuiltinModule !== "function") return false;
  const [major, minor] = (process.versions.v8 ?? "").split(".").map(Number);
  if (process.versions.node === undefined || major !== 11 || minor! > 3) return false;
  process.getBuiltinModule("node:v8").setFlagsFromString("--experimental-wasm-relaxed-simd");
  return true;
}

/** A variable of the environment, where there is one: not in browsers, nor in Deno without the right to read it. */
export function environment(name: string): string | undefined {
  try {
    return typeof process === "undefined" ? undefined : process.env?.[name];
  } catch {
    return undefined;
  }
}

/** True when the engine takes a module, and the policy of the page lets one be compiled. */
function compiles(bytes: Uint8Array<ArrayBuffer>): boolean {
  if (typeof WebAssembly === "undefined" || !WebAssembly.validate(bytes)) return false;
  try {
    return new WebAssembly.Module(bytes) instanceof WebAssembly.Module;
  } catch {
    return false;
  }
}

/** Asks the engine; `strict` declines multiply-add, `vectors: false` everything. */
export function probeFeatures({ strict = false, vectors = true } = {}): Features {
  const simd = vectors && compiles(vectorProbe());
  return { simd, relaxed: simd && !strict && isFused(), strict };
}

let wished: boolean | undefined;
let detected: Features | undefined;

/** The features of this process, decided at the first call. */
export function detectFeatures(): Features {
  detected ??= probeFeatures({
    strict: wished ?? environment("GRADTAPE_STRICT") === "1",
    vectors: environment("GRADTAPE_SIMD") !== "0",
  });
  return detected;
}

/**
 * Whether float32 products give the same bits on every machine and in every browser (`true`), or use the multiply-add of
 * the processor where there is one, which is faster and rounds once instead of twice (`false`, as it is from the start).
 * Takes precedence over the environment variable `GRADTAPE_STRICT=1`.
 *
 * Throws a RuntimeError once something has been computed the other way, or `backendInfo` has told so.
 */
export const strictNumerics = defineFunction("strictNumerics", { on: boolean }, undefined, (on: boolean): void => {
  if (detected !== undefined && detected.strict !== on)
    throw new RuntimeError(
      `strictNumerics: kernels are in use, strict is ${detected.strict}; call it before the first computation`,
    );
  wished = on;
});

/** What this process computes with. Decided here or at the first computation; only the threads may change later. */
export const backendInfo = defineFunction("backendInfo", {}, undefined, (): BackendInfo => {
  const features = detectFeatures();
  const threads = threadCount();
  return { ...features, threads, description: describe(features, threads) };
});

function describe({ simd, relaxed, strict }: Features, threads: number): string {
  if (!simd) return "JavaScript";
  const sums = relaxed ? "relaxed multiply-add" : strict ? "strict multiply and add" : "multiply and add";
  return `WebAssembly SIMD, ${sums}, ${threads} ${threads === 1 ? "thread" : "threads"}`;
}
