import {
  Area,
  checkIndices,
  copyOf,
  EagerTensor,
  elementBytes,
  environment,
  fromData,
  isContiguous,
  type Job,
  located,
  type Machine,
  MEMORY_BYTES,
  maySleep,
  RuntimeError,
  rowMajor,
  type Shape,
  type TypedData,
} from "@gradtape/tensor";
import type { State, Storage } from "../state.ts";
import { costOf } from "./cost.ts";
import { emitModule, type PlacedCheck, type Threads, workBytes } from "./emit/module.ts";
import type { Kernel } from "./fuse.ts";
import type { Node } from "./node.ts";
import { Pace } from "./pace.ts";
import { kernelsOf } from "./passes.ts";
import { bytesOf, type MemoryPlan, planMemory } from "./plan.ts";
import { type Lowered, NotCompilable, type Request } from "./request.ts";
import { type Buffer, sizeOfShape } from "./values.ts";
import { verifyKernels, verifyNodes, verifyPlan } from "./verify.ts";

/** Finds where a variable keeps its value. */
export type StorageOf = (state: State) => Storage;

const ALIGNMENT = 64;

/** Steps of less work than this (in operations) stay on one thread: waking the others takes longer. */
const PARALLEL = 5_000_000;

/** An engine takes no module of many more functions. */
const MOST_KERNELS = 50_000;

const aligned = (bytes: number) => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

/** A step in its place: the areas that it has, and the module for them. */
interface Placed {
  /** The memory that the step needs while it runs, shared with other steps. */
  readonly work: Area;
  /** The memory that stays from step to step: the addresses of variables, the constants. */
  readonly kept: Area;
  /** The address of a fed tensor, a constant or a result. */
  addressOf(buffer: Buffer): number;
  /** The beginning of each fed tensor, in elements of its dtype. */
  readonly fedAt: readonly number[];
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly checks: readonly PlacedCheck[];
  readonly exports: Record<string, () => number>;
  readonly step: () => number;
  /** The job of the other threads, when there are any and they pay. */
  readonly job: Job | null;
}

const isThere = ({ work, kept }: Placed) => work.at >= 0 && kept.at >= 0;

/** Operations per second that a thread does at the very least. */
const SLOWEST = 50_000_000;

/** A step as one WebAssembly module over one machine's memory. */
export class Executable {
  readonly kernels: readonly Kernel[];
  readonly plan: MemoryPlan;
  readonly lowered: Lowered;
  readonly machine: Machine;
  private readonly states: readonly Buffer[];
  /** The addresses of the variables in the last step. */
  private readonly addresses: number[];
  private readonly written: readonly State[];
  private readonly fed: readonly Buffer[];
  private readonly constants: readonly Buffer[];
  /** The place of each constant in the kept memory, behind the cells of the variables' addresses. */
  private readonly constantsAt = new Map<Buffer, number>();
  private readonly keptBytes: number;
  private placed: Placed | null = null;
  /** True when even an empty memory has no room for all that the step needs at a time. */
  private isTooLarge: boolean;
  /** The number of changes of the machine's areas at the time when the step was settled. */
  private settledAt = -1;
  private readonly pace = new Pace();

  /** Compiles a request. Throws a NotCompilable where it cannot be. */
  constructor(request: Request, machine: Machine) {
    this.machine = machine;
    const verifying = environment("GRADTAPE_VERIFY") === "1";
    const verify = (pass: string, nodes: readonly Node[], { fetched }: Lowered) => verifyNodes(pass, nodes, fetched);
    const { kernels, lowered } = kernelsOf(request, verifying ? verify : undefined);
    if (verifying) verifyKernels(kernels, lowered.fetched);
    const surplus = kernels[MOST_KERNELS];
    if (surplus !== undefined)
      throw new NotCompilable(
        surplus.nodes[0]!.operations[0]!,
        `the step has ${kernels.length} kernels, a module takes ${MOST_KERNELS}`,
      );
    this.kernels = kernels;
    this.lowered = lowered;
    const { buffers, fed, states, fetched } = this.lowered;
    this.states = [...states.values()];
    this.addresses = this.states.map(() => 0);
    this.fed = [...fed.values()];
    const makes = new Set(kernels.flatMap((kernel) => kernel.makes.map(({ buffer }) => buffer.state)));
    this.written = this.states.flatMap(({ state }) => (makes.has(state) ? [state!] : []));
    const read = new Set([...kernels.flatMap(({ reads }) => reads), ...fetched].map(({ buffer }) => buffer));
    this.constants = buffers.all.filter((buffer) => buffer.kind === "constant" && read.has(buffer));
    this.plan = planMemory(
      kernels,
      this.fed,
      fetched,
      kernels.map((kernel) => workBytes(kernel, machine.threads)),
    );
    if (verifying) verifyPlan(this.plan.areas());
    let end = aligned(4 * this.states.length);
    for (const buffer of this.constants) {
      this.constantsAt.set(buffer, end);
      end += aligned(bytesOf(buffer));
    }
    this.keptBytes = end;
    this.isTooLarge = this.neededBytes > MEMORY_BYTES;
  }

  private get neededBytes(): number {
    return this.states.reduce((sum, buffer) => sum + bytesOf(buffer), this.keptBytes + this.plan.arena.bytes);
  }

  /**
   * Finds room for all that the step needs, its variables among them, and writes the module for those places. Answers false,
   * with all values as they were, where there is no room. To be called before anything is fed to a step. Throws a
   * NotCompilable where the engine refuses the module.
   */
  settle(storageOf: StorageOf): boolean {
    const { areas } = this.machine;
    if (areas.changes === this.settledAt) return true;
    if (this.isTooLarge) return false;
    let found = this.findRoom(storageOf);
    if (!found) {
      // Nothing is in use between steps: in an empty memory there are no gaps that are too small.
      areas.begin();
      areas.takeBack(areas.time);
      found = this.findRoom(storageOf);
      this.isTooLarge = !found;
    }
    this.settledAt = found ? areas.changes : -1;
    return found;
  }

  private findRoom(storageOf: StorageOf): boolean {
    const { machine, states, addresses } = this;
    const { areas } = machine;
    areas.begin();
    const placed = this.placed !== null && isThere(this.placed) ? this.placed : this.place();
    if (placed === null) return false;
    placed.work.used = areas.time;
    placed.kept.used = areas.time;
    for (let i = 0; i < states.length; i++) {
      const address = storageOf(states[i]!.state!).addressIn(machine);
      if (address === addresses[i]) continue;
      if (address < 0) return false;
      addresses[i] = address;
      machine.ints[placed.kept.at / 4 + i] = address;
    }
    return true;
  }

  /** Takes room for the step's own memory and writes the module for it. */
  private place(): Placed | null {
    const { machine, plan, states } = this;
    const { areas } = machine;
    this.release();
    const kept = new Area(this.keptBytes);
    const work = areas.lease(kept) ? machine.workspace(plan.arena.bytes) : null;
    if (work === null) {
      areas.end(kept);
      return null;
    }
    areas.keepFor(this, kept);
    this.addresses.fill(0);
    const addressOf = (buffer: Buffer) =>
      buffer.kind === "constant" ? kept.at + this.constantsAt.get(buffer)! : work.at + plan.offsetOf(buffer);
    for (const buffer of this.constants) machine.write(addressOf(buffer), buffer.dtype, buffer.data!.buffer);
    const cells = new Map(states.map((buffer, i) => [buffer, kept.at + 4 * i]));
    const threads = this.threads();
    const { bytes, checks } = emitModule(
      this.kernels,
      { addressOf, cellOf: (buffer) => cells.get(buffer)!, workOf: (kernel) => work.at + plan.workOf(kernel) },
      machine.limits,
      threads,
    );
    const exports = this.instantiate(bytes);
    const fedAt = this.fed.map((buffer) => addressOf(buffer) / elementBytes(buffer.dtype));
    const job = threads === null ? null : this.share(bytes);
    this.placed = { work, kept, addressOf, fedAt, bytes, checks, exports, step: exports.step!, job };
    return this.placed;
  }

  private instantiate(bytes: Uint8Array<ArrayBuffer>): Placed["exports"] {
    try {
      return this.machine.instantiate(bytes) as Placed["exports"];
    } catch (error) {
      if (!(error instanceof WebAssembly.CompileError)) throw error;
      throw new NotCompilable(
        this.kernels[0]!.nodes[0]!.operations[0]!,
        `the engine refuses the module: ${error.message}`,
      );
    }
  }

  /** Gives its memory back. A step that runs again takes new memory. */
  release(): void {
    if (this.placed !== null) this.machine.areas.end(this.placed.kept);
    this.placed = null;
    this.settledAt = -1;
  }

  /** The module. There is none before the first step has been settled. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.here.bytes;
  }

  private get here(): Placed {
    if (this.placed === null) throw new RuntimeError("compile: the step has no place in memory");
    return this.placed;
  }

  /** How threads meet; `null` where one does it all. */
  private threads(): Threads | null {
    const { machine } = this;
    const flops = this.kernels.reduce((sum, kernel) => sum + costOf(kernel).flops, 0);
    if (machine.threads === 1 || flops < PARALLEL) return null;
    return {
      threads: machine.threads,
      at: machine.pool.controlAt,
      seconds: 5 + flops / SLOWEST,
      sleeps: maySleep(),
    };
  }

  /** Puts the module where the other threads find it. */
  private share(bytes: Uint8Array<ArrayBuffer>): Job {
    const { machine } = this;
    const area = new Area(bytes.length);
    if (!machine.areas.reserve(area)) throw this.outOfMemory();
    new Uint8Array(machine.memory.buffer, area.at, bytes.length).set(bytes);
    machine.areas.keepFor(bytes, area);
    return machine.pool.add(area.at, bytes.length);
  }

  /** Runs the step on all threads where that is faster. */
  private runPaced({ step, exports }: Placed, job: Job): number {
    const { pace } = this;
    const { together } = pace;
    if (!pace.asking) {
      pace.next();
      return together ? this.runShared(exports, job) : step();
    }
    const began = performance.now();
    const result = together ? this.runShared(exports, job) : step();
    pace.took(performance.now() - began);
    return result;
  }

  /** Runs the step on all threads. */
  private runShared(exports: Placed["exports"], job: Job): number {
    const result = exports.before!();
    if (result !== 0) return result;
    const { pool } = this.machine;
    pool.start(job);
    if (exports.step0!() !== 0) throw pool.failed();
    return 0;
  }

  /** Bytes at which a buffer lay in the last step; a variable lies outside of the arena. */
  private placeOf(buffer: Buffer): number {
    return buffer.kind === "state" ? this.addresses[this.states.indexOf(buffer)]! : this.here.addressOf(buffer);
  }

  /** Bytes of the constants that it reads. */
  get constantBytes(): number {
    return this.constants.reduce((sum, buffer) => sum + bytesOf(buffer), 0);
  }

  /** The variables that it reads or writes. */
  get variables(): readonly State[] {
    return this.states.map(({ state }) => state!);
  }

  /** Writes what is fed number `i`, whose elements are in row-major order. */
  feed(i: number, data: TypedData): void {
    this.machine.of(this.fed[i]!.dtype).set(data, this.here.fedAt[i]!);
  }

  /** Writes the only element of what is fed number `i`. */
  feedNumber(i: number, value: number): void {
    this.machine.of(this.fed[i]!.dtype)[this.here.fedAt[i]!] = value;
  }

  /** Runs the step once, settled, on what has been fed. Throws the error of the op whose indices are wrong. */
  run(storageOf: StorageOf): void {
    const { here } = this;
    const result = here.job === null ? here.step() : this.runPaced(here, here.job);
    for (let i = 0; i < this.written.length; i++) storageOf(this.written[i]!).changed();
    if (result !== 0) this.fail(result);
  }

  /** Runs the step kernel by kernel, and adds the milliseconds of each to `times`. */
  runTimed(storageOf: StorageOf, times: number[]): void {
    for (let i = 0; i < this.kernels.length; i++) {
      const began = performance.now();
      this.here.exports[`kernel${i}`]!();
      times[i] = (times[i] ?? 0) + performance.now() - began;
    }
    for (const state of this.written) storageOf(state).changed();
  }

  /** Result number `i`, in memory of its own: no later step and no later write changes it. */
  result(i: number): EagerTensor {
    const { buffer, layout, count } = this.lowered.fetched[i]!;
    if (buffer.kind === "constant") return copyOf(new EagerTensor(buffer.dtype, layout, buffer.data!.buffer));
    const address = this.placeOf(buffer);
    const rows = count === null ? null : this.machine.ints[this.here.addressOf(count.cell) / 4]!;
    const shape: Shape = rows === null ? layout.shape : [rows, ...layout.shape.slice(1)];
    if (!isContiguous(layout)) {
      const data = this.machine.read(address, buffer.dtype, buffer.size);
      return new EagerTensor(buffer.dtype, { ...layout, shape }, data);
    }
    const from = address + layout.offset * elementBytes(buffer.dtype);
    return fromData(buffer.dtype, shape, this.machine.read(from, buffer.dtype, sizeOfShape(shape)));
  }

  /** The only element of result number `i`. */
  number(i: number): number {
    const { buffer, layout } = this.lowered.fetched[i]!;
    if (buffer.kind === "constant") return buffer.data!.buffer[layout.offset]!;
    return this.machine.of(buffer.dtype)[this.placeOf(buffer) / elementBytes(buffer.dtype) + layout.offset]!;
  }

  private fail(result: number): never {
    const { check, indices, operation } = this.here.checks[result - 1]!;
    const { buffer, layout } = indices;
    const { shape } = layout;
    const data = this.machine.read(this.placeOf(buffer) + 4 * layout.offset, "int32", sizeOfShape(shape));
    const values = new EagerTensor("int32", rowMajor(shape), data);
    try {
      checkIndices(check.op, values, check.rows, check.negativeAllowed);
    } catch (error) {
      throw located(error, operation);
    }
    throw new RuntimeError(`${check.op}: an index is out of range`);
  }

  /** The error of a step for which there is no room. */
  outOfMemory(): RuntimeError {
    const own = this.keptBytes + this.plan.arena.bytes;
    const largest = [...this.plan.lifetimes.keys(), ...this.states, ...this.constants]
      .sort((a, b) => bytesOf(b) - bytesOf(a))
      .slice(0, 3)
      .map((buffer) => `${buffer.kind} ${buffer.tensor?.name ?? buffer.state?.opName ?? ""} ${bytesOf(buffer)} bytes`);
    return new RuntimeError(
      `compile: out of memory: asked for ${this.neededBytes} bytes, the step plans ${own}; ` +
        `the largest are ${largest.join(", ")}; use a smaller batch`,
    );
  }
}
