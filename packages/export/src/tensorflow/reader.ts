import {
  type Attributes,
  apply,
  assignDef,
  checkAttributes,
  constant,
  Graph,
  type Input,
  identity,
  type OpDef,
  type Operation,
  readVariableDef,
  State,
  SymbolicTensor,
  stretch,
  unrecorded,
  Variable,
  variableDef,
  within,
} from "@gradtape/graph";
import {
  EagerTensor,
  here,
  InvalidArgumentError,
  isStatic,
  lineOf,
  NotImplementedError,
  normalizeAxis,
  sizeOf,
  Tensor,
} from "@gradtape/tensor";
import { arranged, attributeOf, type Candidate, handlesOf, isAlways, means, spellings } from "./candidates.ts";
import { mistakeIn, type ReadOptions, tensorFrom } from "./decode.ts";
import type { NodeDef } from "./messages.ts";
import { attributesOf } from "./nodes.ts";
import { Followed, ShapeValue } from "./shape-value.ts";

/** An output of a node. */
export type Value = Tensor | State | Followed;

/** A node as it has been read. */
export interface Read {
  readonly outputs: readonly Value[];
  /** What it has become; `null` for what is told without an operation. */
  readonly operation: Operation | null;
}

/** A node that others may wait for. */
interface Placed extends Read {
  readonly waits: readonly Operation[];
}

/** Reads nodes of some kind; `null` for those of another. */
export type ForeignReader = (node: NodeDef, inputs: readonly Value[], reader: GraphReader) => readonly Value[] | null;

/** Translations of nodes that are no single op here: nodes that work on shapes alone, and nodes without an entry. */
export interface Translators {
  readonly shapes: ForeignReader;
  readonly foreign: ForeignReader;
}

/** Adds nodes to a graph, one after the other, each behind those it needs. */
export class GraphReader {
  readonly graph = new Graph();
  readonly types: ReadOptions;
  private readonly reads = new Map<string, Placed>();
  private readonly constants = new Map<SymbolicTensor, EagerTensor | null>();
  private readonly candidates = spellings();
  /** Variables by the name under which several nodes may mean one. */
  private readonly shared = new Map<string, Variable>();
  private readonly translators: Translators;
  private readonly trainable: ReadonlySet<string> | null;
  private readonly location = lineOf(here());
  /** Advice for a node that cannot be read. */
  private readonly advice: string;

  /** `trainable` are the names of the trainable variables; `null` means all. Messages end in `advice`. */
  constructor(
    translators: Translators,
    { trainable, types, advice }: { trainable: ReadonlySet<string> | null; types: ReadOptions; advice: string },
  ) {
    this.translators = translators;
    this.trainable = trainable;
    this.types = types;
    this.advice = advice;
  }

  /** Keeps the names of nodes for them, before operations of other names are made. */
  reserve(nodes: readonly NodeDef[]): void {
    for (const node of nodes) {
      if (!/^[A-Za-z0-9._][\w.\\/>-]*$/.test(node.name)) throw mistakeIn(node, "its name is not legal");
      // Names that differ in case alone are legal there.
      this.graph.uniqueAbsoluteName(node.name);
    }
  }

  /** True for a node that sets the whole value of a variable. */
  assigns({ op }: NodeDef): boolean {
    return this.candidates.get(op)?.some(({ def }) => def === assignDef) ?? false;
  }

  /** The tensor, variable or operation that a name (`node` or `node:1`) stands for; `null` when it was not read. */
  member(name: string): SymbolicTensor | Variable | Operation | null {
    const [, node = name, index = "0"] = name.match(/^(.*):(\d+)$/) ?? [];
    const read = this.reads.get(node);
    const value = read?.outputs[Number(index)];
    if (value instanceof ShapeValue) return this.fetched(node, Number(index), value);
    if (value instanceof SymbolicTensor || value instanceof Variable) {
      return value instanceof Variable && value.opName !== node ? (read!.operation ?? value) : value;
    }
    return read?.operation ?? null;
  }

  /** Numbers of a shape as a tensor, the first output under the name of its node. */
  private fetched(name: string, index: number, value: ShapeValue): SymbolicTensor {
    const { graph } = this;
    const made = graph.asDefault(() => graph.nameScope(`${name}/`, () => this.tensor(value))) as SymbolicTensor;
    if (index > 0 || graph.findOperation(name) !== null) return made;
    return this.create(identity.op, [made], {}, name).outputs[0]!;
  }

  /** The value of `node` or `node:1`. */
  value(user: NodeDef, reference: string): Value {
    const [, name = reference, index = "0"] = reference.match(/^(.*):(\d+)$/) ?? [];
    const found = this.reads.get(name)!.outputs[Number(index)];
    if (found === undefined) throw mistakeIn(user, `there is no output ${reference}`);
    return found;
  }

  add(node: NodeDef): void {
    const { name, input, device, attr } = node;
    const data = input.filter((each) => !each.startsWith("^"));
    const inputs = data.map((each) => this.value(node, each));
    const gates = input.flatMap((each) => (each.startsWith("^") ? this.reads.get(each.slice(1))!.waits : []));
    const before = [...gates, ...data.flatMap((each, i) => this.hidden(each, inputs[i]!))];
    const classes = attr._class?.value.case === "list" ? attr._class.value.value.s : [];
    const colocation = classes.map((bytes) => new TextDecoder().decode(bytes).replace(/^loc:@/, ""));
    const { graph } = this;
    const placed = () =>
      graph.placed({ device, colocation, location: this.location }, () =>
        graph.nameScope(`${name}/`, () => this.read(node, inputs)),
      );
    try {
      const read = graph.asDefault(() => graph.controlDependencies(before, placed));
      this.reads.set(name, { ...read, waits: read.operation === null ? before : [read.operation] });
    } catch (error) {
      throw told(node, error, this.advice);
    }
  }

  /**
   * What an input lets a node wait for beyond its value: a constant may become an attribute here, and what gives a
   * reference on has written it before.
   */
  private hidden(reference: string, value: Value): readonly Operation[] {
    if (value instanceof SymbolicTensor) return isConstant(value) ? value.op.controlInputs : [];
    const { operation } = this.reads.get(reference.replace(/:\d+$/, ""))!;
    if (operation?.def === readVariableDef) return operation.controlInputs;
    return operation?.def.writes === undefined ? [] : [operation];
  }

  private read(node: NodeDef, inputs: readonly Value[]): Read {
    const mistakes: unknown[] = [];
    const followed = this.translators.shapes(node, inputs, this);
    if (followed !== null) return this.titled(node, followed);
    for (const candidate of this.candidates.get(node.op) ?? []) {
      const read = this.readBy(candidate, node, inputs, mistakes);
      if (read !== null) return read;
    }
    const outputs = this.translators.foreign(node, inputs, this);
    if (outputs !== null) return this.titled(node, outputs);
    if (mistakes.length > 0) throw mistakes[0];
    if (this.candidates.has(node.op))
      throw new NotImplementedError(`there is no form of it here for such inputs and attributes`);
    throw new NotImplementedError(
      controlFlow.test(node.op) ? "conditionals, loops and functions are not read" : "there is no such op here",
    );
  }

  /** What a composition gave, its first result under the name of the node. */
  private titled({ name }: NodeDef, outputs: readonly Value[]): Read {
    const [first, ...more] = outputs;
    if (first instanceof SymbolicTensor && first.op.name === name) return { outputs, operation: first.op };
    if (!(first instanceof Tensor)) return { outputs, operation: null };
    const tensor = this.symbolic(first);
    const operation = this.create(identity.op, [tensor], {}, name);
    return { outputs: [operation.outputs[0]!, ...more], operation };
  }

  private readBy(candidate: Candidate, node: NodeDef, inputs: readonly Value[], mistakes: unknown[]): Read | null {
    const { def, spelling } = candidate;
    const attributes: { [name: string]: Attributes[string] } = {};
    const handles = handlesOf(candidate);
    const ours: Input[] = [];
    const given = arranged(candidate, inputs.length);
    if (given === null || means(node, spelling)) return null;
    try {
      for (const [i, taken] of given.entries()) {
        const value = inputs[i]!;
        if (typeof taken === "number") {
          if (handles.includes(taken) && !(value instanceof State)) return null;
          ours[taken] = handles.includes(taken) ? (value as State) : this.tensor(value);
        } else if ("number" in taken) {
          if (this.known(value)?.data[0] !== taken.number) return null;
        } else if ("attribute" in taken) {
          const known = this.known(value);
          if (known === null) return null;
          const numbers = known.dtype === "int32" ? [...known.data] : [];
          if (taken.single && numbers.length !== 1) return null;
          const rank = ours[0]!.spec.shape.length + (taken.kind === "places" ? 1 : 0);
          const legal = taken.kind === "numbers" ? numbers : numbers.map((axis) => normalizeAxis(node.op, axis, rank));
          if (taken.kind === "axes" && !taken.single) legal.sort((a, b) => a - b);
          attributes[taken.attribute] = taken.single && !taken.listed ? legal[0]! : legal;
        }
      }
      for (const [name, kind] of Object.entries(attributesOf(spelling))) {
        const found = node.attr[name];
        if ("from" in kind) attributes[kind.from] = attributeOf(node, kind.kind, found, ours[0], this.types);
        else if ("is" in kind) {
          if (!isAlways(kind.kind, kind.is, found, this.types)) return null;
        } else if (kind.kind === "tensor") {
          if (found?.value.case !== "tensor") throw new InvalidArgumentError("it has no value");
          ours[kind.input] = tensorFrom(node, found.value.value, this.types);
        }
      }
      for (const [i, number] of Object.entries(spelling.supplied ?? {})) {
        ours[Number(i)] = this.symbolic(constant(number, { dtype: ours[0]!.dtype }));
      }
      const specs = ours.map((input) => input.spec);
      Object.assign(attributes, typeof spelling.own === "function" ? spelling.own(specs, attributes) : spelling.own);
      if (spelling.fits?.(specs) === false) return null;
      const operands = spelling.broadcasts
        ? stretch(
            def.name,
            ours as Tensor[],
            ours.map((_, i) => `input ${i}`),
          )
        : ours;
      return this.made(def, node, operands, attributes);
    } catch (error) {
      mistakes.push(error);
      return null;
    }
  }

  private made(def: OpDef, node: NodeDef, inputs: readonly Input[], attributes: Attributes): Read {
    if (def === variableDef) {
      const shared = node.attr.shared_name?.value;
      const key = shared?.case === "s" && shared.value.length > 0 ? new TextDecoder().decode(shared.value) : node.name;
      const known = this.shared.get(key);
      if (known !== undefined) return { outputs: [known], operation: null };
      const trainable = this.trainable === null || this.trainable.has(node.name);
      const operation = this.create(def, [], { ...attributes, trainable }, node.name);
      const variable = new Variable(operation);
      this.shared.set(key, variable);
      return { outputs: [variable], operation };
    }
    const operation = this.create(def, inputs, attributes, node.name);
    // A node that writes or reads a reference passes the reference on: the value is read at the moment of use.
    const kept = node.op === "Identity" && def === readVariableDef ? 0 : def.writes?.[0];
    return { outputs: kept === undefined ? operation.outputs : [inputs[kept] as State], operation };
  }

  create(def: OpDef, inputs: readonly Input[], attributes: Attributes, name: string): Operation {
    checkAttributes(def, attributes);
    return this.graph.createOperation(def, inputs, attributes, `${name}/`);
  }

  /** A value as a tensor: a variable is read. */
  tensor(value: Value): Tensor {
    if (value instanceof Followed) return this.symbolic(value.tensor());
    return value instanceof State ? (value as Variable).value() : value;
  }

  symbolic(tensor: Tensor): SymbolicTensor {
    return (tensor instanceof SymbolicTensor ? tensor : constant(tensor)) as SymbolicTensor;
  }

  /** The value where it can be told without a run, or `null`. */
  known(value: Value): EagerTensor | null {
    if (value instanceof EagerTensor) return value;
    if (!(value instanceof SymbolicTensor)) return null;
    let known = this.constants.get(value);
    if (known === undefined) {
      known = this.evaluate(value);
      this.constants.set(value, known);
    }
    return known;
  }

  private evaluate({ op, index, spec }: SymbolicTensor): EagerTensor | null {
    const { def, inputs, attributes } = op;
    if (def.writes !== undefined || def.mustBeFed || def.allowsMissing) return null;
    const given = inputs.map((input) => (input instanceof Tensor ? this.known(input) : null));
    const small = isStatic(spec.shape) && sizeOf(spec.shape) <= mostKnown;
    if (!small || given.includes(null)) return null;
    return within(null, () => unrecorded(() => apply(def, given as EagerTensor[], attributes)))[index] as EagerTensor;
  }
}

const controlFlow =
  /^(?:Ref)?(?:Switch|Merge|Enter|Exit|NextIteration|Select)$|^(?:Stateless)?(?:If|While|Case)$|^LoopCond$|PartitionedCall$/;

// Shapes and axes are short; nothing else has to be known before a run.
const mostKnown = 4096;

function isConstant(value: Value): value is SymbolicTensor {
  return value instanceof SymbolicTensor && value.op.inputs.every((input) => input instanceof EagerTensor);
}

/** An error of the library with the node in front. */
function told(node: NodeDef, error: unknown, advice: string): unknown {
  if (!(error instanceof Error)) return error;
  const known = error instanceof InvalidArgumentError || error instanceof NotImplementedError;
  if (known && error.message.startsWith("importGraphDef:")) return error;
  const message = error.message.replace(/^importGraphDef: |\n {2}(?:built )?at .*/g, "");
  const Failure = error instanceof NotImplementedError ? NotImplementedError : InvalidArgumentError;
  const end = error instanceof NotImplementedError ? advice : "";
  return new Failure(`importGraphDef: node ${JSON.stringify(node.name)} (${node.op}): ${message}${end}`, {
    cause: error,
  });
}
