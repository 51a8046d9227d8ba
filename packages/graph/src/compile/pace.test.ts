import { expect, test } from "vitest";
import { Pace } from "./pace.ts";

/** Which way is taken in the end when a step takes so long. */
function settled(together: number, alone: number): boolean {
  const pace = new Pace();
  while (pace.asking) pace.took(pace.together ? together : alone);
  return pace.together;
}

test("the faster way is taken, threads at a tie", () => {
  expect(settled(1, 2)).toBe(true);
  expect(settled(2, 1)).toBe(false);
  expect(settled(1, 1)).toBe(true);
});

test("it asks again after some thousand steps", () => {
  const pace = new Pace();
  while (pace.asking) pace.took(pace.together ? 2 : 1);
  for (let i = 0; i < 5000 && !pace.asking; i++) pace.next();
  expect(pace.asking).toBe(true);
  while (pace.asking) pace.took(pace.together ? 1 : 2);
  expect(pace.together).toBe(true);
});
