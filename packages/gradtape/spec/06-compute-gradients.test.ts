import * as gt from "gradtape";
import { afterEach, describe, expect, test, vi } from "vitest";
import { expectError, numbers, rmsprop, variable } from "./support.ts";

const optimizer = rmsprop();

afterEach(() => {
  vi.restoreAllMocks();
});

describe("§6 the result", () => {
  test("§6 a list of [gradient, variable] in the order of varList, holding the variables themselves", () => {
    const [a, b, c] = [variable(1, "a"), variable(2, "b"), variable(3, "c")];
    const pairs = optimizer.computeGradients(() => gt.add(gt.mul(a, a), gt.mul(5, b)), { varList: [c, b, a] });
    expect(Array.isArray(pairs)).toBe(true);
    expect(pairs.map((pair) => pair.length)).toEqual([2, 2, 2]);
    expect(pairs.map(([, v]) => v)).toEqual([c, b, a]);
    pairs.forEach(([, v], i) => {
      expect(v).toBe([c, b, a][i]);
    });
    expect(pairs.map(([g]) => (g === null ? null : numbers(g)))).toEqual([null, [5], [2]]);
  });

  test("§6 a gradient is a tensor, IndexedSlices, or null", () => {
    const table = variable([[1], [2], [3]], "table");
    const dense = variable([1], "dense");
    const apart = variable(1, "apart");
    const loss = () => gt.add(gt.sum(gt.gather(table, [2, 2])), gt.sum(dense));
    const [rows, whole, none] = optimizer
      .computeGradients(loss, { varList: [table, dense, apart] })
      .map(([gradient]) => gradient);
    expect(rows).toBeInstanceOf(gt.IndexedSlices);
    expect(whole).toBeInstanceOf(gt.Tensor);
    expect(none).toBeNull();
  });
});

describe("§6.1 which path", () => {
  test.each([
    ["a tensor", () => gt.tensor(1)],
    ["a variable", () => variable(1)],
    ["a number", () => 3],
    ["null", () => null],
    ["undefined", () => undefined],
    ["a list of tensors", () => [gt.tensor(1)]],
  ])("§6.1 eager: %s as loss is a RuntimeError, the loss must be a function", (_, loss) => {
    expectError(() => optimizer.computeGradients(loss() as never), gt.RuntimeError, /loss must be a function/, /eager/);
    expectError(() => optimizer.minimize(loss() as never), gt.RuntimeError, /loss must be a function/);
  });
});

describe("§6.2 calling the loss", () => {
  test("§6.2 the loss is called exactly once, with no arguments", () => {
    const calls: unknown[][] = [];
    const v = variable(1);
    optimizer.computeGradients((...args: unknown[]) => {
      calls.push(args);
      return gt.mul(v, v);
    });
    expect(calls).toEqual([[]]);
  });

  test("§6.2 the tape is of one use: neither it nor an error in the loss leaves anything recording", () => {
    const v = variable(3);
    const outer = new gt.GradientTape();
    outer.record(() => {
      expectError(
        () =>
          optimizer.computeGradients(() => {
            throw new gt.NotFoundError("no such thing");
          }),
        gt.NotFoundError,
        "no such thing",
      );
      return optimizer.computeGradients(() => gt.square(v));
    });
    expect(outer.watchedVariables()).toEqual([v]);
  });

  test("§6.2 an outer tape differentiates the gradients again", () => {
    const v = variable(3);
    const tape = new gt.GradientTape();
    const first = tape.record(() => optimizer.computeGradients(() => gt.pow(v, 3))[0]![0]!);
    expect(numbers(first)).toEqual([27]);
    expect(numbers(tape.gradient(first as gt.Tensor, v))).toEqual([18]);
  });
});

describe("§6.2 varList", () => {
  test("§6.2 varList null: trainable variables read, in creation order, not in reading order", () => {
    const [a, b, c] = [variable(1, "a"), variable(2, "b"), variable(3, "c")];
    for (const options of [{}, { varList: null }]) {
      const pairs = optimizer.computeGradients(() => gt.add(gt.mul(c, c), a), options);
      expect(pairs.map(([, v]) => v)).toEqual([a, c]);
    }
    expect(optimizer.computeGradients(() => gt.add(gt.mul(c, b), a)).map(([, v]) => v)).toEqual([a, b, c]);
  });

  test("§6.2 varList null: variables created inside the loss are included", () => {
    const outside = variable(2, "outside");
    let inside: gt.Variable | null = null;
    const pairs = optimizer.computeGradients(() => {
      inside = variable(3, "inside");
      return gt.mul(inside, outside);
    });
    expect(pairs.map(([, v]) => v)).toEqual([outside, inside]);
    expect(pairs.map(([g]) => numbers(g))).toEqual([[3], [2]]);
  });

  test("§6.2 varList null: a variable read but not connected appears with null", () => {
    const [a, b] = [variable(1, "a"), variable(2, "b")];
    const pairs = optimizer.computeGradients(() => {
      gt.mul(a, 2);
      return gt.mul(b, 2);
    });
    expect(pairs.map(([g, v]) => [g === null, v])).toEqual([
      [true, a],
      [false, b],
    ]);
  });

  test("§6.2 varList null: variables that are not trainable are left out; listed ones are watched", () => {
    const fixed = new gt.Variable(4, { name: "fixed", trainable: false });
    const v = variable(3);
    const loss = () => gt.mul(fixed, v);
    expect(optimizer.computeGradients(loss).map(([, each]) => each)).toEqual([v]);
    const [[gradient]] = optimizer.computeGradients(loss, { varList: [fixed] }) as [gt.GradientPair];
    expect(numbers(gradient)).toEqual([3]);
  });

  test("§6.2 varList may hold tensors: those used by the loss are watched before it is called", () => {
    const x = gt.tensor([1, 2]);
    const [[gradient, back]] = optimizer.computeGradients(() => gt.sum(gt.square(x)), { varList: [x] }) as [
      gt.GradientPair,
    ];
    expect(numbers(gradient)).toEqual([2, 4]);
    expect(back).toBe(x);
  });

  test("§6.2 varList []: the result is []; minimize then has no gradients", () => {
    const v = variable(1);
    expect(optimizer.computeGradients(() => gt.mul(v, v), { varList: [] })).toEqual([]);
    expectError(() => optimizer.minimize(() => gt.mul(v, v), { varList: [] }), gt.ValueError, /no gradients/);
  });

  test.each([
    ["a number", 3, ["3", "number"]],
    ["a string", "x", ["x", "string"]],
    ["an object of another class", new Date(0), ["Date"]],
    ["null", null, ["null"]],
  ])("§6.2 varList holding %s: a ValueError that names the object and its type", (_, entry, parts) => {
    const v = variable(1);
    const varList = [v, entry] as never;
    expectError(() => optimizer.computeGradients(() => gt.mul(v, v), { varList }), gt.ValueError, ...parts);
  });

  test("§6.2 Do: a single variable and a nested list are flattened", () => {
    const [a, b, c] = [variable([1, 2], "a"), variable(2, "b"), variable(3, "c")];
    const loss = () => gt.mul(gt.sum(a), gt.mul(b, c));
    expect(optimizer.computeGradients(loss, { varList: a })).toHaveLength(1);
    expect(numbers(optimizer.computeGradients(loss, { varList: a })[0]![0])).toEqual([6, 6]);
    const pairs = optimizer.computeGradients(loss, { varList: [[c], [[a], b]] });
    expect(pairs.map(([, v]) => v)).toEqual([c, a, b]);
    expect(pairs.map(([g]) => numbers(g))).toEqual([[6], [6, 6], [9]]);
  });

  test("§6.2 a repeated variable gives a repeated pair with the same gradient", () => {
    const v = variable(3);
    const pairs = optimizer.computeGradients(() => gt.mul(v, v), { varList: [v, v] });
    expect(pairs.map(([g]) => numbers(g))).toEqual([[6], [6]]);
  });
});

describe("§6.2 options", () => {
  test("§6.2 gateGradients, aggregationMethod and colocateGradientsWithOps are ignored and not validated", () => {
    const v = variable(3);
    const options = { gateGradients: 17, aggregationMethod: 99, colocateGradientsWithOps: "yes" } as never;
    const [[gradient]] = optimizer.computeGradients(() => gt.add(gt.mul(v, v), gt.mul(v, 4)), options) as [
      gt.GradientPair,
    ];
    expect(numbers(gradient)).toEqual([10]);
  });

  test("§6.2 gradLoss is used as the upstream gradient", () => {
    const v = variable([1, 2]);
    const gradient = (gradLoss: gt.Operand | null) =>
      numbers(optimizer.computeGradients(() => gt.mul(v, [3, 5]), { gradLoss })[0]![0]);
    expect(gradient([10, 100])).toEqual([30, 500]);
    expect(gradient(gt.tensor([0, 1]))).toEqual([0, 5]);
    expect(gradient(null)).toEqual([3, 5]);
  });

  test("§6.2 minimize hands gradLoss on: the step is that of the weighted gradient", () => {
    const [a, b] = [variable([1, 2], "a"), variable([1, 2], "b")];
    rmsprop().minimize(() => gt.square(a), { varList: [a], gradLoss: [0.5, 2] });
    rmsprop().applyGradients([[gt.tensor([1, 8]), b]]);
    expect(numbers(a)).toEqual(numbers(b));
  });
});

describe("§6.2 what the loss returns", () => {
  const v = variable([1, 2, 3]);
  const gradientOf = (loss: () => unknown) => optimizer.computeGradients(loss as gt.Loss, { varList: [v] })[0]![0];

  test("§6.2 a loss of any shape counts as the sum of its elements", () => {
    expect(numbers(gradientOf(() => gt.square(v)))).toEqual(numbers(gradientOf(() => gt.sum(gt.square(v)))));
    expect(numbers(gradientOf(() => gt.matMul(gt.reshape(v, [3, 1]), gt.reshape(v, [1, 3]))))).toEqual([12, 12, 12]);
  });

  test("§6.2 a list of tensors is summed too", () => {
    expect(numbers(gradientOf(() => [gt.square(v), gt.sum(v), gt.mul(v, [1, 0, 0])]))).toEqual([4, 5, 7]);
  });

  test("§6.2 a variable as loss has gradient one", () => {
    expect(numbers(gradientOf(() => v))).toEqual([1, 1, 1]);
  });

  test("§6.2 a loss that does not depend on the variables: all null, and minimize has no gradients", () => {
    const other = gt.tensor(3);
    expect(gradientOf(() => gt.mul(other, 2))).toBeNull();
    expectError(() => optimizer.minimize(() => gt.mul(other, 2), { varList: [v] }), gt.ValueError, /no gradients/);
  });

  test("§6.2 an integer loss: all null", () => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    const whole = new gt.Variable(gt.tensor([1, 2], { dtype: "int32" }), { name: "whole" });
    const pairs = optimizer.computeGradients(() => gt.mul(whole, whole), { varList: [whole, v] });
    expect(pairs.map(([g]) => g)).toEqual([null, null]);
    expect(gradientOf(() => gt.cast(v, "int32"))).toBeNull();
  });

  test.each([
    ["null", null],
    ["undefined", undefined],
    ["a plain number", 3],
    ["a list with null", [null]],
  ])("§6.2 a loss that returns %s: TypeError", (_, value) => {
    expectError(() => gradientOf(() => value), TypeError, /loss/, /expected a tensor/);
  });
});
