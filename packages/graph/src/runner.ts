import { kind, RuntimeError, type Tensor } from "@gradtape/tensor";

/** Runs parts of a graph and keeps the values of its variables: a session, as values of a graph know it. */
export interface Runner {
  run(fetches: unknown, feeds?: unknown): any;
  load(variable: unknown, value: unknown): void;
}

/** The sessions that are the default ones at present, innermost last. */
export const runners: Runner[] = [];

/** A session, for signatures. */
export const runner = kind<Runner>("a session", (value) => {
  const candidate = value as Partial<Runner> | null;
  return typeof candidate === "object" && typeof candidate?.run === "function" && typeof candidate.load === "function";
});

/** The session given, or the one whose `asDefault` runs. Throws a RuntimeError where there is none. */
export function presentRunner(op: string, given: Runner | undefined): Runner {
  const present = given ?? runners.at(-1);
  if (present !== undefined) return present;
  throw new RuntimeError(
    `${op}: there is no session; give one, { session }, or call it within session.asDefault(() => …)`,
  );
}

/** Options of what is run by a session. */
export interface RunOptions {
  /** The values of placeholders for this run. */
  readonly feeds?: unknown;
  /** The session that runs it; the default one when left out. */
  readonly session?: Runner;
}

/** The value of one tensor, or an operation done, in the session of the options. */
export function runIn(op: string, fetch: unknown, { feeds, session }: RunOptions = {}): Tensor | null {
  return presentRunner(op, session).run(fetch, feeds);
}
