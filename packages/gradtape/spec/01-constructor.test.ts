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
