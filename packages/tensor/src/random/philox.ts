/*
 * Philox4x32-10, the counter-based generator of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as
 * 1, 2, 3" (SC11): ten rounds of multiply and xor turn a 128-bit counter and a 64-bit key into 128 random bits.
 */

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const KEY_STEP_0 = 0x9e3779b9; // golden ratio
const KEY_STEP_1 = 0xbb67ae85; // sqrt(3) - 1

export type Counter = readonly [number, number, number, number];
export type Key = readonly [number, number];

/** Writes the four 32-bit words that belong to `counter` under `key` into `words`. */
export function philox(words: Uint32Array, counter: Counter, key: Key): void {
  // Taken one by one: an iterator for each of millions of blocks would be garbage.
  let c0 = counter[0];
  let c1 = counter[1];
  let c2 = counter[2];
  let c3 = counter[3];
  let k0 = key[0];
  let k1 = key[1];
  for (let round = 0; round < 10; round++) {
    const low0 = Math.imul(MULTIPLIER_0, c0) >>> 0;
    const low1 = Math.imul(MULTIPLIER_1, c2) >>> 0;
    const high0 = highWord(MULTIPLIER_0 * c0, low0);
    const high1 = highWord(MULTIPLIER_1 * c2, low1);
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + KEY_STEP_0) | 0;
    k1 = (k1 + KEY_STEP_1) | 0;
  }
  words[0] = c0;
  words[1] = c1;
  words[2] = c2;
  words[3] = c3;
}

// A 64-bit product loses up to 11 low bits as a float64. With its exact low word taken off it lies so close to a
// multiple of 2^32 that rounding to the nearest one recovers the exact high word.
function highWord(product: number, low: number): number {
  return ((product - low) * 2 ** -32 + 0.5) >>> 0;
}
