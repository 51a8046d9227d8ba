import { RuntimeError } from "../errors.ts";
import type { Machine } from "./machine.ts";

/** The modules that threads have in common, by number. */
interface Job {
  readonly number: number;
  readonly at: number;
  readonly length: number;
}

/** What a worker is started with. */
interface Start {
  readonly memory: WebAssembly.Memory;
  readonly library: WebAssembly.Module;
  readonly control: number;
  readonly thread: number;
}

/** A worker thread of Node. */
interface Thread {
  terminate(): void;
}

/**
 * What a worker does: it waits for a step to be started, spinning for a moment (the next step often follows at once), then
 * asleep; and runs its part. It never answers messages. Written without anything from outside, to be sent as text.
 */
function work({ memory, library, control: at, thread }: Start): void {
  const cells = new Int32Array(memory.buffer, at, 16);
  const shared = new WebAssembly.Instance(library, { env: { memory } }).exports as unknown as WebAssembly.ModuleImports;
  const steps = new Map<number, () => number>();
  const stepOf = (job: number): (() => number) => {
    const known = steps.get(job);
    if (known !== undefined) return known;
    const bytes = new Uint8Array(memory.buffer, cells[2]!, cells[3]!).slice();
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory }, library: shared });
    const step = instance.exports[`step${thread}`] as () => number;
    steps.set(job, step);
    return step;
  };
  let last = 0;
  for (;;) {
    for (let spins = 0; Atomics.load(cells, 0) === last; spins++)
      if (spins > 50_000) Atomics.wait(cells, 0, last, 1000);
    last = Atomics.load(cells, 0);
    try {
      stepOf(cells[1]!)();
    } catch {
      Atomics.store(cells, 4, 1);
    }
  }
}

/** The threads that share a machine's memory, besides the one that asks. They never keep the process alive. */
export class Pool {
  private readonly cells: Int32Array;
  private readonly at: number;
  private readonly memory: WebAssembly.Memory;
  private workers: Thread[] = [];
  private jobs = 0;
  private broken: string | null = null;

  constructor(machine: Machine, library: WebAssembly.Module, at: number) {
    this.memory = machine.memory;
    this.at = at;
    this.cells = new Int32Array(machine.memory.buffer, at, 16);
    for (let thread = 1; thread < machine.threads; thread++) {
      const start: Start = { memory: machine.memory, library, control: at, thread };
      this.workers.push(startThread(start, (reason) => this.fail(reason)));
    }
  }

  /** Where the threads meet. */
  get controlAt(): number {
    return this.at;
  }

  /** Makes the module whose bytes lie at an address known to the threads. */
  add(at: number, length: number): Job {
    this.jobs++;
    return { number: this.jobs, at, length };
  }

  /** Starts a step in all other threads. Throws a RuntimeError when one of them has died. */
  start({ number, at, length }: Job): void {
    const { cells } = this;
    if (this.broken !== null) throw this.error(this.broken);
    cells[1] = number;
    cells[2] = at;
    cells[3] = length;
    Atomics.add(cells, 0, 1);
    Atomics.notify(cells, 0);
  }

  /** The error of a step in which a thread failed; the pool is not used again. */
  failed(): RuntimeError {
    this.fail(Atomics.load(this.cells, 4) === 1 ? "its part of the step failed" : "it did not answer");
    return this.error(this.broken!);
  }

  stop(): void {
    for (const worker of this.workers) worker.terminate();
    this.workers = [];
  }

  private fail(reason: string): void {
    this.broken ??= reason;
    this.stop();
  }

  private error(reason: string): RuntimeError {
    return new RuntimeError(
      `setThreads: a worker thread died (${reason}); variables may hold part of a step, load them again; ` +
        "setThreads(1) goes on with one thread",
    );
  }
}

export type { Job };

/** Starts a thread; `died` hears when it ends by itself. */
function startThread(start: Start, died: (reason: string) => void): Thread {
  const { Worker } = process.getBuiltinModule("node:worker_threads");
  const source = `(${work})(require("node:worker_threads").workerData)`;
  const worker = new Worker(source, { eval: true, workerData: start, env: {}, execArgv: [] });
  worker.unref();
  let stopped = false;
  worker.on("error", (error) => died(String(error)));
  worker.on("exit", (code) => {
    if (!stopped) died(`exit code ${code}`);
  });
  return {
    terminate() {
      stopped = true;
      void worker.terminate();
    },
  };
}

/** True when threads begin to run while this one goes on, as they do in Node. */
export function hasWorkerThreads(): boolean {
  return typeof process !== "undefined" && process.versions?.node !== undefined;
}

/** Whether this thread may be put to sleep; the main thread of a page may not. */
export function maySleep(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
    return true;
  } catch {
    return false;
  }
}
