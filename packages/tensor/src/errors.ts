/**
 * The error classes of the library. JavaScript's own `TypeError` serves for a wrong kind of argument or dtype;
 * the others carry the names TensorFlow users know.
 *
 * Messages follow one form: `op: fact, fact; advice`.
 */

/** An argument of the right kind with a value that cannot be used: a shape, an axis, a range. */
export class ValueError extends RangeError {
  override name = "ValueError";
}

/** Something asked for at a moment, or in a mode, where it cannot be done. */
export class RuntimeError extends Error {
  override name = "RuntimeError";
}

/** Values found wrong while an op ran: an index out of range, two sizes that must agree and do not. */
export class InvalidArgumentError extends Error {
  override name = "InvalidArgumentError";
}

/** State that had to be prepared first: a variable read before it was initialized. */
export class FailedPreconditionError extends Error {
  override name = "FailedPreconditionError";
}

/** A name, file or entry that does not exist. */
export class NotFoundError extends Error {
  override name = "NotFoundError";
}

/** A gradient that no rule gives. */
export class LookupError extends Error {
  override name = "LookupError";
}

/** An operation that exists in the interface but not for these operands. */
export class NotImplementedError extends Error {
  override name = "NotImplementedError";
}
