import * as gt from "gradtape";
import { lineIn } from "./place.ts";
import { scenesOf } from "./program-scenes.ts";
import { Recording } from "./recording.ts";
import { pending, watchTimers } from "./timers.ts";
import { mostLineLetters, mostLines, mostSeconds, type ProgramProblem, type StageMessage } from "./wire.ts";

/*
 * The first import of a worker whose script is the user's program. The program calls `stage` with its own body. Nothing
 * evaluates text, and the worker has the policy of the page: it can fetch nothing.
 *
 * Its output goes through a port that the program never holds, a line at a time and no more lines than are shown. The
 * program itself can send nothing, because endless messages would block the page.
 */

// The line of the program is looked for below the frames of the library.
Error.stackTraceLimit = 60;

// The library tells the place in its bundled script, which tells nobody anything.
const withoutPlace = (message: string) => message.replace(/,? *(?:built )?at \S*:\d+:\d+/g, "").trimEnd();

function problemOf(error: unknown): ProgramProblem {
  if (!(error instanceof Error)) return { message: `Uncaught: ${cut(describe(error))}`, line: null };
  const kind = error.name === "Error" ? "" : `${error.name}: `;
  return { message: cut(`${kind}${withoutPlace(error.message)}`, 10_000), line: lineIn(error.stack) };
}

const cut = (text: string, most = mostLineLetters) =>
  text.length > most ? `${text.slice(0, most)}… (${text.length} letters)` : text;

/** Sends the output of the console on. */
function listen(send: (message: StageMessage) => void): void {
  let lines = 0;
  const print = (...values: unknown[]) => {
    if (lines > mostLines) return;
    lines++;
    const text =
      lines > mostLines
        ? "… and more"
        : values
            .map((value) => cut(describe(value)))
            .join(" ")
            .slice(0, 2 * mostLineLetters);
    send({ type: "printed", text });
  };
  for (const name of ["log", "info", "warn", "error", "debug"] as const) console[name] = print;
}

const mostShown = 1000;

function describe(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Error) return value.message;
  if (Array.isArray(value) && value.length > mostShown) return `an array of ${value.length}`;
  const plain = typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  try {
    if (!plain && !Array.isArray(value)) return String(value);
    return JSON.stringify(value, (_, part) => (part instanceof gt.Tensor ? String(part) : part)) ?? String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

/** The explanations of gradients that are `null`. */
const explanations = new Set<string>();

/** A tape that explains each gradient that is `null`. */
class Tape extends gt.GradientTape {}

const gradient: (...args: never[]) => unknown = gt.GradientTape.prototype.gradient;
Object.defineProperty(Tape.prototype, "gradient", {
  value(this: gt.GradientTape, ...args: unknown[]) {
    const given: unknown = Reflect.apply(gradient, this, args) as unknown;
    if (given === null) collect(() => this.explainGradient(args[0] as gt.Tensor, args[1] as gt.Variable));
    return given;
  },
});

function collect(explain: () => string): void {
  try {
    explanations.add(withoutPlace(explain()));
  } catch {
    // A gradient that the tape cannot explain stays as it is.
  }
}

/** The library as a program gets it. */
const library = {
  ...gt,
  GradientTape: Tape,
  gradients(...args: Parameters<typeof gt.gradients>): ReturnType<typeof gt.gradients> {
    const given = gt.gradients(...args);
    const sources = [args[1]].flat() as gt.Variable[];
    for (const [i, each] of [given].flat().entries()) {
      if (each === null) collect(() => gt.explainGradient(args[0], sources[i]!));
    }
    return given;
  },
};

/** The only module that a program can import. */
function load(name: string): unknown {
  if (name === "gradtape") return library;
  throw new gt.NotFoundError(`import: there is no module "${name}" here; a program can import "gradtape" only`);
}

/** The port of the page. It is the first message; later messages are ignored. */
function portOfPage(): Promise<MessagePort> {
  return new Promise((resolve) => {
    addEventListener("message", ({ ports }) => resolve(ports[0]!), { once: true });
  });
}

/** Removes the functions with which the program could reach the page. */
function close(): void {
  for (const scope of [globalThis, Object.getPrototypeOf(globalThis)]) Reflect.deleteProperty(scope, "postMessage");
  for (const name of ["postMessage", "close", "Worker", "BroadcastChannel"])
    Object.defineProperty(globalThis, name, { value: undefined });
}

/** Resolves when the program and its timers have ended, or the time is over. */
async function finished(program: () => unknown, late: Promise<boolean>): Promise<ProgramProblem | null> {
  let problem: ProgramProblem | null = null;
  addEventListener("error", (event) => {
    event.preventDefault();
    problem ??= problemOf(event.error);
  });
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    problem ??= problemOf(event.reason);
  });
  const ended = (async () => {
    try {
      await program();
    } catch (error) {
      problem ??= problemOf(error);
    }
    await pending();
    return false;
  })();
  if (!(await Promise.race([ended, late]))) return problem;
  return { message: `Stopped after ${mostSeconds} seconds: a timer or a promise was still waiting.`, line: null };
}

async function stage(program: (exports: object, require: typeof load) => unknown): Promise<void> {
  const port = await portOfPage();
  // Bound now: what the program does to prototypes changes nothing.
  const send: (message: StageMessage) => void = port.postMessage.bind(port);
  close();
  const late = new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 1000 * mostSeconds));
  watchTimers();
  listen(send);
  const recording = new Recording({ places: true });
  send({ type: "begun" });
  const problem = await gt.observe(recording, () => finished(() => program({}, load), late));
  send({ type: "done", scenes: scenesOf(recording), explanations: [...explanations], problem });
}

gt.strictNumerics(true);
Object.assign(globalThis, { stage, gt: library });
