import * as gt from "gradtape";
import { describe, expect, test } from "vitest";
import { numbers } from "./support.ts";

/** The gradients of the sum of `f` with respect to its arguments, at `values`. */
function gradientsAt(f: (...xs: gt.Tensor[]) => gt.Tensor, ...values: number[][]): (number[] | null)[] {
  const xs = values.map((each) => gt.tensor(each));
  const tape = new gt.GradientTape();
  const y = tape.record(() => {
    tape.watch(xs);
    return f(...xs);
  });
  return tape.gradient(y, xs).map((g) => (g === null ? null : numbers(g)));
}

describe("§11.3 kinks", () => {
  test.each<[string, (x: gt.Tensor) => gt.Tensor, number[], number[]]>([
    ["abs at 0: 0", gt.abs, [-2, 0, 3], [-1, 0, 1]],
    ["relu at 0: 0", gt.relu, [-2, 0, 3], [0, 0, 1]],
    ["clipByValue at a bound: 1", (x) => gt.clipByValue(x, -1, 2), [-2, -1, 0, 2, 3], [0, 1, 1, 1, 0]],
    ["sign: zeros", gt.sign, [-2, 0, 3], [0, 0, 0]],
    ["sqrt at 0: infinity, below: NaN", gt.sqrt, [4, 0, -1], [0.25, Number.POSITIVE_INFINITY, Number.NaN]],
    ["max with k ties: 1/k to each", (x) => gt.max(x), [3, 1, 3, 3, 2, 3], [0.25, 0, 0.25, 0.25, 0, 0.25]],
    ["min with k ties: 1/k to each", (x) => gt.min(x), [3, 1, 1], [0, 0.5, 0.5]],
  ])("§11.3 %s", (_, f, at, expected) => {
    expect(gradientsAt(f, at)).toEqual([expected]);
  });

  test.each([
    ["maximum", gt.maximum, [2, 5, 1], [2, 1, 5], [1, 1, 0]],
    ["minimum", gt.minimum, [2, 5, 1], [2, 1, 5], [1, 0, 1]],
  ] as const)("§11.3 %s(x, c) at x = c: all to x, none to c", (_, f, x, c, dx) => {
    expect(gradientsAt(f, [...x], [...c])).toEqual([dx, dx.map((each) => 1 - each)]);
  });

  test("§11.3 floor: null", () => {
    expect(gradientsAt(gt.floor, [-1.5, 0, 2])).toEqual([null]);
  });
});
