import {
  anything,
  boolean,
  callable,
  checkDType,
  copyOf,
  type DType,
  defineMethods,
  EagerTensor,
  formatShape,
  isStatic,
  knownShape,
  list,
  literal,
  mark,
  type NestedArray,
  nullable,
  RuntimeError,
  reading,
  type Shape,
  Signature,
  string,
  synchronous,
  type Tensor,
  type TypedData,
  ValueError,
} from "@gradtape/tensor";
import { addConstant, apply, perform } from "./apply.ts";
import { checkNotTraced, currentGraph, unrecorded } from "./context.ts";
import { type Graph, GraphKeys } from "./graph.ts";
import { asTensor, Convertible, nameOf, type Operand } from "./operand.ts";
import { Operation, SymbolicTensor } from "./operation.ts";
import { IndexedSlices, sliceIndices, sliceValues } from "./ops/gather.ts";
import * as ops from "./ops/state.ts";
import type { OpDef } from "./record.ts";
import { presentRunner, type Runner, runner } from "./runner.ts";
import { State, Storage } from "./state.ts";

export interface VariableOptions {
  /** Op name; `Variable` when left out. */
  readonly name?: string;
  /** Whether optimizers and tapes take the variable up by themselves; true when left out. */
  readonly trainable?: boolean;
  /** Element type; that of the initial value when left out. */
  readonly dtype?: DType;
  /** Projection applied by optimizers after each dense update: new value in, allowed value out. */
  readonly constraint?: ((value: Tensor) => Tensor) | null;
  /** Collections of the graph to join instead of the global variables; a trainable one always joins the trainable. */
  readonly collections?: readonly string[];
}

/**
 * A tensor that can change: the parameters of a model and the slots of optimizers.
 * Ops take it like a tensor; each use reads the value it has at that moment.
 *
 * One made while a graph is being built belongs to that graph: it has no value until a session runs its initializer,
 * and each session keeps its own.
 */
export class Variable extends State {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly trainable: boolean;
  readonly constraint: ((value: Tensor) => Tensor) | null;
  readonly graph: Graph | null;
  readonly storage: Storage | null;
  readonly opName: string;
  /** The operation that stands for the variable in its graph; in eager mode just its name. */
  readonly op: Operation | { readonly name: string };
  private readonly given: Tensor | null;

  static {
    mark(Variable.prototype, "variable");
    defineMethods("Variable", Variable, {
      array: [{}],
      item: [{}],
      ndarray: [{}],
      initializedValue: [{}],
      assign: [{ value: anything }],
      assignAdd: [{ delta: anything }],
      assignSub: [{ delta: anything }],
      scatterAdd: [{ slices: anything }],
      scatterSub: [{ slices: anything }],
      scatterUpdate: [{ slices: anything }],
      load: [{ value: anything }, { session: runner }],
      eval: [{}, { session: runner }],
    });
  }

  /**
   * `initialValue` is anything a tensor can be made from, or a function of no arguments that returns such a thing.
   * Throws a ValueError when it is missing.
   */
  constructor(initialValue: Operand | (() => Operand), options?: VariableOptions);
  /** @internal A variable of a graph that has been read back, for the operation that stands for it. */
  constructor(operation: Operation);
  constructor(...args: readonly unknown[]) {
    super();
    const options = signature.record(args) as VariableOptions & { readonly initialValue: unknown };
    const { initialValue: what, name = "Variable", trainable = true, dtype, constraint = null } = options;
    const initial = reading("Variable", args, () => (what instanceof Operation ? null : initialTensor(what, dtype)));
    const graph = what instanceof Operation || what instanceof SymbolicTensor ? what.graph : currentGraph();
    this.graph = graph;
    this.constraint = constraint;
    this.given = graph === null ? initial : null;
    this.storage = graph === null ? new Storage(copyOf(literal("Variable", initial)), { owned: true }) : null;
    this.op = graph === null ? { name } : what instanceof Operation ? what : declare(graph, initial!, trainable, name);
    this.opName = this.op.name;
    const facts =
      this.op instanceof Operation
        ? (this.op.attributes as unknown as Facts)
        : { dtype: initial!.dtype, shape: initial!.shape, trainable };
    this.dtype = facts.dtype;
    this.shape = [...(facts.shape as Shape)];
    this.trainable = facts.trainable;
    if (graph === null) return;
    if (initial !== null) this.initializeBy(graph, initial);
    for (const key of options.collections ?? [GraphKeys.GLOBAL_VARIABLES]) graph.addToCollection(key, this);
    if (this.trainable) graph.addToCollection(GraphKeys.TRAINABLE_VARIABLES, this);
  }

  /** The operation that sets the initial value; `null` in eager mode, where that has been done. */
  get initializer(): Operation | null {
    return this.graph?.findOperation(`${this.opName}/Assign`) ?? null;
  }

  /** What the variable begins with: a tensor of its graph, or the value given in eager mode. */
  get initialValue(): Tensor {
    return this.given ?? (this.initializer!.inputs[1] as Tensor);
  }

  /** The name as a tensor's: `w:0`. */
  get name(): string {
    return `${this.opName}:0`;
  }

  get rank(): number {
    return this.shape.length;
  }

  get size(): number {
    return this.shape.reduce((size, extent) => size * extent, 1);
  }

  /** A copy of the present elements in row-major order. A RuntimeError for a variable of a graph: ask its session. */
  get data(): TypedData {
    return this.present().data.slice();
  }

  /** The present elements as nested arrays. */
  array(): NestedArray {
    return this.present().array();
  }

  /** The only element of a variable of size 1. */
  item(): number | boolean {
    return this.present().item();
  }

  /** The present elements as an npm `ndarray`; a copy. */
  ndarray(): ReturnType<Tensor["ndarray"]> {
    return literal("ndarray", this.data, { shape: this.shape, dtype: this.dtype }).ndarray();
  }

  /** The present value as a tensor. Gradients flow from it to the variable. */
  toTensor(): Tensor {
    return apply(ops.readVariable, [this], {})[0]!;
  }

  /** The present value as a tensor. */
  value(): Tensor {
    return this.toTensor();
  }

  /** The value if the variable has been initialized when this is run, else the initial value. */
  initializedValue(): Tensor {
    return apply(ops.initializedValue, [this, this.initialValue], {})[0]!;
  }

  /**
   * Sets the value. Throws a ValueError for another shape, a TypeError for another dtype. Not differentiated.
   * In a graph the result is a tensor: running it assigns and gives the new value.
   */
  assign(value: Operand): Tensor | this {
    return this.write(ops.assign, [asTensor("assign", value, this.dtype)]);
  }

  /** Sets the value in a session, the present one when left out; in eager mode as `assign` does. */
  load(value: Operand, { session }: { readonly session?: Runner } = {}): void {
    if (this.graph === null) this.assign(value);
    else presentRunner("Variable.load", session).load(this, value);
  }

  /** The value in a session, the present one when left out; in eager mode the present value. */
  eval({ session }: { readonly session?: Runner } = {}): Tensor {
    return this.graph === null ? this.value() : presentRunner("Variable.eval", session).run(this);
  }

  /** Adds to the value. */
  assignAdd(delta: Operand): Tensor | this {
    return this.write(ops.assignAdd, [asTensor("assignAdd", delta, this.dtype)]);
  }

  /** Subtracts from the value. */
  assignSub(delta: Operand): Tensor | this {
    return this.write(ops.assignSub, [asTensor("assignSub", delta, this.dtype)]);
  }

  /** Adds the rows of `slices`, repeated ones each in turn. */
  scatterAdd(slices: IndexedSlices): Tensor | this {
    return this.write(ops.scatterAdd, rowsOf("scatterAdd", slices));
  }

  /** Subtracts the rows of `slices`, repeated ones each in turn. */
  scatterSub(slices: IndexedSlices): Tensor | this {
    return this.write(ops.scatterSub, rowsOf("scatterSub", slices));
  }

  /** Sets the rows of `slices`; of repeated ones the last stays. */
  scatterUpdate(slices: IndexedSlices): Tensor | this {
    return this.write(ops.scatterUpdate, rowsOf("scatterUpdate", slices));
  }

  override toString(): string {
    const head = `<Variable '${this.name}' shape=${formatShape(this.shape)} dtype=${this.dtype}>`;
    return this.storage === null ? head : `${head}\n${this.storage.value}`;
  }

  /** Adds the operation that assigns the initial value. */
  private initializeBy(graph: Graph, initial: Tensor): void {
    graph.controlDependencies(null, () =>
      graph.nameScope(`${this.opName}/`, () => {
        const value = initial instanceof EagerTensor ? addConstant(graph, initial, "initial_value") : initial;
        perform(ops.assign, [this, value], {}, "Assign");
      }),
    );
  }

  private present() {
    checkNotTraced(
      `${this.name}: its value is asked for`,
      "use the variable itself in ops, or pass the value as an argument",
    );
    if (this.storage !== null) return this.storage.value;
    throw new RuntimeError(`${this.name}: a variable of a graph has its values in sessions; use session.run(variable)`);
  }

  private write(def: OpDef, inputs: readonly Tensor[]): Tensor | this {
    const record = perform(def, [this, ...inputs], {});
    if (!(record instanceof Operation)) return this;
    return record.graph.controlDependencies([record], () => this.toTensor());
  }
}

const signature = new Signature(
  "Variable",
  { initialValue: anything },
  {
    name: string,
    trainable: boolean,
    dtype: anything,
    constraint: nullable(callable),
    collections: list(string),
  },
);

/** The graph to which lasting variables belong at present; `null` for eager mode, where compiled functions have theirs. */
export function graphOfVariables(): Graph | null {
  const graph = currentGraph();
  return graph?.holdsVariables ? graph : null;
}

/** What the operation of a variable says about it. */
interface Facts {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly trainable: boolean;
}

function declare(graph: Graph, { dtype, shape }: Tensor, trainable: boolean, name: string): Operation {
  const attributes = { dtype, shape: [...knownShape("Variable", shape)], trainable };
  return graph.createOperation(ops.variableDef, [], attributes, name);
}

/** Performs an op that writes states; the operation when it was added to a graph, `null` when it has run. */
export function performWrite(...args: Parameters<typeof perform>): Operation | null {
  const record = perform(...args);
  return record instanceof Operation ? record : null;
}

function rowsOf(op: string, slices: unknown): [Tensor, Tensor] {
  if (!(slices instanceof IndexedSlices)) throw new TypeError(`${op}: expected IndexedSlices, got ${nameOf(slices)}`);
  return [sliceValues(slices), sliceIndices(slices)];
}

function initialTensor(initialValue: unknown, dtype: DType | undefined): Tensor {
  if (dtype !== undefined) checkDType("Variable", dtype);
  const given =
    typeof initialValue === "function" ? synchronous("Variable", (initialValue as () => unknown)()) : initialValue;
  if (given === null || given === undefined) {
    throw new ValueError("Variable: an initial value is needed; give a tensor, numbers, or a function that makes one");
  }
  // Making a variable is no differentiable act: nobody listens while the value is read.
  const value = given instanceof Convertible ? unrecorded(() => given.toTensor()) : given;
  if (!(value instanceof SymbolicTensor)) return literal("Variable", value, dtype === undefined ? {} : { dtype });
  if (!isStatic(value.spec.shape)) {
    throw new ValueError(
      `Variable: the initial value has shape ${formatShape(value.spec.shape)}; a variable needs all extents`,
    );
  }
  if (dtype !== undefined && dtype !== value.dtype) {
    throw new TypeError(`Variable: the initial value is ${value.dtype}, dtype says ${dtype}; cast it`);
  }
  return value;
}
