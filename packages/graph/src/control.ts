import {
  anything,
  callable,
  defineFunction,
  EagerTensor,
  isPlainObject,
  list,
  nullable,
  reading,
  Signature,
  string,
  synchronous,
  type Tensor,
  ValueError,
} from "@gradtape/tensor";
import { perform } from "./apply.ts";
import { currentGraph } from "./context.ts";
import type { Graph } from "./graph.ts";
import { asTensor, nameOf, type Operand } from "./operand.ts";
import { Operation, SymbolicTensor } from "./operation.ts";
import { identity } from "./ops/cast.ts";
import { IndexedSlices } from "./ops/gather.ts";
import { constant } from "./ops/sources.ts";
import type { OpDef } from "./record.ts";
import { entry } from "./registry.ts";
import { Variable } from "./variable.ts";

/* Order without data: operations that compute nothing and wait for others. In eager mode all of this has happened. */

/** What can be waited for. */
export type Waitable = Operation | Tensor | IndexedSlices | Variable | null;

type Waitables = Waitable | readonly Waitables[];

const noOpDef: OpDef = entry({
  name: "noOp",
  arity: 0,
  infer: () => [],
  kernel: () => ({ run: () => [] }),
  gradient: [],
  tensorflow: { op: "NoOp", attributes: {} },
});

export interface NameOption {
  readonly name?: string;
}

/** An operation that does nothing; `null` in eager mode. */
export const noOp = defineFunction(
  "noOp",
  {},
  { name: string },
  ({ name = "NoOp" }: NameOption = {}): Operation | null =>
    currentGraph() === null ? null : (perform(noOpDef, [], {}, name) as Operation),
);

/** The operations behind what is waited for. A TypeError for anything else. */
export function operationsOf(what: string, inputs: readonly unknown[]): Operation[] {
  return inputs.flatMap((input): Operation[] => {
    if (input === null || input instanceof EagerTensor) return []; // it has happened already
    if (Array.isArray(input)) return operationsOf(what, input);
    if (input instanceof Operation) return [input];
    if (input instanceof SymbolicTensor) return [input.op];
    if (input instanceof IndexedSlices) return operationsOf(what, [input.values, input.indices]);
    if (input instanceof Variable) return input.op instanceof Operation ? [input.op] : [];
    if (currentGraph() === null) return [];
    throw new TypeError(`${what}: cannot wait for ${nameOf(input)}; expected operations or tensors of the graph`);
  });
}

function commonGraph(what: string, operations: readonly Operation[]): Graph | null {
  const graph = operations[0]?.graph ?? currentGraph();
  const stranger = operations.find((operation) => operation.graph !== graph);
  if (stranger === undefined) return graph;
  throw new ValueError(`${what}: all inputs must be from the same graph; ${stranger.name} is not`);
}

/** One operation that is done when all of the inputs (lists of them count) are; `null` in eager mode. */
export function group(...args: (Waitables | NameOption)[]): Operation | null {
  return reading("group", args, () => groupOf(args));
}

const groupOptions = new Signature("group", {}, { name: string });

function groupOf(args: readonly (Waitables | NameOption)[]): Operation | null {
  const last = args[args.length - 1];
  const options: NameOption = isPlainObject(last) ? groupOptions.record([last]) : {};
  const operations = operationsOf("group", isPlainObject(last) ? args.slice(0, -1) : args);
  const graph = commonGraph("group", operations);
  if (graph === null) return null;
  return graph.asDefault(() =>
    graph.controlDependencies(operations, () => noOp({ name: options.name ?? "group_deps" })),
  );
}

export interface TupleOptions extends NameOption {
  /** More operations to wait for. */
  readonly controlInputs?: readonly Waitable[];
}

/**
 * The same values, each available only when all of them are; `null` entries stay, slices stay slices, an operation
 * becomes one that is done when all are. In eager mode the list itself. Throws a ValueError when there is nothing in the
 * list.
 */
export const tuple = defineFunction(
  "tuple",
  { values: list(anything) },
  { name: string, controlInputs: list(anything) },
  tupleOf,
);

function tupleOf<T extends Operand | Operation | null>(
  values: readonly T[],
  { name = "tuple", controlInputs = [] }: TupleOptions = {},
): (T | Tensor | IndexedSlices)[] {
  const graph = commonGraph("tuple", operationsOf("tuple", values));
  if (graph === null) return [...values];
  if (values.every((value) => value === null)) {
    throw new ValueError("tuple: the list holds no tensor; give at least one");
  }
  return graph.asDefault(() =>
    graph.nameScope(name, () => {
      const nodes = values.map((value) => asNode(value));
      const gate = group(...nodes, ...operationsOf("tuple", controlInputs))!;
      return graph.controlDependencies([gate], () => nodes.map((node) => behindGate(graph, node) as T));
    }),
  );
}

type Node = SymbolicTensor | IndexedSlices | Operation | null;

/** An entry of a tuple as something of the graph. */
function asNode(value: unknown): Node {
  if (value === null || value instanceof Operation || value instanceof IndexedSlices) return value;
  const tensor = asTensor("tuple", value);
  return (tensor instanceof SymbolicTensor ? tensor : constant(tensor)) as SymbolicTensor;
}

/** The same value by an operation that waits as those being built do. */
function behindGate(graph: Graph, node: Node): Node {
  if (node === null) return null;
  if (node instanceof Operation) return group(node);
  const same = () => identity(node as Tensor, { name: "control_dependency" }) as Tensor as SymbolicTensor;
  return node.op === null ? same() : graph.colocateWith(node.op, same);
}

/** Lets the operations that `body` builds wait for `inputs`; `null` lets them wait for nothing. Eagerly just runs it. */
export const controlDependencies = defineFunction(
  "controlDependencies",
  { inputs: nullable(list(anything)), body: callable },
  undefined,
  <T>(inputs: readonly Waitable[] | null, body: () => T): T => {
    const graph = currentGraph();
    const once = () => synchronous("controlDependencies", body());
    return graph === null
      ? once()
      : graph.controlDependencies(inputs && operationsOf("controlDependencies", inputs), once);
  },
);

/** Puts `name/` before the names of the operations that `body` builds. Eagerly just runs it. */
export const nameScope = defineFunction(
  "nameScope",
  { name: nullable(string), body: callable },
  undefined,
  <T>(name: string | null, body: (scope: string) => T): T => {
    const graph = currentGraph();
    const once = (scope: string) => synchronous("nameScope", body(scope));
    return graph === null ? once("") : graph.nameScope(name, once);
  },
);

/** Records where the operations that `body` builds are to run. */
export const device = defineFunction(
  "device",
  { name: nullable(string), body: callable },
  undefined,
  <T>(name: string | null, body: () => T): T => {
    const graph = currentGraph();
    const once = () => synchronous("device", body());
    return graph === null ? once() : graph.device(name ?? "", once);
  },
);
