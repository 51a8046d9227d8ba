import stageUrl from "./stage.worker.ts?worker&url";
import { mostLines, mostSeconds, type ProgramReport, type StageMessage } from "./wire.ts";

/*
 * Runs a program of the user in a worker of its own, and stops it when it does not end. Nothing that the worker says is
 * trusted: its messages come through a port that the program does not hold, and this side ends it.
 */

/** How long the library may take to load. */
const mostSecondsToBegin = 30;
/** A program that keeps its thread busy is ended a moment after it should have ended itself. */
const grace = 0.5;

const stopped = `Stopped: the program had not ended after ${mostSeconds} seconds. Is there a loop that does not end?`;
const unread =
  "The program cannot be read: something in it is no JavaScript. Is a name declared twice? A program runs from its first line to its last.";

const failed = (message: string, line: number | null = null): ProgramReport => ({
  ...{ scenes: [], explanations: [] },
  problem: { message, line },
});

/** TypeScript as JavaScript on the same lines, as the body of a function; or what is wrong with it. */
async function translate(text: string): Promise<string | ProgramReport> {
  try {
    const { transform } = await import("sucrase");
    return transform(text, { transforms: ["typescript", "imports"], disableESTransforms: true, production: true }).code;
  } catch (error) {
    const { message, loc } = error as Error & { readonly loc?: { readonly line: number } };
    if (error instanceof TypeError) return failed("The translator of TypeScript could not be loaded. Are you offline?");
    return failed(message.replace(/^Error transforming [^:]*: /, "").replace(/ ?\(\d+:\d+\)$/, ""), loc?.line ?? null);
  }
}

let current: { readonly worker: Worker; readonly end: (report: ProgramReport) => void } | null = null;

/** Stops the program that runs, if one does. */
export function stopProgram(reason = "Stopped."): void {
  current?.end(failed(reason));
}

const isReport = (data: Partial<ProgramReport>): data is ProgramReport =>
  Array.isArray(data.scenes) && Array.isArray(data.explanations) && data.problem !== undefined;

/**
 * Runs a program; `print` receives each line as it is printed. Never rejects. A program that still runs is stopped.
 */
export async function runProgram(text: string, print: (line: string) => void): Promise<ProgramReport> {
  const code = await translate(text);
  if (typeof code !== "string") return code;
  stopProgram();
  const stage = JSON.stringify(new URL(stageUrl, location.href).href);
  const script = `import ${stage};stage(async function (exports, require) {${code}\n});`;
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  return new Promise((resolve) => {
    const { port1: port, port2: theirs } = new MessageChannel();
    let worker: Worker;
    try {
      worker = new Worker(url, { type: "module", name: "program" });
    } catch {
      resolve(
        failed("This page may start no worker: it is in a frame with a sandbox. Open it in a window of its own."),
      );
      return;
    }
    const wait = (seconds: number, reason: string) => setTimeout(() => end(failed(reason)), 1000 * seconds);
    let timer = wait(mostSecondsToBegin, "The library could not be loaded. Reload the page.");
    let [begun, lines] = [false, 0];
    const end = (report: ProgramReport) => {
      clearTimeout(timer);
      worker.terminate();
      port.close();
      URL.revokeObjectURL(url);
      if (current?.worker === worker) current = null;
      resolve(report);
    };
    current = { worker, end };
    port.onmessage = ({ data }: MessageEvent<StageMessage>) => {
      if (data.type === "printed" && lines++ <= mostLines) print(String(data.text));
      if (data.type === "done") end(isReport(data) ? data : failed("The program ended without an answer."));
      if (data.type !== "begun" || begun) return;
      begun = true;
      clearTimeout(timer);
      timer = wait(mostSeconds + grace, stopped);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      end(failed(event.message ? event.message.replace(/^Uncaught /, "") : unread, event.lineno || null));
    };
    worker.postMessage(null, [theirs]);
  });
}
