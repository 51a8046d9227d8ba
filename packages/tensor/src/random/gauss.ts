/*
 * Standard normal numbers from uniform ones, in nothing but additions, multiplications, divisions and square roots.
 * IEEE 754 fixes the result of each of these, and no engine fixes those of Math.log and Math.cos: so the same seed
 * gives the same bits on every machine.
 */

const ODD_RECIPROCALS = Float64Array.from({ length: 12 }, (_, k) => 1 / (2 * k + 1));
const SINE = taylor(1);
const COSINE = taylor(0);

/** (-1)^k / (2k + first)! */
function taylor(first: 0 | 1): Float64Array {
  let coefficient = 1;
  return Float64Array.from({ length: 10 }, (_, k) => {
    if (k > 0) coefficient /= -(2 * k + first) * (2 * k + first - 1);
    return coefficient;
  });
}

function series(coefficients: Float64Array, x: number): number {
  let sum = 0;
  for (let k = coefficients.length - 1; k >= 0; k--) sum = sum * x + coefficients[k]!;
  return sum;
}

/** Natural logarithm of `x` in (0, 1]: log(m 2^e) = 2 artanh((m - 1) / (m + 1)) + e log 2. */
export function portableLog(x: number): number {
  let exponent = 0;
  while (x < Math.SQRT1_2) {
    x *= 2;
    exponent--;
  }
  const ratio = (x - 1) / (x + 1);
  return 2 * ratio * series(ODD_RECIPROCALS, ratio * ratio) + exponent * Math.LN2;
}

/** Cosine and sine of `turn` whole turns, 0 <= turn < 1, written to `out[0]` and `out[1]`. */
export function portableCosSin(turn: number, out: Float64Array): void {
  const quarter = Math.floor(4 * turn + 0.5);
  const angle = (4 * turn - quarter) * (Math.PI / 2);
  const square = angle * angle;
  const cosine = series(COSINE, square);
  const sine = angle * series(SINE, square);
  const swap = (quarter & 1) === 1;
  const x = swap ? sine : cosine;
  const y = swap ? cosine : sine;
  out[0] = quarter === 1 || quarter === 2 ? -x : x;
  out[1] = quarter === 2 || quarter === 3 ? -y : y;
}

/**
 * A source of standard normal numbers by the Box-Muller transform: two uniforms of 53 bits, taken as four 32-bit
 * words, give the pair sqrt(-2 log u) cos(2 pi v), sqrt(-2 log u) sin(2 pi v).
 */
export function gauss(word: () => number): () => number {
  const pair = new Float64Array(2);
  let second = false;
  return () => {
    if (second) {
      second = false;
      return pair[1]!;
    }
    const radius = Math.sqrt(-2 * portableLog(unit53(word) + 2 ** -53)); // in (0, 1], where the logarithm exists
    portableCosSin(unit53(word), pair);
    pair[0] = pair[0]! * radius;
    pair[1] = pair[1]! * radius;
    second = true;
    return pair[0]!;
  };
}

/** A multiple of 2^-53 in [0, 1), from two words. */
export function unit53(word: () => number): number {
  const high = word() >>> 5;
  const low = word() >>> 6;
  return (high * 2 ** 26 + low) * 2 ** -53;
}
