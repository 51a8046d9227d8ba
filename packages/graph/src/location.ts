/** Frames of the library itself and of the engine, which mean nothing to a user. */
const inside =
  /\/(?:packages|@gradtape)\/(?:tensor|graph|autograd|optimizers|gradtape)\/(?:src|dist)\/(?!.*\.test\.)|\/node_modules\/gradtape\/|\(?node:|<anonymous>|\(native\)/;

/** The line of the user's program from which the library was called: `file:line:column`, or `null` where unknown. */
export function userLine(): string | null {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 60;
  const { stack = "" } = new Error();
  Error.stackTraceLimit = limit;
  const frame = stack
    .split("\n")
    .slice(1)
    .find((line) => /:\d+:\d+\)?$/.test(line) && !inside.test(line));
  return frame?.match(/\(?((?:file:\/\/)?[^\s()]+:\d+:\d+)\)?$/)?.[1]?.replace(/^file:\/\//, "") ?? null;
}

/** The user's line for messages: ` at file:line`, nothing where unknown. */
export function atUserLine(): string {
  const line = userLine();
  return line === null ? "" : ` at ${line}`;
}
