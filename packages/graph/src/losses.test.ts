import { readFileSync } from "node:fs";
import { type NestedArray, type Tensor, tensor, ValueError } from "@gradtape/tensor";
import { describe, expect, test } from "vitest";
import * as losses from "./losses.ts";

/* Against the numbers of tf.compat.v1.losses, which computes in float32, and against hand-computed ones. */

const fixture = JSON.parse(readFileSync(new URL("./fixtures/tf1-losses.json", import.meta.url), "utf8")) as Record<
  string,
  Record<string, Record<string, NestedArray>>
>;

const wide = (values: NestedArray) => tensor(values, { dtype: "float64" });
const predictions = wide([
  [0.25, 1, 2],
  [-1, 0.5, 3],
]);
const numbers = wide([
  [0.5, -1, 2],
  [1.5, 0, -0.25],
]);
const distributions = wide([
  [0, 1, 0],
  [0.5, 0, 0.5],
]);
const yesOrNo = wide([
  [0, 1, 0],
  [0.5, 0, 1],
]);
const classes = tensor([1, 2], { dtype: "int32" });

type Loss = (options?: losses.LossOptions) => Tensor;
const table: Record<string, Loss> = {
  meanSquaredError: (options) => losses.meanSquaredError(numbers, predictions, options),
  absoluteDifference: (options) => losses.absoluteDifference(numbers, predictions, options),
  huberLoss: (options) => losses.huberLoss(numbers, predictions, options),
  softmaxCrossEntropy: (options) => losses.softmaxCrossEntropy(distributions, predictions, options),
  sparseSoftmaxCrossEntropy: (options) => losses.sparseSoftmaxCrossEntropy(classes, predictions, options),
  sigmoidCrossEntropy: (options) => losses.sigmoidCrossEntropy(yesOrNo, predictions, options),
};

/** The weights of the fixture, for losses of each element and of each row. */
const elementWeights = {
  none: undefined,
  scalar: 2.5,
  rows: [[1], [0]],
  each: [
    [1, 0, 2],
    [0, 0.5, -1],
  ],
  zero: 0,
};
const rowWeights = { none: undefined, scalar: 2.5, rows: [1, 0], each: [2, -1], zero: 0 };

function expectClose(actual: Tensor, expected: NestedArray): void {
  const wanted = tensor(expected, { dtype: "float64" });
  expect(actual.shape).toEqual(wanted.shape);
  actual.data.forEach((value, i) => {
    expect(Math.abs(value - wanted.data[i]!)).toBeLessThanOrEqual(1e-6 + 1e-6 * Math.abs(wanted.data[i]!));
  });
}

describe("every loss, with every weighting and reduction", () => {
  for (const [name, loss] of Object.entries(table)) {
    const weightings: Record<string, unknown> = name.includes("oftmax") ? rowWeights : elementWeights;
    const rows = Object.entries(fixture[name]!).flatMap(([weighting, results]) =>
      Object.entries(results).map(([reduction, expected]) => [weighting, reduction, expected] as const),
    );
    test.each(rows)(`${name}, weights %s, %s`, (weighting, reduction, expected) => {
      const weights = weightings[weighting] as losses.LossOptions["weights"];
      expectClose(loss({ weights, reduction: reduction as losses.Reduction }), expected);
    });

    test(`${name} sums by non-zero weights when not told otherwise`, () => {
      expectClose(loss(), fixture[name]!.none!.weighted_sum_by_nonzero_weights!);
    });
  }
});

describe("options", () => {
  const expected = fixture.options as unknown as Record<string, number>;

  test("delta of huberLoss", () => {
    expectClose(losses.huberLoss(numbers, predictions, { delta: 2 }), expected["huberLoss delta 2"]!);
  });

  test("labelSmoothing of the cross entropies", () => {
    const smoothed = { labelSmoothing: 0.1 };
    const a = losses.softmaxCrossEntropy(distributions, predictions, smoothed);
    expectClose(a, expected["softmaxCrossEntropy smoothed by 0.1"]!);
    const b = losses.sigmoidCrossEntropy(yesOrNo, predictions, smoothed);
    expectClose(b, expected["sigmoidCrossEntropy smoothed by 0.1"]!);
  });
});

describe("by hand", () => {
  test("Reduction has TensorFlow's values", () => {
    expect(losses.Reduction).toEqual({
      NONE: "none",
      SUM: "weighted_sum",
      MEAN: "weighted_mean",
      SUM_OVER_BATCH_SIZE: "weighted_sum_over_batch_size",
      SUM_BY_NONZERO_WEIGHTS: "weighted_sum_by_nonzero_weights",
      SUM_OVER_NONZERO_WEIGHTS: "weighted_sum_by_nonzero_weights",
    });
  });

  test("computeWeightedLoss: [1, 2, 4] with weights [2, 0, 3]", () => {
    const { Reduction } = losses;
    const results = (["SUM", "MEAN", "SUM_OVER_BATCH_SIZE", "SUM_BY_NONZERO_WEIGHTS"] as const).map((key) =>
      losses.computeWeightedLoss(wide([1, 2, 4]), { weights: [2, 0, 3], reduction: Reduction[key] }).item(),
    );
    expect(results).toEqual([14, 14 / 5, 14 / 3, 7]);
    const each = losses.computeWeightedLoss([1, 2, 4], { weights: [2, 0, 3], reduction: Reduction.NONE });
    expect(each.array()).toEqual([2, 0, 12]);
  });

  test("losses and weights of no elements, or of weight zero only, are 0", () => {
    for (const reduction of Object.values(losses.Reduction)) {
      if (reduction === "none") continue;
      expect(losses.computeWeightedLoss(tensor([]), { reduction }).item()).toBe(0);
      expect(losses.computeWeightedLoss([1, 2], { weights: 0, reduction }).item()).toBe(0);
    }
  });

  test("NaN of weight zero stays NaN", () => {
    expect(losses.meanSquaredError([1, Number.NaN], [2, 4], { weights: [1, 0] }).item()).toBeNaN();
  });

  test("huberLoss is a parabola up to delta, and the tangent beyond", () => {
    const { Reduction } = losses;
    const at = (x: number) => losses.huberLoss([0], [x], { delta: 2, reduction: Reduction.SUM }).item();
    expect([0, 1, 2, 3, -3, 10].map(at)).toEqual([0, 0.5, 2, 4, 4, 18]);
  });

  test("sigmoidCrossEntropyWithLogits does not overflow", () => {
    const x = wide([1000, -1000, 1000, -1000]);
    expect(losses.sigmoidCrossEntropyWithLogits([1, 0, 0, 1], x).array()).toEqual([0, 0, 1000, 1000]);
  });
});

describe("arguments", () => {
  test("labels and weights of class indices may be columns", () => {
    const column = tensor([[1], [2]], { dtype: "int32" });
    const weights = [[1], [0]];
    const expected = losses.sparseSoftmaxCrossEntropy(classes, predictions, { weights: [1, 0] }).item();
    expect(losses.sparseSoftmaxCrossEntropy(column, predictions, { weights: [1, 0] }).item()).toBe(expected);
    expect(losses.sparseSoftmaxCrossEntropy(column, predictions, { weights }).item()).toBe(expected);
    expect(losses.sparseSoftmaxCrossEntropy(classes, predictions, { weights }).item()).toBe(expected);
  });

  test("integer and boolean labels count as numbers", () => {
    const [whole, truth] = [tensor([1, 0], { dtype: "int32" }), tensor([true, false])];
    for (const labels of [whole, truth, new Int32Array([1, 0]), [1, 0]]) {
      for (const dtype of ["float32", "float64"] as const) {
        const y = tensor([0.5, 0.25], { dtype });
        for (const loss of [losses.meanSquaredError, losses.absoluteDifference, losses.sigmoidCrossEntropy]) {
          const result = loss(labels, y);
          expect([result.dtype, result.item()]).toEqual([dtype, loss(tensor([1, 0], { dtype }), y).item()]);
        }
      }
    }
  });

  test.each<[string, () => unknown, string[]]>([
    ["labels of another shape", () => losses.meanSquaredError([[1, 2, 3]], predictions), ["[1, 3]", "[2, 3]"]],
    ["no broadcasting of labels", () => losses.huberLoss(1, predictions), ["[]", "[2, 3]"]],
    ["logits of another shape", () => losses.sigmoidCrossEntropy([1, 0], predictions), ["[2]", "[2, 3]"]],
    ["labels that are not one-hot rows", () => losses.softmaxCrossEntropy([1, 2], predictions), ["[2]", "[2, 3]"]],
    ["weights of another rank", () => losses.meanSquaredError(numbers, predictions, { weights: [1, 1, 1] }), ["[3]"]],
    [
      "weights of another extent",
      () =>
        losses.meanSquaredError(numbers, predictions, {
          weights: [
            [1, 1],
            [1, 1],
          ],
        }),
      ["losses  [2, 3]", "weights [2, 2]"],
    ],
    [
      "an unknown reduction",
      () => losses.meanSquaredError([1], [1], { reduction: "x" as never }),
      ['"x"', "weighted_sum"],
    ],
  ])("%s: a ValueError that shows what does not fit", (_, call, parts) => {
    expect(call).toThrow(ValueError);
    for (const part of parts) expect(call).toThrow(part);
  });

  test("logits of one row take one weight", () => {
    const loss = (weights: number | number[]) =>
      losses.sparseSoftmaxCrossEntropy(1, wide([1, 2, 3]), { weights }).item();
    expect(loss([2])).toBe(loss(2));
  });

  test("a small loss of a great logit keeps its digits", () => {
    const loss = losses.sigmoidCrossEntropyWithLogits([1, 0], tensor([12, -12])).data;
    for (const each of loss) expect(each).toBeCloseTo(Math.log1p(Math.exp(-12)), 11);
  });

  test("weights of extent 1 repeat", () => {
    const weights = [[2]];
    expect(losses.meanSquaredError(numbers, predictions, { weights }).item()).toBe(
      losses.meanSquaredError(numbers, predictions, { weights: 2 }).item(),
    );
  });
});
