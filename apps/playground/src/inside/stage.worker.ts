import * as gt from "gradtape";
import { lineIn } from "./place.ts";
import { scenesOf } from "./program-scenes.ts";
import { Recording } from "./recording.ts";
import type { ProgramProblem, StageMessage } from "./wire.ts";

/*
 * Where a program of the user runs: the first import of a worker whose script is the program itself. It calls `stage`
 * with its own body. Nothing evaluates text, and the worker lives under the policy of the page: it can fetch nothing.
 */

// The line of the program is looked for below the frames of the library.
Error.stackTraceLimit = 60;

const send = (message: StageMessage) => postMessage(message);

// The library tells the place in its bundled script, which tells nobody anything.
const withoutPlace = (message: string) => message.replace(/,? *(?:built )?at \S*:\d+:\d+/g, "").trimEnd();

function problemOf(error: unknown): ProgramProblem {
  if (!(error instanceof Error)) return { message: `Uncaught: ${String(error)}`, line: null };
  const kind = error.name === "Error" ? "" : `${error.name}: `;
  return { message: `${kind}${withoutPlace(error.message)}`, line: lineIn(error.stack) };
}

const mostLines = 200;

/** What the console is told goes to the page. */
function listen(printed: string[]): void {
  const print = (...values: unknown[]) => {
    if (printed.length < mostLines) printed.push(values.map(describe).join(" "));
    else if (printed.length === mostLines) printed.push("… and more");
  };
  for (const name of ["log", "info", "warn", "error", "debug"] as const) console[name] = print;
}

function describe(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Error) return value.message;
  const plain = typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  if (!plain && !Array.isArray(value)) return String(value);
  try {
    return JSON.stringify(value, (_, part) => (part instanceof gt.Tensor ? part.array() : part));
  } catch {
    return String(value);
  }
}

/** The only module that a program can import. */
function load(name: string): unknown {
  if (name === "gradtape") return gt;
  throw new gt.NotFoundError(`import: there is no module "${name}" here; a program can import "gradtape" only`);
}

function stage(program: (exports: object, require: typeof load) => void): void {
  const printed: string[] = [];
  listen(printed);
  const recording = new Recording({ places: true });
  let problem: ProgramProblem | null = null;
  send({ type: "begun" });
  try {
    gt.observe(recording, () => program({}, load));
  } catch (error) {
    problem = problemOf(error);
  }
  send({ type: "done", scenes: scenesOf(recording), printed, problem });
}

gt.strictNumerics(true);
Object.assign(globalThis, { stage, gt });
