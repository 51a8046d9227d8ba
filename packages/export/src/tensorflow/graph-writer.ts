import { create, toBinary } from "@bufbuild/protobuf";
import {
  type Attributes,
  assignDef,
  type Input,
  type OpDef,
  type Operation,
  placeholder,
  readVariableDef,
  type State,
  type SymbolicTensor,
  type TensorFlowFacet,
  Variable,
  variableDef,
  type Wire,
} from "@gradtape/graph";
import type { EagerTensor } from "@gradtape/tensor";
import type { Program } from "../exporter.ts";
import { hazards } from "./hazards.ts";
import { updateInLoops } from "./loops.ts";
import { constantDraft, type Draft, type Sources, Spelled, shapeProto, utf8 } from "./nodes.ts";
import {
  type AttrInit,
  type CollectionInit,
  type MetaGraphInit,
  type NodeInit,
  typeNumbers,
  VariableDefSchema,
} from "./schema.ts";

// Graphs with resource variables and the newest of the ops that are used here; TensorFlow 2.x takes it.
const producer = 1882;

/** What was asked for, of which a program may hold more. */
export type Asked = Pick<Program, "inputs" | "outputs">;

/** Writes the nodes of a program, and what a MetaGraphDef says about them. */
export class GraphWriter implements Sources {
  readonly resources: boolean;
  private readonly program: Program;
  private readonly asked: Asked;
  private readonly given: ReadonlyMap<SymbolicTensor, EagerTensor>;
  private readonly nodes: NodeInit[] = [];
  private readonly wires = new Map<SymbolicTensor, Wire>();
  private readonly handles = new Map<State, Draft>();
  private readonly stateOf = new Map<Draft, State>();
  private readonly named = new Map<Operation, Draft>();
  private readonly taken: Set<string>;
  private readonly reads = new Map<Variable, string>();
  private readonly init: string;

  constructor(program: Program, asked: Asked, given: ReadonlyMap<SymbolicTensor, EagerTensor>, resources: boolean) {
    this.program = program;
    this.asked = asked;
    this.given = given;
    this.resources = resources;
    const fed = program.inputs.map(({ op }) => op);
    this.taken = new Set([...program.operations, ...fed].map(({ name }) => name));
    for (const name of program.states.values()) this.taken.add(name);
    this.init = this.unique("init");
    for (const input of program.inputs) this.writeInput(input);
    const initializers = [...program.states].flatMap(([state, name]) => this.writeState(state, name) ?? []);
    const after = hazards(program);
    for (const operation of program.operations) {
      if (!this.named.has(operation)) this.writeOperation(operation, after.get(operation) ?? []);
    }
    this.writeInit(initializers);
  }

  tensor(tensor: SymbolicTensor): Wire {
    return this.wires.get(tensor)!;
  }

  handle(state: State): Wire {
    return { node: this.handles.get(state)!, index: 0 };
  }

  meta(): MetaGraphInit {
    return {
      metaInfoDef: { metaGraphVersion: "gradtape", tags: ["train"] },
      graphDef: { node: this.nodes, versions: { producer } },
      collectionDef: this.collections(),
      signatureDef: { step: this.signature() },
    };
  }

  /** A placeholder, also in place of anything else that is fed; a constant for a value that is given. */
  private writeInput(input: SymbolicTensor): void {
    const { op, dtype, shape } = input;
    const value = this.given.get(input);
    const name = this.named.has(op) ? this.unique(`${op.name}/fed`) : op.name;
    const draft =
      value === undefined ? this.spelled(name, placeholder.op, [], { dtype, shape }) : constantDraft(value, name);
    this.wires.set(input, { node: draft, index: 0 });
    if (op.outputs.length === 1) this.named.set(op, draft);
    this.push(draft, op);
  }

  /** The node of a variable; the node that sets the value of one that is of no graph. */
  private writeState(state: State, name: string): Draft | null {
    const { dtype, shape, graph } = state;
    const draft = this.spelled(name, variableDef, [], { dtype, shape });
    this.handles.set(state, draft);
    this.stateOf.set(draft, state);
    if (graph !== null) {
      const operation = (state as Variable).op as Operation;
      this.named.set(operation, draft);
      this.push(draft, operation);
      return null;
    }
    const drafts: Draft[] = [];
    const set = this.spelled(this.unique(`${name}/Assign`), assignDef, [state, state.storage!.value], {}, drafts);
    for (const each of [draft, ...drafts]) {
      each.name ??= this.unique(`${name}/initial_value`);
      this.push(each);
    }
    return set;
  }

  /** The node of an op that is of no operation. */
  private spelled(
    name: string,
    def: OpDef,
    inputs: readonly Input[],
    attributes: Attributes,
    drafts: Draft[] = [],
  ): Draft {
    const [wire] = new Spelled({ name, def, inputs, attributes, outputs: [] }, this, drafts).write(def.tensorflow!)!;
    const draft = wire!.node as Draft;
    draft.name = name;
    return draft;
  }

  private writeOperation(operation: Operation, after: readonly Operation[]): void {
    const { def, name, outputs, controlInputs } = operation;
    const spelled = new Spelled(operation, this);
    const wires = (spelled.write((def.tensorflow ?? []) as TensorFlowFacet) ?? spelled.write(updateInLoops))!;
    const { drafts } = spelled;
    const own = wires.map(({ node }) => node as Draft).filter((node) => drafts.includes(node));
    let last = own[0];
    if (outputs.length > 0 && last !== wires[0]!.node) last = spelled.node("Identity", wires.slice(0, 1)).node as Draft;
    if (outputs.length === 0 && own.length !== 1) last = spelled.node("NoOp", [], {}, wires).node as Draft;
    last!.name = name;
    this.named.set(operation, last!);
    outputs.forEach((output, i) => {
      this.wires.set(output, i === 0 ? { node: last!, index: wires[0]!.index } : wires[i]!);
    });
    const control = [...controlInputs, ...after].map((each) => this.named.get(each)!);
    for (const draft of drafts) {
      draft.name ??= this.unique(`${name}/${draft.op}`);
      this.push(draft, operation, draft.op === "Const" && draft !== last ? [] : control);
    }
  }

  /** One operation that initializes all variables. */
  private writeInit(more: readonly Draft[]): void {
    const own = [...this.program.states.keys()].flatMap((state) => (state as Variable).initializer ?? []);
    const control = [...own.map((operation) => this.named.get(operation)!), ...more];
    this.push({ name: this.init, op: "NoOp", inputs: [], control, attributes: {} });
  }

  private push(draft: Draft, operation?: Operation, control: readonly Draft[] = []): void {
    const { name, op, inputs, attributes } = draft;
    const waits = new Set([...draft.control, ...control].map((each) => `^${each.name}`));
    // What works on a variable in place does so where that is.
    const beside = [...new Set(inputs.map(({ node }) => node as Draft))].filter((each) => this.stateOf.has(each));
    const asked = operation?.colocation.filter((each) => this.taken.has(each) && each !== name) ?? [];
    const classes = [...new Set([...asked, ...beside.map((handle) => handle.name!)])];
    const attr: { [name: string]: AttrInit } = { ...attributes };
    if (classes.length > 0) {
      attr._class = { value: { case: "list", value: { s: classes.map((each) => utf8(`loc:@${each}`)) } } };
    }
    this.nodes.push({
      name: name!,
      op,
      input: [...inputs.map(wireName), ...waits],
      device: (beside.length > 0 ? this.deviceOf(beside[0]!) : operation?.device) ?? "",
      attr,
    });
  }

  private deviceOf(handle: Draft): string | undefined {
    const state = this.stateOf.get(handle)!;
    return state.graph === null ? undefined : ((state as Variable).op as Operation).device;
  }

  private unique(name: string): string {
    let free = name;
    for (let i = 1; this.taken.has(free); i++) free = `${name}_${i}`;
    this.taken.add(free);
    return free;
  }

  private collections(): { [key: string]: CollectionInit } {
    const { graph } = this.program;
    const entries = graph
      .getAllCollectionKeys()
      .map((key) => [key, this.collection(graph.getCollection(key))] as const);
    const found = Object.fromEntries(entries.filter(([, collection]) => collection !== null));
    return { ...found, init_op: { kind: { case: "nodeList", value: { value: [this.init] } } } } as never;
  }

  /** What of a collection is in this graph: variables as VariableDefs, operations and tensors by name. */
  private collection(members: readonly unknown[]): CollectionInit | null {
    const variables = members.filter((each) => each instanceof Variable && this.handles.has(each)) as Variable[];
    if (variables.length > 0) {
      return { kind: { case: "bytesList", value: { value: variables.map((each) => this.variableDef(each)) } } };
    }
    const names = members.flatMap((each) => {
      const name = this.named.get(each as Operation)?.name;
      const wire = this.wires.get(each as SymbolicTensor);
      return name ?? (wire === undefined ? [] : tensorName(wire));
    });
    return names.length === 0 ? null : { kind: { case: "nodeList", value: { value: names } } };
  }

  private variableDef(variable: Variable): Uint8Array {
    const { initializer, initialValue, trainable } = variable;
    const name = `${this.handles.get(variable)!.name}:0`;
    return toBinary(
      VariableDefSchema,
      create(VariableDefSchema, {
        variableName: name,
        initializerName: this.named.get(initializer!)!.name!,
        snapshotName: this.resources ? `${this.readOf(variable)}:0` : name,
        isResource: this.resources,
        initialValueName: tensorName(this.wires.get(initialValue as SymbolicTensor)!),
        trainable,
      }),
    );
  }

  /** A node that reads the variable for whoever asks TensorFlow's collections for it. */
  private readOf(variable: Variable): string {
    const known = this.reads.get(variable);
    if (known !== undefined) return known;
    const name = this.unique(`${this.handles.get(variable)!.name}/Read/ReadVariableOp`);
    this.push(this.spelled(name, readVariableDef, [variable], {}), variable.op as Operation);
    this.reads.set(variable, name);
    return name;
  }

  private signature() {
    const info = (each: SymbolicTensor | Operation) => {
      const wire = this.wires.get(each as SymbolicTensor);
      if (wire === undefined)
        return { encoding: { case: "name" as const, value: this.named.get(each as Operation)!.name! } };
      const { dtype, spec } = each as SymbolicTensor;
      return {
        encoding: { case: "name" as const, value: tensorName(wire) },
        dtype: typeNumbers[dtype]!,
        tensorShape: shapeProto(spec.shape),
      };
    };
    const infos = (list: Program["outputs"], title: (each: SymbolicTensor | Operation) => string) =>
      Object.fromEntries(list.map((each) => [title(each), info(each)]));
    const fed = (each: SymbolicTensor | Operation) => ("index" in each && each.index === 0 ? each.op.name : each.name);
    const inputs = infos(this.asked.inputs, fed);
    return { inputs, outputs: infos(this.asked.outputs, (each) => each.name), methodName: "step" };
  }
}

function wireName({ node, index }: Wire): string {
  const { name } = node as Draft;
  return index === 0 ? name! : `${name}:${index}`;
}

function tensorName({ node, index }: Wire): string {
  return `${(node as Draft).name}:${index}`;
}
