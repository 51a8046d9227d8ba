import * as gt from "gradtape";
import { describe, expect, test } from "vitest";
import { denseStep, exact, type Hypers, start, throughFloat32 } from "./oracle.ts";
import { expectError, numbers, ones, rmsprop, variable } from "./support.ts";

const names = ["learningRate", "decay", "momentum", "epsilon"] as const;
type Name = (typeof names)[number];
const defaults: Record<Name, number> = { learningRate: 0.1, decay: 0.5, momentum: 0.25, epsilon: 0.125 };

/** An optimizer with some hyper-parameters replaced. */
function withHypers(given: Partial<Record<Name, gt.Hyper | null>>): gt.RMSPropOptimizer {
  const { learningRate, ...options } = { ...defaults, ...given };
  return new gt.RMSPropOptimizer(learningRate as gt.Hyper, options as gt.RMSPropOptions);
}

/** Where an optimizer takes [1, 2] in some steps with the gradient [1, -2]. */
function path(optimizer: gt.Optimizer, steps = 2, between?: (step: number) => void): number[][] {
  const v = variable([1, 2]);
  return Array.from({ length: steps }, (_, step) => {
    between?.(step);
    optimizer.applyGradients([[[1, -2], v]]);
    return numbers(v);
  });
}

describe("§8.1 functions", () => {
  test("§8.1 are called without arguments, once per applyGradients, in the order rate, decay, momentum, epsilon", () => {
    const calls: string[] = [];
    const watched = (name: Name) =>
      function (this: unknown, ...args: unknown[]) {
        calls.push(args.length === 0 ? name : `${name} with arguments`);
        return defaults[name];
      };
    const optimizer = withHypers(Object.fromEntries(names.map((name) => [name, watched(name)])));
    expect(calls).toEqual([]);
    const vs = [variable(1), variable(2), variable(3)];
    optimizer.applyGradients(vs.map((v) => [1, v]));
    expect(calls).toEqual([...names]);
    optimizer.minimize(() => gt.addN(vs), { varList: vs });
    expect(calls).toEqual([...names, ...names]);
    optimizer.computeGradients(() => gt.addN(vs), { varList: vs });
    expect(calls).toHaveLength(8);
  });

  test("§8.1 give a fresh value at each step", () => {
    let calls = 0;
    const optimizer = new gt.RMSPropOptimizer(() => [0.5, 0.25, 0.125][calls++]!, { decay: 1 });
    const v = variable(0);
    const values = [0, 1, 2].map(() => {
      optimizer.applyGradients([[1, v]]);
      return v.item();
    });
    // With decay 1 the mean square stays 1: each step is the rate.
    expect(values).toEqual([-0.5, -0.75, -0.875]);
  });

  test.each(names)("§8.1 %s: a number and functions returning number, tensor, variable give the same path", (name) => {
    const value = defaults[name];
    const expected = path(withHypers({}));
    const holder = new gt.Variable(value);
    for (const hyper of [() => value, gt.tensor(value), () => gt.tensor(value), holder, () => holder]) {
      expect(path(withHypers({ [name]: hyper }))).toEqual(expected);
    }
  });
});

describe("§8.1 variables, numbers, attributes", () => {
  test.each(names)("§8.1 %s: a variable is read again by every apply, and gets no gradient by it", (name) => {
    const holder = new gt.Variable(defaults[name]);
    const byVariable = path(withHypers({ [name]: holder }), 3, (step) => holder.assign(defaults[name] / (step + 1)));
    let now = 0;
    const byFunction = path(withHypers({ [name]: () => defaults[name] / ++now }), 3);
    expect(byVariable).toEqual(byFunction);
  });

  test.each(names)("§8.1 %s: assigning the attribute changes later applies, from number to number", (name) => {
    const optimizer = withHypers({}) as gt.RMSPropOptimizer & Record<Name, gt.Hyper>;
    const byAttribute = path(optimizer, 3, (step) => {
      optimizer[name] = defaults[name] / (step + 1);
    });
    let now = 0;
    expect(byAttribute).toEqual(path(withHypers({ [name]: () => defaults[name] / ++now }), 3));
    expect(optimizer[name]).toBe(defaults[name] / 3);
  });
});

describe("§8.1 values that cannot be used", () => {
  test.each(names)("§8.1 %s null, or a function returning null: a ValueError at the first apply", (name) => {
    for (const hyper of [null, () => null, () => undefined]) {
      const v = variable([1, 2]);
      const optimizer = withHypers({ [name]: hyper as never });
      expectError(() => optimizer.applyGradients([[ones(v), v]]), gt.ValueError, name, /null|undefined/);
      expect(numbers(v)).toEqual([1, 2]);
    }
  });

  test.each(names)("§8.1 %s a string: fails at the first apply, not before", (name) => {
    const v = variable([1, 2]);
    const optimizer = withHypers({ [name]: "0.1" as never });
    expectError(() => optimizer.applyGradients([[ones(v), v]]), TypeError, name, /0\.1/);
    expect(numbers(v)).toEqual([1, 2]);
  });

  test("§8.1 booleans and integers are cast: true is 1, false is 0", () => {
    const one = path(withHypers({ learningRate: 1 }));
    expect(path(withHypers({ learningRate: true as never }))).toEqual(one);
    expect(path(withHypers({ learningRate: gt.tensor(1, { dtype: "int32" }) }))).toEqual(one);
    expect(path(withHypers({ learningRate: gt.tensor(true) }))).toEqual(one);
    expect(path(withHypers({ momentum: false as never }))).toEqual(path(withHypers({ momentum: 0 })));
  });
});

describe("§8.2 precision", () => {
  const hypers: Hypers = { rate: 0.1, decay: 0.9, momentum: 0.3, epsilon: 1e-3, centered: true };
  const gradients = [0.3, -0.7, 1.9, 0.01];

  /** A float64 variable after the steps, and its slots. */
  function run(h: { [K in keyof Omit<Hypers, "centered">]: gt.Hyper }): number[] {
    const v = new gt.Variable(gt.tensor(1, { dtype: "float64" }));
    const { rate, ...options } = h;
    const optimizer = new gt.RMSPropOptimizer(rate, { ...options, centered: true });
    for (const g of gradients) optimizer.applyGradients([[gt.tensor(g, { dtype: "float64" }), v]]);
    return [v, ...["rms", "mg", "momentum"].map((slot) => optimizer.getSlot(v, slot)!)].map((x) => x.item() as number);
  }

  function expected(h: Hypers): number[] {
    const { v, rms, mg, momentum } = gradients.reduce((at, g) => denseStep(at, g, h, exact), start(1));
    return [v, rms, mg, momentum];
  }

  test("§8.2 plain numbers pass through float32, also for a float64 variable", () => {
    expect(run(hypers)).toEqual(expected(throughFloat32(hypers)));
    expect(throughFloat32(hypers)).toMatchObject({ rate: 0.10000000149011612, decay: 0.8999999761581421 });
  });

  test("§8.2 float64 tensors and variables keep full precision", () => {
    const wide = (value: number) => gt.tensor(value, { dtype: "float64" });
    const { rate, decay, momentum, epsilon } = hypers;
    const tensors = { rate: wide(rate), decay: wide(decay), momentum: wide(momentum), epsilon: wide(epsilon) };
    expect(run(tensors)).toEqual(expected(hypers));
    const variables = Object.fromEntries(Object.entries(tensors).map(([name, t]) => [name, new gt.Variable(t)]));
    expect(run(variables as unknown as typeof tensors)).toEqual(expected(hypers));
    expect(expected(hypers)).not.toEqual(expected(throughFloat32(hypers)));
  });

  test("§8.2 a float64 hyper-parameter is rounded for a float32 variable", () => {
    const wide = gt.tensor(0.1, { dtype: "float64" });
    expect(path(withHypers({ learningRate: wide }))).toEqual(path(withHypers({})));
  });

  test("§8.2 slots are filled in the dtype of the variable", () => {
    for (const dtype of ["float32", "float64"] as const) {
      const v = new gt.Variable(gt.tensor([1, 2], { dtype }));
      const optimizer = rmsprop({ centered: true, decay: 1 });
      optimizer.applyGradients([[gt.tensor([0, 0], { dtype }), v]]);
      const slots = ["rms", "mg", "momentum"].map((slot) => optimizer.getSlot(v, slot)!);
      expect(slots.map((slot) => slot.dtype)).toEqual([dtype, dtype, dtype]);
      expect(slots.map(numbers)).toEqual([
        [1, 1],
        [0, 0],
        [0, 0],
      ]);
    }
  });
});
