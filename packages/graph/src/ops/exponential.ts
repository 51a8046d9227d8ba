import { scalar as k, type Tensor } from "@gradtape/tensor";
import type { Op } from "../define.ts";
import { add, binary, div, equal, greater, mul, neg, square, sub, type Unary, unary, where } from "./arithmetic.ts";

/* Roots, powers, exponentials and what is made of them; y = f(x), or z = f(x, y). */

const floating = (tensorflow: string) => ({ domain: "floating", tensorflow }) as const;

/** √x; NaN below 0. */
export const sqrt = unary("sqrt", k.sqrt, (g, _, y) => div(mul(g, 0.5), y!), floating("Sqrt"));

/** e to the power x. */
export const exp = unary("exp", k.exp, (g, _, y) => mul(g, y!), floating("Exp"));

/** Natural logarithm. */
export const log = unary("log", k.log, (g, x) => div(g, x!), floating("Log"));

/** log(1 + x), exact for small x. */
export const log1p = unary("log1p", k.log1p, (g, x) => div(g, add(1, x!)), floating("Log1p"));

/** Hyperbolic tangent. */
export const tanh = unary("tanh", k.tanh, (g, _, y) => mul(g, sub(1, square(y!))), floating("Tanh"));

/** 1 / (1 + exp(-x)) */
export const sigmoid = unary("sigmoid", k.sigmoid, (g, _, y) => mul(g, mul(y!, sub(1, y!))), floating("Sigmoid"));

/** Sine of an angle in radians. */
export const sin: Op<Unary> = unary("sin", k.sin, (g, x) => mul(g, cos(x!)), floating("Sin"));

/** Cosine of an angle in radians. */
export const cos: Op<Unary> = unary("cos", k.cos, (g, x) => neg(mul(g, sin(x!))), floating("Cos"));

/** The greatest integer that is not greater than x. It has no gradient. */
export const floor = unary("floor", k.floor, null, floating("Floor"));

/** log(1 + exp(x)) */
export const softplus = unary("softplus", k.softplus, (g, x) => mul(g, sigmoid(x!)), floating("Softplus"));

/** max(x, 0); the derivative at 0 is 0. NaN stays NaN. */
export const relu = unary(
  "relu",
  (x) => k.select(k.lt(x, 0), 0, x),
  (g, _, y) => where(greater(y!, 0), g, 0),
  { tensorflow: "Relu" },
);

/** x to the power y. The derivative by y is taken as 0 where x ≤ 0, where log x is not real. */
export const pow = binary(
  "pow",
  k.pow,
  {
    // 0 to the power 0 is 1 around y = 0 too: the derivative there is 0, not 0 times infinity.
    x: (g, x, y) => mul(g, mul(y!, pow(x!, sub(where(equal(y!, 0), 2, y!), 1)))),
    y: (g, x, _, z) => mul(g, mul(z!, safeLog(x!))),
  },
  floating("Pow"),
);

function safeLog(x: Tensor): Tensor {
  const positive = greater(x, 0);
  return where(positive, log(where(positive, x, 1)), 0);
}
