import { dependencies, Operation, State, Variable } from "@gradtape/graph";
import type { Program } from "../exporter.ts";

/**
 * What a session here orders by the order of creation, for engines that know none: for each operation, earlier ones on
 * the same variables that it has to wait for besides those it waits for anyway.
 *
 * - A write waits for the reads before it, in whatever outputs they are, where that feeds nothing more into its run.
 * - What comes behind a write waits for it where every run that needs the one needs the other.
 * - A read behind a write of another output waits for it where its own run writes nothing.
 *
 * A run is what one output needs.
 */
export function hazards(program: Program): Map<Operation, Operation[]> {
  const { operations, outputs } = program;
  const ancestors = ancestry(operations);
  const runs = outputs.map((output) => ancestors(output instanceof Operation ? output : output.op));
  const quiet = new Set(runs.filter((run) => [...run].every(({ def }) => def.writes === undefined)));
  const fed = new Set(program.inputs.map(({ op }) => op));
  const feeds = (operation: Operation) => [...ancestors(operation)].filter((each) => fed.has(each));
  const users = new Map<State, Operation[]>();
  const found = new Map<Operation, Operation[]>();
  for (const operation of operations) {
    const states = [...new Set(operation.inputs.filter((input) => input instanceof State))];
    if (states.length === 0) continue;
    const known = ancestors(operation);
    const mine = runs.filter((run) => run.has(operation));
    const before = (state: State, earlier: Operation): boolean => {
      if (known.has(earlier) || !(writes(operation, state) || writes(earlier, state))) return false;
      if (mine.every((run) => run.has(earlier))) return true;
      const begins = state instanceof Variable && state.initializer === earlier;
      if (!begins && writes(earlier, state) && mine.every((run) => quiet.has(run))) return true;
      const harmless = [...ancestors(earlier)].every((each) => each.def.writes === undefined);
      return harmless && feeds(earlier).every((each) => mine.every((run) => run.has(each)));
    };
    const missing = states.flatMap((state) => (users.get(state) ?? []).filter((earlier) => before(state, earlier)));
    if (missing.length > 0) found.set(operation, [...new Set(missing)]);
    for (const state of states) users.set(state, [...(users.get(state) ?? []), operation]);
  }
  return found;
}

function writes({ def, inputs }: Operation, state: State): boolean {
  return def.writes?.some((i) => inputs[i] === state) ?? false;
}

/** Tells an operation and everything that it waits for; only operations on variables and outputs are asked for. */
function ancestry(operations: readonly Operation[]): (of: Operation) => ReadonlySet<Operation> {
  const inside = new Set(operations);
  const known = new Map<Operation, Set<Operation>>();
  return (of) => {
    let reached = known.get(of);
    if (reached !== undefined) return reached;
    reached = new Set<Operation>();
    const pending = [of];
    for (let operation = pending.pop(); operation !== undefined; operation = pending.pop()) {
      if (reached.has(operation)) continue;
      reached.add(operation);
      if (inside.has(operation)) pending.push(...dependencies(operation));
    }
    known.set(of, reached);
    return reached;
  };
}
