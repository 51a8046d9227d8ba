import * as gt from "gradtape";
import { describe, expect, test } from "vitest";
import { expectError, numbers, ones, rmsprop, slices, variable } from "./support.ts";

describe("§7.5 constraints", () => {
  const atMostOne = (value: gt.Tensor) => gt.minimum(value, 1);

  test("§7.5 after a dense update the variable is projected, its slots are not", () => {
    const [free, held] = [variable([0.95, -3], "free"), new gt.Variable([0.95, -3], { constraint: atMostOne })];
    const [a, b] = [rmsprop(), rmsprop()];
    a.applyGradients([[[-1, -1], free]]);
    b.applyGradients([[[-1, -1], held]]);
    expect(numbers(held)).toEqual(numbers(gt.minimum(free, 1)));
    expect(numbers(held)[0]).toBe(1);
    for (const slot of ["rms", "momentum"]) {
      expect(numbers(b.getSlot(held, slot))).toEqual(numbers(a.getSlot(free, slot)));
    }
  });

  test("§7.5 a sparse gradient on a variable with a constraint is a RuntimeError; that variable stays", () => {
    const held = new gt.Variable([[1], [2]], { name: "held", constraint: atMostOne });
    expectError(
      () => rmsprop().applyGradients([[slices([[1]], [0]), held]]),
      gt.RuntimeError,
      /held/,
      /constraint/,
      /sparse/,
    );
    expect(numbers(held)).toEqual([1, 2]);
  });
});

describe("§7.6 dense gradients that do not fit", () => {
  test.each<[string, number[] | number[][] | number]>([
    ["a vector of another length", [1, 2, 3]],
    ["a scalar", 1],
    ["a row that would broadcast", [[1, 2]]],
    ["one element that would broadcast", [1]],
  ])("§7.6 %s is an InvalidArgumentError that shows both shapes", (_, gradient) => {
    const v = variable([1, 2]);
    const shape = gt.tensor(gradient).shape;
    expectError(
      () => rmsprop().applyGradients([[gradient, v]]),
      gt.InvalidArgumentError,
      "[2]",
      `[${shape.join(", ")}]`,
    );
    expect(numbers(v)).toEqual([1, 2]);
  });

  test.each([
    ["float32", "float64"],
    ["float64", "float32"],
    ["float32", "int32"],
  ] as const)(
    "§7.6 Do: a %s variable with a %s gradient is a TypeError naming both; nothing is converted",
    (own, other) => {
      const v = new gt.Variable(gt.tensor([1, 2], { dtype: own }));
      const gradient = gt.tensor([1, 2], { dtype: other });
      expectError(() => rmsprop().applyGradients([[gradient, v]]), TypeError, own, other);
      const sparse = new gt.IndexedSlices(gradient, [0, 1]);
      expectError(() => rmsprop().applyGradients([[sparse, v]]), TypeError, own, other);
      expect(numbers(v)).toEqual([1, 2]);
    },
  );

  test("§7.6 a plain list becomes float32, also for a float64 variable: a TypeError there", () => {
    const wide = new gt.Variable(gt.tensor([1, 2], { dtype: "float64" }));
    expectError(() => rmsprop().applyGradients([[[0.5, 0.5], wide]]), TypeError, "float64", "float32");
  });

  test("§7.6 Do: an integer variable is a TypeError up front, before anything is updated", () => {
    const v = variable([1]);
    const whole = new gt.Variable(gt.tensor([1, 2], { dtype: "int32" }), { name: "whole" });
    const optimizer = rmsprop();
    const gradient = gt.tensor([1, 1], { dtype: "int32" });
    expectError(
      () =>
        optimizer.applyGradients([
          [ones(v), v],
          [gradient, whole],
        ]),
      TypeError,
      "int32",
      "whole",
    );
    expect([v, whole].map(numbers)).toEqual([[1], [1, 2]]);
    expect(optimizer.getSlot(v, "rms")).toBeNull();
  });
});

describe("§7.6 hyper-parameters that are not scalars", () => {
  test.each(["decay", "momentum", "epsilon"] as const)("§7.6 %s: an InvalidArgumentError, not a scalar", (name) => {
    const v = variable([1, 2]);
    const optimizer = rmsprop({ [name]: gt.tensor([0.5, 0.5]) });
    expectError(() => optimizer.applyGradients([[ones(v), v]]), gt.InvalidArgumentError, name, /not a scalar/);
    expect(numbers(v)).toEqual([1, 2]);
  });

  test("§7.6 the learning rate: an InvalidArgumentError, not a scalar", () => {
    const v = variable([[1], [2]]);
    const optimizer = new gt.RMSPropOptimizer([0.1]);
    expectError(() => optimizer.applyGradients([[ones(v), v]]), gt.InvalidArgumentError, /rate/i, /not a scalar/);
    expectError(
      () => optimizer.applyGradients([[slices([[1]], [0]), v]]),
      gt.InvalidArgumentError,
      /rate/i,
      /not a scalar/,
    );
  });
});

describe("§7.6 sparse gradients that do not fit", () => {
  const table = () =>
    variable([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
  const step = (v: gt.Variable, gradient: gt.IndexedSlices) => rmsprop().applyGradients([[gradient, v]]);

  test.each([3, -1, 100])("§7.6 index %i is an InvalidArgumentError with index and offset; nothing changes", (bad) => {
    const v = table();
    const gradient = slices(
      [
        [1, 1],
        [1, 1],
      ],
      [0, bad],
    );
    expectError(() => step(v, gradient), gt.InvalidArgumentError, String(bad), /\b1\b/);
    expect(numbers(v)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("§7.6 indices that are no vector are an InvalidArgumentError", () => {
    const values = gt.ones([1, 2]);
    for (const indices of [gt.tensor([[0]], { dtype: "int32" }), gt.tensor(0, { dtype: "int32" })]) {
      expectError(() => step(table(), new gt.IndexedSlices(values, indices)), gt.InvalidArgumentError, /indices/);
    }
  });

  test("§7.6 float indices are a TypeError", () => {
    const v = table();
    const values = gt.ones([1, 2]);
    for (const indices of [gt.tensor([0]), gt.tensor([0], { dtype: "float64" })]) {
      expectError(() => step(v, new gt.IndexedSlices(values, indices)), TypeError, /indices/, indices.dtype);
    }
    expect(numbers(v)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("§7.6 more or fewer rows than indices are an InvalidArgumentError", () => {
    for (const count of [1, 3]) {
      const gradient = new gt.IndexedSlices(gt.ones([count, 2]), gt.tensor([0, 1], { dtype: "int32" }));
      expectError(() => step(table(), gradient), gt.InvalidArgumentError, `[${count}, 2]`, "[2]");
    }
  });

  test("§7.6 rows of another width are an InvalidArgumentError: must match in dimension 1", () => {
    expectError(() => step(table(), slices([[1, 2, 3]], [0])), gt.InvalidArgumentError, /must match in dimension 1/);
    expectError(() => step(table(), slices([1], [0])), gt.InvalidArgumentError, "[3, 2]");
  });

  test("§7.6 a sparse gradient on a scalar variable is an InvalidArgumentError: at least 1 dimensional", () => {
    expectError(() => step(variable(1), slices([1], [0])), gt.InvalidArgumentError, /at least 1 dimensional/);
  });
});
