import {
  type Axis,
  elementBytes,
  scalar as k,
  type Layout,
  type Level,
  type Nest,
  type Program,
  sums,
  wasm,
} from "@gradtape/tensor";
import type { Bulk } from "../fuse.ts";
import type { BulkForm } from "../node.ts";
import { sizeOfShape, type Value } from "../values.ts";
import { type Hoisted, hoist } from "./hoist.ts";
import { arrangeLoops, emitLoops, type LoopLibrary } from "./loops.ts";
import type { Routine } from "./routine.ts";
import { addCheck, addGather, addTouch, addUnique, addZeros } from "./rows.ts";
import { addLongSegmentSum, addSegmentSum, longWork } from "./segments.ts";

const { i32 } = wasm;

/** The row kernels of a module, added when first used. */
export class RowLibrary {
  private readonly module: wasm.WasmModule;
  private readonly made = new Map<string, wasm.WasmFunction>();

  constructor(module: wasm.WasmModule) {
    this.module = module;
  }

  private once(name: string, add: () => wasm.WasmFunction): wasm.WasmFunction {
    const made = this.made.get(name) ?? add();
    this.made.set(name, made);
    return made;
  }

  get zeros(): wasm.WasmFunction {
    return this.once("zeros", () => addZeros(this.module));
  }

  get gather(): wasm.WasmFunction {
    const { zeros } = this;
    return this.once("gather", () => addGather(this.module, zeros));
  }

  segmentSum(type: "f32x4" | "i32x4"): wasm.WasmFunction {
    return this.once(`segmentSum ${type}`, () => addSegmentSum(this.module, type));
  }

  get longSegmentSum(): wasm.WasmFunction {
    const [plain, { zeros }] = [this.segmentSum("f32x4"), this];
    return this.once("long segmentSum", () => addLongSegmentSum(this.module, plain, zeros));
  }

  get unique(): wasm.WasmFunction {
    return this.once("unique", () => addUnique(this.module));
  }

  get touch(): wasm.WasmFunction {
    return this.once("touch", () => addTouch(this.module));
  }

  get check(): wasm.WasmFunction {
    return this.once("check", () => addCheck(this.module));
  }
}

interface Setting {
  readonly routine: Routine;
  readonly loops: LoopLibrary;
  readonly rows: RowLibrary;
  readonly work: number;
  /** A function of its own for part of the work. */
  apart(): Routine;
}

type FormOf<K extends BulkForm["kind"]> = Extract<BulkForm, { kind: K }>;

const bytesOf = ({ buffer, layout }: Value, axes = layout.shape) => sizeOfShape(axes) * elementBytes(buffer.dtype);

/** Bytes in which rows are touched before they are used. */
const TOUCHED = 64;

/** An update of rows, without what is the same for all of them. */
function hoistedOf({ runs }: FormOf<"updateRows">, inputs: readonly Value[]): Hoisted {
  return hoist(runs, (input) => input >= runs.outputs.length && input < inputs.length - 2);
}

/** Bytes of the work area of bulk work. */
export function bulkWork({ form, inputs, outputs }: Bulk): number {
  if (form.kind === "segmentSum") {
    const { count, segments, width, long } = segmentsOf(form, inputs, outputs);
    return long ? longWork(count, segments, width) : 0;
  }
  if (form.kind === "updateRows") return TOUCHED + 4 * hoistedOf(form, inputs).once.outputs.length;
  if (form.kind === "gather") return TOUCHED;
  return form.kind === "unique" ? 4 * tableSize(inputs[0]!.buffer.size) : 0;
}

/** A power of two, with half of the places or more left empty. */
function tableSize(count: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(2, 2 * count)));
}

/** How many rows a value has: a number, or what its cell says. */
function rowCount(routine: Routine, { count, layout }: Value): wasm.Value {
  if (count === null) return i32(layout.shape[0] ?? 1);
  return wasm.load("i32.load", routine.address({ buffer: count.cell, layout: scalar, version: 0, count: null }));
}

const scalar: Layout = { shape: [], strides: [], offset: 0 };

/** Whether the indices are bad: i32. */
export function emitCheck(
  { routine, rows }: Setting,
  { check }: FormOf<"check">,
  [indices]: readonly Value[],
): wasm.Value {
  const count = indices!.count === null ? i32(sizeOfShape(indices!.layout.shape)) : rowCount(routine, indices!);
  const low = check.negativeAllowed ? -(2 ** 31) : 0;
  return rows.check.call(routine.address(indices!), count, i32(check.rows), i32(low)) as wasm.Value;
}

export function emitGather(
  { routine, rows, work }: Setting,
  { axis, batchDims, negativeIsZero }: FormOf<"gather">,
  inputs: readonly Value[],
  [output]: readonly Value[],
): wasm.Statement[] {
  const [params, indices] = inputs as [Value, Value];
  const { shape } = params.layout;
  const batches = sizeOfShape(shape.slice(0, batchDims));
  const outer = sizeOfShape(shape.slice(batchDims, axis));
  const width = bytesOf(params, shape.slice(axis + 1));
  const each = sizeOfShape(indices.layout.shape.slice(batchDims));
  if (width * each === 0) return [];
  const axes: Axis[] = [
    { extent: batches, strides: [(outer * shape[axis]! * width) / 4, each, (outer * each * width) / 4] },
    { extent: outer, strides: [(shape[axis]! * width) / 4, 0, (each * width) / 4] },
  ];
  const addresses = [params, indices, output!].map((value) => routine.address(value));
  const [table, names] = addresses as [wasm.Value, wasm.Value, wasm.Value];
  const ahead =
    axis === 0 && params.buffer.kind === "state" && !negativeIsZero
      ? [rows.touch.call(table, names, i32(each), i32(width), i32(work)) as wasm.Statement]
      : [];
  return [
    ...ahead,
    ...routine.walk(axes, addresses, (at) => [rows.gather.call(...at, i32(each), i32(width)) as wasm.Statement]),
  ];
}

/** Sizes of a segment sum: its ids in a batch, its segments, the bytes of a row; whether a segment may have many rows. */
function segmentsOf({ batchDims }: FormOf<"segmentSum">, [, ids]: readonly Value[], [output]: readonly Value[]) {
  const { shape } = output!.layout;
  const count = sizeOfShape(ids!.layout.shape.slice(batchDims));
  const width = bytesOf(output!, shape.slice(batchDims + 1));
  return { count, segments: shape[batchDims]!, width, long: output!.buffer.dtype === "float32" && count > sums.BLOCK };
}

export function emitSegmentSum(
  { routine, rows, work }: Setting,
  form: FormOf<"segmentSum">,
  inputs: readonly Value[],
  [output]: readonly Value[],
): wasm.Statement[] {
  const [data, ids] = inputs as [Value, Value];
  const { shape } = output!.layout;
  const { count: each, segments, width, long } = segmentsOf(form, inputs, [output!]);
  const axes: Axis[] = [
    {
      extent: sizeOfShape(shape.slice(0, form.batchDims)),
      strides: [(each * width) / 4, each, (segments * width) / 4],
    },
  ];
  const addresses = [data, ids, output!].map((value) => routine.address(value));
  const count = ids.count === null ? i32(each) : rowCount(routine, ids);
  const sum = (at: readonly wasm.Value[]) =>
    long
      ? rows.longSegmentSum.call(...at, count, i32(width), i32(segments), i32(work))
      : rows.segmentSum(output!.buffer.dtype === "float32" ? "f32x4" : "i32x4").call(...at, count, i32(width));
  const adding = width === 0 ? [] : routine.walk(axes, addresses, (at) => [sum(at) as wasm.Statement]);
  return [rows.zeros.call(routine.address(output!), i32(bytesOf(output!))) as wasm.Statement, ...adding];
}

export function emitUnique(
  { routine, rows, work }: Setting,
  inputs: readonly Value[],
  outputs: readonly Value[],
): wasm.Statement[] {
  const [source] = inputs as [Value];
  const [values, positions] = outputs as [Value, Value];
  const cell = routine.address({ buffer: values.count!.cell, layout: scalar, version: 0, count: null });
  const count = source.layout.shape[0]!;
  return [
    rows.unique.call(
      routine.address(source),
      i32(count),
      routine.address(values),
      routine.address(positions),
      i32(work),
      i32(tableSize(count) - 1),
      cell,
    ) as wasm.Statement,
  ];
}

/** How many rows are brought into the cache before they are updated. */
const AHEAD = 64;

/** The rows that the last input names, one after the other, by the loop over one row. */
export function emitUpdateRows(
  { routine, loops, rows, work }: Setting,
  form: FormOf<"updateRows">,
  inputs: readonly Value[],
): wasm.Statement[] {
  const { once, each: program } = hoistedOf(form, inputs);
  const count = program.outputs.length;
  const indices = inputs[inputs.length - 1]!;
  const values = inputs[inputs.length - 2]!;
  const width = sizeOfShape(inputs[0]!.layout.shape.slice(1));
  if (width === 0) return [];
  const move = (i: number) => (i < count || i === inputs.length - 2 ? 1 : 0);
  const strides = [...program.inputs.map((_, i) => move(i)), ...program.outputs.map(() => 1)];
  const outputs = program.outputs.map((): Level => "row");
  const nest = rowNest(width, strides, outputs);
  const [left, block, index, row] = Array.from({ length: 4 }, () => routine.local()) as [
    wasm.Local,
    wasm.Local,
    wasm.Local,
    wasm.Local,
  ];
  const states = inputs.slice(0, count).map((state) => ({ start: routine.address(state), at: routine.local() }));
  const fixed = inputs.slice(count, -2).map((value) => routine.address(value));
  const further = once.outputs.map((_, i) => i32(work + TOUCHED + 4 * i));
  const present = () => states.map(({ at }) => at.get());
  const addresses = [...present(), ...fixed, row.get(), ...further, ...present()];
  const bytes = i32(width * 4);
  const { op } = wasm;
  const touch = states.map(
    ({ start }) => rows.touch.call(start, index.get(), block.get(), bytes, i32(work)) as wasm.Statement,
  );
  return [
    left.set(rowCount(routine, indices)),
    index.set(routine.address(indices)),
    row.set(routine.address(values)),
    ...emitOnce(routine, loops, once, [...states.map(({ start }) => start), ...fixed, row.get(), ...further]),
    wasm.whileDo(left.get(), [
      block.set(wasm.select(op("i32.lt_s", left.get(), i32(AHEAD)), left.get(), i32(AHEAD))),
      left.set(op("i32.sub", left.get(), block.get())),
      ...touch,
      wasm.whileDo(block.get(), [
        ...states.map(({ start, at }) =>
          at.set(op("i32.add", start, op("i32.mul", wasm.load("i32.load", index.get()), bytes))),
        ),
        ...emitLoops(routine, loops, { program, nest }, addresses),
        index.set(op("i32.add", index.get(), i32(4))),
        row.set(op("i32.add", row.get(), bytes)),
        block.set(op("i32.sub", block.get(), i32(1))),
      ]),
    ]),
  ];
}

/** Runs a program for one element. */
function emitOnce(routine: Routine, loops: LoopLibrary, program: Program, addresses: wasm.Value[]): wasm.Statement[] {
  if (program.outputs.length === 0) return [];
  const nest = rowNest(
    1,
    [...program.inputs, ...program.outputs].map(() => 0),
    program.levels,
  );
  return emitLoops(routine, loops, { program, nest }, addresses);
}

function rowNest(width: number, strides: readonly number[], outputs: readonly Level[]): Nest {
  const single = width === 1;
  const lanes = { extent: width, strides: single ? strides.map(() => 0) : strides };
  const moves = lanes.strides.map((stride) => (stride === 0 ? ("still" as const) : ("unit" as const)));
  return { around: [], lanes, inner: [], pattern: { moves, inner: 0, outputs } };
}

/** Engines take functions of limited size: more parts than this are laid by several. */
const PARTS = 128;

/** Zeros, and the inputs laid into them. */
export function emitAssemble(
  { routine, loops, rows, apart }: Setting,
  { place, takes }: FormOf<"assemble">,
  inputs: readonly Value[],
  [output]: readonly Value[],
): wasm.Statement[] {
  const parts = inputs.slice(0, takes).map((value, i) => ({ value, layout: place(output!.layout, i) }));
  const covered = parts.reduce((sum, { value }) => sum + sizeOfShape(value.layout.shape), 0);
  const whole = covered === sizeOfShape(output!.layout.shape);
  const zeros = whole ? [] : [rows.zeros.call(routine.address(output!), i32(bytesOf(output!))) as wasm.Statement];
  const copies = (within: Routine, some: typeof parts) =>
    some.flatMap(({ value, layout }) => {
      const target: Value = { ...output!, layout };
      const arranged = arrangeLoops({
        kind: "loops",
        shape: value.layout.shape,
        axes: [],
        operands: [{ value, level: "element", strides: value.layout.strides }],
        expressions: [k.input(0, value.buffer.dtype)],
        targets: [{ value: target, level: "element", strides: layout.strides }],
      });
      return emitLoops(within, loops, arranged, [within.address(value), within.address(target)]);
    });
  if (parts.length <= PARTS) return [...zeros, ...copies(routine, parts)];
  const calls = Array.from({ length: Math.ceil(parts.length / PARTS) }, (_, i) => {
    const piece = apart();
    piece.define(copies(piece, parts.slice(i * PARTS, (i + 1) * PARTS)));
    return piece.made.call() as wasm.Statement;
  });
  return [...zeros, ...calls];
}
