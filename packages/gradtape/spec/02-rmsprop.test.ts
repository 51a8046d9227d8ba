import fc from "fast-check";
import * as gt from "gradtape";
import { describe, expect, test } from "vitest";
import {
  denseStep,
  type Element,
  exact,
  type Hypers,
  type Round,
  sparseStep,
  start,
  throughFloat32,
} from "./oracle.ts";
import { expectError, float32, numbers, rmsprop, slices, variable } from "./support.ts";

const hypersOf = fc.record({
  rate: fc.double({ min: 0.001, max: 1, noNaN: true }),
  decay: fc.double({ min: 0, max: 1, noNaN: true }),
  momentum: fc.double({ min: 0, max: 1, noNaN: true }),
  epsilon: fc.double({ min: 1e-6, max: 0.1, noNaN: true }),
  centered: fc.boolean(),
});
const gradientsOf = (length: number) =>
  fc.array(fc.array(fc.float({ min: -4, max: 4, noNaN: true }), { minLength: length, maxLength: length }), {
    minLength: 1,
    maxLength: 6,
  });

const make = ({ rate, ...options }: Hypers) => new gt.RMSPropOptimizer(rate, options);

/** The variable and its slots, element by element. */
function elements(optimizer: gt.Optimizer, v: gt.Variable): Element[] {
  const slot = (name: string) => optimizer.getSlot(v, name);
  const [rms, mg, momentum] = [slot("rms"), slot("mg"), slot("momentum")];
  return numbers(v).map((x, i) => ({
    v: x,
    rms: numbers(rms)[i]!,
    mg: mg === null ? 0 : numbers(mg)[i]!,
    momentum: numbers(momentum)[i]!,
  }));
}

describe("§2 the update", () => {
  test("§2 check value: V=[1,2], g=[0.1,0.2], rate 0.1, defaults, one step, float32", () => {
    const v = variable([1, 2]);
    const optimizer = rmsprop();
    optimizer.applyGradients([[[0.1, 0.2], v]]);
    expect(numbers(v)).toEqual(float32([0.98946494, 1.9789648]));
    expect(numbers(optimizer.getSlot(v, "rms"))).toEqual(float32([0.90099996, 0.904]));
    expect(numbers(optimizer.getSlot(v, "momentum"))).toEqual(float32([0.0105350753, 0.021035159]));
  });

  test("§2 initial values: ms 1, not 0; momentum and mg 0", () => {
    const v = variable([1, 2]);
    const optimizer = rmsprop({ decay: 1, centered: true });
    optimizer.applyGradients([[[0, 0], v]]);
    expect(elements(optimizer, v)).toEqual([start(1), start(2)]);
  });

  test("§2 epsilon is added inside the root", () => {
    const v = variable(0);
    // decay 1 keeps ms at 1: the step is rate / sqrt(1 + epsilon).
    new gt.RMSPropOptimizer(1, { decay: 1, epsilon: 3 }).applyGradients([[1, v]]);
    expect(v.item()).toBe(-0.5);
  });

  test("§2 the rate is folded into the momentum: changing it later does not rescale what is there", () => {
    const v = variable(0);
    const optimizer = new gt.RMSPropOptimizer(1, { decay: 1, momentum: 0.5, epsilon: 0 });
    optimizer.applyGradients([[1, v]]);
    optimizer.learningRate = 100;
    optimizer.applyGradients([[0, v]]);
    expect(v.item()).toBe(-1.5);
  });

  test("§2 the momentum slot exists also when momentum is 0, and holds the last step", () => {
    const v = variable([1, 2]);
    const optimizer = rmsprop();
    for (const g of [0.5, -2]) {
      const before = numbers(v);
      optimizer.applyGradients([[[g, g], v]]);
      const step = numbers(optimizer.getSlot(v, "momentum"));
      expect(numbers(v)).toEqual(before.map((x, i) => Math.fround(x - step[i]!)));
    }
  });

  test("§2 no guard: 0/0 and a negative denominator give NaN, which stays", () => {
    const v = variable([1, 1]);
    const optimizer = rmsprop({ decay: 0, epsilon: 0 });
    optimizer.applyGradients([[[0, 1], v]]);
    expect(numbers(v)[0]).toBeNaN();
    expect(numbers(v)[1]).toBe(Math.fround(0.9));
    optimizer.applyGradients([[[1, 1], v]]);
    expect(numbers(v)[0]).toBeNaN();
  });

  test("§2 a square that overflows float32 makes ms infinite: the step is 0, and it never recovers", () => {
    const [dense, sparse] = [variable([1]), variable([1])];
    const [a, b] = [rmsprop(), rmsprop()];
    const step = (g: number) => {
      a.applyGradients([[[g], dense]]);
      b.applyGradients([[slices([g], [0]), sparse]]);
      return [dense, a.getSlot(dense, "rms"), sparse, b.getSlot(sparse, "rms")].flatMap(numbers);
    };
    expect(step(2e19)).toEqual([1, Number.POSITIVE_INFINITY, 1, Number.POSITIVE_INFINITY]);
    // The dense form of the moving average subtracts infinity from it; the sparse form does not.
    expect(step(1)).toEqual([Number.NaN, Number.NaN, 1, Number.POSITIVE_INFINITY]);
    expect(step(1)).toEqual([Number.NaN, Number.NaN, 1, Number.POSITIVE_INFINITY]);
  });
});

describe("§2.1 dense gradients", () => {
  test("§2.1 every element is updated, also where the gradient is 0: ms decays, momentum coasts", () => {
    const v = variable([1, 2]);
    const optimizer = rmsprop({ momentum: 0.5, decay: 0.5 });
    optimizer.applyGradients([[[1, 0], v]]);
    const before = elements(optimizer, v);
    optimizer.applyGradients([[[0, 0], v]]);
    const after = elements(optimizer, v);
    expect(after.map(({ rms }) => rms)).toEqual(before.map(({ rms }) => rms / 2));
    expect(after[0]!.momentum).toBe(before[0]!.momentum / 2);
    expect(after[0]!.v).toBe(Math.fround(before[0]!.v - after[0]!.momentum));
    expect(after[1]!.v).toBe(2);
  });
});

describe("§2.2 sparse gradients", () => {
  const hypers = { momentum: 0.5, decay: 0.5, centered: true };
  const table = () =>
    variable([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);

  test("§2.2 rows of one index are summed first, then squared", () => {
    const [repeated, merged] = [table(), table()];
    const [a, b] = [rmsprop(hypers), rmsprop(hypers)];
    const rows = [
      [1, 2],
      [10, 20],
      [3, -2],
    ];
    const sums = [
      [4, 0],
      [10, 20],
    ];
    a.applyGradients([[slices(rows, [2, 0, 2]), repeated]]);
    b.applyGradients([[slices(sums, [2, 0]), merged]]);
    expect(elements(a, repeated)).toEqual(elements(b, merged));
  });

  test("§2.2 only the named rows change; the others keep variable and slots bit for bit", () => {
    const v = table();
    const optimizer = rmsprop(hypers);
    optimizer.applyGradients([[gt.fill([3, 2], 0.3), v]]);
    const before = elements(optimizer, v);
    optimizer.applyGradients([[slices([[1, 1]], [1]), v]]);
    const after = elements(optimizer, v);
    after.forEach((element, i) => {
      if (i === 2 || i === 3) expect(element).not.toEqual(before[i]);
      else expect(element).toEqual(before[i]);
    });
  });

  test("§2.2 a named row of zeros is still named: it decays and coasts", () => {
    const v = table();
    const optimizer = rmsprop({ momentum: 0.5, decay: 0.5 });
    optimizer.applyGradients([[slices([[1, 1]], [1]), v]]);
    const before = elements(optimizer, v)[2]!;
    optimizer.applyGradients([
      [
        slices(
          [
            [1, 1],
            [-1, -1],
          ],
          [1, 1],
        ),
        v,
      ],
    ]);
    const after = elements(optimizer, v)[2]!;
    expect(after.rms).toBe(before.rms / 2);
    expect(after.momentum).toBe(before.momentum / 2);
    expect(after.v).toBe(Math.fround(before.v - after.momentum));
  });

  test("§2.2 no rows are a legal no-op", () => {
    const v = table();
    const optimizer = rmsprop(hypers);
    const none = new gt.IndexedSlices(gt.zeros([0, 2]), gt.zeros([0], { dtype: "int32" }));
    expect(optimizer.applyGradients([[none, v]])).toBeNull();
    expect(numbers(v)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(new Set(numbers(optimizer.getSlot(v, "rms")))).toEqual(new Set([1]));
  });

  test("§2.2 denseShape is ignored by the update, even a wrong one", () => {
    const results = [null, [3, 2], [100, 7], [], [1]].map((denseShape) => {
      const v = table();
      rmsprop().applyGradients([[slices([[1, 1]], [1], denseShape), v]]);
      return numbers(v);
    });
    for (const result of results) expect(result).toEqual(results[0]);
  });

  test("§2.2 indices may be plain lists", () => {
    const [a, b] = [table(), table()];
    rmsprop().applyGradients([[new gt.IndexedSlices([[1, 2]], [1]), a]]);
    rmsprop().applyGradients([[slices([[1, 2]], [1]), b]]);
    expect(numbers(a)).toEqual(numbers(b));
  });

  test.each([3, -1])("§2.2 all indices are checked before anything is written (last index %i)", (bad) => {
    const v = table();
    const optimizer = rmsprop(hypers);
    expectError(
      () =>
        optimizer.applyGradients([
          [
            slices(
              [
                [1, 1],
                [1, 1],
              ],
              [0, bad],
            ),
            v,
          ],
        ]),
      gt.InvalidArgumentError,
      String(bad),
    );
    expect(elements(optimizer, v)).toEqual([1, 2, 3, 4, 5, 6].map(start));
  });

  test("§2.2 the offset in the message counts in the merged list", () => {
    const gradient = slices([[1], [1], [1], [1]], [0, 0, 0, 9]);
    const v = variable([[1], [2]]);
    expectError(() => rmsprop().applyGradients([[gradient, v]]), gt.InvalidArgumentError, /\b9\b/, /\b1\b/);
    try {
      rmsprop().applyGradients([[gradient, v]]);
    } catch (error) {
      expect((error as Error).message).not.toMatch(/\b3\b/);
    }
  });
});

describe("§2.3 the order of operations", () => {
  const check = (
    dtype: "float32" | "float64",
    hypers: Hypers,
    gradients: number[][],
    step: (at: Element, g: number, h: Hypers, r: Round) => Element,
    wrap: (g: gt.Tensor) => gt.Tensor | gt.IndexedSlices,
  ) => {
    // Subnormal numbers have a fixture of their own: subnormals.json.
    let tiny = false;
    const round = (value: number) => {
      tiny ||= dtype === "float32" && value !== 0 && Math.abs(value) < 2 ** -126;
      return dtype === "float32" ? Math.fround(value) : exact(value);
    };
    const v = new gt.Variable(gt.tensor([1, -2, 0.5], { dtype }));
    const optimizer = make(hypers);
    let expected = [1, -2, 0.5].map(start);
    for (const g of gradients) {
      optimizer.applyGradients([[wrap(gt.tensor(g, { dtype })), v]]);
      expected = expected.map((at, i) => step(at, g[i]!, throughFloat32(hypers), round));
      fc.pre(!tiny);
      expect(elements(optimizer, v)).toEqual(expected);
    }
  };

  // Merging adds from zero: a gradient of -0 becomes 0.
  const merged: typeof sparseStep = (at, g, h, r) => sparseStep(at, 0 + g, h, r);

  for (const dtype of ["float32", "float64"] as const) {
    test(`§2.3 dense steps in ${dtype}, bit for bit, for random hyper-parameters and gradients`, () => {
      fc.assert(
        fc.property(hypersOf, gradientsOf(3), (h, gradients) => check(dtype, h, gradients, denseStep, (g) => g)),
        { numRuns: 60 },
      );
    });

    test(`§2.3 sparse steps in ${dtype}, bit for bit, for random hyper-parameters and gradients`, () => {
      fc.assert(
        fc.property(hypersOf, gradientsOf(3), (h, gradients) =>
          check(dtype, h, gradients, merged, (g) => new gt.IndexedSlices(g, [0, 1, 2])),
        ),
        { numRuns: 60 },
      );
    });
  }
});
