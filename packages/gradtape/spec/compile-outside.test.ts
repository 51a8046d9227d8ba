import * as gt from "gradtape";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";

/* Values that a compiled function reads from outside are read at each step, or refused. */

const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
beforeEach(() => warn.mockClear());
afterAll(() => warn.mockRestore());

type Function = (...args: any[]) => unknown;

const plain = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(plain)
    : value instanceof gt.Tensor || value instanceof gt.Variable
      ? `${value.dtype} ${value.shape}: ${value.data}`
      : value;

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
