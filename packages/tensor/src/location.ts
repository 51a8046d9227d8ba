import {
  FailedPreconditionError,
  InvalidArgumentError,
  LookupError,
  NotFoundError,
  NotImplementedError,
  RuntimeError,
  ValueError,
} from "./errors.ts";

/**
 * Frames of the library itself and of the engine, which mean nothing to a user: its packages as they are installed, and
 * as they lie in their repository, where tests are users.
 */
const inside =
  /\/node_modules\/(?:@gradtape\/|gradtape\/)|\/packages\/[\w-]+\/(?:src|dist)\/(?!.*\.test\.)|\(?node:|<anonymous>|\(native\)/;

/** A frame of a stack that names a place. */
const frame = /^\s+at .*:\d+:\d+\)?$/;

/** A place in the program. `lineOf` returns the user's line of it, and only then reads the stack. */
export function here(): Error {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 60;
  const place = new Error();
  Error.stackTraceLimit = limit;
  return place;
}

/** The frames of a stack, without the message above them. */
function framesOf({ stack = "", message }: Error): string[] {
  return stack
    .slice(Math.max(0, stack.indexOf(message)) + message.length)
    .split("\n")
    .filter((line) => frame.test(line));
}

/** The first line of a stack that is the user's: `file:line:column`, or `null` where unknown. */
export function lineOf(place: Error): string | null {
  const line = framesOf(place).find((each) => !inside.test(each));
  return line?.match(/\(?((?:file:\/\/)?[^\s()]+:\d+:\d+)\)?$/)?.[1]?.replace(/^file:\/\//, "") ?? null;
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

/** A line of a message that names a place already. */
const placed = /\n {2}(?:built )?(?:at|as) /;

/**
 * `error`, with the user's line as the last line of its message: that of the present call, or the one that built
 * `operation`. Only errors that the library throws get one, and each only once; what the user's own functions throw stays
 * as it is.
 */
export function located(error: unknown, operation?: Built): unknown {
  if (!isDocumented(error) || placed.test(error.message)) return error;
  const [thrownAt] = framesOf(error);
  if (thrownAt !== undefined && !inside.test(thrownAt)) return error;
  const line = operation === undefined ? userLine() : operation.location;
  const where = operation === undefined ? "" : ` as ${operation.name}`;
  if (line !== null) append(error, `\n  ${where === "" ? "" : "built "}at ${line}${where}`);
  else if (where !== "") append(error, `\n  built${where}`);
  return error;
}

/** Appends to the message and to the stack: engines print the stack of an uncaught error, with a copy of the message. */
function append(error: Error, text: string): void {
  const { message, stack } = error;
  error.message = message + text;
  if (stack?.includes(message)) error.stack = stack.replace(message, () => message + text);
}

/** Runs `body`; an error thrown in it names the user's line. */
export function telling<T>(body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw located(error);
  }
}

/** True for the error classes that the library documents. */
export function isDocumented(error: unknown): error is Error {
  return documented.some((each) => error instanceof each);
}

const documented = [
  TypeError,
  ValueError,
  RuntimeError,
  InvalidArgumentError,
  FailedPreconditionError,
  NotFoundError,
  LookupError,
  NotImplementedError,
];
