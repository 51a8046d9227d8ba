import { type Shape, sizeOf } from "../shape.ts";
import type { LoopPattern } from "../wasm/loop.ts";
import type { Movement } from "./javascript.ts";
import type { Level, Program } from "./program.ts";
import { fitsBlock } from "./sum.ts";

/** One axis of a loop nest: how often, and how far it moves each operand (in elements). */
export interface Axis {
  readonly extent: number;
  readonly strides: readonly number[];
}

/** Loops in the order in which they run: around the printed loop, its lanes, and the folded axes inside. */
export interface Nest {
  readonly around: readonly Axis[];
  readonly lanes: Axis;
  readonly inner: readonly Axis[];
  readonly pattern: LoopPattern;
}

/** The axes of loops whose strides are listed per operand, outer axes first. */
export function axesOf(shape: Shape, strides: readonly (readonly number[])[], first = 0): Axis[] {
  return shape.map((extent, axis) => ({ extent, strides: strides.map((steps) => steps[first + axis]!) }));
}

/** Chooses the axis that becomes the lanes: one along which as many operands as possible lie side by side. */
export function arrange(
  program: Program,
  outer: readonly Axis[],
  inner: readonly Axis[],
  outputs: readonly Level[] = program.levels,
): Nest {
  const { inputs } = program;
  const score = ({ extent, strides }: Axis) => {
    const easy = strides.filter((stride, i) => stride === 1 || (stride === 0 && i < inputs.length)).length;
    return Math.min(extent, 4) * (1 + easy) + Math.min(extent, 1024) / 2048;
  };
  const best = outer.reduce<number>(
    (chosen, axis, i) => (chosen < 0 || score(axis) >= score(outer[chosen]!) ? i : chosen),
    -1,
  );
  const operands = inputs.length + outputs.length;
  const lanes = outer[best] ?? { extent: 1, strides: Array<number>(operands).fill(0) };
  const moves = lanes.strides.map((stride): Movement => (stride === 0 ? "still" : stride === 1 ? "unit" : "strided"));
  const short = fitsBlock(program, sizeOf(inner.map(({ extent }) => extent)));
  const pattern = { moves, inner: inner.length, outputs, short };
  return { around: outer.filter((_, i) => i !== best), lanes, inner, pattern };
}
