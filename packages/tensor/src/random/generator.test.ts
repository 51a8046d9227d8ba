import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ValueError } from "../errors.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { randomNormal, randomPermutation, randomUniform, truncatedNormal } from "./draws.ts";
import { Generator, type GeneratorState, generator } from "./generator.ts";

const seeds = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const lengths = fc.integer({ min: 0, max: 40 });

type Draw = (source: Generator, shape: Shape) => Tensor;
const draws: Record<string, Draw> = {
  "uniform float32": (g, shape) => g.uniform(shape),
  "uniform float64": (g, shape) => g.uniform(shape, { low: -2, high: 3, dtype: "float64" }),
  "uniform int32": (g, shape) => g.uniform(shape, { low: -5, high: 100, dtype: "int32" }),
  normal: (g, shape) => g.normal(shape),
  "normal float64": (g, shape) => g.normal(shape, { mean: 3, stddev: 0.1, dtype: "float64" }),
  truncatedNormal: (g, shape) => g.truncatedNormal(shape),
};
const anyDraw = fc.constantFrom(...Object.values(draws), (g: Generator, [n]: Shape) => g.permutation(n ?? 3));

function moments(values: ArrayLike<number>): { mean: number; stddev: number; skew: number; kurtosis: number } {
  const list = Array.from(values);
  const average = (f: (x: number) => number) => list.reduce((sum, x) => sum + f(x), 0) / list.length;
  const mean = average((x) => x);
  const stddev = Math.sqrt(average((x) => (x - mean) ** 2));
  const central = (power: number) => average((x) => ((x - mean) / stddev) ** power);
  return { mean, stddev, skew: central(3), kurtosis: central(4) };
}

describe.each(Object.entries(draws))("%s", (_, draw) => {
  test("same seed, same bits; another seed, others", () => {
    fc.assert(
      fc.property(seeds, seeds, (a, b) => {
        expect(draw(generator(a), [4, 2])).toEqual(draw(generator(a), [4, 2]));
        if (a !== b) expect(draw(generator(a), [8]).data).not.toEqual(draw(generator(b), [8]).data);
      }),
    );
  });

  test("a short draw is the beginning of a long one, whatever the shape", () => {
    fc.assert(
      fc.property(seeds, lengths, lengths, (seed, n, more) => {
        const long = draw(generator(seed), [n + more]).data;
        expect(draw(generator(seed), [n, 1]).data).toEqual(long.slice(0, n));
      }),
    );
  });
});

test("the state, through JSON, takes up the stream where it stood", () => {
  fc.assert(
    fc.property(seeds, fc.array(anyDraw), anyDraw, (seed, before, after) => {
      const original = generator(seed);
      for (const draw of before) draw(original, [5]);
      const state = JSON.parse(JSON.stringify(original.state));
      const restored = Generator.fromState(state);
      const other = generator(3);
      other.restore(state);
      expect([restored.state, other.state]).toEqual([original.state, original.state]);
      const drawn = after(original, [9]);
      expect([after(restored, [9]), after(other, [9])]).toEqual([drawn, drawn]);
      expect(restored.state).toEqual(original.state);
    }),
  );
});

test("the stream goes on past 2^32 blocks without repeating", () => {
  const at = (counter: number) =>
    Generator.fromState({ algorithm: "philox4x32-10", key: [1, 2], counter }).uniform([8]).data;
  expect(at(2 ** 32 - 1).slice(4)).toEqual(at(2 ** 32).slice(0, 4));
  expect(at(2 ** 32)).not.toEqual(at(0));
});

test("a child does not touch its parent, nor the parent its child", () => {
  fc.assert(
    fc.property(seeds, fc.array(anyDraw), anyDraw, (seed, childDraws, draw) => {
      const [busy, idle] = [generator(seed), generator(seed)];
      const [child, twin] = [busy.split(), idle.split()];
      for (const other of childDraws) other(child, [3]);
      expect(draw(busy, [7])).toEqual(draw(idle, [7]));
      for (const other of childDraws) other(twin, [3]);
      expect(draw(child, [7])).toEqual(draw(twin, [7]));
    }),
  );
});

test("parent, children and grandchildren draw different, uncorrelated numbers", () => {
  const parent = generator(11);
  const family = [parent, parent.split(), parent.split(), parent.split().split()].map((g) =>
    Array.from(g.normal([20_000]).data),
  );
  for (const [i, a] of family.entries()) {
    for (const b of family.slice(i + 1)) {
      const correlation = a.reduce((sum, x, k) => sum + x * b[k]!, 0) / a.length;
      expect(Math.abs(correlation)).toBeLessThan(4 / Math.sqrt(a.length));
    }
  }
});

describe("distributions", () => {
  const n = 100_000;

  test("uniform has the moments of a uniform distribution and stays in its range", () => {
    for (const dtype of ["float32", "float64"] as const) {
      const { data } = generator(1).uniform([n], { low: -1, high: 3, dtype });
      const { mean, stddev, skew } = moments(data);
      expect(mean).toBeCloseTo(1, 1.5);
      expect(stddev).toBeCloseTo(4 / Math.sqrt(12), 2);
      expect(Math.abs(skew)).toBeLessThan(0.02);
      expect(data.every((x) => x >= -1 && x < 3)).toBe(true);
    }
  });

  test("uniform never reaches its upper end, even where rounding would", () => {
    const bound = fc.oneof(fc.float({ noNaN: true, noDefaultInfinity: true }), fc.integer({ min: -4, max: 4 }));
    fc.assert(
      fc.property(seeds, bound, fc.float({ min: 2 ** -30, max: 4, noNaN: true }), (seed, low, width) => {
        const high = Math.fround(low + width);
        if (!(low < high)) return;
        for (const dtype of ["float32", "float64"] as const) {
          const { data } = generator(seed).uniform([50], { low, high, dtype });
          expect(data.every((x) => x >= low && x < high)).toBe(true);
        }
      }),
    );
    // Neighbouring floats leave a single value to draw.
    for (const high of [1, -1, 0, 2 ** -149, -(2 ** -149), 2 ** 100, -(2 ** 100), 1 + 2 ** -23, -1 - 2 ** -23]) {
      const low = neighbourBelow(high);
      const { data } = generator(5).uniform([20], { low, high });
      expect([...data]).toEqual(Array(20).fill(low));
    }
  });

  test("int32 ranges are hit evenly, up to the whole of int32", () => {
    const { data } = generator(2).uniform([n], { low: -3, high: 4, dtype: "int32" });
    const counts = new Map<number, number>();
    for (const x of data) counts.set(x, (counts.get(x) ?? 0) + 1);
    expect([...counts.keys()].sort((a, b) => a - b)).toEqual([-3, -2, -1, 0, 1, 2, 3]);
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - n / 7) ** 2 / (n / 7), 0);
    expect(chiSquare).toBeLessThan(22.5); // 6 degrees of freedom, 0.1 %
    const whole = generator(3).uniform([n], { low: -(2 ** 31), high: 2 ** 31, dtype: "int32" }).data;
    expect(Math.abs(moments(whole).mean) / 2 ** 31).toBeLessThan(0.01);
    expect(moments(whole).stddev / 2 ** 32).toBeCloseTo(1 / Math.sqrt(12), 2);
  });

  test("normal has the moments and tails of a normal distribution", () => {
    const { data } = generator(4).normal([n], { mean: 10, stddev: 2, dtype: "float64" });
    const { mean, stddev, skew, kurtosis } = moments(data);
    expect(mean).toBeCloseTo(10, 1.5);
    expect(stddev).toBeCloseTo(2, 1.5);
    expect(Math.abs(skew)).toBeLessThan(0.03);
    expect(Math.abs(kurtosis - 3)).toBeLessThan(0.06);
    const beyond = (sigmas: number) => data.filter((x) => Math.abs(x - 10) > 2 * sigmas).length / n;
    expect(beyond(1)).toBeCloseTo(0.3173, 2);
    expect(beyond(2)).toBeCloseTo(0.0455, 2);
    expect(beyond(3)).toBeCloseTo(0.0027, 3);
  });

  test("float32 normals are the float64 ones, rounded", () => {
    const wide = generator(6).normal([1000], { mean: 0.3, stddev: 1.7, dtype: "float64" }).data;
    expect(generator(6).normal([1000], { mean: 0.3, stddev: 1.7 }).data).toEqual(Float32Array.from(wide));
  });

  test("truncated normals are the normals within two standard deviations, in order", () => {
    const kept = generator(7)
      .normal([2000], { dtype: "float64" })
      .data.filter((x) => Math.abs(x) <= 2);
    const { data } = generator(7).truncatedNormal([1800], { dtype: "float64" });
    expect(data).toEqual(kept.slice(0, 1800));
    const many = generator(8).truncatedNormal([n], { mean: -1, stddev: 0.5 }).data;
    expect(moments(many).mean).toBeCloseTo(-1, 2);
    expect(moments(many).stddev).toBeCloseTo(0.5 * 0.8796, 2);
  });

  test("a permutation holds every number once", () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 0, max: 300 }), (seed, size) => {
        const order = generator(seed).permutation(size);
        expect(order.dtype).toBe("int32");
        expect([...order.data].sort((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, i) => i));
      }),
    );
  });

  test("every order of four is equally likely", () => {
    const source = generator(9);
    const counts = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const order = source.permutation(4).data.join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    expect(chiSquare).toBeLessThan(49.7); // 23 degrees of freedom, 0.1 %
  });
});

test("recorded bits stay what they are", () => {
  // A change here changes every seeded experiment of every user.
  const source = generator(2024);
  expect([...source.uniform([4]).data].map((x) => x * 2 ** 24)).toMatchInlineSnapshot(`
    [
      10128235,
      4505744,
      16518825,
      1402508,
    ]
  `);
  expect([...source.uniform([2], { dtype: "float64" }).data]).toMatchInlineSnapshot(`
    [
      0.34628420647900005,
      0.8978964497441596,
    ]
  `);
  expect([...source.normal([4], { dtype: "float64" }).data]).toMatchInlineSnapshot(`
    [
      0.5098343123168566,
      -0.9197310821165472,
      0.08015017435316626,
      0.901024810705629,
    ]
  `);
  expect([...source.permutation(8).data]).toMatchInlineSnapshot(`
    [
      4,
      2,
      5,
      0,
      6,
      7,
      3,
      1,
    ]
  `);
  expect(source.split().state).toMatchInlineSnapshot(`
    {
      "algorithm": "philox4x32-10",
      "counter": 0,
      "key": [
        4292934437,
        1737459358,
      ],
    }
  `);
});

test("the functions draw what a generator of that seed draws; without a seed, something new each time", () => {
  expect(randomUniform([5], { seed: 3, low: 1, high: 2 })).toEqual(generator(3).uniform([5], { low: 1, high: 2 }));
  expect(randomNormal([5], { seed: 3, mean: 1 })).toEqual(generator(3).normal([5], { mean: 1 }));
  expect(truncatedNormal([5], { seed: 3, stddev: 2 })).toEqual(generator(3).truncatedNormal([5], { stddev: 2 }));
  expect(randomPermutation(9, { seed: 3 })).toEqual(generator(3).permutation(9));
  for (const draw of [randomUniform, randomNormal, truncatedNormal]) {
    expect(draw([8]).data).not.toEqual(draw([8], { seed: null }).data);
  }
  expect(randomPermutation(50).data).not.toEqual(randomPermutation(50).data);
});

describe("errors", () => {
  test.each([Number.NaN, -1, 0.5, 2 ** 53, Number.POSITIVE_INFINITY])("seed %s", (seed) => {
    expect(() => generator(seed)).toThrow(ValueError);
    expect(() => randomUniform([1], { seed })).toThrow(`randomUniform: ${seed} is not a seed; use an integer from 0`);
  });
  test("a seed that is no number", () => {
    expect(() => generator("7" as unknown as number)).toThrow(TypeError);
  });

  test.each<[() => unknown, typeof ValueError | typeof TypeError, string]>([
    [() => randomUniform([2], { low: 1, high: 1 }), ValueError, "randomUniform: [1, 1) is not a range of float32"],
    [() => randomUniform([2], { low: 2 }), ValueError, "randomUniform: [2, 1) is not a range"],
    [() => randomUniform([2], { low: Number.NaN }), ValueError, "randomUniform: [NaN, 1) is not a range"],
    [() => randomUniform([2], { low: -1e300, high: 1e300 }), ValueError, "is not a range of float32"],
    [() => randomUniform([2], { dtype: "int32" }), ValueError, "int32 values have no default range; give high"],
    [() => randomUniform([2], { high: 0.5, dtype: "int32" }), ValueError, "use integers from -2^31 to 2^31"],
    [() => randomUniform([2], { high: 2 ** 31 + 1, dtype: "int32" }), ValueError, "use integers from -2^31 to 2^31"],
    [() => randomUniform([2], { dtype: "bool" as "int32" }), TypeError, "no random values of dtype bool"],
    [() => randomUniform([-1]), ValueError, "randomUniform: -1 in shape [-1] is not an extent"],
    [() => randomNormal([2], { dtype: "int32" as "float32" }), TypeError, "no random values of dtype int32"],
    [() => randomNormal([2], { mean: Number.NaN }), ValueError, "randomNormal: mean NaN is not a finite number"],
    [() => truncatedNormal([2], { stddev: -1 }), ValueError, "truncatedNormal: stddev -1 is not a finite number >= 0"],
    [() => randomPermutation(-1), ValueError, "randomPermutation: cannot permute -1 elements"],
    [() => randomPermutation(1.5), ValueError, "randomPermutation: cannot permute 1.5 elements"],
    [() => generator(0).uniform([1], { high: 0 }), ValueError, "uniform: [0, 0) is not a range"],
  ])("%s", (run, kind, message) => {
    expect(run).toThrow(kind);
    expect(run).toThrow(message);
  });

  test("a state that is none", () => {
    const good = generator(1).state;
    const broken = [null, {}, { ...good, algorithm: "mt19937" }, { ...good, key: [1] }, { ...good, key: [1, -1] }];
    for (const state of [...broken, { ...good, key: [1, 0.5] }, { ...good, counter: -1 }, { ...good, counter: 0.5 }]) {
      expect(() => Generator.fromState(state as GeneratorState)).toThrow(ValueError);
      expect(() => generator(2).restore(state as GeneratorState)).toThrow("restore: not the state of a generator");
    }
  });
});

function neighbourBelow(value: number): number {
  const bits = new Int32Array(new Float32Array([value]).buffer);
  if (value === 0) return -(2 ** -149);
  bits[0]! += value > 0 ? -1 : 1;
  return new Float32Array(bits.buffer)[0]!;
}
