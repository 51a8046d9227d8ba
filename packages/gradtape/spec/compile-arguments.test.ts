import * as gt from "gradtape";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";

/* Arguments of compiled functions: a number is a number, for every use in the function. */

const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
beforeEach(() => warn.mockClear());
afterAll(() => warn.mockRestore());

const m = gt.tensor([
  [1, 2, 3],
  [4, 5, 6],
]);
const whole = gt.tensor([[3, 1, 2]], { dtype: "int32" });
const wide = gt.tensor([0.5, 1.5], { dtype: "float64" });
const table = new gt.Variable(gt.reshape(gt.tensor([0, 1, 2, 3, 4, 5, 6, 7]), [4, 2]));

type Function = (...args: any[]) => unknown;

const plain = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(plain)
    : value instanceof gt.Tensor || value instanceof gt.Variable
      ? `${value.dtype} ${value.shape}: ${value.data}`
      : value;

/** Functions of numbers, and what they are called with, one after the other. */
const functions: Record<string, readonly [Function, readonly unknown[][]]> = {
  "an axis": [
    (x, axis) => gt.sum(x, axis),
    [
      [m, 1],
      [m, 0],
      [m, -1],
      [m, 1],
    ],
  ],
  "a list of axes": [
    (x, axes) => gt.sum(x, axes),
    [
      [m, [0, 1]],
      [m, [1]],
      [m, [0, 1]],
    ],
  ],
  "a permutation": [
    (x, axes) => gt.transpose(x, axes),
    [
      [m, [1, 0]],
      [m, [0, 1]],
    ],
  ],
  "a shape": [
    (x, shape) => gt.reshape(x, shape),
    [
      [m, [6]],
      [m, [3, 2]],
      [m, [-1, 1]],
    ],
  ],
  "a shape with a number in it": [
    (x, n) => gt.reshape(x, [n, -1]),
    [
      [m, 3],
      [m, 2],
    ],
  ],
  "a depth": [(n) => gt.oneHot(gt.tensor([0, 1], { dtype: "int32" }), n), [[2], [3]]],
  quotients: [
    (x, k) => gt.mul(x, 1 / k),
    [
      [m, 4],
      [m, 0.3],
      [m, -0.7],
      [m, 0.3],
    ],
  ],
  comparisons: [
    (x, k) => (k > 3 ? x : gt.neg(x)),
    [
      [m, 4],
      [m, 2],
      [m, 3.5],
      [m, 2.5],
    ],
  ],
  "equal whole numbers": [
    (x, k) => (k === 1 ? x : gt.neg(x)),
    [
      [m, 2],
      [m, 1],
      [m, 3],
      [m, 1],
    ],
  ],
  "a switch": [
    (x, on) => (on ? x : gt.neg(x)),
    [
      [m, 5],
      [m, 0],
      [m, 1],
    ],
  ],
  "a kind": [
    (x, k) => (typeof k === "number" ? x : gt.neg(x)),
    [
      [m, 0.5],
      [m, 2],
    ],
  ],
  finite: [
    (x, k) => (Number.isFinite(k) ? x : gt.neg(x)),
    [
      [m, 0.5],
      [m, Number.POSITIVE_INFINITY],
      [m, Number.NaN],
    ],
  ],
  "a loop": [
    (x, n) => {
      for (let i = 0; i < n; i++) x = gt.add(x, 1);
      return x;
    },
    [
      [m, 3],
      [m, 0],
      [m, 2.5],
    ],
  ],
  "the host's arithmetic": [
    (x, k) => gt.mul(x, Math.max(k, 0.25) ** 2),
    [
      [m, 0.1],
      [m, 0.3],
      [m, 2],
    ],
  ],
  "an operand": [
    (x, k) => [gt.mul(x, k), gt.sub(1, k), gt.pow(x, gt.add(k, k))],
    [
      [m, 0.1],
      [m, 3],
      [m, -0],
      [m, 0.7],
    ],
  ],
  "an operand of whole numbers": [
    (x, k) => gt.mul(x, k),
    [
      [whole, 2],
      [whole, 3],
    ],
  ],
  "an operand of float64": [
    (x, k) => gt.mul(x, k),
    [
      [wide, 0.1],
      [wide, 1 / 3],
    ],
  ],
  "a list as operand": [
    (x, b) => gt.add(gt.mul(x, b), b),
    [
      [m, [0.1, 0.2, 0.3]],
      [m, [1, 2, 3]],
      [m, [0.5, 0, -1]],
    ],
  ],
  "a list of booleans": [
    (x, c) => gt.where(c, x, 0),
    [
      [m, [true, false, true]],
      [m, [false, false, true]],
    ],
  ],
  labels: [
    (x, labels) => gt.losses.sparseSoftmaxCrossEntropy(labels, x),
    [
      [m, [0, 2]],
      [m, [1, 1]],
    ],
  ],
  ids: [
    (ids) => gt.gather(table, ids),
    [
      [[0, 3]],
      [[2, 1]],
      [
        [
          [0, 1],
          [1, 3],
        ],
      ],
    ],
  ],
  "one id": [(id) => gt.gather(table, id), [[3], [0]]],
  "numbers for ids and for an operand": [(x) => [gt.gather(table, x), gt.mul(x, 0.1)], [[[0, 3]], [[2, 1]]]],
  "a list counted": [
    (x, list) => {
      for (let i = 0; i < list.length; i++) x = gt.add(x, list[i]);
      return x;
    },
    [
      [m, [0.5, 0.25]],
      [m, [1.5, 2.5]],
      [m, [1]],
      [m, []],
    ],
  ],
  "a list mapped": [
    (x, list) => list.map((k: number) => gt.mul(x, k)),
    [
      [m, [0.5, 0.1]],
      [m, [2, 3]],
    ],
  ],
  "a list spread": [
    (x, list) => gt.mul(x, Math.max(...list)),
    [
      [m, [0.5, 0.1]],
      [m, [2, 3]],
    ],
  ],
  "a typed array": [
    (x, b) => gt.add(x, b),
    [
      [m, Float32Array.of(1, 2, 3)],
      [m, Float32Array.of(0.1, 0, 1)],
    ],
  ],
  "numbers in an object": [
    (x, { k, axis }) => gt.sum(gt.mul(x, k), axis),
    [
      [m, { k: 0.1, axis: 1 }],
      [m, { k: 0.2, axis: 0 }],
    ],
  ],
  "a rate beside a kind": [
    (x, rate, list) => gt.mul(gt.add(x, list.length), rate),
    [
      [m, 0.1, [0.5]],
      [m, 0.3, [0.5]],
      [m, 0.3, [0.5, 1]],
    ],
  ],
  "a list of all sorts": [
    (x, [k, axes, { keepDims }]) => gt.sum(gt.mul(x, k), axes, { keepDims }),
    [
      [m, [0.5, [0, 1], { keepDims: true }]],
      [m, [0.1, [1], { keepDims: false }]],
    ],
  ],
  "a list that is not full": [
    (x, [k, list]) => gt.mul(gt.mul(x, k), list),
    [
      [m, [0.5, [1, 2, 3]]],
      [m, [0.1, [1, 0.5, 3]]],
    ],
  ],
  "a list of names": [
    (x, names) => (names.includes("neg") ? gt.neg(x) : x),
    [
      [m, ["neg"]],
      [m, ["a", "b"]],
    ],
  ],
  "a write": [(k) => gt.identity(new Map([[k, table]]).get(k)!), [[0.5], [0.1]]],
};

test.each(Object.entries(functions))(
  "a compiled function does with numbers what it does eagerly: %s",
  (_, [f, calls]) => {
    const compiled = gt.compile(f);
    for (const args of calls) expect(plain(compiled(...args))).toEqual(plain(f(...args)));
  },
);

describe("what is fed is traced no more", () => {
  test.each([
    ["a changing rate", (x: gt.Tensor, k: number) => gt.mul(x, gt.sub(1, k)), (i: number) => [m, 0.3 + i / 7]],
    ["a changing list", (x: gt.Tensor, b: number[]) => gt.add(x, b), (i: number) => [m, [i, i + 1, i + 2]]],
    ["changing ids", (ids: number[]) => gt.gather(table, ids), (i: number) => [[i % 4, (i * 3) % 4]]],
  ] as const)("%s", (_, f, argsOf) => {
    let runs = 0;
    const compiled = gt.compile((...args: any[]) => {
      runs++;
      return (f as Function)(...args) as gt.Tensor;
    });
    for (let i = 0; i < 20; i++) expect(plain(compiled(...argsOf(i)))).toEqual(plain((f as Function)(...argsOf(i))));
    expect(runs).toBeLessThanOrEqual(3);
  });
});

test("a list that the caller changes is another list", () => {
  const list = [1, 0];
  const f = gt.compile((axes: number[]) => gt.transpose(m, axes));
  expect(f(list).shape).toEqual([3, 2]);
  list.reverse();
  expect(f(list).shape).toEqual([2, 3]);
});

test("functions that were written for tensors take plain numbers too", () => {
  const f = gt.compile((x: gt.Tensor) => {
    const tape = new gt.GradientTape();
    const y = tape.record(() => {
      tape.watch(x);
      return gt.sum(gt.mul(gt.square(x), x.shape.length + 1));
    });
    return tape.gradient(y, x) as gt.Tensor;
  });
  expect(f([1, 2] as never).array()).toEqual([4, 8]);
  expect(f([3, 4] as never).array()).toEqual([12, 16]);
  expect(f(3 as never).item()).toBe(6);
});

test("arguments that hold themselves", () => {
  const list: unknown[] = [];
  list.push(list);
  const object: Record<string, unknown> = {};
  object.own = object;
  const f = gt.compile((x: unknown) => gt.mul(x as number, 2));
  for (const each of [list, object]) expect(() => f(each)).toThrow(gt.ValueError);
});
