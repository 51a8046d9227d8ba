import { scalar as k, type Scalar, type Shape } from "@gradtape/tensor";
import { canonical, fitsLoop, folds, inputsOf, operationCount, replaceInputs } from "./expression.ts";
import { equalLists, sameOperand } from "./inline.ts";
import type { BulkForm, Loops, Node, Operand } from "./node.ts";
import type { Lowered } from "./request.ts";
import type { Buffer, Count, Value } from "./values.ts";

/** One kernel of the step: loops, a product with what is done to it on the spot, or bulk work. */
export interface Kernel {
  readonly nodes: readonly Node[];
  /** Loops; of a product those over its result, which is operand 0. */
  readonly loops: Loops | null;
  readonly product: Product | null;
  readonly bulk: Bulk | null;
  readonly reads: readonly Value[];
  readonly makes: readonly Value[];
  readonly counts: Count | null;
}

/** The matrices that are multiplied, in their last two axes. */
export interface Product {
  readonly a: Value;
  readonly b: Value;
  readonly result: Value;
}

export interface Bulk {
  readonly form: BulkForm;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
}

/** Results of one loop, each of which may have to be stored. */
const MOST_RESULTS = 256;

/** Joins nodes, in the order in which they come, into kernels: chains into one loop, what is done to a product into its epilogue. */
export function fuse({ nodes, fetched }: Pick<Lowered, "nodes" | "fetched">): Kernel[] {
  const groups: Group[] = [];
  const madeBy = new Map<string, number>();
  // The last group that reads or makes a version of a variable: what writes the variable stays behind it.
  const lastUse = new Map<Buffer, number>();
  for (const node of nodes) {
    const latest = node.inputs.reduce((last, value) => Math.max(last, madeBy.get(version(value)) ?? -1), -1);
    const mayMove = node.writes.every((buffer) => (lastUse.get(buffer) ?? -1) <= latest);
    const at = mayMove && groups[latest]?.join(node) ? latest : groups.push(new Group(node)) - 1;
    for (const value of node.outputs) madeBy.set(version(value), at);
    if (node.counts !== null) madeBy.set(`${node.counts.cell.id}.0`, at);
    for (const { buffer } of [...node.inputs, ...node.outputs])
      if (buffer.kind === "state") lastUse.set(buffer, Math.max(lastUse.get(buffer) ?? -1, at));
  }
  const asked = new Set(fetched.map(version));
  const outside = groups.map((group) => new Set(group.reads().map(version)));
  const readers = new Map<string, number>();
  for (const reads of outside) for (const each of reads) readers.set(each, (readers.get(each) ?? 0) + 1);
  return groups.map((group, i) =>
    group.finish((value) => {
      const each = version(value);
      return asked.has(each) || (readers.get(each) ?? 0) > (outside[i]!.has(each) ? 1 : 0);
    }),
  );
}

const version = ({ buffer, version: number }: Value) => `${buffer.id}.${number}`;

/** What is made within a group: by which expression, and how it lies. */
interface Made {
  readonly value: Value;
  readonly expression: Scalar;
  readonly target: Operand;
}

class Group {
  private readonly nodes: Node[] = [];
  private readonly shape: Shape;
  private readonly axes: readonly number[];
  private readonly operands: Operand[] = [];
  private readonly made: Made[] = [];
  private readonly product: Product | null = null;
  private readonly bulk: Bulk | null = null;
  /** At most so many operations for an element. */
  private operations = 0;

  constructor(node: Node) {
    const { work, inputs, outputs } = node;
    this.nodes.push(node);
    if (work.kind === "loops") {
      this.shape = work.shape;
      this.axes = work.axes;
      this.operands.push(...work.operands);
      this.operations = operationCount(work.expressions);
      for (const [i, expression] of work.expressions.entries()) this.keep(expression, work.targets[i]!);
      return;
    }
    const [result] = outputs;
    this.axes = [];
    this.shape = result?.layout.shape ?? [];
    const plain = work.form.kind === "product" && this.shape.length === 2 && this.shape.every((extent) => extent > 1);
    if (!plain || inputs[0]!.layout.shape[1] === 0) {
      this.bulk = { form: work.form, inputs, outputs };
      return;
    }
    const [a, b] = inputs as [Value, Value];
    this.product = { a, b, result: result! };
    const operand: Operand = { value: result!, level: "element", strides: result!.layout.strides };
    this.operands.push(operand);
    this.keep(k.input(0, result!.buffer.dtype), operand);
  }

  private keep(expression: Scalar, target: Operand): void {
    this.made.push({ value: target.value, expression, target });
  }

  /** All values that it needs from elsewhere. */
  reads(): Value[] {
    const operands = this.operands.slice(this.product ? 1 : 0).map(({ value }) => value);
    return [...operands, ...(this.product ? [this.product.a, this.product.b] : []), ...(this.bulk?.inputs ?? [])];
  }

  /** Takes a node in, if it walks over the same elements or rows. */
  join(node: Node): boolean {
    const { work } = node;
    if (this.bulk !== null || work.kind !== "loops" || work.axes.length > 0 || folds(work.expressions)) return false;
    const kept = this.shape.flatMap((_, axis) => (this.axes.includes(axis) ? [] : [axis]));
    const byElement = equalLists(work.shape, this.shape);
    const byRow =
      !byElement &&
      equalLists(
        work.shape,
        kept.map((axis) => this.shape[axis]),
      );
    if (!byElement && !byRow) return false;
    const spread = (operand: Operand): Operand => {
      if (byElement) return { ...operand, level: this.levelOf(operand.strides) };
      const strides = this.shape.map(() => 0);
      kept.forEach((axis, i) => {
        strides[axis] = operand.strides[i]!;
      });
      return { ...operand, strides, level: "row" };
    };
    const operands = work.operands.map(spread);
    const targets = work.targets.map(
      (target) => ({ ...spread(target), level: byElement ? "element" : "row" }) as Operand,
    );
    if (!this.isSafe(node, targets)) return false;
    const added: Operand[] = [];
    const inputs = operands.map((operand) => this.inputFor(operand, added));
    if (inputs.includes(null)) return false;
    const operations = this.operations + operationCount(work.expressions);
    if (this.made.length >= MOST_RESULTS || !fitsLoop(operations, this.operands.length + added.length)) return false;
    this.operations = operations;
    this.operands.push(...added);
    this.nodes.push(node);
    for (const [i, expression] of replaceInputs(work.expressions, inputs as Scalar[]).entries())
      this.keep(expression, targets[i]!);
    return true;
  }

  private levelOf(strides: readonly number[]): Operand["level"] {
    return this.axes.length > 0 && this.axes.every((axis) => strides[axis] === 0) ? "row" : "element";
  }

  /** The expression of an operand: what the group makes of it, or a new input. `null` when it lies otherwise. */
  private inputFor(operand: Operand, added: Operand[]): Scalar | null {
    const { buffer } = operand.value;
    const inside = this.made.find(({ value }) => version(value) === version(operand.value));
    if (inside !== undefined) {
      const same = equalLists(inside.target.strides, operand.strides) && operand.value.layout.offset === 0;
      return same ? inside.expression : null;
    }
    const all = [...this.operands, ...added];
    const found = all.findIndex((each) => sameOperand(each, operand));
    if (found >= 0) return k.input(found, buffer.dtype);
    added.push(operand);
    return k.input(all.length, buffer.dtype);
  }

  /** A variable may be written here if the group reads it only where, and just before, it is written. */
  private isSafe(node: Node, targets: readonly Operand[]): boolean {
    return node.writes.every((buffer) => {
      const target = targets.find(({ value }) => value.buffer === buffer)!;
      const { product } = this;
      if (product !== null && (product.a.buffer === buffer || product.b.buffer === buffer)) return false;
      return this.operands.every(
        ({ value, strides }) =>
          value.buffer !== buffer || (equalLists(strides, target.strides) && value.layout.offset === 0),
      );
    });
  }

  /** The kernel, which stores what is `needed` elsewhere and variables. */
  finish(needed: (value: Value) => boolean): Kernel {
    const { nodes, product, bulk } = this;
    const counts = nodes.find((node) => node.counts !== null)?.counts ?? null;
    if (bulk !== null) return { nodes, loops: null, product, bulk, reads: bulk.inputs, makes: bulk.outputs, counts };
    // Of several versions of a variable the last is stored.
    const last = new Map<Buffer, Made>(this.made.map((made) => [made.value.buffer, made]));
    const stored = this.made.filter(
      (made) => last.get(made.value.buffer) === made && (made.value.buffer.kind === "state" || needed(made.value)),
    );
    const expressions = stored.map(({ expression }) => expression);
    const used = [...new Set([...(product ? [0] : []), ...inputsOf(expressions)])].sort((a, b) => a - b);
    const renumbered = this.operands.map((operand, i) => k.input(used.indexOf(i), operand.value.buffer.dtype));
    const operands = used.map((i) => this.operands[i]!);
    const loops: Loops = {
      kind: "loops",
      ...{ shape: this.shape, axes: this.axes, operands },
      expressions: canonical(replaceInputs(expressions, renumbered)),
      targets: stored.map(({ target }) => target),
    };
    const read = operands.slice(product ? 1 : 0).map(({ value }) => value);
    const reads = product ? [product.a, product.b, ...read] : read;
    return { nodes, loops, product, bulk, reads, makes: stored.map(({ value }) => value), counts };
  }
}
