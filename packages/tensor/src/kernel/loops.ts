import type { TypedData } from "../dtype.ts";
import { commonLoops, type Layout, permuted, rowMajor } from "../layout.ts";
import { type Shape, sizeOf } from "../shape.ts";
import { compact, type EagerTensor, emptyTensor } from "../tensor.ts";
import { mayEval } from "./eval.ts";
import { checkIndices } from "./indexing.ts";
import { interpretLoops } from "./interpreter.ts";
import { type Movement, type PrintedLoops, printLoops } from "./javascript.ts";
import { type ChainForm, type IndexCheck, type Kernel, linked } from "./kernel.ts";
import type { Program } from "./program.ts";
import { fitsBlock } from "./sum.ts";
import { runVectors } from "./vector-loops.ts";

/** A place that loops read or write: memory, and how the loop axes move through it. */
export interface Place {
  readonly buffer: TypedData;
  readonly layout: Layout;
}

/**
 * Runs `program` over `places` (its inputs, then its outputs). Each place has the shape `outer` followed by `inner`;
 * places of level "row" have stride 0 along the inner axes.
 */
export function runLoops(program: Program, outer: Shape, inner: Shape, places: readonly Place[]): void {
  const part = (axes: Shape, first: number) =>
    commonLoops(
      axes,
      places.map(({ layout }) => ({ ...layout, strides: layout.strides.slice(first, first + axes.length) })),
    );
  const outside = part(outer, 0);
  const inside = part(inner, outer.length);
  if (inside.shape.length === 0) {
    inside.shape.push(1);
    for (const strides of inside.strides) strides.push(0);
  }
  const strides = places.map((_, i) => [...outside.strides[i]!, ...inside.strides[i]!]);
  const moves = strides.map((list): Movement => {
    const step = list[list.length - 1]!;
    return step === 0 ? "still" : step === 1 ? "unit" : "strided";
  });
  const buffers = places.map((place) => place.buffer);
  const offsets = places.map((place) => place.layout.offset);
  if (runVectors(program, { outer: outside.shape, inner: inside.shape, buffers, offsets, strides })) return;
  const ranks = [outside.shape.length, inside.shape.length] as const;
  const run = loopsOf(program, ranks, moves, fitsBlock(program, sizeOf(inside.shape)));
  run(outside.shape, inside.shape, buffers, offsets, strides);
}

function loopsOf(
  program: Program,
  ranks: readonly [number, number],
  moves: readonly Movement[],
  short: boolean,
): PrintedLoops {
  const key = mayEval() ? `${ranks.join()},${moves.join()},${short}` : "interpreted";
  const known = program.printed.get(key) as PrintedLoops | undefined;
  const run = known ?? (mayEval() ? printLoops(program, ranks, moves, short) : interpretLoops(program));
  program.printed.set(key, run);
  return run;
}

/** Elementwise: every operand and every output has the same shape. */
export function map(program: Program): Kernel {
  return {
    form: { kind: "loops", program, axes: [], checks: [] },
    run(inputs) {
      const { shape } = inputs[0]!;
      const outputs = program.outputs.map((output) => emptyTensor(output.type, shape));
      runLoops(program, [], shape, [...inputs, ...outputs]);
      return outputs;
    },
  };
}

/** Elementwise over many inputs of one shape, as a chain of loops that all write the one result. */
export function chain(first: Program, next: Program): Kernel {
  const form: ChainForm = { kind: "chain", first, next };
  return {
    form,
    run(inputs) {
      const { shape } = inputs[0]!;
      const result = emptyTensor(first.outputs[0]!.type, shape);
      linked<EagerTensor>(form, inputs, (program, operands) => {
        runLoops(program, [], shape, [...operands, result]);
        return result;
      });
      return [result];
    },
  };
}

/**
 * Row by row: `axes` of the first operand are walked inside, the others outside. Operands and outputs of level "row"
 * have the shape of the other axes, up to extents of 1. `checks` are made before anything is computed.
 */
export function rows(program: Program, axes: readonly number[], checks: readonly IndexCheck[] = []): Kernel {
  return {
    form: { kind: "loops", program, axes, checks },
    run(inputs, specs) {
      for (const { op, input, rows: count } of checks) checkIndices(op, inputs[input]!, count);
      const { shape } = inputs[0]!;
      const kept = shape.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));
      const outer = kept.map((axis) => shape[axis]!);
      const inner = axes.map((axis) => shape[axis]!);
      const outputs = program.outputs.map((output, i) => emptyTensor(output.type, specs[i]!.shape as Shape));
      const levels = [...program.inputs.map(({ level }) => level), ...program.levels];
      const place = (tensor: EagerTensor, i: number): Place => {
        if (levels[i] === "element")
          return { buffer: tensor.buffer, layout: permuted(tensor.layout, [...kept, ...axes]) };
        const { buffer, layout } = compact(tensor);
        const { strides } = rowMajor(outer);
        return { buffer, layout: { ...layout, shape: outer, strides: [...strides, ...inner.map(() => 0)] } };
      };
      runLoops(program, outer, inner, [...inputs, ...outputs].map(place));
      return outputs;
    },
  };
}
