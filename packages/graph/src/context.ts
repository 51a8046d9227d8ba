import { atUserLine, RuntimeError } from "@gradtape/tensor";
import type { Graph } from "./graph.ts";
import type { OpDef, OpRecord, Recorder } from "./record.ts";

/* Where a call happens: who listens, and into which graph it is written. State that changes with every call lives here only. */

/** Those who listen at present, outermost first. */
export const recorders: Recorder[] = [];

/** The graphs being built, innermost last; `null` stands for an eager stretch within. Empty: eager mode. */
const graphs: (Graph | null)[] = [];

/** The graph being built, or `null` in eager mode. */
export function currentGraph(): Graph | null {
  return graphs[graphs.length - 1] ?? null;
}

/** Throws a RuntimeError while a compiled function is traced: `what` would be the same at each step. */
export function checkNotTraced(what: string, advice: string): void {
  if (currentGraph()?.holdsVariables !== false) return;
  throw new RuntimeError(
    `${what} while a compiled function is traced${atUserLine()}, and would be the same at each step; ${advice}`,
  );
}

/** True when ops run at once: no graph is being built. */
export function executingEagerly(): boolean {
  return currentGraph() === null;
}

/** Runs `body` while `graph` is being built, or eagerly for `null`. */
export function within<T>(graph: Graph | null, body: () => T): T {
  graphs.push(graph);
  try {
    return body();
  } finally {
    graphs.pop();
  }
}

/** Runs `body` while nobody listens. */
export function unrecorded<T>(body: () => T): T {
  const listening = recorders.splice(0);
  try {
    return body();
  } finally {
    recorders.splice(0, recorders.length, ...listening);
  }
}

/** The op whose gradient rule runs at present. */
let differentiated: OpRecord | null = null;

/** Runs the gradient rules of `record`: what they perform belongs to its derivative. */
export function differentiating<T>(record: OpRecord, body: () => T): T {
  const before = differentiated;
  differentiated = record;
  try {
    return body();
  } finally {
    differentiated = before;
  }
}

/** The op whose derivative is being computed or written down, or `null`. */
export function differentiatedOp(): OpRecord | null {
  return differentiated;
}

/** The name that the next operation of an op is to have. */
let wanted: { readonly def: OpDef; readonly name: string } | null = null;

/** Gives the first operation of `def` that `body` builds the name `name`. */
export function named<T>(def: OpDef, name: string, body: () => T): T {
  const before = wanted;
  wanted = { def, name };
  try {
    return body();
  } finally {
    wanted = before;
  }
}

/** The name asked for an operation of `def`, once. */
export function takeName(def: OpDef): string | undefined {
  if (wanted?.def !== def) return undefined;
  const { name } = wanted;
  wanted = null;
  return name;
}
