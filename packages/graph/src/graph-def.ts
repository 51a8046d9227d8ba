import {
  checkDType,
  type DType,
  EagerTensor,
  InvalidArgumentError,
  literal,
  type Shape,
  ValueError,
} from "@gradtape/tensor";
import { addConstant } from "./apply.ts";
import { Graph } from "./graph.ts";
import { Operation, SymbolicTensor } from "./operation.ts";
import { variableDef } from "./ops/state.ts";
import type { Attributes, Input } from "./record.ts";
import { findEntry } from "./registry.ts";
import { Variable } from "./variable.ts";

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
export function toGraphDef(graph: Graph): GraphDef {
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

function decode(name: string, { dtype, shape, data }: NonNullable<NodeDef["value"]>): EagerTensor {
  checkDType(`fromGraphDef: ${name}`, dtype);
  const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
  if (bytes.byteLength % arrays[dtype].BYTES_PER_ELEMENT !== 0) throw damaged(name, "its data ends within an element");
  return literal(`fromGraphDef: ${name}`, new arrays[dtype](bytes.buffer), { dtype, shape });
}

function damaged(name: string, why: string): InvalidArgumentError {
  return new InvalidArgumentError(`fromGraphDef: node ${JSON.stringify(name)}: ${why}`);
}

/**
 * A new graph from what `toGraphDef` wrote: the same names, the same numbers when run. Throws an InvalidArgumentError
 * that names the node for a definition that is none, a NotFoundError for an op that nothing imported defines.
 */
export function fromGraphDef(def: GraphDef): Graph {
  if (def?.format !== "gradtape/graph/1" || !Array.isArray(def.nodes)) {
    throw new InvalidArgumentError("fromGraphDef: this is no graph definition; expected what toGraphDef returns");
  }
  const graph = new Graph();
  const variables = new Map<string, Variable>();
  for (const node of def.nodes) addNode(graph, variables, node);
  for (const [key, members] of Object.entries(def.collections ?? {})) {
    const collection = graph.getCollectionRef(key);
    collection.length = 0; // variables have joined theirs by themselves, in the order of the nodes
    for (const name of members) {
      collection.push(
        variables.get(name) ?? (name.includes(":") ? graph.getTensorByName(name) : graph.getOperationByName(name)),
      );
    }
  }
  return graph;
}

function addNode(graph: Graph, variables: Map<string, Variable>, node: NodeDef): void {
  const { name, op, inputs = [], control = [], attributes = {}, device = "", colocation = [], value } = node;
  const known = (what: string, found: Operation | null): Operation => {
    if (found === null) throw damaged(name, `it needs ${what}, which does not come before it`);
    return found;
  };
  if (graph.findOperation(name) !== null) throw damaged(name, "another node has its name");
  const operands = inputs.map((input): Input => {
    const variable = variables.get(input);
    if (variable !== undefined) return variable;
    const [, operation = input, output] = input.match(/^(.*):(\d+)$/) ?? [];
    const tensor = known(input, graph.findOperation(operation)).outputs[Number(output)];
    if (tensor === undefined) throw damaged(name, `${input} is no output of ${operation}`);
    return tensor;
  });
  const before = control.map((each) => known(each, graph.findOperation(each)));
  const build = () => {
    if (value !== undefined) return addConstant(graph, decode(name, value), name).op;
    return graph.createOperation(findEntry(op), operands, attributes, name);
  };
  const placed = () => graph.placed({ device, colocation }, build);
  const made = graph.controlDependencies(null, () => graph.controlDependencies(before, placed));
  if (made.name !== name) throw damaged(name, `its name is taken, it would become ${made.name}`);
  if (made.def === variableDef) variables.set(name, new Variable(made));
}
