import { RuntimeError } from "../errors.ts";

/* A function that is traced runs once, and what it did is repeated without it: numbers that it draws would be the same at
 * each step. */

/** The traces in progress, innermost last; `null` stands for code within that runs at each step. */
const traced: (object | null)[] = [];

/** The function being traced, or `null`. */
export function repeatedBy(): object | null {
  return traced[traced.length - 1] ?? null;
}

/** Runs `body`, which `by` repeats later without running it; `null` for code that runs each time. */
export function repeated<T>(by: object | null, body: () => T): T {
  traced.push(by);
  try {
    return body();
  } finally {
    traced.pop();
  }
}

/** Throws a RuntimeError for a draw from what was not made within the function being traced. */
export function checkDraw(madeBy: object | null): void {
  const by = repeatedBy();
  if (by === null || by === madeBy) return;
  throw new RuntimeError(
    "generator: random numbers drawn while a compiled function is traced would be the same at each step; draw them " +
      "outside and give them as an argument, or draw with a fixed seed",
  );
}
