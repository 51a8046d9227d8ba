import fc from "fast-check";
import { expect, test } from "vitest";
import { type Counter, type Key, philox } from "./philox.ts";

const word = fc.integer({ min: 0, max: 0xffffffff });

/** The definition, in arithmetic that cannot lose a bit. */
function oracle(counter: Counter, key: Key): number[] {
  let [a, b, c, d] = counter.map(BigInt) as [bigint, bigint, bigint, bigint];
  let [k, l] = key.map(BigInt) as [bigint, bigint];
  for (let round = 0; round < 10; round++) {
    const [p, q] = [0xd2511f53n * a, 0xcd9e8d57n * c];
    [a, b, c, d] = [(q >> 32n) ^ b ^ k, q & 0xffffffffn, (p >> 32n) ^ d ^ l, p & 0xffffffffn];
    [k, l] = [(k + 0x9e3779b9n) & 0xffffffffn, (l + 0xbb67ae85n) & 0xffffffffn];
  }
  return [a, b, c, d].map(Number);
}

function block(counter: Counter, key: Key): number[] {
  const words = new Uint32Array(4);
  philox(words, counter, key);
  return [...words];
}

const ones = 0xffffffff;

// The vectors that the authors publish with the Random123 library (philox4x32, 10 rounds).
test.each<[string, Counter, Key, number[]]>([
  ["zeros", [0, 0, 0, 0], [0, 0], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]],
  ["ones", [ones, ones, ones, ones], [ones, ones], [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]],
  [
    "digits of pi",
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
])("published vector: %s", (_, counter, key, expected) => {
  expect(block(counter, key)).toEqual(expected);
});

test("equals the definition in exact arithmetic", () => {
  fc.assert(
    fc.property(fc.tuple(word, word, word, word), fc.tuple(word, word), (counter, key) => {
      expect(block(counter, key)).toEqual(oracle(counter, key));
    }),
    { numRuns: 2000 },
  );
});

test("one flipped bit of counter or key changes about half of the output bits", () => {
  let flipped = 0;
  const base = block([1, 2, 3, 4], [5, 6]);
  for (let bit = 0; bit < 192; bit++) {
    const input = [1, 2, 3, 4, 5, 6];
    input[bit >> 5]! ^= 1 << (bit & 31);
    const [a, b, c, d, k, l] = input.map((x) => x >>> 0) as [number, number, number, number, number, number];
    const changed = block([a, b, c, d], [k, l]).map((x, i) => x ^ base[i]!);
    for (const x of changed) for (let i = 0; i < 32; i++) flipped += (x >>> i) & 1;
  }
  expect(Math.abs(flipped / (192 * 128) - 0.5)).toBeLessThan(0.02);
});
