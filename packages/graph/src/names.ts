import { ValueError } from "@gradtape/tensor";
import type { Graph } from "./graph.ts";
import type { State } from "./state.ts";

/**
 * Names in use: the second `w` becomes `w_1`. Case does not distinguish names. Memory grows with the number of different
 * names asked for, not with the number of requests: one number stands for `w_1` to `w_9`.
 */
export class Names {
  /** For each name that was free when it was asked for: the number that comes next. All before are taken. */
  private readonly next = new Map<string, number>();

  /** `name` if it is free, else `name_1`, `name_2`, …; taken from then on. */
  unique(name: string): string {
    const key = name.toLowerCase();
    if (!this.isTaken(key)) {
      this.next.set(key, 1);
      return name;
    }
    let count = this.next.get(key) ?? 1;
    while (this.isTaken(`${key}_${count}`)) count++;
    this.next.set(key, count + 1);
    return `${name}_${count}`;
  }

  private isTaken(key: string): boolean {
    if (this.next.has(key)) return true;
    const [, stem, digits] = key.match(/^(.*)_([1-9]\d*)$/) ?? [];
    return stem !== undefined && Number(digits) < (this.next.get(stem) ?? 0);
  }
}

/**
 * Names for variables that operations of `graph` use, in the order of `states`. Those of eager mode are in no graph, so their
 * names may be taken in this one; then they get a number.
 */
export function namesOfStates(graph: Graph, states: Iterable<State>): Map<State, string> {
  const taken = new Set(graph.getOperations().map(({ name }) => name));
  const numbers = new Map<string, number>();
  const names = new Map<State, string>();
  for (const state of states) {
    if (names.has(state)) continue;
    let name = state.opName;
    if (state.graph === null) {
      let number = numbers.get(name) ?? 1;
      for (; taken.has(name); number++) name = `${state.opName}_${number}`;
      numbers.set(state.opName, number);
    }
    taken.add(name);
    names.set(state, name);
  }
  return names;
}

/** Throws a ValueError unless `name` can name an operation: letters, digits and `_ . \ - /`, the first no punctuation. */
export function checkName(what: string, name: unknown): string {
  if (typeof name === "string" && /^[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*$/.test(name)) return name;
  throw new ValueError(
    `${what}: ${JSON.stringify(name)} is not a valid name; begin with a letter, digit or ".", go on with these and "_-/"`,
  );
}
