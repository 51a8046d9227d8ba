import {
  broadcasted,
  EagerTensor,
  type Form,
  hasVectors,
  type IndexCheck,
  isContiguous,
  isStatic,
  type Kernel,
  scalar as k,
  type Layout,
  type PartialShape,
  reshaped,
  rowMajor,
  type Scalar,
  type Shape,
  type Tensor,
  type TensorSpec,
} from "@gradtape/tensor";
import type { Operation, SymbolicTensor } from "../operation.ts";
import { State } from "../state.ts";
import { inputsOf, substitute } from "./expression.ts";
import type { Loops, Node, Operand } from "./node.ts";
import { type Buffer, Buffers, type Count, sameLayout, sizeOfShape, specOf, uniform, type Value } from "./values.ts";

/** Thrown for what has no compiled form: which operation, and why. */
export class NotCompilable extends Error {
  readonly operation: Operation;
  readonly reason: string;

  constructor(operation: Operation, reason: string) {
    super(`${operation.name} (${operation.type}) cannot be compiled: ${reason}`);
    this.operation = operation;
    this.reason = reason;
  }
}

/** What is to be computed: operations in order, what is fed with what shapes, and what is asked for. */
export interface Request {
  readonly operations: readonly Operation[];
  readonly fed: ReadonlyMap<Tensor, TensorSpec>;
  readonly fetched: readonly Tensor[];
}

/** Operations as nodes over buffers: views are gone, constants computed. */
export interface Lowered {
  readonly nodes: readonly Node[];
  readonly buffers: Buffers;
  readonly fed: ReadonlyMap<Tensor, Buffer>;
  readonly states: ReadonlyMap<State, Buffer>;
  readonly fetched: readonly Value[];
}

/** Constants are computed beforehand up to this many elements. */
const FOLDED = 65536;

/** Writes operations down as nodes. Throws a NotCompilable. */
export function lower(request: Request): Lowered {
  // A value of a variable that is used after the variable was written has to be copied when it is read. That shows only
  // at its use; so the work begins again with one more copy known.
  const copies = new Set<string>();
  for (;;) {
    const attempt = new Lowering(request, copies);
    const stale = attempt.run();
    if (stale === null) return attempt.result;
    copies.add(stale);
  }
}

class Lowering {
  private readonly request: Request;
  private readonly copies: ReadonlySet<string>;
  private readonly buffers = new Buffers();
  private readonly nodes: Node[] = [];
  private readonly values = new Map<Tensor, Value>();
  private readonly constants = new Map<EagerTensor, Buffer>();
  private readonly states = new Map<State, Buffer>();
  private readonly fed = new Map<Tensor, Buffer>();
  private readonly versions = new Map<Buffer, number>();
  private readonly copied = new Map<string, Value>();
  private readonly counts = new Map<string, Count>();
  private stale: string | null = null;

  constructor(request: Request, copies: ReadonlySet<string>) {
    this.request = request;
    this.copies = copies;
  }

  get result(): Lowered {
    const fetched = this.request.fetched.map((tensor) => this.valueOf(tensor));
    return { nodes: this.nodes, buffers: this.buffers, fed: this.fed, states: this.states, fetched };
  }

  /** Lowers everything; the read that needs a copy, when one is found. */
  run(): string | null {
    for (const [tensor, { dtype, shape }] of this.request.fed) {
      const size = sizeOfShape(shape as Shape);
      const buffer = this.buffers.make("fed", dtype, size, { tensor: tensor as SymbolicTensor });
      this.fed.set(tensor, buffer);
      this.values.set(tensor, whole(buffer, shape as Shape));
    }
    for (const operation of this.request.operations) {
      this.lowerOperation(operation);
      if (this.stale !== null) return this.stale;
    }
    for (const tensor of this.request.fetched) this.checkFresh(this.valueOf(tensor));
    return this.stale;
  }

  private lowerOperation(operation: Operation): void {
    const { def, inputs, attributes, outputs } = operation;
    if (outputs.length > 0 && outputs.every((output) => this.values.has(output))) return; // fed
    if (def.allowsMissing)
      throw new NotCompilable(operation, "whether a variable has a value is known only to a session");
    const values = inputs.map((input, i) =>
      input instanceof State && def.writes?.includes(i) ? this.stateValue(input) : this.valueOf(input),
    );
    const specs = values.map(specOf);
    const inferred = def.infer(specs, attributes);
    const kernel = def.kernel(specs, attributes, inferred);
    if (outputs.length === 0 && def.writes === undefined) return; // it only stands for others
    for (const value of values) this.checkFresh(value);
    const shapes = inferred.map(({ shape }, i) => this.shapeOf(operation, kernel, shape, i, values));
    if (this.foldConstants(operation, kernel, values, inferred)) return;
    this.lowerKernel(operation, kernel, values, inferred, shapes);
  }

  /** Computes what depends on constants alone. */
  private foldConstants(
    { def, outputs }: Operation,
    kernel: Kernel,
    values: readonly Value[],
    specs: readonly TensorSpec[],
  ): boolean {
    if (def.writes !== undefined || def.mustBeFed || !values.every(({ buffer }) => buffer.kind === "constant"))
      return false;
    const size = specs.reduce((sum, { shape }) => sum + (isStatic(shape) ? sizeOfShape(shape) : 0), 0);
    if (size > FOLDED && kernel.form?.kind !== "view") return false;
    const inputs = values.map(({ buffer, layout }) => new EagerTensor(buffer.dtype, layout, buffer.data!.buffer));
    for (const [i, made] of kernel.run(inputs, specs).entries()) this.values.set(outputs[i]!, this.constant(made));
    return true;
  }

  private lowerKernel(
    operation: Operation,
    { form }: Kernel,
    values: readonly Value[],
    specs: readonly TensorSpec[],
    shapes: readonly { shape: Shape; count: Count | null }[],
  ): void {
    if (form === undefined) throw new NotCompilable(operation, "its kernel can only be run");
    const strange = [...values, ...specs].find((each) => ("buffer" in each ? each.buffer : each).dtype === "float64");
    if (strange !== undefined) throw new NotCompilable(operation, "it computes in float64");
    if ("program" in form && !hasVectors(form.program))
      throw new NotCompilable(operation, "vectors lack its arithmetic");
    if (form.kind === "product" && specs[0]!.dtype !== "float32")
      throw new NotCompilable(operation, "only float32 products are compiled");
    if (form.kind === "unique" && specs[0]!.dtype !== "int32")
      throw new NotCompilable(operation, "only int32 elements are compiled");
    const given = "takes" in form && form.takes !== undefined ? values.slice(0, form.takes) : values;
    const rowWise =
      form.kind === "gather" || form.kind === "segmentSum" || form.kind === "unique" || form.kind === "updateRows";
    const taken = rowWise ? given.map((value) => this.compacted(operation, value)) : given;
    if (form.kind === "view") {
      const { shape, count } = shapes[0]!;
      this.values.set(operation.outputs[0]!, { ...this.viewed(operation, values[0]!, form.arrange, shape), count });
      return;
    }
    if (form.kind === "update") {
      this.update(operation, form.program.outputs, taken);
      return;
    }
    const outputs = shapes.map(({ shape, count }, i) => ({
      ...whole(this.buffers.make("temporary", specs[i]!.dtype, sizeOfShape(shape)), shape),
      count,
    }));
    if (form.kind === "loops") {
      for (const check of form.checks) this.check(operation, taken[check.input]!, check);
      const rows = form.axes.length > 0 || folded(form);
      if (rows && taken.some(({ count }) => count !== null) && form.axes.includes(0))
        throw new NotCompilable(operation, "it adds up rows whose number only the run tells");
      this.loops(operation, form, taken, outputs);
    } else if (form.kind === "updateRows") {
      const indices = values.length - 1;
      const rows = values[0]!.layout.shape[0]!;
      this.check(operation, taken[indices]!, { op: form.op, input: indices, rows });
      const written = values.slice(0, form.program.outputs.length).map((value) => this.nextVersion(value.buffer));
      this.add(
        operation,
        { kind: "bulk", form },
        taken,
        written,
        written.map(({ buffer }) => buffer),
      );
    } else {
      if (form.kind === "gather") {
        const rows = values[0]!.layout.shape[form.axis]!;
        this.check(operation, taken[1]!, { op: form.op, input: 1, rows, negativeAllowed: form.negativeIsZero });
      }
      if (form.kind === "segmentSum") {
        const rows = shapes[0]!.shape[form.batchDims]!;
        this.check(operation, taken[1]!, { op: form.op, input: 1, rows, negativeAllowed: true });
      }
      this.add(operation, { kind: "bulk", form }, taken, outputs);
    }
    for (const [i, output] of operation.outputs.entries()) {
      if (!this.values.has(output)) this.values.set(output, outputs[i]!);
    }
  }

  private check(operation: Operation, indices: Value, check: IndexCheck): void {
    this.add(operation, { kind: "bulk", form: { kind: "check", check } }, [indices], []);
  }

  /** Loops over elements or rows; nothing remains of one whose results are its operands. */
  private loops(
    operation: Operation,
    { program, axes }: Extract<Form, { kind: "loops" }>,
    inputs: readonly Value[],
    outputs: readonly Value[],
  ): void {
    const { shape } = inputs[0]!.layout;
    const operands = inputs.map((value, i): Operand => {
      const { level } = program.inputs[i]!;
      const home = level === "element" ? value : this.rowValue(operation, value, shape, axes);
      return { value: home, level, strides: stridesOver(home.layout, shape, level === "row" ? axes : []) };
    });
    const expressions = this.withConstants(program.outputs, inputs);
    const byRow = rowMajor(shape.filter((_, axis) => !axes.includes(axis)));
    const targets = outputs.map((value, i): Operand => {
      const level = axes.length === 0 ? "element" : program.levels[i]!;
      if (level === "row") return { value, level, strides: stridesOver(byRow, shape, axes) };
      return { value, level, strides: stridesOver(value.layout, shape, []) };
    });
    const kept = expressions.flatMap((expression, i) => {
      const same = expression.op === "input" && axes.length === 0 ? operands[expression.value!]! : null;
      const plain = same !== null && same.value.buffer.dtype === outputs[i]!.buffer.dtype;
      if (!plain) return [i];
      this.values.set(operation.outputs[i]!, same.value);
      return [];
    });
    if (kept.length === 0) return;
    this.addLoops(operation, {
      kind: "loops",
      ...{ shape, axes, operands },
      expressions: kept.map((i) => expressions[i]!),
      targets: kept.map((i) => targets[i]!),
    });
  }

  /** Variables written in place: the targets lie where the first operands lie. */
  private update(operation: Operation, program: readonly Scalar[], inputs: readonly Value[]): void {
    const { shape } = inputs[0]!.layout;
    const states = inputs.slice(0, program.length);
    // What lies in the same memory but in another order has to be read before anything is written.
    const apart = inputs.map((value, i) => {
      const clash = i >= states.length && states.some(({ buffer }) => buffer === value.buffer);
      return clash && !sameLayout(value.layout, states[0]!.layout) ? this.copyOf(operation, value) : value;
    });
    const operands = apart.map(
      (value): Operand => ({ value, level: "element", strides: broadcasted(value.layout, shape).strides }),
    );
    const targets = program.map((_, i): Operand => ({ ...operands[i]!, value: this.nextVersion(inputs[i]!.buffer) }));
    const expressions = this.withConstants(program, inputs);
    this.addLoops(operation, { kind: "loops", shape, axes: [], operands, expressions, targets });
  }

  private addLoops(operation: Operation, loops: Loops): void {
    const used = [...inputsOf(loops.expressions)].sort((a, b) => a - b);
    const renumbered = used.map((i, at) => k.input(at, loops.operands[i]!.value.buffer.dtype));
    const expressions = loops.expressions.map((each) =>
      substitute(each, (leaf) => (leaf.op === "input" ? renumbered[used.indexOf(leaf.value!)] : undefined)),
    );
    const operands = used.map((i) => loops.operands[i]!);
    const { shape, axes, drop } = withoutUnits(loops);
    const squeezed = (operand: Operand): Operand => ({
      ...operand,
      strides: operand.strides.filter((_, i) => !drop.has(i)),
    });
    const targets = loops.targets.map(squeezed);
    const outputs = targets.map(({ value }) => value);
    const writes = outputs.map(({ buffer }) => buffer).filter(({ kind }) => kind === "state");
    const work: Loops = { kind: "loops", shape, axes, operands: operands.map(squeezed), expressions, targets };
    this.add(
      operation,
      work,
      operands.map(({ value }) => value),
      outputs,
      writes,
    );
  }

  private add(
    operation: Operation,
    work: Node["work"],
    inputs: readonly Value[],
    outputs: readonly Value[],
    writes: readonly Buffer[] = [],
  ): void {
    const counts = outputs.find(({ count }) => count !== null && !inputs.some((input) => input.count === count))?.count;
    this.nodes.push({
      id: this.nodes.length,
      operations: [operation],
      work,
      inputs,
      outputs,
      writes,
      counts: counts ?? null,
    });
  }

  /** Expressions in which inputs that are the same everywhere are numbers. */
  private withConstants(expressions: readonly Scalar[], inputs: readonly Value[]): Scalar[] {
    const known = inputs.map(uniform);
    const done = new Map<Scalar, Scalar>();
    return expressions.map((expression) =>
      substitute(
        expression,
        (leaf) => {
          const value = leaf.op === "input" ? known[leaf.value!] : null;
          return value === null || value === undefined ? undefined : k.constant(value, leaf.type);
        },
        done,
      ),
    );
  }

  private valueOf(input: Tensor | State): Value {
    if (input instanceof State) return this.readState(input);
    if (input instanceof EagerTensor) return this.constant(input);
    return this.values.get(input)!;
  }

  private constant(data: EagerTensor): Value {
    let buffer = this.constants.get(data);
    if (buffer === undefined) {
      buffer = this.buffers.make("constant", data.dtype, data.buffer.length, { data });
      this.constants.set(data, buffer);
    }
    return { buffer, layout: data.layout, version: 0, count: null };
  }

  private stateValue(state: State): Value {
    let buffer = this.states.get(state);
    if (buffer === undefined) {
      buffer = this.buffers.make("state", state.dtype, sizeOfShape(state.shape), { state });
      this.states.set(state, buffer);
      this.versions.set(buffer, 0);
    }
    return { ...whole(buffer, state.shape), version: this.versions.get(buffer)! };
  }

  /** The present value of a variable; a copy where it is known to outlive the next write. */
  private readState(state: State): Value {
    const value = this.stateValue(state);
    const key = readKey(value);
    if (!this.copies.has(key)) return value;
    let copy = this.copied.get(key);
    if (copy === undefined) {
      copy = this.copyOf(this.lastOperation(), value);
      this.copied.set(key, copy);
    }
    return copy;
  }

  private lastOperation(): Operation {
    return this.nodes[this.nodes.length - 1]?.operations[0] ?? this.request.operations[0]!;
  }

  private nextVersion(buffer: Buffer): Value {
    this.versions.set(buffer, this.versions.get(buffer)! + 1);
    return { ...whole(buffer, buffer.state!.shape), version: this.versions.get(buffer)! };
  }

  private checkFresh(value: Value): void {
    if (value.buffer.kind === "state" && value.version !== this.versions.get(value.buffer))
      this.stale ??= readKey(value);
  }

  /** `value` seen through another layout, compacted first where there is none. */
  private viewed(
    operation: Operation,
    value: Value,
    arrange: (layout: Layout, shape: Shape) => Layout | null,
    shape: Shape,
  ): Value {
    const direct = arrange(value.layout, shape);
    if (direct !== null) return { ...value, layout: direct };
    const compact = this.copyOf(operation, value);
    return { ...compact, layout: arrange(compact.layout, shape)! };
  }

  /** `value`, or a copy whose elements lie in row-major order. */
  private compacted(operation: Operation, value: Value): Value {
    return isContiguous(value.layout) ? value : { ...this.copyOf(operation, value), count: value.count };
  }

  private copyOf(operation: Operation, value: Value): Value {
    const { shape } = value.layout;
    const copy = whole(this.buffers.make("temporary", value.buffer.dtype, sizeOfShape(shape)), shape);
    this.copyInto(operation, value, copy);
    return copy;
  }

  private copyInto(operation: Operation, value: Value, target: Value): void {
    const { shape } = value.layout;
    const operand: Operand = { value, level: "element", strides: value.layout.strides };
    this.addLoops(operation, {
      kind: "loops",
      ...{ shape, axes: [], operands: [operand] },
      expressions: [k.input(0, value.buffer.dtype)],
      targets: [{ value: target, level: "element", strides: target.layout.strides }],
    });
  }

  /** An operand with one value for each row, in the shape of the axes that are kept. */
  private rowValue(operation: Operation, value: Value, shape: Shape, axes: readonly number[]): Value {
    const kept = shape.filter((_, axis) => !axes.includes(axis));
    return this.viewed(operation, value, reshaped, kept);
  }

  /** The shape of an output with counted axes at their bounds. */
  private shapeOf(
    operation: Operation,
    { form }: Kernel,
    shape: PartialShape,
    output: number,
    inputs: readonly Value[],
  ): { shape: Shape; count: Count | null } {
    if (isStatic(shape)) return { shape, count: null };
    const [first, ...rest] = shape;
    if (!isStatic(rest)) throw new NotCompilable(operation, "only the run tells its shape");
    if (first === null && form?.kind === "unique") {
      const name = `?rows${this.counts.size}`;
      const cell = this.buffers.make("temporary", "int32", 1);
      const count: Count = { name, bound: inputs[0]!.buffer.size, cell };
      this.counts.set(name, count);
      return { shape: [count.bound, ...rest], count };
    }
    const count = typeof first === "string" ? this.counts.get(first) : undefined;
    if (count === undefined)
      throw new NotCompilable(operation, `only the run tells how many rows output ${output} has`);
    return { shape: [count.bound, ...rest], count };
  }
}

/** Loops without axes of extent 1, as far as nothing is folded over them. */
function withoutUnits({ shape, axes }: Loops): { shape: Shape; axes: number[]; drop: Set<number> } {
  const drop = new Set(shape.flatMap((extent, axis) => (extent === 1 && !axes.includes(axis) ? [axis] : [])));
  const left = shape.flatMap((_, axis) => (drop.has(axis) ? [] : [axis]));
  return { shape: left.map((axis) => shape[axis]!), axes: axes.map((axis) => left.indexOf(axis)), drop };
}

function folded({ program }: Extract<Form, { kind: "loops" }>): boolean {
  return program.levels.includes("row");
}

/** All elements of a buffer in row-major order. */
function whole(buffer: Buffer, shape: Shape): Value {
  return { buffer, layout: rowMajor(shape), version: 0, count: null };
}

function readKey({ buffer, version }: Value): string {
  return `${buffer.state!.order} ${version}`;
}

/** The strides of a layout over a larger shape, from which it lacks `missing`; there they are 0. */
function stridesOver(layout: Layout, shape: Shape, missing: readonly number[]): number[] {
  let next = 0;
  return shape.map((extent, axis) => {
    if (missing.includes(axis)) return 0;
    const stride = layout.strides[next]!;
    next++;
    return extent === 1 ? 0 : stride;
  });
}
