import type { TypedData } from "../dtype.ts";
import { type Shape, sizeOf } from "../shape.ts";
import { type Machine, machine } from "../wasm/machine.ts";
import { hasVectors, type VectorLoop, vectorModule } from "../wasm/vector-loop.ts";
import type { Movement } from "./javascript.ts";
import type { Program } from "./program.ts";

/** Below this many elements the way through the machine's memory costs more than it saves. */
const WORTHWHILE = 1024;

/** Rows shorter than this are not worth a call each. */
const ROW = 32;

const BYTES = 4;

/** Loops ready to run: extents, and for each operand its memory, where it begins and how each axis moves it. */
export interface Walk {
  readonly extents: Shape;
  readonly buffers: readonly TypedData[];
  readonly offsets: readonly number[];
  readonly strides: readonly (readonly number[])[];
  /** How each operand moves along the last axis. */
  readonly moves: readonly Movement[];
}

/**
 * Runs a program by the machine's vectors, through its scratch memory. Answers false, with nothing done, where there are
 * none, where they would not pay, or where an operand does not lie densely.
 */
export function runVectors(program: Program, { extents, buffers, offsets, strides, moves }: Walk): boolean {
  const length = extents[extents.length - 1]!;
  if (length < ROW || sizeOf(extents) < WORTHWHILE || moves.includes("strided")) return false;
  const engine = canVectorize(program) ? machine() : null;
  if (engine === null) return false;
  const sizes = strides.map((steps) => denseSize(extents, steps));
  if (sizes.includes(null)) return false;
  const memory = engine.scratch(sizes as number[]);
  if (memory === null) return false;
  const { floats, ints, at } = memory;
  const inputs = program.inputs.length;
  const view = (i: number) => (buffers[i] instanceof Float32Array ? floats : ints);
  const piece = (i: number) => buffers[i]!.subarray(offsets[i], offsets[i]! + sizes[i]!);
  for (let i = 0; i < inputs; i++) view(i).set(piece(i), at[i]);
  eachRow(loopOf(engine, program, moves), extents, strides, at);
  for (let i = inputs; i < buffers.length; i++) piece(i).set(view(i).subarray(at[i], at[i]! + sizes[i]!));
  return true;
}

/** Calls the loop for every row: positions of all axes but the last, in order. Rows may run over by up to three elements. */
function eachRow(
  run: VectorLoop,
  extents: Shape,
  strides: readonly (readonly number[])[],
  at: readonly number[],
): void {
  const last = extents.length - 1;
  const vectors = Math.ceil(extents[last]! / 4);
  const walk = (axis: number, addresses: readonly number[]): void => {
    if (axis === last) {
      run(vectors, ...addresses);
      return;
    }
    for (let i = 0; i < extents[axis]!; i++) {
      walk(
        axis + 1,
        addresses.map((address, operand) => address + i * strides[operand]![axis]! * BYTES),
      );
    }
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

function canVectorize(program: Program): boolean {
  const known = program.printed.get("vectors") as boolean | undefined;
  if (known !== undefined) return known;
  const found = hasVectors(program);
  program.printed.set("vectors", found);
  return found;
}

function loopOf(engine: Machine, program: Program, moves: readonly Movement[]): VectorLoop {
  const key = `vectors ${moves.join()}`;
  const known = program.printed.get(key) as VectorLoop | undefined;
  if (known !== undefined) return known;
  const { run } = engine.instantiate(vectorModule(program, moves)) as { run: VectorLoop };
  program.printed.set(key, run);
  return run;
}
