import { scalar as k, type Scalar } from "@gradtape/tensor";
import { fitsLoop, folds, inputsOf, operationCount, replaceInputs } from "./expression.ts";
import type { Loops, Node, Operand } from "./node.ts";
import { isRoot, Uses } from "./order.ts";
import type { Lowered } from "./request.ts";
import { sameValue } from "./values.ts";

/**
 * Puts the expressions of elementwise loops into the one other loop that reads them: what is used once never touches
 * memory.
 */
export function inline({ nodes, fetched }: Pick<Lowered, "nodes" | "fetched">): Node[] {
  const uses = new Uses(nodes);
  const kept = new Set(fetched.map(({ buffer }) => buffer));
  const current = new Map<Node, Node>(nodes.map((node) => [node, node]));
  const gone = new Set<Node>();
  // An upper bound of the number of operations: a sum, because an exact count of shared parts would take too long.
  const operations = new Map<Node, number>();
  const countOf = (node: Node): number =>
    operations.get(node) ?? (node.work.kind === "loops" ? operationCount(node.work.expressions) : 0);
  // From the first to the last: what is put into a loop already holds what was put into it.
  for (const node of nodes) {
    if (isRoot(node) || node.work.kind !== "loops" || node.outputs.length !== 1) continue;
    const [output] = node.outputs as [Node["outputs"][0]];
    const readers = uses.readersOf(output);
    if (kept.has(output.buffer) || readers.length !== 1) continue;
    const [reader] = readers as [Node];
    const count = countOf(node) + countOf(reader);
    const joined = absorb(current.get(reader)!, current.get(node)!, uses, count);
    if (joined === null) continue;
    current.set(reader, joined);
    operations.set(reader, count);
    gone.add(node);
  }
  return nodes.flatMap((node) => {
    if (gone.has(node)) return [];
    const made = current.get(node)!;
    return made === node || made.work.kind !== "loops" ? [made] : [withLoops(made, made.work)];
  });
}

/** `reader` with what `made` computes in place of what it reads of it; `null` where that cannot be. */
function absorb(reader: Node, made: Node, uses: Uses, operations: number): Node | null {
  if (reader.work.kind !== "loops" || made.work.kind !== "loops") return null;
  const [from, to] = [made.work, reader.work];
  const { buffer } = made.outputs[0]!;
  const target = from.targets[0]!;
  if (from.axes.length > 0 || folds(from.expressions) || !equalLists(from.shape, to.shape)) return null;
  const reads = to.operands.filter(({ value }) => value.buffer === buffer);
  if (!reads.every((operand) => equalLists(operand.strides, target.strides) && operand.value.layout.offset === 0))
    return null;
  if (!from.operands.every((operand) => isStillThere(operand, reader, to, uses))) return null;
  // The operands of what is put in come first and keep their numbers: so its expression, which may be long, stays as it is.
  const operands = from.operands.map((operand): Operand => {
    const still = to.axes.length > 0 && to.axes.every((axis) => operand.strides[axis] === 0);
    return { ...operand, level: still ? "row" : "element" };
  });
  const number = (operand: Operand): number => {
    const found = operands.findIndex((each) => sameOperand(each, operand));
    return found >= 0 ? found : operands.push(operand) - 1;
  };
  const [inner] = from.expressions as [Scalar];
  const toInputs = to.operands.map((operand) =>
    operand.value.buffer === buffer ? inner : k.input(number(operand), operand.value.buffer.dtype),
  );
  if (!fitsLoop(operations, operands.length)) return null;
  const expressions = replaceInputs(to.expressions, toInputs);
  return {
    ...reader,
    operations: [...made.operations, ...reader.operations],
    work: { ...to, operands, expressions },
    inputs: operands.map(({ value }) => value),
  };
}

/** A variable that is read later than before must not have been written in between. */
function isStillThere({ value, strides }: Operand, reader: Node, to: Loops, uses: Uses): boolean {
  const writer = uses.nextWriter(value);
  if (writer === undefined || writer.id > reader.id) return true;
  const place = to.targets.find((target) => target.value.buffer === value.buffer);
  return (
    writer.id === reader.id && place !== undefined && equalLists(place.strides, strides) && value.layout.offset === 0
  );
}

/** A node with other loops, without the operands that they do not read. */
export function withLoops(node: Node, loops: Loops): Node {
  const used = [...inputsOf(loops.expressions)].sort((a, b) => a - b);
  const inputs = new Map(used.map((i, at) => [i, k.input(at, loops.operands[i]!.value.buffer.dtype)]));
  const list = loops.operands.map((_, i) => inputs.get(i) as Scalar);
  const operands = used.map((i) => loops.operands[i]!);
  const work: Loops = { ...loops, operands, expressions: replaceInputs(loops.expressions, list) };
  return { ...node, work, inputs: operands.map(({ value }) => value) };
}

export function sameOperand(a: Operand, b: Operand): boolean {
  return a.level === b.level && sameValue(a.value, b.value) && equalLists(a.strides, b.strides);
}

export function equalLists(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((each, i) => each === b[i]);
}
