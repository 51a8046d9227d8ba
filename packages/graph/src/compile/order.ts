import { depthFirst } from "../depth-first.ts";
import type { Node } from "./node.ts";
import type { Lowered } from "./request.ts";
import type { Buffer, Value } from "./values.ts";

/** Who makes and who reads what, over a list of nodes. */
export class Uses {
  private readonly producers = new Map<Buffer, Node[]>();
  private readonly readers = new Map<string, Node[]>();

  constructor(nodes: readonly Node[]) {
    for (const node of nodes) {
      for (const { buffer } of node.outputs) append(this.producers, buffer, node);
      if (node.counts !== null) append(this.producers, node.counts.cell, node);
      for (const value of node.inputs) append(this.readers, version(value), node);
      for (const { count } of node.inputs) if (count !== null) append(this.readers, `${count.cell.id}.0`, node);
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

  /** The nodes that read a value, in one or the other layout. */
  readersOf(value: Pick<Value, "buffer" | "version">): readonly Node[] {
    return this.readers.get(version(value)) ?? [];
  }
}

/** A buffer as it is after so many writes. */
const version = ({ buffer, version: number }: Pick<Value, "buffer" | "version">) => `${buffer.id}.${number}`;

function append<K>(lists: Map<K, Node[]>, key: K, node: Node): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [node]);
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
  const producers = (value: Value): Node[] => {
    const cell = value.count === null ? undefined : uses.producer({ ...value, buffer: value.count.cell });
    return [uses.producer(value), cell].filter((node) => node !== undefined);
  };
  const asked = fetched.flatMap(producers);
  const needed = new Set(
    depthFirst([...nodes.filter(isRoot), ...asked], (node) => node.inputs.flatMap((input) => producers(input))),
  );
  /** The writer of the version before, and who reads that: those who read older ones run before that writer. */
  const olderUses = (node: Node): Node[] =>
    node.outputs.flatMap((output) => {
      if (output.buffer.kind !== "state") return [];
      const old: Value = { ...output, version: output.version - 1, count: null };
      const readers = uses.readersOf(old).filter((reader) => reader !== node && needed.has(reader));
      return [...producers(old), ...readers];
    });
  const needs = (node: Node) => [...olderUses(node), ...node.inputs.flatMap(producers)];
  // What can fail comes first, so that nothing has changed when it does.
  const checks = nodes.filter((node) => isRoot(node) && node.writes.length === 0);
  return depthFirst([...checks, ...nodes.filter(isRoot), ...asked], needs);
}
