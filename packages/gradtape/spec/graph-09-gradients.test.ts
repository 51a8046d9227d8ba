import * as gt from "gradtape";
import { describe, expect, test } from "vitest";
import { densified, fetched, inGraph, namesAddedBy, sessionOn } from "./graph-support.ts";
import { expectError } from "./support.ts";

/** Builds gradients in a new graph and computes them. */
function computed(build: () => (gt.Tensor | gt.IndexedSlices | null)[]): (number[] | null)[] {
  const { graph, found } = inGraph(() => ({ found: build() }));
  return densified(graph, found);
}

const c = (value: number | number[], name = "c") => gt.constant(value, { name });

describe("§9 what gradients() takes and returns", () => {
  test("§9 eager mode is a RuntimeError that points to the tape", () => {
    expectError(() => gt.gradients(gt.tensor(1), gt.tensor(1)), gt.RuntimeError, /GradientTape/);
  });

  test("§9 a list as long as xs, also for a single tensor; variables among ys and xs", () => {
    expect(
      computed(() => {
        const v = new gt.Variable([1, 2]);
        const found = gt.gradients(gt.mul(v, v), v);
        expect(Array.isArray(found)).toBe(true);
        return [...found, ...gt.gradients(v, [v]), ...gt.gradients([v, gt.mul(v, 3)], [v])];
      }),
    ).toEqual([
      [2, 4],
      [1, 1],
      [4, 4],
    ]);
  });

  test("§9 the sum over ys of the derivatives of their sums, weighted by gradYs", () => {
    expect(
      computed(() => {
        const x = c([1, 2]);
        const ys = [gt.mul(x, x), gt.mul(x, 5)];
        return [
          ...gt.gradients(ys, x),
          ...gt.gradients(ys, x, { gradYs: [[1, 10], null] }),
          ...gt.gradients(ys, x, { gradYs: [null, gt.tensor([0, 2])] }),
        ];
      }),
    ).toEqual([
      [7, 9],
      [2 + 5, 40 + 5],
      [2, 4 + 10],
    ]);
  });

  test("§9 gradYs: plain numbers are converted, slices stay slices", () => {
    inGraph(() => {
      const x = c([1, 2]);
      const slices = new gt.IndexedSlices(c([7]), gt.constant([1], { dtype: "int32" }), [2]);
      const [found] = gt.gradients(gt.identity(x), x, { gradYs: slices });
      expect(found).toBeInstanceOf(gt.IndexedSlices);
      return {};
    });
    expect(computed(() => gt.gradients(gt.mul(c(3, "x"), 2), c(1)))).toEqual([null]);
    expect(
      computed(() => {
        const x = c(3);
        return gt.gradients(gt.mul(x, 2), x, { gradYs: 5 });
      }),
    ).toEqual([[10]]);
  });

  test.each([
    [[1, 2], 2],
    [[], 0],
  ])("§9 gradYs %o for one y is a ValueError with both lengths", (gradYs, count) => {
    inGraph(() => {
      const x = c([1, 2]);
      expectError(() => gt.gradients(gt.mul(x, x), x, { gradYs }), gt.ValueError, `${count}`, /\b1\b/);
      return {};
    });
  });

  test("§9 gradYs of another dtype is a TypeError, of another shape a ValueError", () => {
    inGraph(() => {
      const x = c([1, 2]);
      const call = (seed: gt.Tensor) => () => gt.gradients(gt.mul(x, x), x, { gradYs: [seed] });
      expectError(call(gt.tensor([true, false])), TypeError, "bool", "float32");
      expectError(call(gt.tensor([1, 2], { dtype: "int32" })), TypeError, "int32", "float32");
      expectError(call(gt.tensor([1, 2, 3])), gt.ValueError, /\[2\]/, /\[3\]/);
      expectError(call(gt.tensor(1)), gt.ValueError, /\[2\]/, /\[\]/);
      return {};
    });
  });

  test("§9 what is neither tensor nor variable is a TypeError", () => {
    inGraph(() => {
      const x = c(1);
      expectError(() => gt.gradients("y" as never, x), TypeError, "ys");
      expectError(() => gt.gradients(x, [x, null as never]), TypeError, "xs");
      expectError(() => gt.gradients(x, x, { stopGradients: [3 as never] }), TypeError, "stopGradients");
      expect(gt.gradients([], x)).toEqual([null]);
      expect(gt.gradients(x, [])).toEqual([]);
      return {};
    });
  });

  test("§9 tensors of two graphs are a ValueError", () => {
    const { x } = inGraph(() => ({ x: c(1, "x") }));
    inGraph(() => {
      expectError(() => gt.gradients(c(2, "y"), x), gt.ValueError, /same graph/);
      return {};
    });
  });
});

describe("§9 what depends on what", () => {
  test("§9 a y that depends on another y: both contributions count", () => {
    expect(
      computed(() => {
        const x = c(3);
        const y = gt.mul(x, x);
        return gt.gradients([y, gt.mul(y, 2)], x);
      }),
    ).toEqual([[6 + 12]]);
  });

  test("§9 y identical to x gives ones, beside other ys their sum", () => {
    expect(
      computed(() => {
        const x = c([3, 4]);
        return [...gt.gradients(x, x), ...gt.gradients([x, gt.mul(x, 2)], x), ...gt.gradients([x, x], x)];
      }),
    ).toEqual([
      [1, 1],
      [3, 3],
      [2, 2],
    ]);
  });

  test("§9 repeated xs give repeated results", () => {
    inGraph(() => {
      const x = c(3);
      const [a, b] = gt.gradients(gt.mul(x, x), [x, x]);
      expect(a).toBe(b);
      return {};
    });
  });

  test("§9 an x behind another x: total derivatives for both", () => {
    expect(
      computed(() => {
        const x = c(3);
        const y = gt.mul(x, x);
        return gt.gradients(gt.add(gt.mul(y, 2), x), [x, y]);
      }),
    ).toEqual([[2 * 6 + 1], [2]]);
  });

  test("§9 nothing is built behind the last x", () => {
    inGraph((graph) => {
      const far = gt.mul(c(1), 2, { name: "far" } as never);
      const x = gt.mul(far, 3, { name: "near" } as never);
      const y = gt.mul(x, 4, { name: "end" } as never);
      const added = namesAddedBy(graph, () => gt.gradients(y, x));
      expect(added.filter((name) => /far|near/.test(name))).toEqual([]);
      return {};
    });
  });

  test("§9 stopGradients: constants with respect to all xs", () => {
    const build = (stop: (a: gt.Tensor, b: gt.Tensor) => gt.GradientsOptions) => () => {
      const a = c(2, "a");
      const b = gt.mul(a, 2);
      return gt.gradients(gt.add(a, b), [a, b], stop(a, b));
    };
    expect(computed(build(() => ({})))).toEqual([[3], [1]]);
    expect(computed(build((a, b) => ({ stopGradients: [a, b] })))).toEqual([[1], [1]]);
    expect(computed(build((a) => ({ stopGradients: a })))).toEqual([[3], [1]]);
    expect(computed(build((_, b) => ({ stopGradients: b })))).toEqual([[1], [1]]);
    expect(computed(build(() => ({ stopGradients: [] })))).toEqual([[3], [1]]);
  });

  test("§9 stopGradient passes the value and gives null backwards", () => {
    const { graph, s, found } = inGraph(() => {
      const x = c(3, "x");
      const s = gt.stopGradient(x);
      return { s, found: [...gt.gradients(s, x), ...gt.gradients(gt.mul(s, x), [s, x])] };
    });
    expect(fetched(sessionOn(graph), s)).toEqual([3]);
    expect(densified(graph, found)).toEqual([null, [3], [3]]);
  });
});

describe("§9 what is a constant", () => {
  test("§9 integers and booleans: null through them and with respect to them, ones where y is x", () => {
    inGraph(() => {
      const x = c([1, 2], "x");
      const whole = gt.constant([1, 2], { dtype: "int32" });
      const truth = gt.constant([true, false]);
      expect(gt.gradients(gt.cast(gt.cast(x, "int32"), "float32"), x)).toEqual([null]);
      expect(gt.gradients(gt.mul(whole, whole), whole)).toEqual([null]);
      expect(gt.gradients(gt.cast(whole, "float32"), whole)).toEqual([null]);
      expect(gt.gradients(truth, [x, whole])).toEqual([null, null]);
      expect(gt.gradients(gt.where(gt.greater(x, 0), x, x), truth)).toEqual([null]);
      const [own] = gt.gradients(whole, whole) as [gt.Tensor];
      expect([own.dtype, own.shape]).toEqual(["int32", [2]]);
      expect((gt.gradients(truth, truth)[0] as gt.Tensor).dtype).toBe("bool");
      return {};
    });
  });

  test("§9 not connected: null, or zeros of the shape and dtype of x", () => {
    const { graph, x, found } = inGraph(() => {
      const x = gt.placeholder("float64", [null, 2], { name: "x" });
      const whole = gt.constant([1, 2], { dtype: "int32" });
      const v = new gt.Variable([1, 2], { name: "v" });
      const y = c(1);
      const zeros = { unconnectedGradients: gt.UnconnectedGradients.ZERO };
      expect(gt.gradients(y, [x, whole, v])).toEqual([null, null, null]);
      expect(gt.gradients(y, x, { unconnectedGradients: "none" })).toEqual([null]);
      return { x, found: gt.gradients(y, [x, whole, v], zeros) as gt.Tensor[] };
    });
    expect(found.map(({ dtype, shape }) => [dtype, shape])).toEqual([
      ["float64", [null, 2]],
      ["int32", [2]],
      ["float32", [2]],
    ]);
    expect(
      densified(graph, found, [
        [
          x,
          [
            [1, 2],
            [3, 4],
          ],
        ],
      ]),
    ).toEqual([
      [0, 0, 0, 0],
      [0, 0],
      [0, 0],
    ]);
    expect([gt.UnconnectedGradients.NONE, gt.UnconnectedGradients.ZERO]).toEqual(["none", "zero"]);
  });

  test.each(["nope", 0, null, true])("§9 unconnectedGradients %o is a ValueError that quotes it", (value) => {
    inGraph(() => {
      const call = () => gt.gradients(c(1), c(1), { unconnectedGradients: value as never });
      expectError(call, gt.ValueError, String(value));
      return {};
    });
  });

  test("§9 non-differentiable ops give null, preventGradient a LookupError with its message", () => {
    inGraph(() => {
      const x = c([1, 2], "x");
      expect(gt.gradients(gt.sign(x), x)).not.toEqual([null]);
      expect(gt.gradients(gt.cast(gt.argMax(x), "float32"), x)).toEqual([null]);
      const barred = gt.preventGradient(x, { message: "there is a better way" });
      expectError(() => gt.gradients(gt.mul(barred, 2), x), gt.LookupError, "there is a better way");
      expect(gt.gradients(gt.mul(barred, x), barred)[0]).not.toBeNull();
      return {};
    });
  });
});
