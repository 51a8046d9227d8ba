import * as gt from "gradtape";
import { describe, expect, test } from "vitest";
import { fetched, inGraph, nameOf, namesAddedBy, sessionOn } from "./graph-support.ts";
import { expectError, float32, ones, rmsprop } from "./support.ts";

/** A variable `w` whose square is the loss, trained once by `optimizer`. */
function trained(optimizer: gt.Optimizer = rmsprop(), name = "w") {
  return inGraph(() => {
    const w = new gt.Variable([1, 2], { name });
    const train = optimizer.applyGradients([[ones(w), w]]);
    return { w, train: train!, optimizer };
  });
}

describe("§4 slots in a graph", () => {
  test("§4 slots are made by applyGradients, before the first update, in list order and per variable rms, mg, momentum", () => {
    const graph = new gt.Graph();
    const optimizer = rmsprop({ centered: true });
    const [a, b] = graph.asDefault(() => [new gt.Variable([1], { name: "a" }), new gt.Variable([1], { name: "b" })]);
    expect(optimizer.getSlotNames()).toEqual([]);
    const added = namesAddedBy(graph, () =>
      optimizer.applyGradients([
        [[1], b!],
        [[1], a!],
      ]),
    );
    const states = ["b/RMSProp", "b/RMSProp_1", "b/RMSProp_2", "a/RMSProp", "a/RMSProp_1", "a/RMSProp_2"];
    expect(added.filter((name) => states.includes(name))).toEqual(states);
    expect(added.indexOf("a/RMSProp_2")).toBeLessThan(added.indexOf("RMSProp/update_b/ApplyCenteredRMSProp"));
    expect(["rms", "mg", "momentum"].map((slot) => optimizer.getSlot(b!, slot)!.opName)).toEqual(states.slice(0, 3));
  });

  test("§4 a variable with a null gradient gets its slots when it gets a gradient; rms then begins at one", () => {
    const optimizer = rmsprop();
    const { graph, a, b, first, second } = inGraph(() => {
      const [a, b] = [new gt.Variable([1, 1], { name: "a" }), new gt.Variable([1, 1], { name: "b" })];
      const first = optimizer.applyGradients([
        [[2, 2], a],
        [null, b],
      ])!;
      expect(optimizer.getSlot(b, "rms")).toBeNull();
      return { a, b, first, second: optimizer.applyGradients([[[2, 2], b]])! };
    });
    const session = sessionOn(graph);
    session.run(first);
    expect(fetched(session, optimizer.getSlot(b, "rms")!)).toEqual([1, 1]);
    expect(fetched(session, optimizer.getSlot(a, "rms")!)).not.toEqual([1, 1]);
    session.run(second);
    expect(fetched(session, b)).toEqual(fetched(session, a));
  });

  test("§4 slots are shared by all calls of one optimizer", () => {
    const { graph, optimizer, w } = trained();
    const before = graph.asDefault(() => optimizer.variables());
    graph.asDefault(() => optimizer.applyGradients([[[1, 1], w]]));
    expect(graph.asDefault(() => optimizer.variables())).toEqual(before);
    expect(before).toHaveLength(2);
  });

  test("§4 shape and dtype of the variable, in the global collection, not in the trainable one", () => {
    const optimizer = rmsprop();
    const { graph, v } = inGraph(() => {
      const v = new gt.Variable(gt.ones([2, 3], { dtype: "float64" }), { name: "v" });
      optimizer.applyGradients([[ones(v), v]]);
      return { v };
    });
    const rms = optimizer.getSlot(v, "rms")!;
    expect([rms.shape, rms.dtype, rms.trainable]).toEqual([[2, 3], "float64", false]);
    expect(graph.getCollection(gt.GraphKeys.GLOBAL_VARIABLES)).toContain(rms);
    expect(graph.getCollection(gt.GraphKeys.TRAINABLE_VARIABLES)).toEqual([v]);
  });

  test("§4 they are variables: assigning one changes the next update", () => {
    const kept = trained(rmsprop({ decay: 1 }));
    const keep = kept.graph.asDefault(() => kept.optimizer.getSlot(kept.w, "rms")!.assign([4, 4]));
    const session = sessionOn(kept.graph);
    session.run(keep as gt.Tensor);
    session.run(kept.train);
    const moved = float32([1 - 0.05, 2 - 0.05]);
    fetched(session, kept.w).forEach((value, i) => {
      expect(value).toBeCloseTo(moved[i]!, 6);
    });
  });

  test("§4 an initializer built before the slots does not know them: the first run names the slot", () => {
    const { graph, w, train, early } = inGraph(() => {
      const w = new gt.Variable([1, 2], { name: "w" });
      const early = gt.globalVariablesInitializer()!;
      return { w, early, train: rmsprop().applyGradients([[[1, 1], w]])! };
    });
    const session = new gt.Session({ graph });
    session.run(early);
    expectError(() => session.run(train), gt.FailedPreconditionError, "w/RMSProp");
    expect(fetched(session, w)).toEqual([1, 2]);
    graph.asDefault(() => session.run(gt.globalVariablesInitializer()));
    session.run(train);
    expect(fetched(session, w)).not.toEqual([1, 2]);
  });

  test("§4 slots are lifted out of the scopes around the call: no control dependency, no name scope", () => {
    const optimizer = rmsprop();
    const { graph } = inGraph(() => {
      const w = new gt.Variable([1], { name: "w" });
      const gate = gt.noOp({ name: "gate" })!;
      gt.controlDependencies([gate], () => gt.nameScope("inner", () => optimizer.applyGradients([[[1], w]])));
      return {};
    });
    const assign = graph.getOperationByName("w/RMSProp/Assign");
    expect(assign.controlInputs).toEqual([]);
    expect(graph.getOperationByName("w/RMSProp").controlInputs).toEqual([]);
  });

  test("§4.1 getSlot gives the same object each time, null for an unknown name or a variable without slots", () => {
    const { graph, optimizer, w } = trained();
    const other = graph.asDefault(() => new gt.Variable(1));
    expect(optimizer.getSlot(w, "rms")).toBe(optimizer.getSlot(w, "rms"));
    expect(optimizer.getSlot(w, "nothing")).toBeNull();
    expect(optimizer.getSlot(other, "rms")).toBeNull();
    expectError(() => optimizer.getSlot(3 as never, "rms"), TypeError);
  });

  test("§4.2 getSlotNames is sorted, a new list each time, and the same while another graph is built", () => {
    const { optimizer } = trained(rmsprop({ centered: true }));
    const names = optimizer.getSlotNames();
    expect(names).toEqual(["mg", "momentum", "rms"]);
    names.push("mine");
    expect(new gt.Graph().asDefault(() => optimizer.getSlotNames())).toEqual(["mg", "momentum", "rms"]);
  });
});

describe("§4.3 variables() in a graph", () => {
  test("§4.3 those of the graph being built, none of another graph or of eager mode", () => {
    const optimizer = rmsprop();
    const one = trained(optimizer, "one");
    const two = trained(optimizer, "two");
    expect(one.graph.asDefault(() => optimizer.variables()).map(nameOf)).toEqual(["one/RMSProp:0", "one/RMSProp_1:0"]);
    expect(two.graph.asDefault(() => optimizer.variables()).map(nameOf)).toEqual(["two/RMSProp:0", "two/RMSProp_1:0"]);
    expect(optimizer.variables()).toEqual([]);
    expect(new gt.Graph().asDefault(() => optimizer.variables())).toEqual([]);
  });

  test("§4.3 sorted by full name as plain strings: _10 before _8 and before _1:0", () => {
    const graph = new gt.Graph();
    const last = graph.asDefault(() => {
      const w = new gt.Variable([1], { name: "w" });
      return Array.from({ length: 6 }, () => {
        const optimizer = rmsprop();
        optimizer.applyGradients([[[1], w]]);
        return optimizer;
      });
    });
    const names = graph.asDefault(() => last.map((optimizer) => optimizer.variables().map(nameOf)));
    expect(names[0]).toEqual(["w/RMSProp:0", "w/RMSProp_1:0"]);
    expect(names[5]).toEqual(["w/RMSProp_10:0", "w/RMSProp_11:0"]);
    const shared = graph.asDefault(() => {
      const [u, v] = [new gt.Variable([1], { name: "a" }), new gt.Variable([1], { name: "A" })];
      const optimizer = rmsprop();
      optimizer.applyGradients([
        [[1], v],
        [[1], u],
      ]);
      return optimizer.variables().map(nameOf);
    });
    expect(shared).toEqual([...shared].sort());
  });

  test("§4.3 plain descent has no state", () => {
    const { graph, optimizer } = trained(new gt.GradientDescentOptimizer(0.1));
    expect(graph.asDefault(() => optimizer.variables())).toEqual([]);
  });

  test("§4.3 Adam's powers come before its slots by their names", () => {
    const { graph, optimizer } = trained(new gt.AdamOptimizer());
    expect(graph.asDefault(() => optimizer.variables()).map(nameOf)).toEqual([
      "beta1_power:0",
      "beta2_power:0",
      "w/Adam:0",
      "w/Adam_1:0",
    ]);
  });
});

describe("§4.4 names in a graph", () => {
  test.each([
    [{ centered: false }, { rms: "w/RMSProp:0", momentum: "w/RMSProp_1:0" }],
    [{ centered: true }, { rms: "w/RMSProp:0", mg: "w/RMSProp_1:0", momentum: "w/RMSProp_2:0" }],
    [{ name: "Mine" }, { rms: "w/Mine:0", momentum: "w/Mine_1:0" }],
  ])("§4.4 %o: the name of the variable, that of the optimizer, a number", (options, names) => {
    const { optimizer, w } = trained(rmsprop(options));
    for (const [slot, name] of Object.entries(names)) expect(optimizer.getSlot(w, slot)!.name).toBe(name);
  });

  test("§4.4 a second optimizer of the same name goes on counting", () => {
    const { graph, w } = trained();
    const second = rmsprop();
    graph.asDefault(() => second.applyGradients([[[1, 1], w]]));
    expect([second.getSlot(w, "rms")!.name, second.getSlot(w, "momentum")!.name]).toEqual([
      "w/RMSProp_2:0",
      "w/RMSProp_3:0",
    ]);
  });

  test("§4.4 a variable scope around the call prefixes them, a name scope does not", () => {
    const [scoped, plain] = [rmsprop(), rmsprop()];
    inGraph(() => {
      const a = gt.variableScope("s", () => gt.getVariable("a", { shape: [2] }));
      gt.variableScope("opt_scope", () => scoped.applyGradients([[[1, 1], a]]));
      gt.nameScope("ns", () => plain.applyGradients([[[1, 1], a]]));
      expect(scoped.getSlot(a, "rms")!.name).toBe("opt_scope/s/a/RMSProp:0");
      expect(plain.getSlot(a, "rms")!.name).toBe("s/a/RMSProp:0");
      return {};
    });
  });

  test("§4.4 Adam's powers have no prefix, and are float32 for plain betas also beside float64 variables", () => {
    const optimizer = new gt.AdamOptimizer();
    const { graph } = inGraph(() => {
      const v = new gt.Variable(gt.ones([2], { dtype: "float64" }), { name: "v" });
      optimizer.applyGradients([[ones(v), v]]);
      return {};
    });
    const powers = graph.asDefault(() => optimizer.variables()).slice(0, 2);
    expect(powers.map(({ opName, dtype }) => [opName, dtype])).toEqual([
      ["beta1_power", "float32"],
      ["beta2_power", "float32"],
    ]);
  });
});
