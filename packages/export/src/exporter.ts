import { dependencies, type Graph, nameOf, namesOfStates, Operation, State, SymbolicTensor } from "@gradtape/graph";
import { anything, defineFunction, kind, NotImplementedError, type Tensor, ValueError } from "@gradtape/tensor";
import { handoverKind } from "./signatures.ts";

/** What is handed to an engine: the part of a graph that makes `outputs` from `inputs` and the variables. */
export interface Handover {
  readonly graph: Graph;
  /** What is fed, placeholders as a rule, in the order in which the engine's program takes it. */
  readonly inputs: readonly Tensor[];
  /** What is fetched: tensors, and operations that are run for what they do to variables. */
  readonly outputs: readonly (Tensor | Operation)[];
}

/** A handover pruned to what its outputs need. */
export interface Program {
  readonly graph: Graph;
  readonly inputs: readonly SymbolicTensor[];
  readonly outputs: readonly (SymbolicTensor | Operation)[];
  /** What makes the outputs, each operation behind those that it needs, otherwise in the order of creation. */
  readonly operations: readonly Operation[];
  /** The variables that they use, each with a name that is its own here, in the order of their making. */
  readonly states: ReadonlyMap<State, string>;
}

/** Writes graphs for one engine. */
export interface Exporter<Options, Written> {
  /** The engine's format, as messages name it. */
  readonly target: string;
  /** Why the engine cannot take this operation; `null` where it can. Asked of every operation before a byte is written. */
  refusal(operation: Operation, options: Options): string | null;
  write(program: Program, options: Options): Written;
}

const exporterKind = kind<Exporter<unknown, unknown>>("an object { target, refusal, write }", (value) => {
  const { target, refusal, write } = (value ?? {}) as Partial<Exporter<unknown, unknown>>;
  return typeof target === "string" && typeof refusal === "function" && typeof write === "function";
});

/**
 * The part of a graph that a handover names, as `exporter` writes it. Throws a ValueError for inputs and outputs that are
 * not the graph's, for a placeholder that is needed and is no input, and for operations that wait for each other in a
 * circle; a NotImplementedError that names the operation, its op, the reason and the line that built it for the first
 * that the target cannot take. Nothing has been written then.
 */
export const exportTo = defineFunction(
  "exportTo",
  { exporter: exporterKind, handover: handoverKind, options: anything },
  undefined,
  writeFor,
) as typeof writeFor;

function writeFor<Options, Written>(
  exporter: Exporter<Options, Written>,
  handover: Handover,
  options: Options,
): Written {
  const { target } = exporter;
  const program = pruned(`export to ${target}`, handover);
  const refused = program.operations.flatMap((operation) => {
    const reason = exporter.refusal(operation, options);
    return reason === null ? [] : [{ operation, reason }];
  });
  const [first] = refused;
  if (first === undefined) return exporter.write(program, options);
  const more = refused.length > 1 ? `, and ${refused.length - 1} more cannot` : "";
  throw new NotImplementedError(
    `export to ${target}: ${described(first.operation)} cannot be written${more}: ${first.reason}${builtAt(first.operation)}`,
  );
}

/** `handover` with what its outputs need, in an order that runs. Messages begin with `op`. */
export function pruned(op: string, handover: Handover): Program {
  const { graph } = handover;
  const inputs = handover.inputs.map((each) => ofGraph(op, graph, each));
  const outputs = handover.outputs.map((each) => (each instanceof Operation ? each : ofGraph(op, graph, each)));
  if (outputs.length === 0) throw new ValueError(`${op}: there is nothing to hand over; name at least one output`);
  const stranger = outputs.find((each) => each.graph !== graph);
  if (stranger !== undefined) throw new ValueError(`${op}: ${stranger.name} is not of the graph that is handed over`);
  const operations = ordered(op, { inputs, outputs });
  const used = operations.flatMap((operation) => operation.inputs).filter((input) => input instanceof State);
  const states = [...new Set(used)].sort((a, b) => a.order - b.order);
  return { graph, inputs, outputs, operations, states: namesOfStates(graph, states) };
}

function ofGraph(op: string, graph: Graph, tensor: Tensor): SymbolicTensor {
  if (tensor instanceof SymbolicTensor && tensor.graph === graph) return tensor;
  if (tensor instanceof SymbolicTensor)
    throw new ValueError(`${op}: ${tensor.name} is not of the graph that is handed over`);
  throw new TypeError(`${op}: inputs are tensors and outputs tensors or operations of a graph, got ${nameOf(tensor)}`);
}

function ordered(op: string, { inputs, outputs }: Pick<Program, "inputs" | "outputs">): Operation[] {
  const fed = new Map(inputs.map((input) => [input, true]));
  const before = (operation: Operation) => dependencies(operation, fed).sort((a, b) => a.id - b.id);
  const done = new Set<Operation>();
  const open = new Set<Operation>();
  const order: Operation[] = [];
  const pending: { readonly operation: Operation; readonly rest: Operation[]; next: number }[] = [];
  const enter = (operation: Operation) => {
    if (done.has(operation)) return;
    if (open.has(operation)) {
      const circle = [...open].slice([...open].indexOf(operation));
      const names = [...circle, operation].map(({ name }) => name).join(" <- ");
      throw new ValueError(`${op}: ${described(operation)} waits for itself: ${names}${builtAt(operation)}`);
    }
    if (operation.def.mustBeFed) {
      throw new ValueError(
        `${op}: ${described(operation)} has no value of its own, and the outputs need it; add it to the inputs` +
          builtAt(operation),
      );
    }
    open.add(operation);
    pending.push({ operation, rest: before(operation), next: 0 });
  };
  // A stack of our own: graphs are deeper than calls may nest.
  for (const operation of wanted(outputs, fed)) {
    enter(operation);
    for (let top = pending.at(-1); top !== undefined; top = pending.at(-1)) {
      const next = top.rest[top.next++];
      if (next !== undefined) {
        enter(next);
        continue;
      }
      pending.pop();
      open.delete(top.operation);
      done.add(top.operation);
      order.push(top.operation);
    }
  }
  return order.sort((a, b) => a.id - b.id);
}

function wanted(outputs: Program["outputs"], fed: ReadonlyMap<SymbolicTensor, unknown>): Operation[] {
  return outputs.flatMap((each) => (each instanceof Operation ? [each] : fed.has(each) ? [] : [each.op]));
}

/** An operation as messages name it: `matMul 'layer/product'`. */
export function described({ type, name }: Operation): string {
  return `${type} '${name}'`;
}

/** The line that built an operation, as the last line of a message. */
export function builtAt({ location }: Operation): string {
  return location === null ? "" : `\n  built at ${location}`;
}
