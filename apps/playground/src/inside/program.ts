import stageUrl from "./stage.worker.ts?worker&url";
import type { ProgramReport, StageMessage } from "./wire.ts";

/* Runs a program of the user in a worker of its own, and stops it when it does not end. */

/** How long a program may run, in seconds, once the library is there. */
export const mostSeconds = 5;
/** How long the library may take to load. */
const mostSecondsToBegin = 30;

const stopped = `Stopped: the program had not ended after ${mostSeconds} seconds. Is there a loop that does not end?`;
const unread =
  "The program cannot be read: something in it is no JavaScript. Is a name declared twice, or await used? A program runs from its first line to its last.";

const failed = (message: string, line: number | null = null): ProgramReport => ({
  ...{ scenes: [], printed: [] },
  problem: { message, line },
});

/** TypeScript as JavaScript on the same lines, as the body of a function; or what is wrong with it. */
async function translate(text: string): Promise<string | ProgramReport> {
  const { transform } = await import("sucrase");
  try {
    return transform(text, { transforms: ["typescript", "imports"], disableESTransforms: true, production: true }).code;
  } catch (error) {
    const { message, loc } = error as Error & { readonly loc?: { readonly line: number } };
    return failed(message.replace(/^Error transforming [^:]*: /, "").replace(/ ?\(\d+:\d+\)$/, ""), loc?.line ?? null);
  }
}

let current: { readonly worker: Worker; readonly end: (report: ProgramReport) => void } | null = null;

/** Stops the program that runs, if one does. */
export function stopProgram(reason = "Stopped."): void {
  current?.end(failed(reason));
}

/** Runs a program; never rejects. A program that still runs is stopped. */
export async function runProgram(text: string): Promise<ProgramReport> {
  const code = await translate(text);
  if (typeof code !== "string") return code;
  stopProgram();
  const stage = JSON.stringify(new URL(stageUrl, location.href).href);
  const script = `import ${stage};stage(function (exports, require) {${code}\n});`;
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  return new Promise((resolve) => {
    const worker = new Worker(url, { type: "module", name: "program" });
    const wait = (seconds: number, reason: string) => setTimeout(() => end(failed(reason)), 1000 * seconds);
    let timer = wait(mostSecondsToBegin, "The library could not be loaded. Reload the page.");
    const end = (report: ProgramReport) => {
      clearTimeout(timer);
      worker.terminate();
      URL.revokeObjectURL(url);
      if (current?.worker === worker) current = null;
      resolve(report);
    };
    current = { worker, end };
    worker.onmessage = ({ data }: MessageEvent<StageMessage>) => {
      if (data.type === "done") return end(data);
      clearTimeout(timer);
      timer = wait(mostSeconds, stopped);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      end(failed(event.message ? event.message.replace(/^Uncaught /, "") : unread, event.lineno || null));
    };
  });
}
