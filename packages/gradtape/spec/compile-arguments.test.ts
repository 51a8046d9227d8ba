import * as gt from "gradtape";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";

/* What a compiled function is given: numbers are numbers, whatever the function does with them; what comes from outside is
 * seen, or refused. */

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

describe("a hyper-parameter", () => {
  const kinds: Record<string, () => unknown> = {
    "a number": () => 0.1,
    "a tensor": () => gt.tensor(0.2),
    "another tensor": () => gt.tensor(0.05),
    "a variable": () => new gt.Variable(0.3, { trainable: false }),
    "a function that returns a number": () => () => 0.15,
    "a function that returns a tensor": () => () => gt.tensor(0.25),
    "a schedule of a variable": () => {
      const step = new gt.Variable(2, { trainable: false });
      return gt.exponentialDecay(0.1, step, 2, 0.5);
    },
  };
  type Settable = gt.Optimizer & { [name: string]: unknown };
  const makers: Record<string, readonly [() => gt.Optimizer, string]> = {
    "GradientDescent's learningRate": [() => new gt.GradientDescentOptimizer(0.1), "learningRate"],
    "Adam's learningRate": [() => new gt.AdamOptimizer(0.1), "learningRate"],
    "Momentum's momentum": [() => new gt.MomentumOptimizer(0.1, 0.5), "momentum"],
    "RMSprop's rho": [() => new gt.RMSprop(), "rho"],
    "Ftrl's learningRate": [() => new gt.FtrlOptimizer(0.1, { beta: 0.5 }), "learningRate"],
    "Ftrl's l2RegularizationStrength": [() => new gt.FtrlOptimizer(0.1, { beta: 0.5 }), "l2RegularizationStrength"],
    "Ftrl's beta": [() => new gt.FtrlOptimizer(0.1), "beta"],
  };

  test.each(Object.entries(makers))("%s: changes between steps, also in kind", (_, [make, field]) => {
    const order = ["a number", ...Object.keys(kinds), ...Object.keys(kinds).reverse()];
    const values = order.map((kind) => kinds[kind]!());
    const run = (wrap: (f: () => unknown) => () => unknown) => {
      const w = new gt.Variable([1, -2]);
      const optimizer = make() as Settable;
      const step = wrap(() => optimizer.minimize(() => gt.sum(gt.square(w)), { varList: [w] }));
      return values.map((value) => {
        optimizer[field] = value;
        step();
        step();
        return plain(w);
      });
    };
    expect(run((f) => gt.compile(f))).toEqual(run((f) => f));
  });

  test("a function of the host, whose value changes in kind", () => {
    let value: unknown = 0.1;
    const run = (wrap: (f: () => unknown) => () => unknown) => {
      const w = new gt.Variable([1, -2]);
      const optimizer = new gt.GradientDescentOptimizer(() => value as number);
      const step = wrap(() => optimizer.minimize(() => gt.sum(gt.square(w))));
      return [0.1, gt.tensor(0.2), gt.tensor(0.3), 0.4, new gt.Variable(0.5, { trainable: false })].map((each) => {
        value = each;
        step();
        return plain(w);
      });
    };
    expect(run((f) => gt.compile(f))).toEqual(run((f) => f));
  });

  test("that the function changes after it used it is refused, and is what it was", () => {
    const w = new gt.Variable([1]);
    const optimizer = new gt.GradientDescentOptimizer(0.1);
    const step = gt.compile(() => {
      optimizer.minimize(() => gt.sum(w));
      optimizer.learningRate = (optimizer.learningRate as number) / 2;
    });
    expect(step).toThrow(/the function changes learningRate after it used it.*between the calls/s);
    expect([w.item(), optimizer.learningRate]).toEqual([1, 0.1]);
  });

  test("that the function makes of what it was is refused", () => {
    const w = new gt.Variable([1]);
    const optimizer = new gt.GradientDescentOptimizer(0.1);
    const step = gt.compile(() => {
      optimizer.learningRate = (optimizer.learningRate as number) / 2;
      optimizer.minimize(() => gt.sum(w));
    });
    expect(step).toThrow(/did not do the same/);
    expect(w.item()).toBe(1);
  });

  test.each([
    ["an argument", (rate: number) => rate],
    ["made of an argument", (rate: number) => rate / 2],
    ["always the same", () => 0.3],
  ])("that the function sets itself, to what is %s", (_, of) => {
    const run = (wrap: <F>(f: F) => F) => {
      const w = new gt.Variable([1]);
      const optimizer = new gt.GradientDescentOptimizer(0.1);
      const step = wrap((rate: number, x: gt.Tensor) => {
        optimizer.learningRate = of(rate);
        optimizer.minimize(() => gt.sum(gt.mul(w, x)));
        optimizer.learningRate = 2;
        optimizer.minimize(() => gt.sum(gt.mul(w, x)));
      });
      return [0.5, 0.25, 1, 0.5, 0.25, 0.7].map((rate) => {
        step(rate, gt.ones([2]));
        optimizer.learningRate = 0.01;
        return plain(w);
      });
    };
    expect(run((f) => gt.compile(f as never) as never)).toEqual(run((f) => f));
  });
});

describe("what each step would repeat is refused", () => {
  const drawn = gt.generator(1);
  const x = gt.tensor([1, 2]);
  const cases: Record<string, Function> = {
    "a draw that is returned": () => drawn.normal([1]),
    "a draw that is used": () => gt.mul(drawn.uniform([2]), x),
    "a draw that may come out alike": () => gt.gather(x, drawn.permutation(2)),
    "a draw that decides": () => ((drawn.uniform([]).item() as number) < 2 ? x : gt.neg(x)),
    "a draw of a child": () => drawn.split().normal([1]),
    "a draw without a seed": () => gt.randomNormal([2]),
    "numbers of the host": () => gt.mul(x, Math.random()),
    "a tensor of the host that is returned": () => gt.tensor(Math.random()),
  };
  test.each(Object.entries(cases))("%s", (_, f) => {
    expect(() => gt.compile(f)()).toThrow(/would be the same at each step.*argument|did not do the same/s);
  });

  test("draws with a fixed seed are the same eagerly, too", () => {
    const f = () => [gt.randomNormal([2], { seed: 3 }), gt.generator(4).uniform([2])];
    const compiled = gt.compile(f);
    expect(plain(compiled())).toEqual(plain(f()));
    expect(plain(compiled())).toEqual(plain(f()));
  });

  test("the generator stands where it stood", () => {
    const random = gt.generator(2);
    const { state } = random;
    expect(() => gt.compile(() => random.normal([1]))()).toThrow(gt.RuntimeError);
    expect(random.state).toEqual(state);
  });

  test("a function of the host that draws a rate is asked at each step", () => {
    const random = gt.generator(5);
    const w = new gt.Variable([1]);
    const optimizer = new gt.GradientDescentOptimizer(() => random.uniform([]).item() as number);
    const step = gt.compile(() => optimizer.minimize(() => gt.sum(w)));
    const steps = [1, 2, 3].map(() => {
      const before = w.item() as number;
      step();
      return before - (w.item() as number);
    });
    expect(new Set(steps).size).toBe(3);
  });

  test("values of variables, sessions and compiled functions", () => {
    const w = new gt.Variable([1], { name: "w" });
    const graph = new gt.Graph();
    const two = graph.asDefault(() => gt.constant(2));
    const session = new gt.Session({ graph });
    const count = gt.compile(() => {
      w.assignAdd(gt.ones([1]));
      return w.value();
    });
    for (const f of [
      () => gt.mul(x, w.item() as number),
      () => gt.mul(x, w.data[0]!),
      () => gt.mul(x, w.value().data[0]!),
      () => gt.mul(x, session.run(two)),
      () => gt.mul(x, count.item()),
    ]) {
      expect(() => gt.compile(f)()).toThrow(/while a compiled function is traced|it is traced/);
    }
    expect(w.item()).toBe(1);
  });
});
