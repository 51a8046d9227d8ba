import {
  anything,
  atUserLine,
  compatible,
  type DType,
  defineMethods,
  formatShape,
  list,
  NotImplementedError,
  natural,
  nullable,
  Printable,
  RuntimeError,
  shapeMessage,
  Tensor,
  type TensorShape,
  type TensorSpec,
  type TypedData,
  ValueError,
  wrongAxis,
} from "@gradtape/tensor";
import type { Graph } from "./graph.ts";
import type { Attributes, Input, OpDef, OpRecord } from "./record.ts";
import { type RunOptions, runIn, runner } from "./runner.ts";

/** What a new operation is made of. */
export interface OperationParts {
  readonly graph: Graph;
  /** Position in the order of creation. */
  readonly id: number;
  readonly name: string;
  readonly def: OpDef;
  readonly inputs: readonly Input[];
  readonly attributes: Attributes;
  readonly controlInputs: readonly Operation[];
  readonly specs: readonly TensorSpec[];
  readonly device: string;
  /** Names of operations beside which this one is to be placed. */
  readonly colocation: readonly string[];
  /** The line of the user's program that built it, where known. */
  readonly location: string | null;
  /** The op to whose derivative it belongs, where it does. */
  readonly derivativeOf: OpRecord | null;
}

/** A node of a graph: an op written down to be run by a session. */
export class Operation extends Printable implements OpRecord {
  readonly graph: Graph;
  readonly id: number;
  readonly name: string;
  readonly def: OpDef;
  readonly inputs: readonly Input[];
  readonly attributes: Attributes;
  readonly controlInputs: readonly Operation[];
  readonly outputs: readonly SymbolicTensor[];
  readonly device: string;
  readonly colocation: readonly string[];
  readonly location: string | null;
  readonly derivativeOf: OpRecord | null;

  constructor({ specs, ...parts }: OperationParts) {
    super();
    this.graph = parts.graph;
    this.id = parts.id;
    this.name = parts.name;
    this.def = parts.def;
    this.inputs = parts.inputs;
    this.attributes = parts.attributes;
    this.controlInputs = parts.controlInputs;
    this.device = parts.device;
    this.colocation = parts.colocation;
    this.location = parts.location;
    this.derivativeOf = parts.derivativeOf;
    this.outputs = specs.map((spec, index) => new SymbolicTensor(this, index, spec));
  }

  static {
    defineMethods("Operation", Operation, { run: [{}, { feeds: anything, session: runner }] });
  }

  /** Runs it in a session: the one given, or the one whose `asDefault` is running. */
  run(options?: RunOptions): void {
    runIn("Operation.run", this, options);
  }

  /** The name of the op it runs. */
  get type(): string {
    return this.def.name;
  }

  /** One line: `name = type(inputs) {attributes} -> dtype[shape]`. */
  override toString(): string {
    const inputs = [...this.inputs.map(formatInput), ...this.controlInputs.map((operation) => `^${operation.name}`)];
    const shown = Object.entries(this.attributes).filter(([, value]) => value !== undefined);
    const attributes = shown.length === 0 ? "" : ` ${formatAttributes(shown)}`;
    const outputs = this.outputs.map(({ dtype, spec }) => `${dtype}${formatShape(spec.shape)}`).join(", ");
    return `${this.name} = ${this.type}(${inputs.join(", ")})${attributes}${outputs === "" ? "" : ` -> ${outputs}`}`;
  }
}

/**
 * An operation as tapes receive it: its inputs are those of the call, plain tensors too, for which the graph itself holds
 * constants. So a tape identifies a tensor in one way, with and without a graph.
 */
export function asCalled(operation: Operation, inputs: readonly Input[]): Operation {
  return Object.create(operation, { inputs: { value: inputs, enumerable: true } });
}

/** An input by name; the value of a constant where it is short. */
function formatInput(input: Input): string {
  if (input instanceof SymbolicTensor) return input.name;
  if (!(input instanceof Tensor)) return input.opName;
  return input.size !== null && input.size <= 4 ? JSON.stringify(input.array()) : "...";
}

function formatAttributes(entries: readonly (readonly [string, unknown])[]): string {
  const texts = entries.map(([name, value]) => {
    const text = JSON.stringify(value);
    return `${name}: ${text.length > 60 ? `${text.slice(0, 57)}...` : text}`;
  });
  return `{${texts.join(", ")}}`;
}

/** The result that an operation will have when a session runs it. An extent that only the run will tell is `null`. */
export class SymbolicTensor extends Tensor {
  readonly op: Operation;
  /** Which output of the operation this is. */
  readonly index: number;
  readonly dtype: DType;
  readonly shape: TensorShape;
  private readonly known: TensorSpec;

  constructor(op: Operation, index: number, spec: TensorSpec) {
    super();
    this.op = op;
    this.index = index;
    this.dtype = spec.dtype;
    this.known = spec;
    this.shape = spec.shape.map((extent) => (typeof extent === "number" ? extent : null));
  }

  static {
    defineMethods("Tensor", SymbolicTensor, {
      eval: [{}, { feeds: anything, session: runner }],
      setShape: [{ shape: nullable(list(nullable(natural))) }],
    });
  }

  /** Its value in a session: the one given, or the one whose `asDefault` is running. */
  eval(options?: RunOptions): Tensor {
    return runIn("Tensor.eval", this, options)!;
  }

  /**
   * Confirms a static shape, `null` where an extent may be anything. Shapes follow from the operations of a graph, so none
   * is changed: throws a ValueError for a shape that it cannot have, a NotImplementedError for one that says more than is
   * known; then give that shape to the placeholder.
   */
  setShape(shape: readonly (number | null)[] | null): void {
    if (shape === null) return;
    const own = this.spec.shape;
    const shapes = [
      { name: this.name, shape: own },
      { name: "given", shape, wrong: wrongAxis(shape, own) },
    ];
    if (!compatible(own, shape))
      throw new ValueError(shapeMessage("Tensor.setShape", "the tensor has another shape", shapes));
    if (shape.every((extent, axis) => extent === null || extent === own[axis])) return;
    throw new NotImplementedError(
      shapeMessage("Tensor.setShape", "the shape says more than is known", shapes, {
        advice: "give it to the placeholder",
      }),
    );
  }

  override get spec(): TensorSpec {
    return this.known;
  }

  get graph(): Graph {
    return this.op.graph;
  }

  /** `operation:index`. */
  get name(): string {
    return `${this.op.name}:${this.index}`;
  }

  /** Where the operation is to run, as asked for. */
  get device(): string {
    return this.op.device;
  }

  get data(): TypedData {
    const fetched = "fetch it with session.run";
    const traced = `it is traced${atUserLine()}: choose by where(…), or return the tensor`;
    throw new RuntimeError(
      `${this.name}: a tensor of a graph has no value of its own; ${this.graph.holdsVariables ? fetched : traced}`,
    );
  }

  override toString(): string {
    return `<Tensor '${this.name}' shape=${formatShape(this.spec.shape)} dtype=${this.dtype}>`;
  }

  protected override consoleText(): string {
    return String(this);
  }
}
