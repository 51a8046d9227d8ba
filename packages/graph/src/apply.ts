import { EagerTensor, located, type Tensor, ValueError, view } from "@gradtape/tensor";
import { currentGraph, differentiatedOp, recorders, takeName } from "./context.ts";
import { execute } from "./execute.ts";
import type { Graph } from "./graph.ts";
import { asCalled, SymbolicTensor } from "./operation.ts";
import type { Attributes, Input, OpDef, OpRecord } from "./record.ts";
import { entry } from "./registry.ts";
import { State } from "./state.ts";
import { dtypeOf } from "./tensorflow.ts";

/**
 * The one door. Every op call passes here. If it concerns a graph, an operation is added to that; otherwise it runs
 * now. Then whoever listens hears of it. A mistake is told with the user's line.
 */
export function perform<A extends Attributes>(
  def: OpDef<A>,
  inputs: readonly Input[],
  attributes: A,
  name?: string,
): OpRecord<A> {
  try {
    return enter(def, inputs, attributes, name);
  } catch (error) {
    throw located(error);
  }
}

function enter<A extends Attributes>(
  def: OpDef<A>,
  inputs: readonly Input[],
  attributes: A,
  name?: string,
): OpRecord<A> {
  const states = inputs.filter((input) => input instanceof State);
  for (const recorder of recorders) for (const state of states) recorder.onRead(state);
  const graph = graphOf(def, inputs);
  if (graph === null) {
    const record = { def, inputs, attributes, outputs: execute(def, inputs.map(present), attributes) };
    tell(record);
    return record;
  }
  const nodes = inputs.map((input) => asNode(graph, input));
  const operation = graph.createOperation(def, nodes, attributes, name ?? takeName(def));
  if (recorders.length > 0) tell(asCalled(operation, inputs));
  return operation as unknown as OpRecord<A>;
}

function tell(record: OpRecord): void {
  for (const recorder of recorders) recorder.onRecord(record, differentiatedOp());
}

/** Performs an op and returns its outputs. */
export function apply<A extends Attributes>(def: OpDef<A>, inputs: readonly Input[], attributes: A): readonly Tensor[] {
  return perform(def, inputs, attributes).outputs;
}

/** The graph that a call concerns: that of its tensors and variables, or the one being built when it touches a state. */
function graphOf(def: OpDef, inputs: readonly Input[]): Graph | null {
  let graph: Graph | null = null;
  for (const input of inputs) {
    const other = input instanceof SymbolicTensor || input instanceof State ? input.graph : null;
    if (other === null || other === graph) continue;
    if (graph !== null) {
      const names = inputs.flatMap((each) => (each instanceof SymbolicTensor ? [each.name] : []));
      throw new ValueError(`${def.name}: all operands must be from the same graph; ${names.join(" and ")} are not`);
    }
    graph = other;
  }
  if (graph !== null) return graph;
  return inputs.length === 0 || inputs.some((input) => input instanceof State) ? currentGraph() : null;
}

function present(input: Input) {
  return input instanceof State ? input.storage! : (input as EagerTensor);
}

/** A plain tensor becomes a constant of the graph, one however often it is used. */
function asNode(graph: Graph, input: Input): Input {
  return input instanceof EagerTensor ? graph.constantOf(input, () => addConstant(graph, input)) : input;
}

/** Writes `value` down as an operation of `graph`. */
export function addConstant(graph: Graph, value: EagerTensor, name?: string): SymbolicTensor {
  const operation = graph.createOperation(constantDef, [value], {}, name);
  tell(operation);
  return operation.outputs[0]!;
}

/** Data written into a graph: the only operation whose input is a plain tensor. */
export const constantDef: OpDef = entry({
  name: "constant",
  arity: 1,
  holdsData: true,
  sparse: true,
  infer: ([value]) => [value!],
  kernel: () => view((layout) => layout),
  gradient: [(g) => g],
  tensorflow: { op: "Const", takes: [], attributes: { dtype: dtypeOf(0), value: { kind: "tensor", input: 0 } } },
});
