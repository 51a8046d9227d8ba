import { shown } from "../describe.ts";
import type { DType, TypedData } from "../dtype.ts";
import { RuntimeError, ValueError } from "../errors.ts";
import { allocate as allocateData } from "../memory.ts";
import { anything } from "../schema.ts";
import { defineFunction } from "../signature.ts";
import { Area, Areas } from "./areas.ts";
import type { MemoryLimits } from "./assembler.ts";
import { control } from "./barrier.ts";
import { detectFeatures } from "./features.ts";
import { type Library, libraryModule } from "./library.ts";
import { hasWorkerThreads, Pool } from "./pool.ts";
import { countThreads, threadCount } from "./thread-count.ts";

/** Areas of the machine's memory, good until the next call. */
export interface Scratch {
  readonly floats: Float32Array;
  readonly ints: Int32Array;
  readonly at: readonly number[];
}

const PAGE = 65536;
const MAXIMUM = 65536;

/** Bytes of memory that a machine may have. */
export const MEMORY_BYTES = MAXIMUM * PAGE;
const MOST_THREADS = 64;

/** No workspace is made larger than it has to be beyond this many bytes. */
const LARGE = 2 ** 28;

/** Bytes of one element in the machine's memory, where a bool takes as much as an int32. */
export const elementBytes = (dtype: DType): number => (dtype === "float64" ? 8 : 4);

/**
 * WebAssembly kernels over one growable memory. Eager ops use part of it as scratch, where nothing outlives a call;
 * compiled steps keep their arenas there, and the variables that they train.
 */
export class Machine {
  readonly library: Library;
  /** How many threads share the memory. */
  readonly threads: number;
  readonly memory: WebAssembly.Memory;
  /** The areas of the memory. */
  readonly areas: Areas;
  private workspaces: Area[] = [];
  private views: Views;
  private readonly libraryModule: WebAssembly.Module;
  private threadPool: Pool | null = null;
  private scratchArea: Area | null = null;

  constructor(threads = 1) {
    this.threads = threads;
    this.memory = new WebAssembly.Memory(this.limits);
    this.views = new Views(this.memory.buffer);
    this.libraryModule = new WebAssembly.Module(libraryModule(detectFeatures().relaxed, this.limits));
    this.library = this.link(this.libraryModule) as unknown as Library;
    this.areas = new Areas(
      () => this.memory.buffer.byteLength,
      (end) => this.reach(end),
    );
  }

  /** What modules over this memory have to say about it. */
  get limits(): MemoryLimits {
    return { initial: 1, maximum: MAXIMUM, shared: this.threads > 1 };
  }

  /** The threads besides this one, started when first asked for. */
  get pool(): Pool {
    if (this.threadPool === null) {
      const area = new Area(control.size(this.threads));
      if (!this.areas.reserve(area))
        throw new RuntimeError("setThreads: there is no memory for the threads to meet in");
      const { at } = area;
      new Uint8Array(this.memory.buffer, at, control.size(this.threads)).fill(0);
      this.threadPool = new Pool(this, this.libraryModule, at);
    }
    return this.threadPool;
  }

  /** Ends the threads besides this one. */
  stop(): void {
    this.threadPool?.stop();
  }

  /** What a module over this memory exports. It may import the library's kernels. */
  instantiate(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Exports {
    return this.link(new WebAssembly.Module(bytes));
  }

  private link(module: WebAssembly.Module): WebAssembly.Exports {
    const imports = {
      env: { memory: this.memory },
      library: (this.library ?? {}) as unknown as WebAssembly.ModuleImports,
    };
    return new WebAssembly.Instance(module, imports).exports;
  }

  /** The memory as float32s. Good until memory is allocated. */
  get floats(): Float32Array {
    return this.present.floats;
  }

  /** The memory as int32s. */
  get ints(): Int32Array {
    return this.present.ints;
  }

  /** Memory of the dtype's kind, to be indexed by address / `elementBytes`. */
  of(dtype: DType): Float32Array | Int32Array | Float64Array {
    if (dtype === "float32") return this.present.floats;
    return dtype === "float64" ? this.present.doubles : this.present.ints;
  }

  /**
   * An area of at least `bytes` bytes in which steps keep what they need while they run. Steps share it, because none leaves
   * anything there for the next. `null` when there is no room.
   */
  workspace(bytes: number): Area | null {
    this.workspaces = this.workspaces.filter(({ at }) => at >= 0);
    const enough = this.workspaces.find((area) => area.bytes >= bytes);
    if (enough !== undefined) return enough;
    // Up to twice the last one, so that steps of many sizes share few areas.
    const largest = this.workspaces.at(-1)?.bytes ?? 0;
    const area = new Area(Math.max(bytes, Math.min(2 * largest, LARGE)));
    if (!this.areas.lease(area)) return null;
    this.workspaces.push(area);
    return area;
  }

  /** Copies elements to an address. */
  write(at: number, dtype: DType, data: TypedData): void {
    this.of(dtype).set(data, at / elementBytes(dtype));
  }

  /** A copy of `size` elements at an address. */
  read(at: number, dtype: DType, size: number): TypedData {
    const first = at / elementBytes(dtype);
    const result = allocateData(dtype, size);
    result.set(this.of(dtype).subarray(first, first + size));
    return result;
  }

  /**
   * The memory as float32s and int32s, with room for areas of the given numbers of elements, and where each begins (in
   * elements). `null` when there is not so much memory.
   */
  scratch(sizes: readonly number[]): Scratch | null {
    let end = 0;
    const offsets = sizes.map((size) => {
      const begin = end;
      end += Math.ceil(size / 16) * 16; // areas begin on cache lines
      return begin;
    });
    const area = this.scratchFor(end * 4);
    if (area === null) return null;
    const { floats, ints } = this.present;
    const first = area.at / 4;
    return { floats, ints, at: offsets.map((offset) => first + offset) };
  }

  private scratchFor(bytes: number): Area | null {
    const { areas, scratchArea } = this;
    if (scratchArea !== null && scratchArea.at >= 0 && scratchArea.bytes >= bytes) {
      scratchArea.used = areas.time;
      return scratchArea;
    }
    areas.begin(); // no step runs now
    if (scratchArea !== null) areas.end(scratchArea);
    const area = new Area(bytes);
    this.scratchArea = areas.lease(area) ? area : null;
    return this.scratchArea;
  }

  /** Growing leaves old views behind: they are made anew. */
  private get present(): Views {
    if (this.views.buffer !== this.memory.buffer) this.views = new Views(this.memory.buffer);
    return this.views;
  }

  private reach(end: number): boolean {
    const missing = Math.ceil((end - this.memory.buffer.byteLength) / PAGE);
    if (missing <= 0) return true;
    if (end > MEMORY_BYTES) return false;
    try {
      this.memory.grow(missing);
    } catch {
      return false;
    }
    return true;
  }
}

class Views {
  readonly buffer: ArrayBufferLike;
  readonly floats: Float32Array;
  readonly ints: Int32Array;
  readonly doubles: Float64Array;

  constructor(buffer: ArrayBufferLike) {
    this.buffer = buffer;
    this.floats = new Float32Array(buffer);
    this.ints = new Int32Array(buffer);
    this.doubles = new Float64Array(buffer);
  }
}

let shared: Machine | null | undefined;

/** The machine of this process, made at first use; `null` where the engine has no vectors. */
export function machine(): Machine | null {
  if (shared === undefined) shared = detectFeatures().simd ? new Machine(threadCount()) : null;
  return shared;
}

/**
 * Lets compiled steps run on `count` threads from now on, this one among them; 1 is what a process begins with. The bits
 * are the same for any number. Steps too small to gain from it stay on one thread.
 *
 * The others are worker threads of Node, which do not keep the process alive. A browser computes with one thread.
 * Throws a ValueError for what is no count, a RuntimeError in a browser for more than one.
 */
export const setThreads = defineFunction("setThreads", { count: anything }, undefined, (count: number): void => {
  if (!Number.isInteger(count) || count < 1 || count > MOST_THREADS) {
    throw new ValueError(
      `setThreads: ${shown(count)} is not a number of threads; use an integer from 1 to ${MOST_THREADS}`,
    );
  }
  // In a browser a worker starts when the thread that made it is idle, so a thread that waits for it waits for ever.
  if (count > 1 && !hasWorkerThreads()) {
    throw new RuntimeError(
      `setThreads: a browser computes with one thread, asked for ${count}; compute in a worker of your own to keep the page free`,
    );
  }
  if (count === threadCount()) return;
  countThreads(count);
  // What lies in the memory of the old machine stays there until it is fetched.
  shared?.stop();
  shared = undefined;
});
