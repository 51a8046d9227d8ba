import { flipped, leading, polynomial, powerOfTwo, signBit } from "./pieces.ts";
import type { Scalar } from "./scalar.ts";
import * as k from "./scalar.ts";

/** Bits of a digit: three products of two digits still add up within an int32. */
const DIGIT = 14;
const DIGIT_MASK = 2 ** DIGIT - 1;

/** 2 / π in digits of 14 bits, after two zeros that make room for small arguments. */
const TWO_OVER_PI = [
  0, 0, 0x28be, 0x1836, 0x3939, 0x0415, 0x0a7f, 0x0275, 0x1f47, 0x3534, 0x3770, 0x0db6, 0x0a56, 0x193c, 0x10e4, 0x041f,
  0x3945,
];

/** Digits of 2 / π that matter to one argument: those before make multiples of 4, those behind vanish. */
const WINDOW = 8;

/** The digits of 2 / π from number `first` on; chosen by halves, since a vector has no table to look up. */
function digitsFrom(first: Scalar): readonly Scalar[] {
  let digits = TWO_OVER_PI.map((digit) => k.constant(digit, "int32"));
  for (const step of [8, 4, 2, 1]) {
    const skip = k.ne(k.and(first, step), 0);
    digits = digits
      .slice(0, WINDOW + step - 1)
      .map((digit, i) => (i + step < digits.length ? k.select(skip, digits[i + step]!, digit) : digit));
  }
  return digits;
}

/** An angle as quadrant π/2 + high + low, the rest within π/4 of 0. */
interface Reduced {
  /** An int32, modulo 4. */
  readonly quadrant: Scalar;
  readonly high: Scalar;
  readonly low: Scalar;
}

/** π / 2, and its 12 leading bits and the rest. */
const HALF_PI = Math.PI / 2;
const HALF_PI_HIGH = 1.5703125;
const HALF_PI_LOW = 0.00048382679489661926;

/**
 * The quadrant of a finite x >= 0, by the method of Payne and Hanek (1983): the mantissa of x times that window of 2 / π
 * which its exponent points at, as integers and modulo 4. The product is kept to 2^-62; no float32 comes closer to a
 * multiple of π/2 than about 2^-30 of it.
 */
function reduce(x: Scalar): Reduced {
  const bits = k.bits(x);
  const mantissa = k.or(k.and(bits, 0x007fffff), 0x00800000);
  // x = mantissa 2^(position - 24), and position = 14 first + shift; 293 / 4096 is 1 / 14 for what occurs here.
  const position = k.sub(k.shiftRight(bits, 23), 126);
  const first = k.shiftRight(k.mul(position, 293), 12);
  const shift = k.sub(position, k.mul(first, DIGIT));
  const power = k.cast(powerOfTwo(shift), "int32");

  const shifted = k.mul(mantissa, power);
  const x0 = k.and(shifted, DIGIT_MASK);
  const x1 = k.and(k.shiftRight(shifted, DIGIT), DIGIT_MASK);
  const x2 = k.shiftRight(k.mul(k.shiftRight(mantissa, DIGIT), power), DIGIT);
  const c = digitsFrom(first);
  const column = (i: number): Scalar => k.add(k.add(k.mul(x0, c[i]!), k.mul(x1, c[i + 1]!)), k.mul(x2, c[i + 2]!));

  // Column i weighs 2^(-10 - 14 i).
  const digits: Scalar[] = [];
  let carried = column(5);
  for (let i = 4; i >= 0; i--) {
    carried = k.add(column(i), k.shiftRight(carried, DIGIT));
    digits[i] = k.and(carried, DIGIT_MASK);
  }
  const [d0, d1, d2, d3, d4] = digits as [Scalar, Scalar, Scalar, Scalar, Scalar];
  // To the nearest quadrant, and again to the nearest 2^-24: both leave signed rests, whose leading bits do not cancel.
  const rounded = k.add(d0, 2 ** 9);
  const quadrant = k.shiftRight(rounded, 10);
  const coarse = k.add(k.shiftLeft(k.sub(k.and(rounded, 2 ** 10 - 1), 2 ** 9), DIGIT), d1);
  const fine = k.add(k.shiftLeft(d2, DIGIT), d3);
  const up = k.shiftRight(fine, 27);
  const high = k.mul(k.cast(k.add(coarse, up), "float32"), 2 ** -24);
  const rest = k.cast(k.sub(fine, k.shiftLeft(up, 28)), "float32");
  const low = k.mul(k.add(rest, k.mul(k.cast(d4, "float32"), 2 ** -14)), 2 ** -52);

  // (high + low) π/2
  const head = leading(high);
  const product = k.mul(head, HALF_PI_HIGH);
  const productLow = k.add(k.add(k.mul(k.sub(high, head), HALF_PI), k.mul(head, HALF_PI_LOW)), k.mul(low, HALF_PI));
  const angle = k.add(product, productLow);
  const angleLow = k.sub(productLow, k.sub(angle, product));

  const near = k.lt(x, Math.PI / 4);
  return {
    quadrant: k.select(near, 0, quadrant),
    high: k.select(near, x, angle),
    low: k.select(near, 0, angleLow),
  };
}

/** The sine of x + quarter π/2; minimax polynomials for sine and cosine, either of them corrected by `low` to first order. */
function wave(x: Scalar, quarter: 0 | 1): Scalar {
  const { quadrant, high, low } = reduce(k.abs(x));
  const z = k.mul(high, high);
  const sineTail = k.mul(k.mul(high, z), polynomial(z, [-1.95166562e-4, 8.33217334e-3, -1.66666552e-1]));
  const sine = k.add(high, k.add(low, sineTail));
  const half = k.mul(z, 0.5);
  const cosineHead = k.sub(1, half);
  const cosineTail = k.sub(
    k.mul(k.mul(z, z), polynomial(z, [2.44377297e-5, -1.38873619e-3, 4.16666456e-2])),
    k.mul(high, low),
  );
  const cosine = k.add(cosineHead, k.add(k.sub(k.sub(1, cosineHead), half), cosineTail));

  const turned = k.add(quadrant, quarter);
  const size = k.select(k.eq(k.and(turned, 1), 0), sine, cosine);
  const sign = k.shiftLeft(k.shiftRight(turned, 1), 31);
  const value = flipped(size, quarter === 0 ? k.add(sign, signBit(x)) : sign);
  return k.select(k.lt(k.abs(x), Number.POSITIVE_INFINITY), value, Number.NaN);
}

/** Sine of an angle in radians. */
export function sin(x: Scalar): Scalar {
  return x.type === "float64" ? k.sin64(x) : wave(x, 0);
}

/** Cosine of an angle in radians. */
export function cos(x: Scalar): Scalar {
  return x.type === "float64" ? k.cos64(x) : wave(x, 1);
}
