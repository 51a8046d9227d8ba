import { Variable } from "@gradtape/graph";
import { Optimizer } from "@gradtape/optimizers";
import { describe, ValueError } from "@gradtape/tensor";

/** Groups nested deeper are a mistake. */
const DEEPEST = 254;

/** Something whose state is plain JSON: a generator, a dataset, or an object of one's own. */
export interface Stateful {
  readonly state: unknown;
  /** Takes up a state that was read back. */
  restore(state: any): void;
}

/**
 * What a checkpoint can hold: variables, optimizers, whatever has a state, and groups of such. In records and maps things
 * go by their keys; in lists variables go by their own names, other things by their places.
 */
export type Savable =
  | Variable
  | Optimizer
  | Stateful
  | readonly Savable[]
  | ReadonlyMap<string, Savable>
  | { readonly [name: string]: Savable };

/** What was found in a group, each under its path: `model/w`. */
export interface Contents {
  readonly variables: ReadonlyMap<string, Variable>;
  readonly optimizers: ReadonlyMap<string, Optimizer>;
  readonly states: ReadonlyMap<string, Stateful>;
}

/**
 * Everything in `group`. What is there twice goes by the first of its paths. Throws a TypeError for what cannot be saved,
 * a ValueError for two things under one path; both name it.
 */
export function contentsOf(group: Savable): Contents {
  const variables = new Map<string, Variable>();
  const optimizers = new Map<string, Optimizer>();
  const states = new Map<string, Stateful>();
  const paths = new Map<string, unknown>();
  const seen = new Set<unknown>();

  const visit = (what: Savable, path: string, depth = 0) => {
    const members = membersOf(what);
    if (members !== null) {
      if (depth > DEEPEST)
        throw new ValueError(`Checkpoint: the group is nested more than ${DEEPEST} deep, or holds itself`);
      for (const [key, member] of members) visit(member, path === "" ? key : `${path}/${key}`, depth + 1);
      return;
    }
    if (seen.has(what)) return;
    seen.add(what);
    if (paths.has(path)) {
      throw new ValueError(
        `Checkpoint: there are two things named ${JSON.stringify(path)}; give variables names, or put them in a record`,
      );
    }
    paths.set(path, what);
    if (what instanceof Variable) variables.set(path, what);
    else if (what instanceof Optimizer) optimizers.set(path, what);
    else if (isStateful(what)) states.set(path, what);
    else {
      throw new TypeError(
        `Checkpoint: ${JSON.stringify(path)} is ${describe(what)}; it holds variables, optimizers, things with state ` +
          "and restore (generators, datasets), and lists, maps and records of these",
      );
    }
  };
  visit(group, "");
  return { variables, optimizers, states };
}

/** The members of a group with their names; `null` for anything else. */
function membersOf(what: Savable): Iterable<readonly [string, Savable]> | null {
  if (Array.isArray(what)) {
    return what.map((each, i) => [each instanceof Variable ? each.opName : String(i), each] as const);
  }
  if (what instanceof Map) return what;
  if (isStateful(what) || typeof what !== "object" || what === null) return null;
  const prototype = Object.getPrototypeOf(what);
  return prototype === Object.prototype || prototype === null ? Object.entries(what) : null;
}

function isStateful(what: unknown): what is Stateful {
  return (
    typeof what === "object" && what !== null && "state" in what && typeof (what as Stateful).restore === "function"
  );
}
