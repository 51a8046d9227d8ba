import { leading, mantissaAndExponent, polynomial, scaled, signBit } from "./pieces.ts";
import type { Scalar } from "./scalar.ts";
import * as k from "./scalar.ts";

/** A number as the sum of a float32 of 12 bits and a smaller float32. */
interface Split {
  readonly high: Scalar;
  readonly low: Scalar;
}

/** 2 / (3 ln 2), and its 12 leading bits and the rest. */
const SCALE = 0.9617966939259756;
const SCALE_HIGH = 0.961669921875;
const SCALE_LOW = 0.0001267720509756049;

/**
 * log2 of a positive finite float32, relative error below 2^-32. With x = m 2^e, s = (m - 1) / (m + 1) and z = s²:
 *
 *     log2 x = e + 2 / ln 2 atanh s = e + 2 / (3 ln 2) s (3 + z + z² Q(z))
 *
 * The series, and keeping 12 bits of each leading part so that products of those are exact, are those of e_powf.c in
 * Sun's fdlibm; Q is a minimax polynomial.
 */
function log2(x: Scalar): Split {
  const { m, e } = mantissaAndExponent(x);
  const f = k.sub(m, 1);
  const divisor = k.add(m, 1);
  const quotient = k.div(f, divisor);
  const s = leading(quotient);
  const divisorHigh = leading(divisor);
  const divisorLow = k.sub(m, k.sub(divisorHigh, 1));
  const sLow = k.div(k.sub(k.sub(f, k.mul(s, divisorHigh)), k.mul(s, divisorLow)), divisor);

  const z = k.mul(quotient, quotient);
  const square = k.mul(s, s);
  const tail = k.add(
    k.mul(k.mul(z, z), polynomial(z, [0.35128051, 0.428206921, 0.600002289])),
    k.mul(sLow, k.add(s, quotient)),
  );
  const sum = leading(k.add(k.add(square, 3), tail));
  const sumLow = k.sub(tail, k.sub(k.sub(sum, 3), square));

  const product = k.mul(s, sum);
  const productLow = k.add(k.mul(sLow, sum), k.mul(sumLow, quotient));
  const p = leading(k.add(product, productLow));
  const pLow = k.sub(productLow, k.sub(p, product));

  const logHigh = k.mul(p, SCALE_HIGH);
  const logLow = k.add(k.mul(p, SCALE_LOW), k.mul(pLow, SCALE));
  const high = leading(k.add(k.add(logHigh, logLow), e));
  return { high, low: k.sub(logLow, k.sub(k.sub(high, e), logHigh)) };
}

/** ln 2, and its 12 leading bits and the rest. */
const LN2_HIGH = 0.693115234375;
const LN2_LOW = 3.1946184945309415e-5;

/**
 * 2 to the power high + low; 0 or infinity beyond the ends. With n the nearest integer and r the rest:
 *
 *     2^(n + r) = 2^n (1 + r ln 2 + r² T(r))
 *
 * Little is lost before the last sum, so that results a float32 can hold are exact. T is a minimax polynomial.
 */
function exp2({ high, low }: Split): Scalar {
  const power = k.add(high, low);
  const clamped = k.select(k.lt(power, -152), -152, k.select(k.lt(130, power), 130, power));
  const inside = k.eq(clamped, power);
  const n = k.floor(k.add(clamped, 0.5));
  const most = k.select(inside, k.sub(high, n), 0);
  const rest = k.select(inside, low, 0);
  const r = k.add(most, rest);
  const rHigh = leading(r);
  const rLow = k.add(k.sub(most, rHigh), rest);
  const tail = polynomial(r, [1.53150017e-4, 1.33902754e-3, 9.61854402e-3, 5.55036217e-2, 2.40226477e-1]);

  const slope = k.mul(rHigh, LN2_HIGH);
  const slopeLow = k.add(k.mul(rLow, Math.LN2), k.mul(rHigh, LN2_LOW));
  const sum = k.add(slope, 1);
  const lost = k.sub(slope, k.sub(sum, 1));
  const mantissa = k.add(sum, k.add(k.add(k.mul(k.mul(r, r), tail), slopeLow), lost));
  return scaled(mantissa, k.cast(n, "int32"));
}

/** y beyond this takes every x but 1 to 0 or infinity, and its products still have room. */
const LARGEST = 2 ** 40;

/**
 * x to the power y: 2^(y log2 |x|), and the special cases of C's `pow`: 1 for x = 1 or y = 0, also where the other one is
 * NaN, and for ±1 to the power ±infinity.
 */
export function pow(x: Scalar, y: Scalar): Scalar {
  const size = k.abs(x);
  const isOne = k.or(k.eq(x, 1), k.eq(y, 0));
  if (x.type === "float64") {
    // Math.pow has NaN for the first and the last of these cases.
    const root = k.and(k.eq(size, 1), k.eq(k.abs(y), Number.POSITIVE_INFINITY));
    return k.select(k.or(isOne, root), 1, k.pow64(x, y));
  }
  const finite = k.and(k.lt(0, size), k.lt(size, Number.POSITIVE_INFINITY));

  const bounded = k.select(k.lt(y, -LARGEST), -LARGEST, k.select(k.lt(LARGEST, y), LARGEST, y));
  const { high, low } = log2(size);
  const yHigh = leading(bounded);
  const product = k.mul(yHigh, high);
  const productLow = k.add(k.mul(k.sub(bounded, yHigh), high), k.mul(bounded, low));
  const power = exp2({ high: product, low: productLow });

  // Of 0, infinity and NaN the power is the number itself or, y being negative, its reciprocal.
  const magnitude = k.select(finite, power, k.select(k.lt(y, 0), k.div(1, size), size));
  const half = k.mul(y, 0.5);
  const whole = k.eq(k.floor(y), y);
  const odd = k.and(whole, k.ne(k.floor(half), half));
  const signed = k.fromBits(k.or(k.bits(magnitude), k.select(odd, signBit(x), 0)));

  const noReal = k.and(k.and(k.lt(x, 0), finite), k.not(whole));
  const invalid = k.or(noReal, k.ne(y, y));
  const result = k.select(isOne, 1, k.select(invalid, Number.NaN, signed));
  return { ...result, spelled: { op: "pow", args: [x, y] } };
}
