import type { TypedData } from "../dtype.ts";
import { rowMajor } from "../layout.ts";
import { type Shape, sizeOf } from "../shape.ts";
import { WasmModule } from "../wasm/assembler.ts";
import { addLoop, type LoopPattern, patternKey, strideParameters } from "../wasm/loop.ts";
import { type Machine, machine } from "../wasm/machine.ts";
import { hasVectors } from "../wasm/vector.ts";
import { mayEval } from "./eval.ts";
import { arrange, axesOf, type Nest } from "./nest.ts";
import { hasRows, type Program } from "./program.ts";

/**
 * Below so many `elements` the way through the machine's memory costs more than it saves; and loops with fewer positions
 * than `call` are not worth a call each. Printed loops are the other choice, or interpreted ones, which are slower.
 */
const besidesPrinted = { elements: 1024, call: 32 };
const besidesInterpreted = { elements: 32, call: 4 };

/** Vectors count positions in 32 bits. */
const MOST = 2 ** 31 - 1;

const BYTES = 4;

/** Loops ready to run: for each operand its memory, where it begins and how each axis (outer ones first) moves it. */
export interface Walk {
  readonly outer: Shape;
  readonly inner: Shape;
  readonly buffers: readonly TypedData[];
  readonly offsets: readonly number[];
  readonly strides: readonly (readonly number[])[];
}

/**
 * Runs a program by the machine's vectors, through its scratch memory. Answers false, with nothing done, where there are
 * none, where they would not pay, or where an operand does not lie densely and loops can be printed instead.
 */
export function runVectors(program: Program, walk: Walk, printed = mayEval()): boolean {
  const { outer, inner, buffers, offsets } = walk;
  const least = printed ? besidesPrinted : besidesInterpreted;
  const positions = sizeOf(outer) * sizeOf(inner);
  if (positions < least.elements || positions > MOST || (printed && !buffers.every(isPlain))) return false;
  const engine = hasVectors(program) ? machine() : null;
  if (engine === null) return false;
  const extents = [...outer, ...inner];
  const dense = walk.strides.map((steps) => denseSize(extents, steps));
  if (printed && dense.includes(null)) return false;
  const packed = dense.map((size, i) => (size === null ? packing(extents, walk.strides[i]!) : null));
  const strides = packed.map((each, i) => each?.strides ?? walk.strides[i]!);
  const sizes = packed.map((each, i) => each?.size ?? dense[i]!);
  // Without folds all axes are alike, and any of them may become the lanes.
  const axes = axesOf(outer, strides);
  const within = axesOf(inner, strides, outer.length);
  const nest = hasRows(program) ? arrange(program, axes, within) : arrange(program, [...axes, ...within], []);
  if (nest.lanes.extent * sizeOf(nest.inner.map(({ extent }) => extent)) < least.call) return false;
  const memory = engine.scratch(sizes);
  if (memory === null) return false;
  const { floats, ints, at } = memory;
  const view = (i: number) => (buffers[i] instanceof Float32Array ? floats : ints);
  const piece = (i: number) => buffers[i]!.subarray(offsets[i], offsets[i]! + sizes[i]!);
  const inputs = program.inputs.length;
  for (let i = 0; i < inputs; i++) {
    if (packed[i] === null) view(i).set(piece(i), at[i]);
    else copyPacked(packed[i]!, view(i), at[i]!, buffers[i]!, offsets[i]!, true);
  }
  runNest(engine, program, nest, at);
  for (let i = inputs; i < buffers.length; i++) {
    if (packed[i] === null) piece(i).set(view(i).subarray(at[i], at[i]! + sizes[i]!));
    else copyPacked(packed[i]!, view(i), at[i]!, buffers[i]!, offsets[i]!, false);
  }
  return true;
}

function isPlain(buffer: TypedData): boolean {
  return buffer instanceof Float32Array || buffer instanceof Int32Array;
}

type Loop = (...args: number[]) => void;

/** Calls the printed loop for every position of the axes around it. */
function runNest(engine: Machine, program: Program, nest: Nest, at: readonly number[]): void {
  const run = loopOf(engine, program, nest.pattern);
  const { around, lanes, inner } = nest;
  const extents = [lanes.extent, ...inner.map(({ extent }) => extent)];
  const steps = strideParameters(program, nest.pattern).map(
    ([operand, axis]) => (axis < 0 ? lanes : inner[axis]!).strides[operand]! * BYTES,
  );
  const walk = (axis: number, addresses: readonly number[]): void => {
    if (axis === around.length) {
      run(...extents, ...addresses, ...steps);
      return;
    }
    const { extent, strides } = around[axis]!;
    for (let i = 0; i < extent; i++)
      walk(
        axis + 1,
        addresses.map((address, operand) => address + i * strides[operand]! * BYTES),
      );
  };
  walk(
    0,
    at.map((begin) => begin * BYTES),
  );
}

/** How many elements an operand spans when it has no gaps; `null` when it has, or runs backwards. */
function denseSize(extents: Shape, strides: readonly number[]): number | null {
  let span = 1;
  let distinct = 1;
  for (const [axis, stride] of strides.entries()) {
    if (stride < 0) return null;
    if (stride === 0) continue;
    span += (extents[axis]! - 1) * stride;
    distinct *= extents[axis]!;
  }
  return span === distinct ? span : null;
}

/** How an operand with gaps lies in the machine's memory, without them. */
interface Packing {
  readonly size: number;
  readonly strides: readonly number[];
  /** The axes along which it moves, with the steps of its own memory. */
  readonly axes: readonly { readonly extent: number; readonly stride: number }[];
}

function packing(extents: Shape, strides: readonly number[]): Packing {
  const axes = extents.flatMap((extent, axis) => (strides[axis] === 0 ? [] : [{ extent, stride: strides[axis]! }]));
  const { shape, strides: steps } = rowMajor(axes.map(({ extent }) => extent));
  let next = 0;
  return { size: sizeOf(shape), strides: strides.map((stride) => (stride === 0 ? 0 : steps[next++]!)), axes };
}

/** Copies an operand from its own memory, `inwards`, or back. */
function copyPacked(
  { axes }: Packing,
  memory: TypedData,
  first: number,
  buffer: TypedData,
  offset: number,
  inwards: boolean,
): void {
  const { extent: length, stride: step } = axes[axes.length - 1]!;
  let to = first;
  const copy = (axis: number, from: number): void => {
    if (axis < axes.length - 1) {
      const { extent, stride } = axes[axis]!;
      for (let i = 0; i < extent; i++) copy(axis + 1, from + i * stride);
    } else if (inwards) for (let i = 0; i < length; i++) memory[to++] = buffer[from + i * step]!;
    else for (let i = 0; i < length; i++) buffer[from + i * step] = memory[to++]!;
  };
  copy(0, offset);
}

function loopOf(engine: Machine, program: Program, pattern: LoopPattern): Loop {
  const key = `vectors ${patternKey(pattern)}`;
  const known = program.printed.get(key) as { engine: Machine; run: Loop } | undefined;
  if (known?.engine === engine) return known.run;
  const module = new WasmModule(engine.limits);
  module.export("run", addLoop(module, program, pattern));
  const { run } = engine.instantiate(module.toBytes()) as { run: Loop };
  program.printed.set(key, { engine, run });
  return run;
}
