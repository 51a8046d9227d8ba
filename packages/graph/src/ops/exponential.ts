import { scalar as k, type Tensor } from "@gradtape/tensor";
import type { Op } from "../define.ts";
import {
  add,
  type Binary,
  binary,
  div,
  greater,
  mul,
  neg,
  square,
  sub,
  type Unary,
  unary,
  where,
} from "./arithmetic.ts";
import { zerosLike } from "./broadcast.ts";

/* Roots, powers, exponentials and what is made of them; y = f(x), or z = f(x, y). */

const floating = (tensorflow: string) => ({ domain: "floating", tensorflow }) as const;

/** √x; NaN below 0. */
export const sqrt = unary("sqrt", k.sqrt, (g, _, y) => sqrtGrad(y!, g), floating("Sqrt"));

/**
 * The gradient of y = √x for the cotangent g: g / (2 y), and 0 where g is 0, also where y is 0 or NaN. So the branch
 * of a `where` that is not taken adds nothing.
 */
export const sqrtGrad: Op<Binary> = binary(
  "sqrtGrad",
  (y, g) => k.select(k.eq(g, 0), 0, k.div(k.mul(g, 0.5), y)),
  {
    x: (gg, y, _, z) => neg(div(mul(gg, z!), y!)),
    y: (gg, y) => mul(0.5, div(gg, y!)),
  },
  { domain: "floating", tensorflow: { op: "SqrtGrad", broadcasts: false } },
);

/** e to the power x. */
export const exp = unary("exp", k.exp, (g, _, y) => mul(g, y!), floating("Exp"));

/** Natural logarithm. */
export const log = unary("log", k.log, (g, x) => mul(g, div(1, x!)), floating("Log"));

/** log(1 + x), exact for small x. */
export const log1p = unary("log1p", k.log1p, (g, x) => mul(g, div(1, add(1, x!))), floating("Log1p"));

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
  (g, _, y) => reluGrad(g, y!), //
  { tensorflow: "Relu" },
);

/** The gradient of y = relu(x): g where y > 0, else 0. */
export const reluGrad: Op<Binary> = binary(
  "reluGrad",
  (g, y) => k.select(k.gt(y, 0), g, 0),
  {
    x: (gg, _, y) => reluGrad(gg, y!),
    y: (_, __, y) => zerosLike(y!),
  },
  { tensorflow: { op: "ReluGrad", broadcasts: false } },
);

/** x to the power y. The derivative by y is taken as 0 where x ≤ 0, where log x is not real. */
export const pow = binary(
  "pow",
  k.pow,
  {
    x: (g, x, y) => mul(mul(g, y!), pow(x!, sub(y!, 1))),
    y: (g, x, _, z) => mul(mul(g, z!), safeLog(x!)),
  },
  floating("Pow"),
);

function safeLog(x: Tensor): Tensor {
  const positive = greater(x, 0);
  return where(positive, log(where(positive, x, 1)), 0);
}
