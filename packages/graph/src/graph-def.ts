import {
  anything,
  type DType,
  defineFunction,
  EagerTensor,
  fieldProblem,
  InvalidArgumentError,
  instance,
  type Kind,
  kind,
  list,
  literal,
  NotFoundError,
  optional,
  type Shape,
  string,
  telling,
  userLine,
  ValueError,
} from "@gradtape/tensor";
import { addConstant } from "./apply.ts";
import { Graph } from "./graph.ts";
import { checkAttributes, dtype, shape } from "./legal.ts";
import { Operation, SymbolicTensor } from "./operation.ts";
import { variableDef } from "./ops/state.ts";
import type { Attributes, Input } from "./record.ts";
import { findEntry } from "./registry.ts";
import { Variable } from "./variable.ts";
import { verify } from "./verify.ts";

/** A graph as plain JSON: its operations in order, the data of its constants, its collections. */
export interface GraphDef {
  readonly format: "gradtape/graph/1";
  readonly nodes: readonly NodeDef[];
  /** Collections of operations and variables, by name. */
  readonly collections: { readonly [name: string]: readonly string[] };
}

export interface NodeDef {
  readonly name: string;
  readonly op: string;
  /** `operation:output` for a tensor, the bare name for a variable. */
  readonly inputs: readonly string[];
  readonly control?: readonly string[];
  readonly attributes: Attributes;
  readonly device?: string;
  readonly colocation?: readonly string[];
  /** The data of a constant: its elements in row-major order, little-endian, base64. */
  readonly value?: { readonly dtype: DType; readonly shape: Shape; readonly data: string };
}

/** Writes a graph down. Throws a ValueError when it uses a variable of eager mode, whose value is not in the graph. */
export const toGraphDef = defineFunction("toGraphDef", { graph: instance("a graph", Graph) }, undefined, written);

function written(graph: Graph): GraphDef {
  const collections = graph
    .getAllCollectionKeys()
    .map((key) => [key, graph.getCollection(key).flatMap(memberName)] as const);
  return {
    format: "gradtape/graph/1",
    nodes: graph.getOperations().map(nodeDef),
    collections: Object.fromEntries(collections.filter(([, members]) => members.length > 0)),
  };
}

function memberName(member: unknown): string[] {
  if (member instanceof Operation) return [member.name];
  if (member instanceof SymbolicTensor) return [member.name];
  return member instanceof Variable ? [member.opName] : [];
}

function nodeDef({ name, type, inputs, controlInputs, attributes, device, colocation }: Operation): NodeDef {
  const data = inputs.filter((input) => input instanceof EagerTensor);
  return {
    name,
    op: type,
    inputs: inputs.flatMap((input) => (input instanceof EagerTensor ? [] : [inputName(name, input)])),
    ...(controlInputs.length > 0 && { control: controlInputs.map((each) => each.name) }),
    attributes,
    ...(device !== "" && { device }),
    ...(colocation.length > 0 && { colocation }),
    ...(data[0] && { value: encode(data[0]) }),
  };
}

function inputName(user: string, input: Input): string {
  if (input instanceof SymbolicTensor) return input.name;
  const variable = input as Variable;
  if (variable.graph !== null) return variable.opName;
  throw new ValueError(
    `toGraphDef: ${user} uses ${variable.opName}, a variable of eager mode; make it within the graph`,
  );
}

function encode({ dtype, shape, data }: EagerTensor): NonNullable<NodeDef["value"]> {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  let text = "";
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return { dtype, shape: [...shape], data: btoa(text) };
}

const arrays = { float32: Float32Array, float64: Float64Array, int32: Int32Array, bool: Uint8Array };

const object: Kind<object> = kind(
  "an object",
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
);

/* The fields of what comes from a text. */
const definition = {
  format: string,
  nodes: kind<readonly unknown[]>("a list of nodes", Array.isArray),
  collections: optional(object),
};
const nodeFields = {
  name: string,
  op: string,
  inputs: optional(list(string)),
  control: optional(list(string)),
  attributes: optional(object as Kind<Attributes>),
  device: optional(string),
  colocation: optional(list(string)),
  value: optional(object),
};
const valueFields = { dtype, shape, data: string };

/**
 * A new graph from what `toGraphDef` wrote: the same names, the same numbers when run. Throws an InvalidArgumentError
 * that names the node for a definition that is none, a NotFoundError for an op that nothing imported defines.
 */
export const fromGraphDef = defineFunction("fromGraphDef", { def: anything }, undefined, readDef);

function readDef(def: GraphDef): Graph {
  return telling(() => {
    const problem = object.holds(def) ? fieldProblem("field", def, definition) : "expected what toGraphDef returns";
    if (problem !== null || def.format !== "gradtape/graph/1") {
      throw new InvalidArgumentError(
        `fromGraphDef: this is no graph definition; ${problem ?? `format ${def.format} is unknown`}`,
      );
    }
    const graph = new Graph();
    const variables = new Map<string, Variable>();
    // All nodes come from this call, whose line is looked up once.
    graph.placed({ device: "", colocation: [], location: userLine() }, () => {
      // Not forEach, which passes over holes.
      for (let i = 0; i < def.nodes.length; i++) addNode(graph, variables, checked(def.nodes[i], i));
    });
    if (def.collections !== undefined) fillCollections(graph, variables, def.collections);
    verify(graph);
    return graph;
  });
}

/** Node number `i` with fields of the right kinds. */
function checked(node: unknown, i: number): NodeDef {
  const what = object.holds(node) && string.holds((node as { name?: unknown }).name) ? (node as NodeDef).name : i;
  if (!object.holds(node)) throw damaged(what, "it is no object");
  const problem = fieldProblem("field", node, nodeFields);
  if (problem !== null) throw damaged(what, problem);
  return node as NodeDef;
}

/** Puts operations, tensors and variables into the collections, in place of what has joined them by itself. */
function fillCollections(graph: Graph, variables: ReadonlyMap<string, Variable>, collections: object): void {
  for (const key of graph.getAllCollectionKeys()) graph.getCollectionRef(key).length = 0;
  const names = list(string);
  for (const [key, members] of Object.entries(collections)) {
    const mistake = (why: string) =>
      new InvalidArgumentError(`fromGraphDef: collection ${JSON.stringify(key)}: ${why}`);
    if (!names.holds(members)) throw mistake("it is no list of names");
    const collection = graph.getCollectionRef(key);
    for (const name of members) {
      const member = variables.get(name) ?? graph.findOperation(name) ?? outputOf(graph, name);
      if (member === null) throw mistake(`there is no ${JSON.stringify(name)}`);
      collection.push(member);
    }
  }
}

/** The tensor `operation:output`, or `null`. */
function outputOf(graph: Graph, name: string): SymbolicTensor | null {
  const [, operation, output] = name.match(/^(.*):(\d+)$/s) ?? [];
  return (operation !== undefined && graph.findOperation(operation)?.outputs[Number(output)]) || null;
}

function addNode(graph: Graph, variables: Map<string, Variable>, node: NodeDef): void {
  const { name, op, inputs = [], control = [], device = "", colocation = [], value } = node;
  if (graph.findOperation(name) !== null) throw damaged(name, "another node has its name");
  const missing = (what: string) => damaged(name, `it needs ${what}, which does not come before it`);
  const operands = inputs.map((input): Input => {
    const operand = variables.get(input) ?? outputOf(graph, input);
    if (operand !== null) return operand;
    const [, operation = input] = input.match(/^(.*):\d+$/s) ?? [];
    throw graph.findOperation(operation) === null
      ? missing(input)
      : damaged(name, `${input} is no output of ${operation}`);
  });
  const before = control.map((each) => {
    const found = graph.findOperation(each);
    if (found === null) throw missing(each);
    return found;
  });
  const attributes = plainCopy(node.attributes ?? {});
  const build = () => {
    const def = findEntry(op);
    if ((def.holdsData === true) !== (value !== undefined)) {
      throw damaged(name, value === undefined ? `${op} needs a value` : `${op} takes no value`);
    }
    checkAttributes(def, attributes);
    if (value !== undefined) return addConstant(graph, decode(value), name).op;
    return graph.createOperation(def, operands, attributes, name);
  };
  const placed = () => graph.placed({ device, colocation: [...colocation] }, build);
  const made = named(name, () => graph.controlDependencies(null, () => graph.controlDependencies(before, placed)));
  if (made.name !== name) throw damaged(name, `its name is taken, it would become ${made.name}`);
  if (made.def === variableDef) variables.set(name, new Variable(made));
}

/** Attributes that later changes of the definition do not reach. */
function plainCopy(attributes: Attributes): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [name, Array.isArray(value) ? [...value] : value]),
  );
}

/** Runs `build`; a mistake in it is one in the node `name`. */
function named<T>(name: string, build: () => T): T {
  try {
    return build();
  } catch (error) {
    if (!(error instanceof Error) || error.message.startsWith("fromGraphDef: ")) throw error;
    throw damaged(name, error.message, error);
  }
}

function decode(value: NonNullable<NodeDef["value"]>): EagerTensor {
  const problem = fieldProblem("field", value, valueFields);
  if (problem !== null) throw new InvalidArgumentError(`value: ${problem}`);
  const { dtype, shape, data } = value;
  const bytes = Uint8Array.from(bytesOf(data), (char) => char.charCodeAt(0));
  if (bytes.byteLength % arrays[dtype].BYTES_PER_ELEMENT !== 0) {
    throw new InvalidArgumentError("its data ends within an element");
  }
  return literal("value", new arrays[dtype](bytes.buffer), { dtype, shape });
}

function bytesOf(base64: string): string {
  try {
    return atob(base64);
  } catch {
    throw new InvalidArgumentError("its data is no base64");
  }
}

/** The error for a node, by its name or number. An op that is not known stays a NotFoundError. */
function damaged(node: string | number, why: string, cause?: Error): Error {
  const Failure = cause instanceof NotFoundError ? NotFoundError : InvalidArgumentError;
  return new Failure(`fromGraphDef: node ${JSON.stringify(node)}: ${why}`, { cause });
}
