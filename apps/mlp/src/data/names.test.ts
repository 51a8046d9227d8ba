import { expect, test } from "vitest";
import { alphabet, characterRows, unigramEntropy, writeName } from "./names.ts";

test("every character and the end of a name is a row", () => {
  const { contexts, targets } = characterRows(["ab", "c"], 2);
  expect([...targets]).toEqual([1, 2, 0, 3, 0]);
  expect([...contexts]).toEqual([0, 0, 0, 1, 1, 2, 0, 0, 0, 3]);
});

test("the entropy of single characters", () => {
  expect(unigramEntropy(Int32Array.of(1, 1, 1))).toBeCloseTo(0, 12);
  expect(unigramEntropy(Int32Array.of(1, 2, 1, 2))).toBeCloseTo(Math.log(2), 12);
  expect(unigramEntropy(Int32Array.of(0, 1, 1, 1))).toBeCloseTo(0.25 * Math.log(4) + 0.75 * Math.log(4 / 3), 12);
});

test("names are written with capitals", () => {
  const tokens = (name: string) => [...name].map((letter) => alphabet.indexOf(letter));
  expect(writeName(tokens("jo-ann"))).toBe("Jo-Ann");
  expect(writeName([])).toBe("");
});
