import { describe, expect, test } from "vitest";
import { ValueError } from "./errors.ts";
import { glorotNormal, glorotUniform, heNormal, heUniform } from "./initializers.ts";
import type { Shape } from "./shape.ts";

const initializers = { glorotUniform, glorotNormal, heUniform, heNormal };

function variance(values: ArrayLike<number>): number {
  const list = Array.from(values);
  const mean = list.reduce((sum, x) => sum + x, 0) / list.length;
  return list.reduce((sum, x) => sum + (x - mean) ** 2, 0) / list.length;
}

// Shape, fan in, fan out: inputs and outputs on the last two axes, a receptive field on those before them.
const shapes: [Shape, number, number][] = [
  [[300, 100], 300, 100],
  [[100, 300], 100, 300],
  [[20_000], 20_000, 20_000],
  [[3, 3, 40, 80], 360, 720],
  [[5, 50, 120], 250, 600],
];

describe.each(shapes)("shape %j", (shape, fanIn, fanOut) => {
  test.each(Object.entries(initializers))(
    "%s has the variance of its formula and stays in its bounds",
    (name, init) => {
      const expected = name.startsWith("glorot") ? 2 / (fanIn + fanOut) : 2 / fanIn;
      const { data } = init(shape, { seed: 1 });
      expect(variance(data) / expected).toBeCloseTo(1, 1);
      const bound = Math.sqrt(expected) * (name.endsWith("Uniform") ? Math.sqrt(3) : 2 / 0.87962566103423978);
      const largest = Array.from(data).reduce((max, x) => Math.max(max, Math.abs(x)), 0);
      expect(largest).toBeLessThanOrEqual(bound * (1 + 1e-6));
      expect(largest).toBeGreaterThan(0.97 * bound);
    },
  );
});

test.each(Object.entries(initializers))("%s: seeds, dtypes, degenerate shapes, errors", (name, init) => {
  expect(init([7, 5], { seed: 9 })).toEqual(init([7, 5], { seed: 9 }));
  expect(init([7, 5], { seed: 9 })).not.toEqual(init([7, 5], { seed: 8 }));
  expect(init([7, 5]).data).not.toEqual(init([7, 5]).data);
  expect(init([2, 2], { dtype: "float64" }).dtype).toBe("float64");
  expect(init([], { seed: 1 }).shape).toEqual([]);
  expect(init([0, 4], { seed: 1 }).size).toBe(0);
  expect(() => init([2], { seed: -3 })).toThrow(ValueError);
  expect(() => init([2], { seed: -3 })).toThrow(`${name}: -3 is not a seed`);
  expect(() => init([2.5])).toThrow(`${name}: 2.5 in shape [2.5] is not an extent`);
});
