import { isContiguous, scalar as k, type Layout, type Shape } from "@gradtape/tensor";
import type { Operation } from "../operation.ts";
import { inputsOf, replaceInputs } from "./expression.ts";
import type { Loops, Node, Operand } from "./node.ts";
import { NotCompilable } from "./request.ts";
import { type Buffer, type Buffers, sizeOfShape, type Value, whole } from "./values.ts";

/** Loops count in 32 bits. */
const MOST_POSITIONS = 2 ** 31 - 1;

/** Nodes as they are written down, with the copies that they need. */
export class NodeList {
  readonly nodes: Node[] = [];
  private readonly buffers: Buffers;

  constructor(buffers: Buffers) {
    this.buffers = buffers;
  }

  add(
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

  /** Adds loops, without operands that they do not read and axes of extent 1. */
  addLoops(operation: Operation, loops: Loops): void {
    const used = [...inputsOf(loops.expressions)].sort((a, b) => a - b);
    const renumbered = loops.operands.map(({ value }, i) => k.input(used.indexOf(i), value.buffer.dtype));
    const expressions = replaceInputs(loops.expressions, renumbered);
    const operands = used.map((i) => loops.operands[i]!);
    const { shape, axes, drop } = withoutUnits(loops);
    if (sizeOfShape(shape) > MOST_POSITIONS)
      throw new NotCompilable(operation, "it has more positions than an int32 counts");
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

  /** `value` seen through another layout, compacted first where there is none. */
  viewed(
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
  compacted(operation: Operation, value: Value): Value {
    return isContiguous(value.layout) ? value : { ...this.copyOf(operation, value), count: value.count };
  }

  /** A copy whose elements lie in row-major order. */
  copyOf(operation: Operation, value: Value): Value {
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
}

/** Loops without axes of extent 1, as far as nothing is folded over them. */
function withoutUnits({ shape, axes }: Loops): { shape: Shape; axes: number[]; drop: Set<number> } {
  const drop = new Set(shape.flatMap((extent, axis) => (extent === 1 && !axes.includes(axis) ? [axis] : [])));
  const left = shape.flatMap((_, axis) => (drop.has(axis) ? [] : [axis]));
  return { shape: left.map((axis) => shape[axis]!), axes: axes.map((axis) => left.indexOf(axis)), drop };
}
