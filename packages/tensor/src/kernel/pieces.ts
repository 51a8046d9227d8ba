import type { Scalar } from "./scalar.ts";
import * as k from "./scalar.ts";

/* What the float32 functions of the kernel language are built from. */

/** `c[0] * x^(n-1) + … + c[n-1]` by Horner's rule. */
export function polynomial(x: Scalar, coefficients: readonly number[]): Scalar {
  const [first, ...rest] = coefficients;
  return rest.reduce<Scalar>((sum, c) => k.add(k.mul(sum, x), c), k.constant(first!, x.type));
}

/** 2 to the integer `n`, from -126 to 127, as a float32. */
export function powerOfTwo(n: Scalar): Scalar {
  return k.fromBits(k.shiftLeft(k.add(n, 127), 23));
}

/** x 2^n for an int32 `n` from -252 to 254, in two halves because 2^n itself may be denormal or infinite. */
export function scaled(x: Scalar, n: Scalar): Scalar {
  const half = k.shiftRight(n, 1);
  return k.mul(k.mul(x, powerOfTwo(half)), powerOfTwo(k.sub(n, half)));
}

/** A positive finite x as m 2^e with m in [sqrt(1/2), sqrt(2)); e is a float32. */
export function mantissaAndExponent(x: Scalar): { m: Scalar; e: Scalar } {
  const denormal = k.lt(x, 2 ** -126);
  const bits = k.bits(k.select(denormal, k.mul(x, 2 ** 23), x));
  const mantissa = k.fromBits(k.or(k.and(bits, 0x007fffff), 0x3f000000));
  const small = k.lt(mantissa, Math.SQRT1_2);
  const m = k.select(small, k.add(mantissa, mantissa), mantissa);
  const bias = k.add(k.select(denormal, k.constant(149, "int32"), 126), k.select(small, k.constant(1, "int32"), 0));
  return { m, e: k.cast(k.sub(k.and(k.shiftRight(bits, 23), 255), bias), "float32") };
}

/** The 12 leading bits of a float32: products of two such are exact, and so is the rest, x minus them. */
export function leading(x: Scalar): Scalar {
  return k.fromBits(k.and(k.bits(x), -0x1000));
}

const SIGN = -(2 ** 31);

/** The sign bit of x, as an int32 of nothing else. */
export function signBit(x: Scalar): Scalar {
  return k.and(k.bits(x), SIGN);
}

/** x with its sign flipped where `sign` has the sign bit: adding to the topmost bit carries nowhere. */
export function flipped(x: Scalar, sign: Scalar): Scalar {
  return k.fromBits(k.add(k.bits(x), sign));
}
