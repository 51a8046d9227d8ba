#!/usr/bin/env node
import { runProgram } from "./program.ts";

// What a shell reports for a program that a signal ended: 128 and the number of the signal.
const exitCodes = { SIGINT: 130, SIGPIPE: 141, SIGTERM: 143 } as const;

const controller = new AbortController();
function stop(exitCode: number): void {
  process.exitCode = exitCode;
  controller.abort();
}

// The first Ctrl-C asks the run to stop after its present step and to save; a second one does not wait.
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => (controller.signal.aborted ? process.exit(exitCodes[name]) : stop(exitCodes[name])));
}
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  stop(exitCodes.SIGPIPE);
});

const exitCode = await runProgram(process.argv.slice(2), {
  output: process.stdout,
  errors: process.stderr,
  environment: process.env,
  signal: controller.signal,
});
process.exitCode ||= exitCode;
