import fc from "fast-check";
import { expect, test } from "vitest";
import { Blocks } from "./blocks.ts";
import { type Counter, type Key, philox } from "./philox.ts";

/* The machine's random words against the JavaScript ones. */

const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });

test("the same words, one by one and a thousand at a time, also where the counter passes 32 bits", () => {
  fc.assert(
    fc.property(word, word, fc.constantFrom(0, 7, 2 ** 32 - 100, 2 ** 32 - 1, 2 ** 40 + 5), (key0, key1, start) => {
      const key: Key = [key0, key1];
      const blocks = new Blocks(key);
      const expected = new Uint32Array(4);
      for (let i = 0; i < 1500; i++) {
        const counter: Counter = [(start + i) >>> 0, Math.floor((start + i) / 2 ** 32), 0, 0];
        philox(expected, counter, key);
        const read = [0, 1, 2, 3].map((at) => blocks.read(start + i, at));
        if (read.some((value, at) => value !== expected[at])) expect.fail(`block ${i}: ${read} is not ${expected}`);
      }
    }),
    { numRuns: 20 },
  );
});
