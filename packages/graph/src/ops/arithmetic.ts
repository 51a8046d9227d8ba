import { anything, scalar as k, type Scalar, type Tensor } from "@gradtape/tensor";
import { applyOne, type Derivative, defineOp, type ElementwiseOptions, elementwise, type Op } from "../define.ts";
import { asTensor, asTensors, type Operand } from "../operand.ts";
import type { Cotangent } from "../record.ts";
import { dtypeOf } from "../tensorflow.ts";
import { broadcastTogether, stretch, zerosLike } from "./broadcast.ts";
import { cast, overValues, sliceWise } from "./cast.ts";

/* Elementwise arithmetic. Operands broadcast; the derivatives stand beside the meaning, for z = f(x, y). */

export type Unary = (x: Operand) => Tensor;
export type Binary = (x: Operand, y: Operand) => Tensor;

/** An elementwise op of one operand. */
export function unary(
  name: string,
  meaning: (x: Scalar) => Scalar,
  derivative: Derivative | null,
  options?: ElementwiseOptions,
): Op<Unary> {
  const def = elementwise(name, meaning, [derivative], options);
  return defineOp(def, { x: anything }, {}, (x: Operand) => applyOne(def, [asTensor(name, x)]));
}

/** An elementwise op of two operands, which are broadcast together. */
export function binary(
  name: string,
  meaning: (x: Scalar, y: Scalar) => Scalar,
  { x, y }: { x: Derivative | null; y: Derivative | null },
  options?: ElementwiseOptions,
): Op<Binary> {
  const def = elementwise(name, meaning, [x, y], options);
  return defineOp(def, { x: anything, y: anything }, {}, (x: Operand, y: Operand) =>
    applyOne(def, broadcastTogether(name, [x, y])),
  );
}

const negDef = elementwise("neg", k.neg, [(g) => overValues(g as Cotangent, neg)], { sparse: true, tensorflow: "Neg" });

/** -x. Slices stay slices. */
export const neg = defineOp(
  negDef,
  { x: anything },
  {},
  sliceWise("neg", (x) => applyOne(negDef, [x])),
);

/** x + y */
export const add = binary(
  "add",
  k.add,
  {
    x: (g) => g,
    y: (g) => g,
  },
  { tensorflow: "AddV2" },
);

/** x - y */
export const sub = binary(
  "sub",
  k.sub,
  {
    x: (g) => g,
    y: (g) => neg(g),
  },
  { tensorflow: "Sub" },
);

/** x * y */
export const mul = binary(
  "mul",
  k.mul,
  {
    x: (g, _, y) => mul(g, y!),
    y: (g, x) => mul(g, x!),
  },
  { tensorflow: "Mul" },
);

const quotient = binary(
  "div",
  k.div,
  {
    x: (g, _, y) => quotient(g, y!),
    y: (g, x, y) => mul(g, quotient(quotient(neg(x!), y!), y!)),
  },
  { domain: "floating", tensorflow: "RealDiv" },
);

/** x / y. Integers are divided as float64. */
export const div = defineOp(quotient.op, { x: anything, y: anything }, {}, (x: Operand, y: Operand): Tensor => {
  const operands = asTensors("div", [x, y]);
  const [a, b] = operands[0]!.dtype === "int32" ? operands.map((each) => cast(each, "float64")) : operands;
  return quotient(a!, b!);
});

/** x² */
export const square = unary(
  "square",
  (x) => k.mul(x, x),
  (g, x) => mul(g, mul(2, x!)),
  { tensorflow: "Square" },
);

/** (x - y)² */
export const squaredDifference: Op<Binary> = binary(
  "squaredDifference",
  (x, y) => k.mul(k.sub(x, y), k.sub(x, y)),
  {
    x: (g, x, y) => mul(mul(2, g), sub(x!, y!)),
    y: (g, x, y) => neg(mul(mul(2, g), sub(x!, y!))),
  },
  { tensorflow: "SquaredDifference" },
);

/** |x|; the derivative at 0 is 0. */
export const abs = unary("abs", k.abs, (g, x) => mul(g, sign(x!)), { tensorflow: "Abs" });

/** -1, 0 or 1 by the sign of x; NaN for NaN. */
export const sign = unary(
  "sign",
  (x) => k.select(k.lt(x, 0), -1, k.select(k.gt(x, 0), k.constant(1, x.type), x)),
  (_, x) => zerosLike(x!),
  { tensorflow: "Sign" },
);

/** The greater of x and y; NaN if either is. At a tie the whole gradient goes to x. */
export const maximum = binary(
  "maximum",
  k.max,
  {
    x: (g, x, y) => where(greaterEqual(x!, y!), g, 0),
    y: (g, x, y) => where(greaterEqual(x!, y!), 0, g),
  },
  { tensorflow: "Maximum" },
);

/** The lesser of x and y; NaN if either is. At a tie the whole gradient goes to x. */
export const minimum = binary(
  "minimum",
  k.min,
  {
    x: (g, x, y) => where(lessEqual(x!, y!), g, 0),
    y: (g, x, y) => where(lessEqual(x!, y!), 0, g),
  },
  { tensorflow: "Minimum" },
);

const flat = { x: null, y: null };

/** x = y, as bool. */
export const equal = binary("equal", k.eq, flat, { domain: "any", tensorflow: "Equal" });
/** x ≠ y, as bool. */
export const notEqual = binary("notEqual", k.ne, flat, { domain: "any", tensorflow: "NotEqual" });
/** x < y, as bool. */
export const less = binary("less", k.lt, flat, { tensorflow: "Less" });
/** x ≤ y, as bool. */
export const lessEqual = binary("lessEqual", k.le, flat, { tensorflow: "LessEqual" });
/** x > y, as bool. */
export const greater = binary("greater", k.gt, flat, { tensorflow: "Greater" });
/** x ≥ y, as bool. */
export const greaterEqual = binary("greaterEqual", k.ge, flat, { tensorflow: "GreaterEqual" });

/** Both. */
export const logicalAnd = binary("logicalAnd", k.and, flat, {
  domain: "bool",
  tensorflow: { op: "LogicalAnd", attributes: {} },
});
/** Either. */
export const logicalOr = binary("logicalOr", k.or, flat, {
  domain: "bool",
  tensorflow: { op: "LogicalOr", attributes: {} },
});
/** Not. */
export const logicalNot = unary("logicalNot", k.not, null, {
  domain: "bool",
  tensorflow: { op: "LogicalNot", attributes: {} },
});

const whereDef = elementwise(
  "where",
  k.select,
  [
    null,
    (g, condition) => where(condition!, g, 0), //
    (g, condition) => where(condition!, 0, g),
  ],
  { domain: "any", conditions: 1, tensorflow: { op: "SelectV2", attributes: { T: dtypeOf(1) } } },
);

/** `x` where `condition` (bool) holds, `y` elsewhere; all three broadcast. */
export const where = defineOp(
  whereDef,
  { condition: anything, x: anything, y: anything },
  {},
  (condition: Operand, x: Operand, y: Operand): Tensor => {
    const branches = asTensors("where", [x, y]);
    const operands = [asTensor("where", condition, "bool"), ...branches];
    return applyOne(whereDef, stretch("where", operands, ["condition", "x", "y"]));
  },
);
