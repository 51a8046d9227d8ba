import { type IndexCheck, wasm } from "@gradtape/tensor";
import type { Operation } from "../../operation.ts";
import { operationCount } from "../expression.ts";
import type { Kernel } from "../fuse.ts";
import { sizeOfShape, type Value } from "../values.ts";
import {
  bulkWork,
  emitAssemble,
  emitCheck,
  emitGather,
  emitSegmentSum,
  emitUnique,
  emitUpdateRows,
  RowLibrary,
} from "./bulk.ts";
import { arrangeLoops, emitLoops, LoopLibrary, splitting } from "./loops.ts";
import {
  emitBatch,
  emitPackB,
  emitRows,
  extentsOf,
  importProducts,
  type ProductKernels,
  productWork,
} from "./product.ts";
import { type Places, Routine, share } from "./routine.ts";

/** Where a step keeps things, besides its buffers. */
export interface Ground extends Places {
  /** The work area of a kernel. */
  workOf(kernel: number): number;
}

/** An index check of the step: number `i` makes the step end with the result `i` + 1. */
export interface PlacedCheck {
  readonly check: IndexCheck;
  readonly indices: Value;
  readonly operation: Operation;
}

/**
 * The module of a step: `step()` runs it all, `kernel0()`, `kernel1()`, … run its parts. With several threads `before()`
 * runs all that can fail, and `step0()`, `step1()`, … the rest, each the share of a thread.
 */
export interface StepModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly checks: readonly PlacedCheck[];
}

/** Bytes of the work area that a kernel needs. */
export function workBytes({ product, bulk }: Kernel, threads: number): number {
  if (product !== null) return productWork(product, threads);
  if (bulk === null) return 0;
  if (bulk.form.kind !== "product") return bulkWork(bulk);
  const [a, b] = bulk.inputs as [Value, Value];
  return productWork({ a, b, result: bulk.outputs[0]! }, 1);
}

/** Part of a kernel that threads do side by side, each its share, or that the first does alone. */
interface Phase {
  readonly parallel: boolean;
  /** The statements of a thread. */
  emit(routine: Routine, thread: number): wasm.Statement[];
}

/** Writes the module. */
export function emitModule(
  kernels: readonly Kernel[],
  ground: Ground,
  limits: wasm.MemoryLimits,
  threads: Threads | null,
): StepModule {
  const module = new wasm.WasmModule(limits);
  const products = importProducts(module);
  const loops = new LoopLibrary(module);
  const rows = new RowLibrary(module);
  const checks: PlacedCheck[] = [];
  const apart = () => new Routine(module.function([], null), ground);
  const settingOf = (i: number) => ({ kernels: products, library: loops, loops, rows, work: ground.workOf(i), apart });
  const calls = kernels.map((kernel, i): wasm.Statement => {
    const setting = settingOf(i);
    const { bulk } = kernel;
    if (bulk !== null && bulk.form.kind === "check") {
      const made = new Routine(module.function([], "i32", `kernel${i}`), ground);
      made.define([], emitCheck({ ...setting, routine: made }, bulk.form, bulk.inputs));
      checks.push({ check: bulk.form.check, indices: bulk.inputs[0]!, operation: kernel.nodes[0]!.operations[0]! });
      return wasm.ifElse(made.made.call() as wasm.Value, [wasm.leave(wasm.i32(checks.length))]);
    }
    const routine = new Routine(module.function([], null, `kernel${i}`), ground);
    routine.define(phases(kernel, setting, 1).flatMap((phase) => phase.emit(routine, 0)));
    return routine.made.call() as wasm.Statement;
  });
  module.function([], "i32", "step").define(calls, wasm.i32(0));
  if (threads !== null) {
    const first = kernels.findLastIndex(({ bulk }) => bulk?.form.kind === "check") + 1;
    module.function([], "i32", "before").define(calls.slice(0, first), wasm.i32(0));
    const barrier = wasm.addBarrier(module, threads);
    const parts = kernels.slice(first).map((kernel, i) => ({
      kernel,
      setting: settingOf(first + i),
    }));
    for (let thread = 0; thread < threads.threads; thread++) {
      emitThread(module, parts, ground, barrier, thread, threads.threads);
    }
  }
  return { bytes: module.toBytes(), checks };
}

/** The threads of a step, and where they meet. */
export interface Threads {
  readonly threads: number;
  readonly at: number;
  readonly seconds: number;
  readonly sleeps: boolean;
}

/** Writes `step0`, `step1`, …: the share of a thread, which waits for the others between parts that build on each other. */
function emitThread(
  module: wasm.WasmModule,
  parts: readonly { readonly kernel: Kernel; readonly setting: Libraries }[],
  ground: Ground,
  barrier: wasm.WasmFunction,
  thread: number,
  threads: number,
): void {
  const meet = wasm.ifElse(barrier.call(wasm.i32(thread)) as wasm.Value, [wasm.leave(wasm.i32(1))]);
  const statements: wasm.Statement[] = [];
  let alone = false;
  for (const { kernel, setting } of parts) {
    for (const phase of phases(kernel, setting, threads)) {
      // What one thread does alone, one after the other, needs no waiting in between.
      if (!(alone && !phase.parallel)) statements.push(meet);
      alone = !phase.parallel;
      if (alone && thread > 0) continue;
      const routine = new Routine(module.function([], null), ground);
      routine.define(phase.emit(routine, thread));
      statements.push(routine.made.call() as wasm.Statement);
    }
  }
  module.function([], "i32", `step${thread}`).define([...statements, meet], wasm.i32(0));
}

interface Libraries {
  readonly kernels: ProductKernels;
  readonly library: LoopLibrary;
  readonly loops: LoopLibrary;
  readonly rows: RowLibrary;
  readonly work: number;
  /** A function of its own for part of a kernel. */
  apart(): Routine;
}

/** Work of less than this (in operations) is done by one thread: meeting costs more. */
const WORTHWHILE = 50_000;

function phases(kernel: Kernel, setting: Libraries, threads: number): Phase[] {
  const { product, bulk } = kernel;
  const shared = (flops: number) => threads > 1 && flops >= WORTHWHILE;
  if (product !== null) {
    const { m, n, k } = extentsOf(product);
    const parallel = shared(2 * m * n * k);
    const portion = (count: number, unit: number, thread: number) =>
      parallel ? share(count, unit, thread, threads) : share(count, unit, 0, 1);
    return [
      { parallel, emit: (routine, thread) => emitPackB({ ...setting, routine }, product, portion(n, 8, thread)) },
      { parallel, emit: (routine, thread) => emitRows({ ...setting, routine }, kernel, thread, portion(m, 4, thread)) },
    ];
  }
  if (bulk !== null) return [{ parallel: false, emit: (routine) => emitBulk({ ...setting, routine }, bulk) }];
  const loops = kernel.loops!;
  const arranged = arrangeLoops(loops);
  const { count, unit } = splitting(arranged.nest);
  const parallel = shared(operationCount(loops.expressions) * sizeOfShape(loops.shape)) && count > unit;
  return [
    {
      parallel,
      emit(routine, thread) {
        const addresses = [...loops.operands, ...loops.targets].map(({ value }) => routine.address(value));
        const portion = parallel ? share(count, unit, thread, threads) : share(count, unit, 0, 1);
        return emitLoops(routine, setting.loops, arranged, addresses, portion);
      },
    },
  ];
}

function emitBulk(
  setting: Libraries & { routine: Routine },
  { form, inputs, outputs }: NonNullable<Kernel["bulk"]>,
): wasm.Statement[] {
  switch (form.kind) {
    case "gather":
      return emitGather(setting, form, inputs, outputs);
    case "segmentSum":
      return emitSegmentSum(setting, form, inputs, outputs);
    case "unique":
      return emitUnique(setting, inputs, outputs);
    case "updateRows":
      return emitUpdateRows(setting, form, inputs);
    case "assemble":
      return emitAssemble(setting, form, inputs, outputs);
    case "product":
      return emitBatch(setting, inputs, outputs[0]!);
    case "check":
      return [];
  }
}
