import type { TypedData } from "../dtype.ts";
import { type Shape, sizeOf } from "../shape.ts";
import { WasmModule } from "../wasm/assembler.ts";
import { addLoop, type LoopPattern, patternKey, strideParameters } from "../wasm/loop.ts";
import { type Machine, machine } from "../wasm/machine.ts";
import { hasVectors } from "../wasm/vector.ts";
import { arrange, axesOf, type Nest } from "./nest.ts";
import { hasRows, type Program } from "./program.ts";

/** Below this many elements the way through the machine's memory costs more than it saves. */
const WORTHWHILE = 1024;

/** Loops with fewer positions than this are not worth a call each. */
const CALL = 32;

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
 * none, where they would not pay, or where an operand does not lie densely.
 */
export function runVectors(program: Program, { outer, inner, buffers, offsets, strides }: Walk): boolean {
  if (sizeOf(outer) * sizeOf(inner) < WORTHWHILE || buffers.some((buffer) => !isPlain(buffer))) return false;
  const engine = hasVectors(program) ? machine() : null;
  if (engine === null) return false;
  // Without folds all axes are alike, and any of them may become the lanes.
  const axes = axesOf(outer, strides);
  const within = axesOf(inner, strides, outer.length);
  const nest = hasRows(program) ? arrange(program, axes, within) : arrange(program, [...axes, ...within], []);
  if (nest.lanes.extent * sizeOf(nest.inner.map(({ extent }) => extent)) < CALL) return false;
  const sizes = strides.map((steps) => denseSize([...outer, ...inner], steps));
  if (sizes.includes(null)) return false;
  const memory = engine.scratch(sizes as number[]);
  if (memory === null) return false;
  const { floats, ints, at } = memory;
  const inputs = program.inputs.length;
  const view = (i: number) => (buffers[i] instanceof Float32Array ? floats : ints);
  const piece = (i: number) => buffers[i]!.subarray(offsets[i], offsets[i]! + sizes[i]!);
  for (let i = 0; i < inputs; i++) view(i).set(piece(i), at[i]);
  runNest(engine, program, nest, at);
  for (let i = inputs; i < buffers.length; i++) piece(i).set(view(i).subarray(at[i], at[i]! + sizes[i]!));
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
