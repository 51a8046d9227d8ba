import * as gt from "gradtape";
import { describe, expect, test } from "vitest";
import { expectError, numbers } from "./support.ts";

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

const positiveOr0 = (x: gt.Tensor, y: gt.Tensor) => gt.where(gt.greater(x, 0), y, 0);

describe("§11.3 kinks", () => {
  test.each<[string, (x: gt.Tensor) => gt.Tensor, number[], number[]]>([
    ["abs at 0: 0", gt.abs, [-2, 0, 3], [-1, 0, 1]],
    ["relu at 0: 0", gt.relu, [-2, 0, 3], [0, 0, 1]],
    ["clipByValue at a bound: 1", (x) => gt.clipByValue(x, -1, 2), [-2, -1, 0, 2, 3], [0, 1, 1, 1, 0]],
    ["sign: zeros", gt.sign, [-2, 0, 3], [0, 0, 0]],
    ["sqrt at 0: infinity, below: NaN", gt.sqrt, [4, 0, -1], [0.25, Number.POSITIVE_INFINITY, Number.NaN]],
    ["the sqrt that where leaves out: 0", (x) => positiveOr0(x, gt.sqrt(x)), [4, 0, -1], [0.25, 0, 0]],
    ["the log that where leaves out: 0 times infinity", (x) => positiveOr0(x, gt.log(x)), [4, 0, -1], [0.25, NaN, -0]],
    ["x to the power 0 at 0: 0 times infinity", (x) => gt.pow(x, 0), [2, 0], [0, NaN]],

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

  test("§11.1 a tape does not follow the output of stopGradient, unless it watches it", () => {
    const tape = new gt.GradientTape({ persistent: true });
    const [x, stopped, watched] = [gt.tensor([2]), gt.tensor([3]), gt.tensor([4])].map((each) => {
      return tape.record(() => {
        tape.watch(each);
        return gt.stopGradient(each);
      });
    }) as [gt.Tensor, gt.Tensor, gt.Tensor];
    const [y, z] = tape.record(() => {
      tape.watch(watched);
      return [gt.mul(gt.mul(x, stopped), 2), gt.square(watched)];
    });
    expect([tape.gradient(y, x), tape.gradient(y, stopped)]).toEqual([null, null]);
    expect(numbers(tape.gradient(z, watched))).toEqual([8]);
  });

  test("§11.1 the distinct elements of a vector have no gradient: LookupError", () => {
    expectError(() => gradientsAt((x) => gt.unique(x).values, [1, 2, 1]), gt.LookupError, "unique");
  });

  test("§11.3 floor: null", () => {
    expect(gradientsAt(gt.floor, [-1.5, 0, 2])).toEqual([null]);
  });

  test("§11.3 a squared difference overflows only where the gradient does", () => {
    const at = [2e38, 1e38, 3];
    const [byX, byY] = gradientsAt((x, y) => gt.mul(gt.squaredDifference(x, y), 1e-3), at, [0, 0, 1]);
    expect(byX).toEqual(at.map((x, i) => Math.fround(Math.fround(2 * Math.fround(1e-3)) * Math.fround(x - (i >> 1)))));
    expect(byY).toEqual(byX!.map((g) => -g));
    const [mean] = gradientsAt((x) => gt.losses.meanSquaredError([0, 0], x, { weights: 1e-3 }), [2e38, 1]);
    expect(mean![0]).toBeCloseTo(2e35, -30);
  });

  test("§11.3 labels that do not sum to one: softmax(logits) - labels", () => {
    const byLogits = (labels: number[]) =>
      gradientsAt((logits) => gt.softmaxCrossEntropyWithLogits(labels, logits), [1, 2, 3])[0]!;
    const p = [0.09003057330846786, 0.2447284758090973, 0.6652409434318542];
    expect(byLogits([0, 0, 0])).toEqual(p.map(Math.fround));
    expect(byLogits([1, 1, 2])).toEqual([1, 1, 2].map((label, i) => Math.fround(p[i]! - label)));
  });
});

describe("§11.3 orders of rounding", () => {
  const f = Math.fround;
  const [g, x, y] = [0.3, 1.7, 0.7].map(f) as [number, number, number];
  const weighted = (z: gt.Tensor) => gt.mul(z, g);

  test("§11.3 x / y by y: g ((-x / y) / y)", () => {
    expect(gradientsAt((a, b) => weighted(gt.div(a, b)), [x], [y])[1]).toEqual([f(g * f(f(-x / y) / y))]);
  });

  test("§11.3 the power by its base: (g y) x^(y-1), by its exponent: (g z) log x", () => {
    const [byX, byY] = gradientsAt((a, b) => weighted(gt.pow(a, b)), [x], [y]);
    const value = (tensor: gt.Tensor) => tensor.item() as number;
    expect(byX).toEqual([f(f(g * y) * value(gt.pow(x, f(y - 1))))]);
    expect(byY).toEqual([f(f(g * value(gt.pow(x, y))) * value(gt.log(x)))]);
  });

  test("§11.3 a maximum shared by three: (1 / 3) g", () => {
    expect(gradientsAt((a) => weighted(gt.max(a)), [2, 2, 2])).toEqual([Array(3).fill(f(f(1 / 3) * g))]);
  });

  test.each([9, 10, 15, 16, 17, 18, 25, 26])("§9.1 %i terms: the first few, then blocks of eight", (count) => {
    const terms = Array.from({ length: count }, (_, i) => f(1 / (i + 1)));
    const inOrder = (list: number[]) => list.reduce((sum, term) => f(sum + term));
    const first = count % 8 < 2 ? 8 + (count % 8) : count % 8;
    let expected = inOrder(terms.slice(0, first));
    for (let i = first; i < count; i += 8) expected = f(expected + inOrder(terms.slice(i, i + 8)));
    expect(gt.addN(terms.map((term) => gt.tensor([term]))).array()).toEqual([expected]);
  });
});

describe("§11.3 second order", () => {
  const second = (f: (...xs: gt.Tensor[]) => gt.Tensor, ...values: number[][]) =>
    gradientsAt(
      (...xs) => {
        const tape = new gt.GradientTape();
        const y = tape.record(() => {
          tape.watch(xs);
          return f(...xs);
        });
        return tape.gradient(y, xs[0]!) as gt.Tensor;
      },
      ...values,
    );

  test.each<[string, (x: gt.Tensor) => gt.Tensor, number[], number[] | null]>([
    ["relu: zeros", gt.relu, [-1, 2], [0, 0]],
    ["the product of one element: zeros", (x) => gt.prod(x), [2], [0]],
    ["the product of no element: nothing", (x) => gt.prod(x), [], []],
    ["maximum: null", (x) => gt.maximum(x, 1), [-1, 2], null],
    ["sqrt where its cotangent is 0", (x) => gt.square(gt.sub(gt.sqrt(x), 2)), [4], [0.125]],
  ])("§11.3 %s", (_, f, at, expected) => {
    expect(second(f, at)).toEqual([expected]);
  });

  test("§11.3 d²(x^y) / dx dy at (2, 0) is 1 / 2", () => {
    expect(second(gt.pow, [2], [0])).toEqual([[-0], [0.5]]);
  });
});
