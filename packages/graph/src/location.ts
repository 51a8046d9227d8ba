import { InvalidArgumentError, ValueError } from "@gradtape/tensor";

/** Frames of the library itself and of the engine, which mean nothing to a user. */
const inside =
  /\/(?:packages|@gradtape)\/(?:tensor|graph|autograd|optimizers|export|gradtape)\/(?:src|dist)\/(?!.*\.test\.)|\/node_modules\/gradtape\/|\(?node:|<anonymous>|\(native\)/;

/** A place in the program, of which `lineOf` tells the user's line. It is read from the stack only then. */
export function here(): Error {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 60;
  const place = new Error();
  Error.stackTraceLimit = limit;
  return place;
}

/** The first line of a stack that is the user's: `file:line:column`, or `null` where unknown. */
export function lineOf({ stack = "" }: Error): string | null {
  const frame = stack
    .split("\n")
    .slice(1)
    .find((line) => /:\d+:\d+\)?$/.test(line) && !inside.test(line));
  return frame?.match(/\(?((?:file:\/\/)?[^\s()]+:\d+:\d+)\)?$/)?.[1]?.replace(/^file:\/\//, "") ?? null;
}

/** The line of the user's program from which the library was called: `file:line:column`, or `null` where unknown. */
export function userLine(): string | null {
  return lineOf(here());
}

/** The user's line for messages: ` at file:line`, nothing where unknown. */
export function atUserLine(): string {
  const line = userLine();
  return line === null ? "" : ` at ${line}`;
}

/** An operation as messages point to it. */
interface Built {
  readonly name: string;
  readonly location: string | null;
}

/**
 * `error`, with the user's line as the last line of its message: that of the present call, or the one that built
 * `operation`. Only mistakes in arguments get one, and each only once.
 */
export function located(error: unknown, operation?: Built): unknown {
  const mistake =
    error instanceof ValueError || error instanceof TypeError || error instanceof InvalidArgumentError ? error : null;
  if (mistake === null || /\n {2}(?:built )?(?:at|as) /.test(mistake.message)) return error;
  const line = operation === undefined ? userLine() : operation.location;
  const where = operation === undefined ? "" : ` as ${operation.name}`;
  if (line !== null) append(mistake, `\n  ${where === "" ? "" : "built "}at ${line}${where}`);
  else if (where !== "") append(mistake, `\n  built${where}`);
  return error;
}

/** What engines print of an error nobody catches is its stack, which holds a copy of the message. */
function append(error: Error, text: string): void {
  const { message, stack } = error;
  error.message = message + text;
  if (stack?.includes(message)) error.stack = stack.replace(message, () => message + text);
}

/** Runs `body`; a mistake told in it names the user's line. */
export function telling<T>(body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw located(error);
  }
}
