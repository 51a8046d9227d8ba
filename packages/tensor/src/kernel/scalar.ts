import { type DType, isFloating } from "../dtype.ts";

/**
 * The kernel language: the arithmetic of one element, as an expression over typed scalars.
 * A kernel is written once in it and printed for whatever machine runs it.
 *
 * Numbers contract: every node of type float32 is rounded to float32; nothing is ever contracted or reordered.
 */
export interface Scalar {
  readonly op: ScalarOp;
  readonly type: DType;
  readonly args: readonly Scalar[];
  /** A constant's value, or the number of an input. */
  readonly value?: number;
  /** How a fold joins elements. */
  readonly combine?: Combine;
  /** The function that the node spells out in elementary operations, for those who want to read it. */
  readonly spelled?: Pick<Scalar, "op" | "args">;
}

/** What a node may do; arguments of arithmetic have one common type. */
export type ScalarOp =
  | "input" // element (or row value) of an operand
  | "constant"
  | "index" // int32: position along the folded axes
  | "extent" // int32: number of positions along the folded axes
  | "fold" // joins the argument over the folded axes, in a fixed order
  | "cast"
  | "select" // args: bool, then two of one type
  | BinaryOp
  | UnaryOp;

export type BinaryOp =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "min" // NaN if either is NaN
  | "max"
  | "lt"
  | "le"
  | "eq"
  | "ne"
  | "and" // bool, or the bits of int32
  | "or"
  | "shiftLeft" // int32
  | "shiftRight" // int32, keeps the sign
  | "pow"; // float64 only

export type UnaryOp =
  | "neg"
  | "abs"
  | "sqrt"
  | "floor"
  | "not" // bool
  | "bits" // float32 -> the int32 of the same bits
  | "fromBits" // int32 -> the float32 of the same bits
  | "exp" // the rest: float64 only, float32 versions are programs in functions.ts
  | "log"
  | "tanh"
  | "sin"
  | "cos";

/** The operations a fold may join with, and the value each starts from. */
export type Combine = "add" | "mul" | "min" | "max" | "and" | "or";

/** A scalar, or a plain number that takes the type of its neighbour. */
export type Operand = Scalar | number;

export function input(index: number, type: DType): Scalar {
  return { op: "input", type, args: [], value: index };
}

export function constant(value: number, type: DType): Scalar {
  return { op: "constant", type, args: [], value: type === "float32" ? Math.fround(value) : value };
}

/** Position along the folded axes. */
export const index: Scalar = { op: "index", type: "int32", args: [] };

/** Number of positions along the folded axes. */
export const extent: Scalar = { op: "extent", type: "int32", args: [] };

const predicates = new Set<ScalarOp>(["lt", "le", "eq", "ne"]);

function binary(op: BinaryOp): (x: Operand, y: Operand) => Scalar {
  return (x, y) => {
    const operand = typeof x === "number" ? y : x;
    if (typeof operand === "number") throw new TypeError(`kernel ${op}: one operand must be typed`);
    const [a, b] = [typed(x, operand.type), typed(y, operand.type)];
    if (a.type !== b.type) throw new TypeError(`kernel ${op}: ${a.type} and ${b.type} do not mix`);
    return { op, type: predicates.has(op) ? "bool" : a.type, args: [a, b] };
  };
}

function unary(op: UnaryOp, result?: DType): (x: Scalar) => Scalar {
  return (x) => ({ op, type: result ?? x.type, args: [x] });
}

function typed(x: Operand, type: DType): Scalar {
  return typeof x === "number" ? constant(x, type) : x;
}

export const add = binary("add");
export const sub = binary("sub");
export const mul = binary("mul");
export const div = binary("div");
export const min = binary("min");
export const max = binary("max");
export const lt = binary("lt");
export const le = binary("le");
export const eq = binary("eq");
export const ne = binary("ne");
export const and = binary("and");
export const or = binary("or");
export const shiftLeft = binary("shiftLeft");
export const shiftRight = binary("shiftRight");
export const gt = (x: Operand, y: Operand): Scalar => lt(y, x);
export const ge = (x: Operand, y: Operand): Scalar => le(y, x);

export const neg = unary("neg");
export const abs = unary("abs");
export const sqrt = unary("sqrt");
export const floor = unary("floor");
export const not = unary("not");
export const bits = unary("bits", "int32");
export const fromBits = unary("fromBits", "float32");
export const exp64 = unary("exp");
export const log64 = unary("log");
export const tanh64 = unary("tanh");
export const sin64 = unary("sin");
export const cos64 = unary("cos");
export const pow64 = binary("pow");

export function cast(x: Scalar, type: DType): Scalar {
  return x.type === type ? x : { op: "cast", type, args: [x] };
}

/** `condition ? x : y`; both sides are computed. */
export function select(condition: Scalar, x: Operand, y: Operand): Scalar {
  const operand = typeof x === "number" ? y : x;
  if (typeof operand === "number") throw new TypeError("kernel select: one operand must be typed");
  const args = [condition, typed(x, operand.type), typed(y, operand.type)];
  return { op: "select", type: operand.type, args };
}

/** `x` joined over the folded axes, from the first position to the last; floats are added in the order of sum.ts. */
export function fold(combine: Combine, x: Scalar): Scalar {
  return { op: "fold", type: x.type, args: [x], combine };
}

/** The value that leaves any other unchanged when joined with it. */
export function foldStart(combine: Combine, type: DType): number {
  const lowest = isFloating(type) ? Number.NEGATIVE_INFINITY : type === "bool" ? 0 : -(2 ** 31);
  const highest = isFloating(type) ? Number.POSITIVE_INFINITY : type === "bool" ? 1 : 2 ** 31 - 1;
  return { add: 0, mul: 1, or: 0, and: type === "bool" ? 1 : -1, max: lowest, min: highest }[combine];
}
