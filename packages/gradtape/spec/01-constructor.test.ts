import * as gt from "gradtape";
import { describe, expect, test } from "vitest";
import { expectError, numbers, rmsprop, variable } from "./support.ts";

/** Where an optimizer takes [1, 2] in two steps with the gradient [0.1, 0.2]. */
function path(optimizer: gt.Optimizer): number[] {
  const v = variable([1, 2]);
  for (let step = 0; step < 2; step++) optimizer.applyGradients([[[0.1, 0.2], v]]);
  return numbers(v);
}

describe("§1 the constructor of RMSPropOptimizer", () => {
  test("§1 defaults: decay 0.9, momentum 0, epsilon 1e-10, no locking, not centered", () => {
    const stated = { decay: 0.9, momentum: 0, epsilon: 1e-10, useLocking: false, centered: false, name: "RMSProp" };
    const optimizer = new gt.RMSPropOptimizer(0.1);
    expect(path(optimizer)).toEqual(path(new gt.RMSPropOptimizer(0.1, stated)));
    expect(optimizer).toMatchObject({ learningRate: 0.1, decay: 0.9, momentum: 0, epsilon: 1e-10, useLocking: false });
    expect(optimizer.getName()).toBe("RMSProp");
    expect(optimizer.getSlotNames()).not.toContain("mg");
  });

  test.each(["decay", "momentum", "epsilon"] as const)("§1 %s takes number, tensor, variable, function", (name) => {
    const kinds = [0.5, gt.tensor(0.5), new gt.Variable(0.5), () => 0.5];
    const [first, ...others] = kinds.map((kind) => path(rmsprop({ [name]: kind })));
    for (const other of others) expect(other).toEqual(first);
    expect(first).not.toEqual(path(rmsprop()));
  });

  test("§1 the rate takes number, tensor, variable, function", () => {
    for (const kind of [gt.tensor(0.1), new gt.Variable(0.1), () => 0.1]) {
      expect(path(new gt.RMSPropOptimizer(kind))).toEqual(path(rmsprop()));
    }
  });

  test("§1 useLocking has no numeric effect", () => {
    expect(path(rmsprop({ useLocking: true }))).toEqual(path(rmsprop()));
  });

  test("§1 centered adds the slot mg", () => {
    const optimizer = rmsprop({ centered: true });
    expect(path(optimizer)).not.toEqual(path(rmsprop()));
    expect(optimizer.getSlotNames()).toEqual(["mg", "momentum", "rms"]);
  });

  test.each(["", null, 0, false])("§1 name %j is a ValueError: an optimizer needs a name", (name) => {
    expectError(() => rmsprop({ name: name as never }), gt.ValueError, /optimizer/i, /name/);
  });

  test("§1 nothing else is validated: what cannot be used fails at the first apply", () => {
    const odd = { decay: "0.9", momentum: null, epsilon: gt.tensor([1, 2]) } as never;
    const optimizer = new gt.RMSPropOptimizer(null as never, odd);
    expect(optimizer).toMatchObject({ learningRate: null, decay: "0.9", momentum: null });
    expect(() => optimizer.applyGradients([[1, variable(1)]])).toThrow();
  });

  test("§1 a decay above 1 and negative rates are simply used", () => {
    const v = variable(1);
    // rms = 1 + (1 - 1) (1 - 2) = 1: the step is the rate, upwards.
    new gt.RMSPropOptimizer(-0.5, { decay: 2, epsilon: 0 }).applyGradients([[1, v]]);
    expect(v.item()).toBe(1.5);
    const w = variable(1);
    // rms = 1 + (9 - 1) (1 - 1.5) = -3: the root is NaN.
    rmsprop({ decay: 1.5 }).applyGradients([[3, w]]);
    expect(w.item()).toBeNaN();
  });

  test("§1 getName gives the name as it was given, also to a second optimizer of that name", () => {
    expect([rmsprop({ name: "Mine/x" }), rmsprop({ name: "Mine/x" })].map((each) => each.getName())).toEqual([
      "Mine/x",
      "Mine/x",
    ]);
  });

  test("§1 a fresh optimizer has no slot names, no variables, and null for every slot", () => {
    const fresh = rmsprop();
    expect(fresh.getSlotNames()).toEqual([]);
    expect(fresh.variables()).toEqual([]);
    for (const anything of [variable(1), gt.tensor(1), 3, "v", null]) {
      expect(fresh.getSlot(anything as never, "rms")).toBeNull();
      expect(fresh.getSlot(anything as never, 7 as never)).toBeNull();
    }
  });

  test("§1 GATE_NONE 0, GATE_OP 1, GATE_GRAPH 2, on classes and instances", () => {
    for (const holder of [gt.Optimizer, gt.RMSPropOptimizer, rmsprop()]) {
      expect([holder.GATE_NONE, holder.GATE_OP, holder.GATE_GRAPH]).toEqual([0, 1, 2]);
    }
  });
});

describe("§1 the other constructors", () => {
  /** Each with its defaults left out, and with its defaults said. */
  const pairs: [string, () => gt.Optimizer, () => gt.Optimizer][] = [
    [
      "GradientDescent",
      () => new gt.GradientDescentOptimizer(0.1),
      () => new gt.GradientDescentOptimizer(0.1, { useLocking: false, name: "GradientDescent" }),
    ],
    [
      "Momentum",
      () => new gt.MomentumOptimizer(0.1, 0.9),
      () => new gt.MomentumOptimizer(0.1, 0.9, { useLocking: false, name: "Momentum", useNesterov: false }),
    ],
    [
      "Adagrad",
      () => new gt.AdagradOptimizer(0.1),
      () => new gt.AdagradOptimizer(0.1, { initialAccumulatorValue: 0.1, useLocking: false, name: "Adagrad" }),
    ],
    [
      "Adam",
      () => new gt.AdamOptimizer(),
      () => new gt.AdamOptimizer(0.001, { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, useLocking: false, name: "Adam" }),
    ],
    [
      "Adadelta",
      () => new gt.AdadeltaOptimizer(),
      () => new gt.AdadeltaOptimizer(0.001, { rho: 0.95, epsilon: 1e-8, useLocking: false, name: "Adadelta" }),
    ],
    [
      "Ftrl",
      () => new gt.FtrlOptimizer(0.1),
      () =>
        new gt.FtrlOptimizer(0.1, {
          learningRatePower: -0.5,
          initialAccumulatorValue: 0.1,
          l1RegularizationStrength: 0,
          l2RegularizationStrength: 0,
          useLocking: false,
          name: "Ftrl",
          accumName: null,
          linearName: null,
          l2ShrinkageRegularizationStrength: 0,
          beta: null,
        }),
    ],
  ];

  test.each(pairs)("§1 %s: the defaults are TensorFlow's", (name, bare, stated) => {
    expect(bare().getName()).toBe(name);
    expect(path(bare())).toEqual(path(stated()));
    expect(path(bare())).not.toEqual([1, 2]);
    expect([bare().GATE_NONE, bare().GATE_OP, bare().GATE_GRAPH]).toEqual([0, 1, 2]);
  });

  test("§1 Adagrad: an initial accumulator that is not positive is a ValueError", () => {
    for (const initialAccumulatorValue of [0, -0.1]) {
      const make = () => new gt.AdagradOptimizer(0.1, { initialAccumulatorValue });
      expectError(make, gt.ValueError, /initialAccumulatorValue/, /positive/);
    }
  });

  test.each<[keyof gt.FtrlOptions, number, number]>([
    ["initialAccumulatorValue", -0.1, 0],
    ["learningRatePower", 0.1, 0],
    ["l1RegularizationStrength", -0.1, 0],
    ["l2RegularizationStrength", -0.1, 0],
    ["l2ShrinkageRegularizationStrength", -0.1, 0],
  ])("§1 Ftrl: %s %d is a ValueError that names it, %d is not", (name, bad, good) => {
    expectError(() => new gt.FtrlOptimizer(0.1, { [name]: bad }), gt.ValueError, name, String(bad));
    expect(new gt.FtrlOptimizer(0.1, { [name]: good })).toBeInstanceOf(gt.FtrlOptimizer);
  });

  test("§1 an empty name is a ValueError for each", () => {
    const options = { name: "" };
    for (const make of [
      () => new gt.GradientDescentOptimizer(0.1, options),
      () => new gt.MomentumOptimizer(0.1, 0.9, options),
      () => new gt.AdagradOptimizer(0.1, options),
      () => new gt.AdamOptimizer(0.1, options),
      () => new gt.AdadeltaOptimizer(0.1, options),
      () => new gt.FtrlOptimizer(0.1, options),
    ]) {
      expectError(make, gt.ValueError, /name/);
    }
  });
});
