import { detectFeatures } from "./features.ts";
import { type Library, libraryModule } from "./library.ts";

/** Areas of the machine's memory, good until the next call. */
export interface Scratch {
  readonly floats: Float32Array;
  readonly ints: Int32Array;
  readonly at: readonly number[];
}

const PAGE = 65536;
const MAXIMUM = 65536;

/** The memory below this is the kernels' own. */
const RESERVED = 64;

/** WebAssembly kernels over one growable memory, which eager ops use as scratch: nothing in it outlives a call. */
export class Machine {
  readonly library: Library;
  private readonly memory: WebAssembly.Memory;
  private floats: Float32Array;
  private ints: Int32Array;

  constructor() {
    this.memory = new WebAssembly.Memory({ initial: 1, maximum: MAXIMUM });
    this.library = this.instantiate(libraryModule()) as unknown as Library;
    this.floats = new Float32Array(this.memory.buffer);
    this.ints = new Int32Array(this.memory.buffer);
  }

  /** What a module over this memory exports. */
  instantiate(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Exports {
    return new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory: this.memory } }).exports;
  }

  /**
   * The memory as float32s and int32s, with room for areas of the given numbers of elements, and where each begins (in
   * elements). `null` when there is not so much memory.
   */
  scratch(sizes: readonly number[]): Scratch | null {
    let end = RESERVED / 4;
    const at = sizes.map((size) => {
      const begin = end;
      end += Math.ceil(size / 16) * 16; // areas begin on cache lines
      return begin;
    });
    const pages = Math.ceil((end * 4) / PAGE) - this.memory.buffer.byteLength / PAGE;
    if (pages > 0) {
      try {
        this.memory.grow(pages);
      } catch {
        return null;
      }
    }
    if (this.floats.buffer !== this.memory.buffer) {
      this.floats = new Float32Array(this.memory.buffer);
      this.ints = new Int32Array(this.memory.buffer);
    }
    return { floats: this.floats, ints: this.ints, at };
  }
}

let shared: Machine | null | undefined;

/** The machine of this process, made at first use; `null` where the engine has no vectors. */
export function machine(): Machine | null {
  if (shared === undefined) shared = detectFeatures().simd ? new Machine() : null;
  return shared;
}
