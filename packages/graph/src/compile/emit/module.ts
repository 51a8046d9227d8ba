import { type IndexCheck, wasm } from "@gradtape/tensor";
import type { Kernel } from "../fuse.ts";
import type { Value } from "../values.ts";
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
}

/** The module of a step: `step()` runs it all, `kernel0()`, `kernel1()`, … run its parts. */
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
  /** The statements of a thread. */
  emit(routine: Routine, thread: number): wasm.Statement[];
}

/** Writes the module. */
export function emitModule(kernels: readonly Kernel[], ground: Ground, limits: wasm.MemoryLimits): StepModule {
  const module = new wasm.WasmModule(limits);
  const products = importProducts(module);
  const loops = new LoopLibrary(module);
  const rows = new RowLibrary(module);
  const checks: PlacedCheck[] = [];
  const calls = kernels.map((kernel, i): wasm.Statement => {
    const setting = { kernels: products, library: loops, loops, rows, work: ground.workOf(i) };
    const { bulk } = kernel;
    if (bulk !== null && bulk.form.kind === "check") {
      const made = new Routine(module.function([], "i32", `kernel${i}`), ground);
      made.define([], emitCheck({ ...setting, routine: made }, bulk.form, bulk.inputs));
      checks.push({ check: bulk.form.check, indices: bulk.inputs[0]! });
      return wasm.ifElse(made.made.call() as wasm.Value, [wasm.leave(wasm.i32(checks.length))]);
    }
    const routine = new Routine(module.function([], null, `kernel${i}`), ground);
    routine.define(phases(kernel, setting, 1).flatMap((phase) => phase.emit(routine, 0)));
    return routine.made.call() as wasm.Statement;
  });
  module.function([], "i32", "step").define(calls, wasm.i32(0));
  return { bytes: module.toBytes(), checks };
}

interface Libraries {
  readonly kernels: ProductKernels;
  readonly library: LoopLibrary;
  readonly loops: LoopLibrary;
  readonly rows: RowLibrary;
  readonly work: number;
}

function phases(kernel: Kernel, setting: Libraries, threads: number): Phase[] {
  const { product, bulk } = kernel;
  if (product !== null) {
    const { m, n } = extentsOf(product);
    return [
      { emit: (routine, thread) => emitPackB({ ...setting, routine }, product, share(n, 8, thread, threads)) },
      { emit: (routine, thread) => emitRows({ ...setting, routine }, kernel, thread, share(m, 4, thread, threads)) },
    ];
  }
  if (bulk !== null) {
    return [{ emit: (routine, thread) => (thread === 0 ? emitBulk({ ...setting, routine }, bulk) : []) }];
  }
  const arranged = arrangeLoops(kernel.loops!);
  const { operands, targets } = kernel.loops!;
  const { count, unit } = splitting(arranged.nest);
  return [
    {
      emit(routine, thread) {
        const addresses = [...operands, ...targets].map(({ value }) => routine.address(value));
        return emitLoops(routine, setting.loops, arranged, addresses, share(count, unit, thread, threads));
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
