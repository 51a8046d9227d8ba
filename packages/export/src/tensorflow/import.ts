import { type Graph, Operation, type SymbolicTensor, Variable, variablesInitializer } from "@gradtape/graph";
import {
  boolean,
  defineFunction,
  either,
  InvalidArgumentError,
  instance,
  isPlainObject,
  kind,
  list,
  NotImplementedError,
  string,
  ValueError,
} from "@gradtape/tensor";
import { decode, mistakeIn, parsed, type TypeOptions } from "./decode.ts";
import { isDraw, readForeign, readShapes } from "./foreign.ts";
import type { MetaGraphDef, NodeDef, VariableDef } from "./messages.ts";
import { GraphReader } from "./reader.ts";
import { VariableDefSchema } from "./schema.ts";

export interface ImportOptions extends TypeOptions {
  /**
   * Nodes and tensors (`node` or `node:1`) that are wanted; what they do not need is not read. When left out: what the
   * signatures and collections of a MetaGraphDef name, or all nodes of a GraphDef.
   */
  readonly outputs?: readonly string[];
}

const importFields = {
  outputs: list(string),
  narrow: boolean,
  shapes: kind<object>("an object of shapes by name", isPlainObject),
};

/** A graph that has been read. */
export interface ImportedGraph {
  readonly graph: Graph;
  /** What is fed, by name. */
  readonly inputs: { readonly [name: string]: SymbolicTensor };
  /** What can be fetched, by name: what was asked for, what the signature names, or what nothing else needs. */
  readonly outputs: { readonly [name: string]: SymbolicTensor | Operation };
  readonly variables: readonly Variable[];
  /** What initializes the variables, where the file says so. */
  readonly initializer: Operation | null;
}

/**
 * Reads a graph that TensorFlow, or an export from here, has written: a GraphDef or MetaGraphDef, binary or text. Nodes
 * keep their names. Initial values that it draws are drawn here, once, with other numbers.
 *
 * A GraphDef does not tell which variables are trainable, so all are; a MetaGraphDef does.
 *
 * Throws an InvalidArgumentError for data that are no such graph, for dtypes that do not exist here, for nodes that wait
 * for each other in a circle or lack an input, and a NotImplementedError for what does not exist here, ops or forms of them.
 * Both name the node, its op and the reason.
 */
export const importGraphDef = defineFunction(
  "importGraphDef",
  { data: either(string, instance("a Uint8Array", Uint8Array)) },
  importFields,
  readGraph,
);

function readGraph(data: string | Uint8Array, options: ImportOptions = {}): ImportedGraph {
  const { nodes, meta, producer } = decode(data);
  const byName = new Map<string, NodeDef>();
  for (const node of nodes) {
    if (byName.has(node.name)) throw mistakeIn(node, "another node has its name");
    byName.set(node.name, node);
  }
  const variables = meta === null ? null : variableDefs(meta, byName);
  const asked = options.outputs ?? (meta === null ? null : namedBy(meta, variables!));
  const wanted = asked?.length ? asked.map((name) => nodeOf(byName, name)) : nodes;
  const order = ordered(byName, wanted);
  checkShapes(byName, options.shapes ?? {});
  const trainable =
    variables && new Set((variables.get("trainable_variables") ?? []).map((each) => bare(each.variableName)));
  const advice = options.outputs === undefined ? "; name `outputs`, and only what they need is read" : "";
  const types = { ...options, legacyShapes: producer < firstWithScalars };
  const reader = new GraphReader({ shapes: readShapes, foreign: readForeign }, { trainable, types, advice });
  checkDraws(order, reader);
  reader.reserve(order);
  for (const node of order) reader.add(node);
  if (meta !== null) fillCollections(reader, meta, variables!);
  return summary(reader, order, meta, options.outputs ?? null);
}

// Before it a placeholder of any shape was written like one of no axes.
const firstWithScalars = 24;

const bare = (name: string) => name.replace(/^\^|:\d+$/g, "");

function checkShapes(byName: ReadonlyMap<string, NodeDef>, shapes: NonNullable<ImportOptions["shapes"]>): void {
  for (const [name, shape] of Object.entries(shapes)) {
    const { op } = nodeOf(byName, name);
    const extents =
      Array.isArray(shape) && shape.every((extent) => extent === null || (Number.isInteger(extent) && extent >= 0));
    if (!op.startsWith("Placeholder") || !extents)
      throw new ValueError(
        `importGraphDef: shapes: ${name} (${op}): give placeholders lists of extents, null where open`,
      );
  }
}

function nodeOf(byName: ReadonlyMap<string, NodeDef>, name: string): NodeDef {
  const found = byName.get(bare(name));
  if (found !== undefined) return found;
  throw new InvalidArgumentError(`importGraphDef: there is no node ${JSON.stringify(bare(name))} in it`);
}

const variableOps = ["VarHandleOp", "VariableV2", "Variable"];

/** The VariableDefs of the collections that hold any. A collection does not say what its bytes are, so the names decide. */
function variableDefs(
  { collectionDef }: MetaGraphDef,
  byName: ReadonlyMap<string, NodeDef>,
): Map<string, readonly VariableDef[]> {
  const found = new Map<string, readonly VariableDef[]>();
  for (const [key, { kind }] of Object.entries(collectionDef)) {
    if (kind.case !== "bytesList") continue;
    const defs = kind.value.value.flatMap((bytes) => {
      const def = parsed(VariableDefSchema, bytes);
      return def instanceof Error || !variableOps.includes(byName.get(bare(def.variableName))?.op ?? "") ? [] : [def];
    });
    if (defs.length > 0) found.set(key, defs);
  }
  return found;
}

// What programs write about graphs for others to run; other collections are their own affair.
const runCollections = ["train_op", "init_op", "losses", "update_ops"];

function namedBy(meta: MetaGraphDef, variables: ReadonlyMap<string, readonly VariableDef[]>): string[] {
  const infos = Object.values(meta.signatureDef).flatMap(({ inputs, outputs }) => [
    ...Object.values(inputs),
    ...Object.values(outputs),
  ]);
  const lists = runCollections.flatMap((key) => {
    const kind = meta.collectionDef[key]?.kind;
    return kind?.case === "nodeList" ? kind.value.value : [];
  });
  const defs = [...variables.values()].flat();
  return [
    ...infos.flatMap(({ encoding }) => (encoding.case === "name" ? [encoding.value] : [])),
    ...lists,
    ...defs.flatMap(({ variableName, initializerName }) =>
      [variableName, initializerName].filter((name) => name !== ""),
    ),
  ];
}

/** What is wanted and all it needs, each node behind those, otherwise in the order of the file. */
function ordered(byName: ReadonlyMap<string, NodeDef>, wanted: readonly NodeDef[]): NodeDef[] {
  const needed = (node: NodeDef) =>
    node.input.map((each) => {
      const found = byName.get(bare(each));
      if (found === undefined) throw mistakeIn(node, `its input ${JSON.stringify(each)} does not exist`);
      return found;
    });
  const done = new Set<NodeDef>();
  const open = new Set<NodeDef>();
  const wantedNodes = new Set(wanted);
  for (const root of byName.values()) {
    if (!wantedNodes.has(root) || done.has(root)) continue;
    // A stack of our own: graphs are deeper than calls may nest.
    const stack = [{ node: root, inputs: needed(root), next: 0 }];
    open.add(root);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const input = top.inputs[top.next++];
      if (input === undefined) {
        open.delete(top.node);
        done.add(top.node);
        stack.pop();
      } else if (open.has(input)) {
        const names = stack.map(({ node }) => node.name);
        throw mistakeIn(
          input,
          `it waits for itself: ${[...names.slice(names.indexOf(input.name)), input.name].join(" <- ")}`,
        );
      } else if (!done.has(input)) {
        open.add(input);
        stack.push({ node: input, inputs: needed(input), next: 0 });
      }
    }
  }
  return [...done];
}

/** What is drawn may become the value of a variable, once; what each run draws anew does not exist here. */
function checkDraws(nodes: readonly NodeDef[], reader: GraphReader): void {
  const users = new Map<string, NodeDef[]>();
  for (const node of nodes) {
    for (const input of node.input) {
      if (input.startsWith("^")) continue;
      const known = users.get(bare(input));
      if (known === undefined) users.set(bare(input), [node]);
      else known.push(node);
    }
  }
  for (const node of nodes.filter(isDraw)) {
    const reached = new Set([node]);
    for (const each of reached) {
      if (reader.assigns(each)) continue;
      const next = users.get(each.name) ?? [];
      if (next.length === 0) {
        throw new NotImplementedError(
          `importGraphDef: node ${JSON.stringify(node.name)} (${node.op}): each run would draw other numbers for ` +
            `${JSON.stringify(each.name)}; only initial values may be drawn here`,
        );
      }
      for (const user of next) reached.add(user);
    }
  }
}

/** The collections as the file has them; variables have joined theirs by themselves. */
function fillCollections(
  reader: GraphReader,
  meta: MetaGraphDef,
  defs: ReadonlyMap<string, readonly VariableDef[]>,
): void {
  for (const [key, { kind }] of Object.entries(meta.collectionDef)) {
    const names =
      defs.get(key)?.map((each) => bare(each.variableName)) ?? (kind.case === "nodeList" ? kind.value.value : []);
    const members = names.flatMap((name) => reader.member(name) ?? []);
    if (members.length > 0) reader.graph.getCollectionRef(key).splice(0, Number.POSITIVE_INFINITY, ...members);
  }
}

function summary(
  reader: GraphReader,
  order: readonly NodeDef[],
  meta: MetaGraphDef | null,
  asked: readonly string[] | null,
): ImportedGraph {
  const { graph } = reader;
  const signatures = Object.values(meta?.signatureDef ?? {});
  const told = signatures
    .flatMap(({ outputs }) => Object.entries(outputs))
    .flatMap(([title, { encoding }]) => (encoding.case === "name" ? [[title, encoding.value] as const] : []));
  const used = new Set(order.flatMap(({ input }) => input.map(bare)));
  const last = order.filter(({ name }) => !used.has(name)).map(({ name }) => [name, name] as const);
  const chosen = asked?.map((name) => [name, name] as const) ?? (told.length > 0 ? told : last);
  const outputs = chosen.flatMap(([title, name]) => {
    const member = reader.member(name);
    if (member === null && asked !== null)
      throw new NotImplementedError(`importGraphDef: ${JSON.stringify(name)} is no tensor and no operation here`);
    return member === null || member instanceof Variable ? [] : [[title, member] as const];
  });
  const fed = graph.getOperations().filter(({ def }) => def.mustBeFed);
  const variables = order.flatMap(({ name }) => {
    const member = reader.member(name);
    return member instanceof Variable && member.opName === name ? [member] : [];
  });
  const [initializer] = graph.getCollection("init_op");
  return {
    graph,
    inputs: Object.fromEntries(fed.map(({ name, outputs: [tensor] }) => [name, tensor!])),
    outputs: Object.fromEntries(outputs),
    variables,
    initializer:
      initializer instanceof Operation ? initializer : (graph.findOperation("init") ?? ofAll(graph, variables)),
  };
}

/** One operation that initializes all variables, where each has an initializer under its usual name. */
function ofAll(graph: Graph, variables: readonly Variable[]): Operation | null {
  if (variables.length === 0 || variables.some((each) => each.initializer === null)) return null;
  return graph.asDefault(() => variablesInitializer(variables));
}
