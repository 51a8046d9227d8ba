import {
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
import type { Lowered, Request } from "./request.ts";
import { type Buffer, sizeOfShape } from "./values.ts";
import { verifyKernels, verifyNodes, verifyPlan } from "./verify.ts";

/** Finds where a variable keeps its value. */
export type StorageOf = (state: State) => Storage;

const ALIGNMENT = 64;

/** Steps of less work than this (in operations) stay on one thread: waking the others takes longer. */
const PARALLEL = 5_000_000;

/** Operations per second that a thread does at the very least. */
const SLOWEST = 50_000_000;

/** A step as one WebAssembly module over one machine's memory. */
export class Executable {
  readonly kernels: readonly Kernel[];
  readonly plan: MemoryPlan;
  readonly lowered: Lowered;
  readonly machine: Machine;
  readonly bytes: Uint8Array<ArrayBuffer>;
  private readonly arena: number;
  private readonly cells: number;
  private readonly states: readonly Buffer[];
  /** Where the variables were in the last step. */
  private readonly addresses: number[];
  private readonly written: readonly State[];
  private readonly fed: readonly Buffer[];
  /** Where what is fed begins, in elements of its dtype. */
  private readonly fedAt: readonly number[];
  private readonly checks: readonly PlacedCheck[];
  private readonly exports: Record<string, () => number>;
  private readonly step: () => number;
  /** What the other threads run, where there are any and they pay. */
  private readonly job: Job | null;
  private readonly pace = new Pace();

  /** Compiles a request. Throws a NotCompilable where it cannot be, a RuntimeError where memory does not suffice. */
  constructor(request: Request, machine: Machine) {
    this.machine = machine;
    const verifying = environment("GRADTAPE_VERIFY") === "1";
    const verify = (pass: string, nodes: readonly Node[], { fetched }: Lowered) => verifyNodes(pass, nodes, fetched);
    const { kernels, lowered } = kernelsOf(request, verifying ? verify : undefined);
    if (verifying) verifyKernels(kernels, lowered.fetched);
    this.kernels = kernels;
    this.lowered = lowered;
    const { buffers, fed, states, fetched } = this.lowered;
    this.states = [...states.values()];
    this.addresses = this.states.map(() => 0);
    this.fed = [...fed.values()];
    this.written = this.states.flatMap(({ state }) =>
      this.kernels.some(({ makes }) => makes.some(({ buffer }) => buffer.state === state)) ? [state!] : [],
    );
    const read = new Set([...this.kernels.flatMap(({ reads }) => reads), ...fetched].map(({ buffer }) => buffer));
    const constants = buffers.all.filter((buffer) => buffer.kind === "constant" && read.has(buffer));
    this.plan = planMemory(
      this.kernels,
      [...this.fed, ...constants],
      fetched,
      this.kernels.map((kernel) => workBytes(kernel, machine.threads)),
    );
    if (verifying) verifyPlan(this.plan.areas());
    const cellBytes = Math.ceil((4 * this.states.length) / ALIGNMENT) * ALIGNMENT;
    const total = cellBytes + this.plan.arena.bytes;
    const at = machine.allocate(total);
    if (at === null) throw this.outOfMemory(total);
    machine.keepFor(this, at);
    this.cells = at;
    this.arena = at + cellBytes;
    this.fedAt = this.fed.map((buffer) => this.addressOf(buffer) / elementBytes(buffer.dtype));
    for (const buffer of constants) machine.write(this.addressOf(buffer), buffer.dtype, buffer.data!.buffer);
    const threads = this.threads();
    const { bytes, checks } = emitModule(
      this.kernels,
      {
        addressOf: (buffer) => this.addressOf(buffer),
        cellOf: (buffer) => this.cells + 4 * this.states.indexOf(buffer),
        workOf: (kernel) => this.arena + this.plan.workOf(kernel),
      },
      machine.limits,
      threads,
    );
    this.bytes = bytes;
    this.checks = checks;
    this.exports = machine.instantiate(bytes) as Record<string, () => number>;
    this.step = this.exports.step!;
    this.job = threads === null ? null : this.share();
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
  private share(): Job {
    const { machine, bytes } = this;
    const at = machine.allocate(bytes.length);
    if (at === null) throw this.outOfMemory(bytes.length);
    new Uint8Array(machine.memory.buffer, at, bytes.length).set(bytes);
    machine.keepFor(bytes, at);
    return machine.pool.add(at, bytes.length);
  }

  /** Runs the step on all threads where that is faster. */
  private runPaced(job: Job): number {
    const { pace } = this;
    const { together } = pace;
    if (!pace.asking) {
      pace.next();
      return together ? this.runShared(job) : this.step();
    }
    const began = performance.now();
    const result = together ? this.runShared(job) : this.step();
    pace.took(performance.now() - began);
    return result;
  }

  /** Runs the step on all threads. */
  private runShared(job: Job): number {
    const result = this.exports.before!();
    if (result !== 0) return result;
    const { pool } = this.machine;
    pool.start(job);
    if (this.exports.step0!() !== 0) throw pool.failed();
    return 0;
  }

  /** Bytes that a fed tensor, a constant or a result begins at. */
  private addressOf(buffer: Buffer): number {
    return this.arena + this.plan.offsetOf(buffer);
  }

  /** Bytes at which a buffer lay in the last step; a variable lies outside of the arena. */
  private placeOf(buffer: Buffer): number {
    return buffer.kind === "state" ? this.addresses[this.states.indexOf(buffer)]! : this.addressOf(buffer);
  }

  /** The variables that it reads or writes. */
  get variables(): readonly State[] {
    return this.states.map(({ state }) => state!);
  }

  /** Writes what is fed number `i`, whose elements are in row-major order. */
  feed(i: number, data: TypedData): void {
    this.machine.of(this.fed[i]!.dtype).set(data, this.fedAt[i]!);
  }

  /** Writes the only element of what is fed number `i`. */
  feedNumber(i: number, value: number): void {
    this.machine.of(this.fed[i]!.dtype)[this.fedAt[i]!] = value;
  }

  /** Runs the step once on what has been fed. Throws the error of the op whose indices are wrong. */
  run(storageOf: StorageOf): void {
    this.settle(storageOf);
    const result = this.job === null ? this.step() : this.runPaced(this.job);
    for (let i = 0; i < this.written.length; i++) storageOf(this.written[i]!).changed();
    if (result !== 0) this.fail(result);
  }

  /** Runs the step kernel by kernel, and adds the milliseconds of each to `times`. */
  runTimed(storageOf: StorageOf, times: number[]): void {
    this.settle(storageOf);
    for (let i = 0; i < this.kernels.length; i++) {
      const began = performance.now();
      this.exports[`kernel${i}`]!();
      times[i] = (times[i] ?? 0) + performance.now() - began;
    }
    for (const state of this.written) storageOf(state).changed();
  }

  /** Result number `i`, in memory of its own: no later step and no later write changes it. */
  result(i: number): EagerTensor {
    const { buffer, layout, count } = this.lowered.fetched[i]!;
    if (buffer.kind === "constant") return copyOf(new EagerTensor(buffer.dtype, layout, buffer.data!.buffer));
    const address = this.placeOf(buffer);
    const rows = count === null ? null : this.machine.ints[this.addressOf(count.cell) / 4]!;
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

  /** Puts the addresses of the variables where the step looks for them; they move when something else has written them. */
  private settle(storageOf: StorageOf): void {
    const { machine, states, addresses } = this;
    for (let i = 0; i < states.length; i++) {
      const address = storageOf(states[i]!.state!).addressIn(machine);
      if (address === addresses[i]) continue;
      if (address === null) throw this.outOfMemory(bytesOf(states[i]!));
      addresses[i] = address;
      machine.ints[this.cells / 4 + i] = address;
    }
  }

  private fail(result: number): never {
    const { check, indices, operation } = this.checks[result - 1]!;
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

  private outOfMemory(bytes: number): RuntimeError {
    const largest = [...this.plan.lifetimes]
      .sort(([a], [b]) => bytesOf(b) - bytesOf(a))
      .slice(0, 3)
      .map(([buffer]) => `${buffer.kind} ${buffer.tensor?.name ?? ""} ${bytesOf(buffer)} bytes`);
    return new RuntimeError(
      `compile: out of memory: asked for ${bytes} bytes, the step plans ${this.plan.arena.bytes}; ` +
        `the largest are ${largest.join(", ")}; use a smaller batch`,
    );
  }
}
