import {
  broadcasted,
  type DType,
  EagerTensor,
  type Form,
  hasVectors,
  type IndexCheck,
  isStatic,
  type Kernel,
  scalar as k,
  type Layout,
  type LoopForm,
  linked,
  type PartialShape,
  reshaped,
  rowMajor,
  type Scalar,
  type Shape,
  type Tensor,
  type TensorSpec,
} from "@gradtape/tensor";
import { checkResults } from "../execute.ts";
import type { Operation, SymbolicTensor } from "../operation.ts";
import { State } from "../state.ts";
import { readsBeyond } from "./counts.ts";
import { substitute } from "./expression.ts";
import type { Operand } from "./node.ts";
import { NodeList } from "./node-list.ts";
import { type Lowered, NotCompilable, type Request } from "./request.ts";
import { Sources } from "./sources.ts";
import {
  type Buffer,
  Buffers,
  type Count,
  sameLayout,
  sizeOfShape,
  specOf,
  uniform,
  type Value,
  whole,
} from "./values.ts";

/** Constants are computed beforehand up to this many elements. */
const FOLDED = 65536;

/** Writes operations down as nodes. Throws a NotCompilable. */
export function lower(request: Request): Lowered {
  // A value of a variable that is used after the variable was written has to be copied when it is read. That shows only
  // at its use; so the work begins again, once all copies are known.
  let copies: ReadonlySet<string> = new Set();
  for (;;) {
    const attempt = new Lowering(request, copies);
    const stale = attempt.run();
    if (stale.size === 0) return attempt.result;
    copies = new Set([...copies, ...stale]);
  }
}

class Lowering {
  private readonly request: Request;
  private readonly copies: ReadonlySet<string>;
  private readonly buffers = new Buffers();
  private readonly list = new NodeList(this.buffers);
  private readonly sources = new Sources(this.buffers);
  private readonly values = new Map<Tensor, Value>();
  private readonly fed = new Map<Tensor, Buffer>();
  private readonly copied = new Map<string, Value>();
  private readonly counts = new Map<symbol, Count>();
  private readonly stale = new Set<string>();

  constructor(request: Request, copies: ReadonlySet<string>) {
    this.request = request;
    this.copies = copies;
  }

  get result(): Lowered {
    const fetched = this.request.fetched.map((tensor) => this.valueOf(tensor));
    return { nodes: this.list.nodes, buffers: this.buffers, fed: this.fed, states: this.sources.states, fetched };
  }

  /** Lowers everything, and gives the reads that need copies and have none. */
  run(): ReadonlySet<string> {
    for (const [tensor, { dtype, shape }] of this.request.fed) {
      const size = sizeOfShape(shape as Shape);
      const buffer = this.buffers.make("fed", dtype, size, { tensor: tensor as SymbolicTensor });
      this.fed.set(tensor, buffer);
      this.values.set(tensor, whole(buffer, shape as Shape));
    }
    for (const operation of this.request.operations) this.lowerOperation(operation);
    for (const tensor of this.request.fetched) this.checkFresh(this.valueOf(tensor));
    return this.stale;
  }

  private lowerOperation(operation: Operation): void {
    const { def, inputs, attributes, outputs } = operation;
    if (outputs.length > 0 && outputs.every((output) => this.values.has(output))) return; // fed
    if (def.allowsMissing)
      throw new NotCompilable(operation, "whether a variable has a value is known only to a session");
    const values = inputs.map((input, i) =>
      input instanceof State && def.writes?.includes(i) ? this.sources.present(input) : this.valueOf(input),
    );
    const specs = values.map(specOf);
    const inferred = def.infer(specs, attributes);
    const kernel = def.kernel(specs, attributes, inferred);
    if (outputs.length === 0 && def.writes === undefined) return; // it only stands for others
    for (const value of values) this.checkFresh(value);
    checkResults(def.name, kernel, inferred);
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
    for (const [i, made] of kernel.run(inputs, specs).entries())
      this.values.set(outputs[i]!, this.sources.constant(made));
    return true;
  }

  private lowerKernel(
    operation: Operation,
    { form, run }: Kernel,
    values: readonly Value[],
    specs: readonly TensorSpec[],
    shapes: readonly { shape: Shape; count: Count | null }[],
  ): void {
    if (form === undefined) throw new NotCompilable(operation, "its kernel can only be run");
    const lacking = whatIsLacking(form, [
      ...values.map(({ buffer }) => buffer.dtype),
      ...specs.map(({ dtype }) => dtype),
    ]);
    if (lacking !== null) throw new NotCompilable(operation, lacking);
    const given = "takes" in form && form.takes !== undefined ? values.slice(0, form.takes) : values;
    const counts = shapes.map(({ count }) => count);
    if (readsBeyond(form, form.kind === "view" ? given.slice(0, 1) : given, counts))
      throw new NotCompilable(operation, "only the run tells how many rows it takes");
    const taken = rowWise.has(form.kind) ? given.map((value) => this.list.compacted(operation, value)) : given;
    if (form.kind === "view") {
      const { shape, count } = shapes[0]!;
      this.values.set(operation.outputs[0]!, {
        ...this.list.viewed(operation, values[0]!, form.arrange, shape),
        count,
      });
      return;
    }
    if (form.kind === "count") {
      const counted = values[0]!.count !== null && form.axes.includes(0);
      if (counted) throw new NotCompilable(operation, "it counts rows whose number only the run tells");
      this.values.set(operation.outputs[0]!, this.sources.constant(run([], specs)[0]!));
      return;
    }
    if (form.kind === "update") {
      this.update(operation, form.runs.outputs, taken);
      return;
    }
    const fresh = () =>
      shapes.map(({ shape, count }, i) => ({
        ...whole(this.buffers.make("temporary", specs[i]!.dtype, sizeOfShape(shape)), shape),
        count,
      }));
    let outputs: readonly Value[] = fresh();
    if (form.kind === "loops") {
      for (const check of form.checks) this.check(operation, taken[check.input]!, check);
      const rows = form.axes.length > 0 || folded(form);
      if (rows && taken.some(({ count }) => count !== null) && form.axes.includes(0))
        throw new NotCompilable(operation, "it adds up rows whose number only the run tells");
      outputs = this.loops(operation, form, taken, outputs);
    } else if (form.kind === "chain") {
      outputs = [
        linked<Value>(
          form,
          taken,
          (program, given) => this.loops(operation, { program, axes: [] }, given, fresh())[0]!,
        ),
      ];
    } else if (form.kind === "updateRows") {
      const indices = values.length - 1;
      const rows = values[0]!.layout.shape[0]!;
      this.check(operation, taken[indices]!, { op: form.op, input: indices, rows });
      const states = taken.slice(0, form.program.outputs.length);
      // Rows that are written may be named by, or be among, what other rows are made from: that has to be read before.
      const apart = taken.map((value, i) => {
        const clash = i >= states.length && states.some(({ buffer }) => buffer === value.buffer);
        return clash ? this.list.copyOf(operation, value) : value;
      });
      const written = states.map((value) => this.sources.next(value.buffer));
      this.list.add(
        operation,
        { kind: "bulk", form },
        apart,
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
      this.list.add(operation, { kind: "bulk", form }, taken, outputs);
    }
    for (const [i, output] of operation.outputs.entries()) {
      if (!this.values.has(output)) this.values.set(output, outputs[i]!); // one of several may be fed
    }
  }

  private check(operation: Operation, indices: Value, check: IndexCheck): void {
    this.list.add(operation, { kind: "bulk", form: { kind: "check", check } }, [indices], []);
  }

  /** Loops over elements or rows, and where their results are; nothing remains of one whose results are its operands. */
  private loops(
    operation: Operation,
    { program, axes }: Pick<LoopForm, "program" | "axes">,
    inputs: readonly Value[],
    outputs: readonly Value[],
  ): readonly Value[] {
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
    const results = expressions.map((expression, i) => {
      const same = expression.op === "input" && axes.length === 0 ? operands[expression.value!]! : null;
      return same?.value.buffer.dtype === outputs[i]!.buffer.dtype ? same!.value : outputs[i]!;
    });
    const kept = results.flatMap((value, i) => (value === outputs[i] ? [i] : []));
    if (kept.length === 0) return results;
    this.list.addLoops(operation, {
      kind: "loops",
      ...{ shape, axes, operands },
      expressions: kept.map((i) => expressions[i]!),
      targets: kept.map((i) => targets[i]!),
    });
    return results;
  }

  /** Variables written in place: the targets lie where the first operands lie. */
  private update(operation: Operation, program: readonly Scalar[], inputs: readonly Value[]): void {
    const { shape } = inputs[0]!.layout;
    const states = inputs.slice(0, program.length);
    // What lies in the same memory but in another order has to be read before anything is written.
    const apart = inputs.map((value, i) => {
      const clash = i >= states.length && states.some(({ buffer }) => buffer === value.buffer);
      return clash && !sameLayout(value.layout, states[0]!.layout) ? this.list.copyOf(operation, value) : value;
    });
    const operands = apart.map(
      (value): Operand => ({ value, level: "element", strides: broadcasted(value.layout, shape).strides }),
    );
    const targets = program.map((_, i): Operand => ({ ...operands[i]!, value: this.sources.next(inputs[i]!.buffer) }));
    const expressions = this.withConstants(program, inputs);
    this.list.addLoops(operation, { kind: "loops", shape, axes: [], operands, expressions, targets });
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
    if (input instanceof EagerTensor) return this.sources.constant(input);
    return this.values.get(input)!;
  }

  /** The present value of a variable; a copy where it is known to outlive the next write. */
  private readState(state: State): Value {
    const value = this.sources.present(state);
    const key = readKey(value);
    if (!this.copies.has(key)) return value;
    let copy = this.copied.get(key);
    if (copy === undefined) {
      copy = this.list.copyOf(this.lastOperation(), value);
      this.copied.set(key, copy);
    }
    return copy;
  }

  private lastOperation(): Operation {
    return this.list.nodes[this.list.nodes.length - 1]?.operations[0] ?? this.request.operations[0]!;
  }

  private checkFresh(value: Value): void {
    if (!this.sources.isFresh(value)) this.stale.add(readKey(value));
  }

  /** An operand with one value for each row, in the shape of the axes that are kept. */
  private rowValue(operation: Operation, value: Value, shape: Shape, axes: readonly number[]): Value {
    const kept = shape.filter((_, axis) => !axes.includes(axis));
    return this.list.viewed(operation, value, reshaped, kept);
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
      const name = Symbol("rows");
      const cell = this.buffers.make("temporary", "int32", 1);
      const count: Count = { name, bound: inputs[0]!.buffer.size, cell };
      this.counts.set(name, count);
      return { shape: [count.bound, ...rest], count };
    }
    const count = typeof first === "symbol" ? this.counts.get(first) : undefined;
    if (count === undefined)
      throw new NotCompilable(operation, `only the run tells how many rows output ${output} has`);
    return { shape: [count.bound, ...rest], count };
  }
}

/** Kernels that read their operands row by row, where they lie. */
const rowWise = new Set<Form["kind"]>(["gather", "segmentSum", "unique", "updateRows"]);

/** Why a kernel cannot be compiled for such dtypes; `null` when it can. */
function whatIsLacking(form: Form, dtypes: readonly DType[]): string | null {
  if (dtypes.includes("float64")) return "it computes in float64";
  const programs = form.kind === "chain" ? [form.first, form.next] : "program" in form ? [form.program] : [];
  if (!programs.every(hasVectors)) return "vectors lack its arithmetic";
  if (form.kind === "product" && dtypes[0] !== "float32") return "only float32 products are compiled";
  return form.kind === "unique" && dtypes[0] !== "int32" ? "only int32 elements are compiled" : null;
}

function folded({ program }: LoopForm): boolean {
  return program.levels.includes("row");
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
