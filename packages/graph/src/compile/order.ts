import type { Node } from "./node.ts";
import type { Lowered } from "./request.ts";
import type { Buffer, Value } from "./values.ts";

/** Who makes and who reads what, over a list of nodes. */
export class Uses {
  private readonly producers = new Map<Buffer, Node[]>();
  private readonly readers = new Map<Buffer, Node[]>();

  constructor(nodes: readonly Node[]) {
    for (const node of nodes) {
      for (const { buffer } of node.outputs) append(this.producers, buffer, node);
      if (node.counts !== null) append(this.producers, node.counts.cell, node);
      for (const { buffer } of node.inputs) append(this.readers, buffer, node);
      for (const { count } of node.inputs) if (count !== null) append(this.readers, count.cell, node);
    }
  }

  /** The node that makes a value; `undefined` for what is there from the start. */
  producer({ buffer, version }: Value): Node | undefined {
    const list = this.producers.get(buffer);
    return buffer.kind === "state" ? list?.[version - 1] : list?.[0];
  }

  /** The node that writes the version of a variable that follows `version`. */
  nextWriter({ buffer, version }: Value): Node | undefined {
    return buffer.kind === "state" ? this.producers.get(buffer)?.[version] : undefined;
  }

  readersOf(buffer: Buffer): readonly Node[] {
    return this.readers.get(buffer) ?? [];
  }
}

function append(lists: Map<Buffer, Node[]>, buffer: Buffer, node: Node): void {
  const list = lists.get(buffer);
  if (list === undefined) lists.set(buffer, [node]);
  else if (list[list.length - 1] !== node) list.push(node);
}

/** Nodes that have to run whatever becomes of their results: they write variables, or refuse bad input. */
export function isRoot({ writes, work }: Node): boolean {
  return writes.length > 0 || (work.kind === "bulk" && work.form.kind === "check");
}

/**
 * The nodes that are needed, each right before the first that needs it. A variable is written when everything that reads
 * or writes its old value has run.
 */
export function order({ nodes, fetched }: Pick<Lowered, "nodes" | "fetched">): Node[] {
  const uses = new Uses(nodes);
  const done = new Set<Node>();
  const result: Node[] = [];
  const needed = reachable(nodes, fetched, uses);
  const visit = (node: Node): void => {
    if (done.has(node)) return;
    done.add(node);
    for (const buffer of node.writes) {
      const output = node.outputs.find((each) => each.buffer === buffer)!;
      const { version } = output;
      visitProducer({ ...output, version: version - 1, count: null });
      for (const reader of uses.readersOf(buffer)) {
        const old = reader.inputs.some((input) => input.buffer === buffer && input.version < version);
        if (old && reader !== node && needed.has(reader)) visit(reader);
      }
    }
    for (const input of node.inputs) visitProducer(input);
    result.push(node);
  };
  const visitProducer = (value: Value): void => {
    const made = uses.producer(value);
    if (made !== undefined) visit(made);
    if (value.count !== null) visit(uses.producer({ ...value, buffer: value.count.cell })!);
  };
  // What can fail comes first, so that nothing has changed when it does.
  for (const node of nodes) if (isRoot(node) && node.writes.length === 0) visit(node);
  for (const node of nodes) if (isRoot(node)) visit(node);
  fetched.forEach(visitProducer);
  return result;
}

function reachable(nodes: readonly Node[], fetched: readonly Value[], uses: Uses): Set<Node> {
  const needed = new Set<Node>();
  const visit = (node: Node | undefined): void => {
    if (node === undefined || needed.has(node)) return;
    needed.add(node);
    for (const input of node.inputs) visit(uses.producer(input));
  };
  for (const node of nodes) if (isRoot(node)) visit(node);
  for (const value of fetched) visit(uses.producer(value));
  return needed;
}
