import { expressionKey } from "./expression.ts";
import type { Node, Operand } from "./node.ts";
import { isRoot } from "./order.ts";
import type { Lowered } from "./request.ts";
import { type Buffer, type Value, valueKey } from "./values.ts";

/** Computes once what several nodes compute in the same way. */
export function shareCommon<L extends Pick<Lowered, "nodes" | "fetched">>(lowered: L): L {
  const known = new Map<string, Node>();
  const instead = new Map<Buffer, Buffer>();
  const moved = (value: Value): Value => {
    const buffer = instead.get(value.buffer);
    return buffer === undefined ? value : { ...value, buffer };
  };
  const nodes: Node[] = [];
  for (const node of lowered.nodes) {
    const present = renamed(node, moved);
    const key = isRoot(node) || node.counts !== null ? null : keyOf(present);
    const same = key === null ? undefined : known.get(key);
    if (same !== undefined) {
      for (const [i, { buffer }] of node.outputs.entries()) instead.set(buffer, same.outputs[i]!.buffer);
      continue;
    }
    if (key !== null) known.set(key, present);
    nodes.push(present);
  }
  return { ...lowered, nodes, fetched: lowered.fetched.map(moved) };
}

function renamed(node: Node, moved: (value: Value) => Value): Node {
  const { work } = node;
  const inputs = node.inputs.map(moved);
  if (work.kind === "bulk") return { ...node, inputs };
  const operands = work.operands.map((operand): Operand => ({ ...operand, value: moved(operand.value) }));
  return { ...node, inputs, work: { ...work, operands } };
}

/** What a node computes, as a text; `null` where that cannot be told. */
function keyOf({ work, inputs }: Node): string | null {
  if (work.kind === "bulk") {
    const { form } = work;
    if (form.kind === "assemble" || form.kind === "updateRows") return null;
    return `${JSON.stringify(form)} ${inputs.map(valueKey)}`;
  }
  const operands = work.operands.map(({ value, strides, level }) => `${valueKey(value)}|${strides}|${level}`);
  const targets = work.targets.map(({ strides, level }) => `${strides}|${level}`);
  return `${work.shape}/${work.axes} ${expressionKey(work.expressions)} ${operands.join(";")} ${targets.join(";")}`;
}
