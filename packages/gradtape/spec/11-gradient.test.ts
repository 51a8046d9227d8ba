import * as gt from "gradtape";
import { afterEach, describe, expect, test, vi } from "vitest";
import { expectError, numbers, slices, variable } from "./support.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

/** A tape that has recorded `f` while watching `xs`, and the result of `f`. */
function recorded<const X extends readonly gt.Tensor[], Y>(xs: X, f: (...xs: X) => Y, options: gt.TapeOptions = {}) {
  const tape = new gt.GradientTape(options);
  const y = tape.record(() => {
    tape.watch(xs);
    return f(...xs);
  });
  return { tape, y };
}

const x = gt.tensor([1, 2, 3]);

describe("§11.1 how often", () => {
  test.each(["gradient", "jacobian", "batchJacobian"] as const)(
    "§11.1 a tape that is not persistent answers once: then gradient, and %s, are RuntimeErrors",
    (method) => {
      const m = gt.ones([2, 2]);
      const { tape, y } = recorded([m], (at) => gt.mul(at, at));
      const ask = tape[method].bind(tape) as (target: gt.Tensor, source: gt.Tensor) => unknown;
      ask(y, m);
      expectError(() => tape.gradient(y, m), gt.RuntimeError, /persistent/, /one/);
      expectError(() => ask(y, m), gt.RuntimeError, /persistent/);
    },
  );

  test("§11.1 a call before the tape ever recorded is a RuntimeError", () => {
    expectError(() => new gt.GradientTape().gradient(x, x), gt.RuntimeError, /record/);
  });

  test("§11.1 a persistent tape answers as often as asked, with the same", () => {
    const { tape, y } = recorded([x], (at) => gt.mul(at, at), { persistent: true });
    for (let i = 0; i < 3; i++) expect(numbers(tape.gradient(y, x))).toEqual([2, 4, 6]);
  });

  test("§11.1 a call that throws on its arguments does not use the tape up", () => {
    const { tape, y } = recorded([x], (at) => gt.mul(at, at));
    expectError(() => tape.gradient(null as never, x), TypeError, /null/);
    expectError(() => tape.gradient(y, 3 as never), TypeError);
    expectError(() => tape.gradient(y, x, { unconnectedGradients: "nil" as never }), gt.ValueError);
    expectError(() => tape.gradient(y, x, { outputGradients: gt.ones([7]) }), gt.InvalidArgumentError);
    expect(numbers(tape.gradient(y, x))).toEqual([2, 4, 6]);
  });

  test("§11.1 asked while recording, a tape that is not persistent stops recording there", () => {
    const v = variable(2);
    const late = variable(3);
    const tape = new gt.GradientTape();
    tape.record(() => {
      tape.gradient(gt.mul(v, v), v);
      gt.mul(late, late);
    });
    expect(tape.watchedVariables()).toEqual([v]);
  });

  test("§11.1 asked while recording, a persistent tape goes on", () => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    const v = variable(2);
    const tape = new gt.GradientTape({ persistent: true });
    const y = tape.record(() => {
      const square = gt.mul(v, v);
      tape.gradient(square, v);
      return gt.mul(square, v);
    });
    expect(numbers(tape.gradient(y, v))).toEqual([12]);
  });
});

describe("§11.1 targets", () => {
  test("§11.1 a target of several elements counts as their sum", () => {
    const { tape, y } = recorded([x], (at) => gt.mul(at, [[1], [10]]));
    expect(y.shape).toEqual([2, 3]);
    expect(numbers(tape.gradient(y, x))).toEqual([11, 11, 11]);
  });

  test("§11.1 the targets of a nested structure are summed, repeated ones count repeatedly", () => {
    const { tape, y } = recorded([x], (at) => ({ a: gt.mul(at, 2), b: [gt.mul(at, 30)] }), { persistent: true });
    expect(numbers(tape.gradient(y, x))).toEqual([32, 32, 32]);
    expect(numbers(tape.gradient([y.a, y.a, y.b], x))).toEqual([34, 34, 34]);
  });

  test("§11.1 a target that is a source contributes ones", () => {
    const { tape, y } = recorded([x], (at) => gt.mul(at, at));
    expect(numbers(tape.gradient([y, x], x))).toEqual([3, 5, 7]);
  });

  test("§11.1 a variable as target counts as reading it: gradient 1 by itself, even if never read", () => {
    const v = variable([1, 2]);
    const tape = new gt.GradientTape();
    tape.record(() => {});
    expect(numbers(tape.gradient(v, v))).toEqual([1, 1]);
  });

  test("§11.1 null is a TypeError, as are undefined and things that are no tensors", () => {
    const { tape } = recorded([x], (at) => gt.mul(at, at));
    for (const target of [null, undefined, 3, "y", [null]]) {
      expectError(() => tape.gradient(target as never, x), TypeError, /target/);
    }
  });

  test("§11.1 no targets give null", () => {
    const { tape } = recorded([x], (at) => gt.mul(at, at));
    expect(tape.gradient([], x)).toBeNull();
  });

  test("§11.1 integer targets and sources give null", () => {
    const whole = gt.tensor([1, 2, 3], { dtype: "int32" });
    vi.spyOn(console, "warn").mockImplementation(() => {});
    const { tape, y } = recorded([x, whole], (a, b) => [gt.cast(a, "int32"), gt.mul(a, gt.cast(b, "float32"))], {
      persistent: true,
    });
    expect(tape.gradient(y[0]!, x)).toBeNull();
    expect(tape.gradient(y[1]!, whole)).toBeNull();
    expect(tape.gradient(whole, whole)).toBeNull();
    expect(numbers(tape.gradient(y[1]!, x))).toEqual([1, 2, 3]);
  });
});

describe("§11.1 sources", () => {
  test("§11.1 the result has the structure of the sources: single, list, object, nested, repeated, empty", () => {
    const [a, b] = [gt.tensor(2), gt.tensor(3)];
    const { tape, y } = recorded([a, b], (p, q) => gt.mul(p, q), { persistent: true });
    expect(numbers(tape.gradient(y, a))).toEqual([3]);
    expect(tape.gradient(y, [b, a, b]).map(numbers)).toEqual([[2], [3], [2]]);
    const { left, right } = tape.gradient(y, { right: [b, { deep: a }], left: a });
    expect(numbers(left)).toEqual([3]);
    expect([numbers(right[0]), numbers(right[1].deep)]).toEqual([[2], [3]]);
    expect(Object.keys(tape.gradient(y, { z: a, a: b }))).toEqual(["z", "a"]);
    expect(tape.gradient(y, [])).toEqual([]);
    expect(tape.gradient(y, {})).toEqual({});
  });

  test("§11.1 a source need not be a leaf", () => {
    const tape = new gt.GradientTape();
    const [middle, y] = tape.record(() => {
      tape.watch(x);
      const product = gt.mul(x, 2);
      return [product, gt.mul(product, product)] as const;
    });
    const [dx, dMiddle] = tape.gradient(y, [x, middle]);
    expect(numbers(dx!)).toEqual([8, 16, 24]);
    expect(numbers(dMiddle!)).toEqual([4, 8, 12]);
  });

  test("§11.1 Do: a source that is no tensor is a TypeError", () => {
    const { tape, y } = recorded([x], (at) => gt.mul(at, at));
    for (const source of [3, "x", null, [x, 3]]) {
      expectError(() => tape.gradient(y, source as never), TypeError, /source/);
    }
  });
});

describe("§11.1 unconnectedGradients", () => {
  const other = gt.tensor([[1], [2]], { dtype: "float64" });
  const whole = gt.tensor([1, 2], { dtype: "int32" });

  test('§11.1 "none": null for what is unconnected or unwatched', () => {
    const { tape, y } = recorded([x, other], (at, _) => gt.mul(at, at), { persistent: true });
    expect(tape.gradient(y, [other, gt.tensor(1)])).toEqual([null, null]);
    expect(tape.gradient(y, other, { unconnectedGradients: gt.UnconnectedGradients.NONE })).toBeNull();
  });

  test('§11.1 "zero": zeros in the shape and dtype of the source, also of an integer one', () => {
    const { tape, y } = recorded([x, other], (at, _) => gt.mul(at, at));
    const results = tape.gradient(y, [other, whole, x], { unconnectedGradients: gt.UnconnectedGradients.ZERO });
    expect(results.map((each) => [each!.dtype, each!.shape, numbers(each)])).toEqual([
      ["float64", [2, 1], [0, 0]],
      ["int32", [2], [0, 0]],
      ["float32", [3], [2, 4, 6]],
    ]);
  });

  test("§11.1 anything else is a ValueError that quotes it", () => {
    const { tape, y } = recorded([x], (at) => gt.mul(at, at));
    for (const choice of ["nil", 0, "None"]) {
      expectError(() => tape.gradient(y, x, { unconnectedGradients: choice as never }), gt.ValueError, String(choice));
    }
  });
});

describe("§11.1 outputGradients", () => {
  const setup = () => recorded([x], (at) => [gt.mul(at, 2), gt.mul(at, [1, 10, 100])] as const);

  test("§11.1 one for each target; null and missing ones mean ones, further ones are ignored", () => {
    const given: [unknown[], number[]][] = [
      [
        [gt.tensor([1, 2, 3]), gt.tensor([1, 1, 0])],
        [3, 14, 6],
      ],
      [
        [null, gt.tensor([0, 0, 1])],
        [2, 2, 102],
      ],
      [[gt.tensor([0, 0, 0])], [1, 10, 100]],
      [[], [3, 12, 102]],
      [
        [null, null, gt.tensor(7), gt.tensor(8)],
        [3, 12, 102],
      ],
    ];
    for (const [outputGradients, expected] of given) {
      const { tape, y } = setup();
      expect(numbers(tape.gradient([...y], x, { outputGradients: outputGradients as never }))).toEqual(expected);
    }
  });

  test("§11.1 for a single target it stands alone, or in a list", () => {
    const g = gt.tensor([1, 2, 3]);
    for (const outputGradients of [g, [g], variable([1, 2, 3]), [1, 2, 3], new Float32Array([1, 2, 3])]) {
      const { tape, y } = recorded([x], (at) => gt.mul(at, 2));
      expect(numbers(tape.gradient(y, x, { outputGradients }))).toEqual([2, 4, 6]);
    }
  });

  test("§11.1 plain numbers and slices become dense tensors in the dtype of the target", () => {
    const wide = gt.tensor(2, { dtype: "float64" });
    for (const outputGradients of [5, [5]]) {
      const { tape, y } = recorded([wide], (at) => gt.mul(at, at));
      const dx = tape.gradient(y, wide, { outputGradients })!;
      expect([dx.dtype, numbers(dx)]).toEqual(["float64", [20]]);
    }
    const { tape, y } = recorded([x], (at) => gt.mul(at, 2));
    expect(numbers(tape.gradient(y, x, { outputGradients: slices([1, 1, 5], [0, 0, 2], [3]) }))).toEqual([4, 0, 10]);
  });

  test("§11.1 lists of numbers serve several targets", () => {
    const { tape, y } = setup();
    const outputGradients = [
      [1, 2, 3],
      [0, 1, 0],
    ];
    expect(numbers(tape.gradient([...y], x, { outputGradients }))).toEqual([2, 14, 6]);
  });

  test("§11.1 another shape or dtype is an InvalidArgumentError that shows both", () => {
    for (const [given, shown] of [
      [gt.ones([2]), "[2]"],
      [gt.ones([3, 1]), "[3, 1]"],
      [gt.tensor(1), "[]"],
      [gt.ones([3], { dtype: "float64" }), "float64"],
      [gt.ones([3], { dtype: "int32" }), "int32"],
    ] as const) {
      const { tape, y } = recorded([x], (at) => gt.mul(at, 2));
      const call = () => tape.gradient(y, x, { outputGradients: given });
      expectError(call, gt.InvalidArgumentError, shown, "[3]", "float32");
    }
  });
});
