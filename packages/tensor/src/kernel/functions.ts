import { mantissaAndExponent, polynomial, scaled } from "./pieces.ts";
import type { Scalar } from "./scalar.ts";
import * as k from "./scalar.ts";

/*
 * Functions of the kernel language. In float64 they are the machine's; in float32 they are spelled out in elementary
 * operations, so that every machine that prints them gives the same bits. Polynomials are those of Moshier's Cephes
 * library (expf, logf, tanhf); all are within 2 ulp of the correctly rounded result.
 */

const LN2_HIGH = 0.693359375;
const LN2_LOW = -2.1219444e-4;

/** e to the power x. */
export function exp(x: Scalar): Scalar {
  if (x.type === "float64") return k.exp64(x);
  // x = n ln2 + r with |r| <= ln2 / 2; beyond the clamp the result is 0 or infinity anyway.
  const clamped = k.select(k.lt(x, -104), -104, k.select(k.gt(x, 89), 89, x));
  const n = k.floor(k.add(k.mul(clamped, Math.LOG2E), 0.5));
  const r = k.sub(k.sub(clamped, k.mul(n, LN2_HIGH)), k.mul(n, LN2_LOW));
  const tail = polynomial(
    r,
    [1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1],
  );
  const mantissa = k.add(k.add(k.mul(tail, k.mul(r, r)), r), 1);
  return scaled(mantissa, k.cast(n, "int32"));
}

/** Natural logarithm. */
export function log(x: Scalar): Scalar {
  if (x.type === "float64") return k.log64(x);
  const { m: mantissa, e } = mantissaAndExponent(x);
  const m = k.sub(mantissa, 1);
  const square = k.mul(m, m);
  const tail = polynomial(
    m,
    [
      7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
      2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
    ],
  );
  const correction = k.add(k.mul(k.mul(tail, m), square), k.mul(e, LN2_LOW));
  const result = k.add(k.add(m, k.sub(correction, k.mul(square, 0.5))), k.mul(e, LN2_HIGH));
  // log(inf) = inf and log(NaN) = NaN are x itself; below zero there is no logarithm.
  const special = k.select(k.lt(x, Number.POSITIVE_INFINITY), result, x);
  const negative = k.select(k.lt(x, 0), Number.NaN, special);
  return k.select(k.eq(x, 0), Number.NEGATIVE_INFINITY, negative);
}

/** log(1 + x) for x > -1, without losing small x: what the rounding of 1 + x lost is put back, divided by the slope. */
export function log1p(x: Scalar): Scalar {
  const sum = k.add(x, 1);
  const lost = k.sub(x, k.sub(sum, 1));
  const corrected = k.add(log(sum), k.div(lost, sum));
  // At -1 and at infinity there is nothing to put back, only 0 / 0 and inf - inf to keep out.
  const special = k.select(k.gt(k.abs(lost), 0), corrected, log(sum));
  return k.select(k.eq(sum, 1), x, special);
}

/** Hyperbolic tangent. */
export function tanh(x: Scalar): Scalar {
  if (x.type === "float64") return k.tanh64(x);
  const square = k.mul(x, x);
  const tail = polynomial(
    square,
    [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1],
  );
  const near = k.add(k.mul(k.mul(tail, square), x), x);
  const size = k.abs(x);
  const far = k.sub(1, k.div(2, k.add(exp(k.add(size, size)), 1)));
  const odd = k.select(k.lt(size, 0.625), near, k.select(k.lt(x, 0), k.neg(far), far));
  return k.select(k.eq(x, 0), x, odd); // keeps the sign of -0
}

/** 1 / (1 + exp(-x)), from exp(-|x|) so that neither side overflows or underflows early. */
export function sigmoid(x: Scalar): Scalar {
  const e = exp(k.neg(k.abs(x)));
  return k.div(k.select(k.lt(x, 0), e, 1), k.add(e, 1));
}

/** log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|)). */
export function softplus(x: Scalar): Scalar {
  return k.add(k.max(x, 0), log1p(exp(k.neg(k.abs(x)))));
}
