import { type DType, EagerTensor, RuntimeError, sameShape, Tensor } from "@gradtape/tensor";
import { unrecorded, within } from "../context.ts";
import { Graph, GraphKeys } from "../graph.ts";
import { userLine } from "../location.ts";
import { Convertible, nameOf } from "../operand.ts";
import { Operation, SymbolicTensor } from "../operation.ts";
import { IndexedSlices, sliceIndices, sliceValues } from "../ops/gather.ts";
import { placeholder } from "../ops/sources.ts";
import { State } from "../state.ts";
import { Variable } from "../variable.ts";
import type { ArgumentSpec } from "./arguments.ts";

/** A number that is asked for anew before each step. */
export interface Capture {
  readonly tensor: SymbolicTensor;
  read(): unknown;
}

/** A graph made by running a user's function once. Numbers that may change from step to step are captured. */
export class TraceGraph extends Graph {
  /** Variables are those of eager mode; the graph itself is gone after a step. */
  override readonly holdsVariables = false;
  readonly captures: Capture[] = [];

  /** A scalar of the graph whose value `read` tells before each step. */
  capture(dtype: DType, read: () => unknown, name: string): Tensor {
    const tensor = this.asDefault(() => placeholder(dtype, [], { name })) as SymbolicTensor;
    this.captures.push({ tensor, read });
    return tensor;
  }
}

/** What a function became: its graph, what is fed, what is computed, and how the results go back into their structure. */
export interface Trace {
  readonly graph: TraceGraph;
  readonly inputs: readonly SymbolicTensor[];
  readonly fetched: readonly Tensor[];
  /** Operations that change variables. */
  readonly effects: readonly Operation[];
  pack(result: (i: number) => Tensor): unknown;
}

/** Runs `body` while a graph of its own is being built. */
export function trace(body: (...inputs: Tensor[]) => unknown, specs: readonly ArgumentSpec[]): Trace {
  const first = traceOnce(body, specs);
  // A second run tells whether the function does the same every time. Slots of optimizers are there by now.
  const before = State.count;
  const second = traceOnce(body, specs);
  if (State.count !== before) {
    throw new RuntimeError(
      "compile: the function makes new variables each time it runs; make variables and optimizers outside of it",
    );
  }
  compare(first.graph, second.graph);
  return second;
}

function traceOnce(body: (...inputs: Tensor[]) => unknown, specs: readonly ArgumentSpec[]): Trace {
  const graph = new TraceGraph();
  return within(graph, () => {
    const inputs = specs.map(
      ({ dtype, shape }, i) => placeholder(dtype, shape, { name: `argument${i}` }) as SymbolicTensor,
    );
    // A tape that the function starts and leaves open, by an error too, ends with the function.
    const result = unrecorded(() => body(...inputs));
    const made = graph.getCollection(GraphKeys.GLOBAL_VARIABLES) as Variable[];
    if (made.length > 0) {
      throw new RuntimeError(
        `compile: the function makes the variable ${made[0]!.name}; make variables outside of it, so that they last`,
      );
    }
    const fetched: Tensor[] = [];
    const pack = packer(result, (tensor) => fetched.push(tensor) - 1);
    const effects = graph.getOperations().filter(({ def }) => (def.writes?.length ?? 0) > 0);
    return { graph, inputs, fetched, effects, pack };
  });
}

type Pack = (result: (i: number) => Tensor) => unknown;

/** Reads the structure that a function returned. */
function packer(value: unknown, fetch: (tensor: Tensor) => number): Pack {
  if (value instanceof Tensor) {
    const i = fetch(value);
    return (result) => result(i);
  }
  if (value instanceof Variable) return () => value;
  if (value instanceof Operation || value === null) return () => null;
  if (value === undefined) return () => undefined;
  if (value instanceof IndexedSlices) {
    const [values, indices] = [fetch(sliceValues(value)), fetch(sliceIndices(value))];
    return (result) => new IndexedSlices(result(values), result(indices), value.denseShape);
  }
  if (value instanceof Convertible) return packer(value.toTensor(), fetch);
  if (Array.isArray(value)) {
    const parts = value.map((each) => packer(each, fetch));
    return (result) => parts.map((part) => part(result));
  }
  if (typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype) {
    const parts = Object.entries(value).map(([key, each]) => [key, packer(each, fetch)] as const);
    return (result) => Object.fromEntries(parts.map(([key, part]) => [key, part(result)]));
  }
  throw new TypeError(
    `compile: the function returned ${nameOf(value)}${at(userLine())}; return tensors, or lists and objects of tensors`,
  );
}

const at = (line: string | null) => (line === null ? "" : ` (${line})`);

/** Throws a RuntimeError where two runs of one function wrote down different operations. */
function compare(first: Graph, second: Graph): void {
  const [before, after] = [first.getOperations(), second.getOperations()];
  for (let i = 0; i < Math.max(before.length, after.length); i++) {
    const [a, b] = [before[i], after[i]];
    if (a !== undefined && b !== undefined && sameOperation(a, b)) continue;
    const place = (b ?? a)!;
    throw new RuntimeError(
      `compile: the function did not do the same when it was run again: operation ${i} was ${a ?? "missing"}, then ` +
        `${b ?? "missing"}${at(place.location)}; it depends on something that changes outside, such as a counter or ` +
        "Math.random(): pass that as an argument, or keep it in a variable",
    );
  }
}

/** Whether both compute the same. Derivatives are operations of their own. */
function sameOperation(a: Operation, b: Operation): boolean {
  return (
    a.def.infer === b.def.infer &&
    a.def.kernel === b.def.kernel &&
    a.inputs.length === b.inputs.length &&
    JSON.stringify(a.attributes) === JSON.stringify(b.attributes) &&
    a.inputs.every((input, i) => sameInput(input, b.inputs[i]!))
  );
}

function sameInput(a: Tensor | State, b: Tensor | State): boolean {
  if (a === b) return true;
  if (a instanceof SymbolicTensor && b instanceof SymbolicTensor) return a.op.id === b.op.id && a.index === b.index;
  if (!(a instanceof EagerTensor && b instanceof EagerTensor)) return false;
  if (a.dtype !== b.dtype || !sameShape(a.shape, b.shape)) return false;
  if (a.buffer === b.buffer) return true;
  const [x, y] = [a.data, b.data];
  return x.every((value, i) => Object.is(value, y[i]));
}
