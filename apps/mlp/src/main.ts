#!/usr/bin/env node
import { runProgram } from "./program.ts";

const interrupted = 130;
const readerGone = 141;

const controller = new AbortController();
const stop = (exitCode: number) => {
  process.exitCode = exitCode;
  controller.abort();
};

// The first Ctrl-C asks the run to stop after its present step and to save; a second one does not wait.
process.on("SIGINT", () => (controller.signal.aborted ? process.exit(interrupted) : stop(interrupted)));
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  stop(readerGone);
});

const exitCode = await runProgram(process.argv.slice(2), {
  output: process.stdout,
  errors: process.stderr,
  environment: process.env,
  signal: controller.signal,
});
process.exitCode ||= exitCode;
