import {
  type Axis,
  addLoop,
  arrange,
  commonLoops,
  type Level,
  type Nest,
  type Program,
  patternKey,
  strideParameters,
  wasm,
} from "@gradtape/tensor";
import { expressionKey } from "../expression.ts";
import type { Loops, Operand } from "../node.ts";
import type { Portion, Routine } from "./routine.ts";

const { i32 } = wasm;

/** The loops of a module, each printed once however many kernels run it. */
export class LoopLibrary {
  private readonly module: wasm.WasmModule;
  private readonly printed = new Map<string, wasm.WasmFunction>();

  constructor(module: wasm.WasmModule) {
    this.module = module;
  }

  /** The loop of `program` for one nest. */
  find(program: Program, { pattern, lanes }: Nest): wasm.WasmFunction {
    const widths = lanes.extent % 4 === 0 ? ([4] as const) : lanes.extent < 4 ? ([1] as const) : ([4, 1] as const);
    const specialized = { ...pattern, widths };
    const types = program.inputs.map(({ type, level }) => `${type}${level}`);
    const key = `${expressionKey(program.outputs)}|${types}|${patternKey(specialized)}`;
    let found = this.printed.get(key);
    if (found === undefined) {
      found = addLoop(this.module, program, specialized);
      this.printed.set(key, found);
    }
    return found;
  }
}

/** The program that loops run, operand by operand. */
export function programOf({ operands, expressions, targets }: Loops): Program {
  const inputs = operands.map(({ value, level }) => ({ type: value.buffer.dtype, level }));
  return { inputs, outputs: expressions, levels: targets.map(({ level }) => level), printed: new Map() };
}

/** The axes of loops, as few as possible: outer ones and folded ones. */
export function axesOf({ shape, axes, operands, targets }: Loops): { outer: Axis[]; inner: Axis[] } {
  const places: readonly Operand[] = [...operands, ...targets];
  const part = (chosen: readonly number[]): Axis[] => {
    const extents = chosen.map((axis) => shape[axis]!);
    const layouts = places.map(({ strides }) => ({
      shape: extents,
      strides: chosen.map((axis) => strides[axis]!),
      offset: 0,
    }));
    const merged = commonLoops(extents, layouts);
    return merged.shape.map((extent, i) => ({ extent, strides: merged.strides.map((list) => list[i]!) }));
  };
  const kept = shape.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));
  return { outer: part(kept), inner: part(axes) };
}

/** How loops run: the nest, and the axis that is split among threads. */
export interface Arranged {
  readonly nest: Nest;
  readonly program: Program;
}

export function arrangeLoops(loops: Loops): Arranged {
  const program = programOf(loops);
  const { outer, inner } = axesOf(loops);
  const outputs = loops.targets.map(({ level }): Level => (inner.length === 0 ? "row" : level));
  return { program, nest: arrange(program, outer, inner.length > 0 || loops.axes.length === 0 ? inner : [], outputs) };
}

/** Positions of the axis that threads share: the first around the loop, or its lanes. */
export function splitting({ around, lanes }: Nest): { readonly count: number; readonly unit: number } {
  const [first] = around;
  return first === undefined ? { count: lanes.extent, unit: 16 } : { count: first.extent, unit: 1 };
}

/** The loops over part of their positions. */
export function emitLoops(
  routine: Routine,
  library: LoopLibrary,
  { program, nest }: Arranged,
  addresses: readonly wasm.Value[],
  portion?: Portion,
): wasm.Statement[] {
  const loop = library.find(program, nest);
  const { lanes, inner } = nest;
  const [first, ...rest] = nest.around;
  const { from, to } = portion ?? { from: 0, to: splitting(nest).count };
  if (to <= from) return [];
  const split = first ?? lanes;
  const starts = addresses.map((address, i) => shifted(address, from * split.strides[i]! * 4));
  const extent = first === undefined ? to - from : lanes.extent;
  const steps = strideParameters(program, nest.pattern).map(([operand, axis]) =>
    i32((axis < 0 ? lanes : inner[axis]!).strides[operand]! * 4),
  );
  const around = first === undefined ? [] : [{ ...first, extent: to - from }, ...rest];
  return routine.walk(around, starts, (current) => [
    loop.call(i32(extent), ...inner.map((axis) => i32(axis.extent)), ...current, ...steps) as wasm.Statement,
  ]);
}

function shifted(address: wasm.Value, bytes: number): wasm.Value {
  return bytes === 0 ? address : wasm.op("i32.add", address, i32(bytes));
}
