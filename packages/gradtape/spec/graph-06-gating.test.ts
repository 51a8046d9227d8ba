import * as gt from "gradtape";
import { describe, expect, test } from "vitest";
import { inGraph, nameOf, namesAddedBy, opOf, sessionOn, waitsFor } from "./graph-support.ts";
import { rmsprop } from "./support.ts";

const { GATE_NONE, GATE_OP, GATE_GRAPH } = gt.Optimizer;

/** The gradients of `sum(prod)`, `prod = w u`, under a gate. */
function gated(gateGradients: number) {
  return inGraph((graph) => {
    const w = new gt.Variable([1, 2], { name: "w" });
    const u = new gt.Variable([3, 4], { name: "u" });
    const loss = gt.sum(gt.mul(w, u, { name: "prod" }), { name: "loss" } as never);
    let pairs: gt.GradientPair[] = [];
    const added = namesAddedBy(graph, () => {
      pairs = rmsprop().computeGradients(loss, { gateGradients });
    });
    return { pairs, added };
  });
}

describe("§6.4 gateGradients in the graph", () => {
  test("§6.4 GATE_NONE: gradients come straight from the gradient ops", () => {
    const { pairs, added } = gated(GATE_NONE);
    expect(added.filter((name) => /tuple|control_dependency|group_deps/.test(name))).toEqual([]);
    for (const [gradient] of pairs) expect(opOf(gradient).controlInputs).toEqual([]);
  });

  test("§6.4 GATE_OP, the default: the gradients of one op pass through a tuple of its own", () => {
    const { graph, pairs } = gated(GATE_OP);
    expect(pairs.map(([gradient]) => nameOf(gradient))).toEqual([
      "gradients/prod_grad/tuple/control_dependency:0",
      "gradients/prod_grad/tuple/control_dependency_1:0",
    ]);
    const gate = graph.getOperationByName("gradients/prod_grad/tuple/group_deps");
    expect(gate.type).toBe("noOp");
    for (const [gradient] of pairs) {
      expect(opOf(gradient).type).toBe("identity");
      expect(waitsFor(opOf(gradient))).toEqual([gate.name]);
    }
    // The gate waits for what the identities pass on.
    const passed = pairs.map(([gradient]) => nameOf(opOf(opOf(gradient).inputs[0])));
    expect(waitsFor(gate)).toEqual(passed);
    expect(gated(GATE_OP).added).toEqual(
      inGraph((other) => {
        const w = new gt.Variable([1, 2], { name: "w" });
        const u = new gt.Variable([3, 4], { name: "u" });
        const loss = gt.sum(gt.mul(w, u, { name: "prod" }), { name: "loss" } as never);
        return { added: namesAddedBy(other, () => rmsprop().computeGradients(loss)) };
      }).added,
    );
  });

  test("§6.4 GATE_OP leaves an op alone that gives one gradient", () => {
    inGraph((graph) => {
      const w = new gt.Variable([1, 2], { name: "w" });
      const loss = gt.sum(gt.square(w));
      const added = namesAddedBy(graph, () => rmsprop().computeGradients(loss, { gateGradients: GATE_OP }));
      expect(added.filter((name) => name.includes("tuple"))).toEqual([]);
      return {};
    });
  });

  test("§6.4 GATE_GRAPH: all gradients pass through one tuple", () => {
    const { graph, pairs, added } = gated(GATE_GRAPH);
    expect(pairs.map(([gradient]) => nameOf(gradient))).toEqual([
      "tuple/control_dependency:0",
      "tuple/control_dependency_1:0",
    ]);
    expect(added.filter((name) => name.endsWith("group_deps"))).toEqual(["tuple/group_deps"]);
    const gate = graph.getOperationByName("tuple/group_deps");
    for (const [gradient] of pairs) expect(waitsFor(opOf(gradient))).toEqual([gate.name]);
  });

  test("§6.4 GATE_GRAPH skips the nulls", () => {
    const { pairs } = inGraph(() => {
      const [w] = [new gt.Variable(1, { name: "w" }), new gt.Variable(1, { name: "apart" })];
      return { pairs: rmsprop().computeGradients(gt.mul(w, 2), { gateGradients: GATE_GRAPH }) };
    });
    expect(pairs.map(([gradient]) => gradient && nameOf(gradient))).toEqual(["tuple/control_dependency:0", null]);
  });

  test("§6.4 the identities are placed beside what they pass on", () => {
    const { pairs } = gated(GATE_OP);
    for (const [gradient] of pairs) {
      const same = opOf(gradient);
      expect(same.colocation).toEqual([opOf(same.inputs[0]).name]);
    }
  });

  test("§6.4 sparse gradients stay sparse through every gate", () => {
    for (const gateGradients of [GATE_NONE, GATE_OP, GATE_GRAPH]) {
      const { graph, pairs } = inGraph(() => {
        const table = new gt.Variable([[1], [2], [3]], { name: "table" });
        const w = new gt.Variable([[5], [7]], { name: "w" });
        const loss = gt.sum(gt.mul(gt.gather(table, [2, 0]), w));
        return { pairs: rmsprop().computeGradients(loss, { gateGradients }) };
      });
      const rows = pairs[0]![0] as gt.IndexedSlices;
      expect(rows).toBeInstanceOf(gt.IndexedSlices);
      expect(rows.denseShape).toEqual([3, 1]);
      const got = sessionOn(graph).run(rows);
      expect([Array.from(got.indices.data), Array.from(got.values.data)]).toEqual([
        [2, 0],
        [5, 7],
      ]);
    }
  });

  test("§6.4 the values are the same under every gate, bit for bit, over many steps", () => {
    const trained = (gateGradients: number) => {
      const { graph, w, u, train } = inGraph(() => {
        const w = new gt.Variable([0.1, -0.7, 1.3], { name: "w" });
        const u = new gt.Variable([0.3, 0.9, -0.2], { name: "u" });
        const out = gt.tanh(gt.mul(gt.add(w, u), gt.mul(w, u)));
        const loss = gt.sum(gt.square(gt.sub(out, [0.5, 0.1, -0.4])));
        return { w, u, train: rmsprop({ momentum: 0.9 }).minimize(loss, { gateGradients }) };
      });
      const session = sessionOn(graph);
      for (let i = 0; i < 20; i++) session.run(train);
      return session.run([w, u]).map((value) => Array.from((value as gt.Tensor).data));
    };
    const expected = trained(GATE_GRAPH);
    expect(trained(GATE_NONE)).toEqual(expected);
    expect(trained(GATE_OP)).toEqual(expected);
  });

  test("§6.4 Do: whatever the gate, all gradients are computed from the values before the step", () => {
    for (const gateGradients of [GATE_NONE, GATE_OP, GATE_GRAPH]) {
      const { graph, w, u, train } = inGraph(() => {
        const w = new gt.Variable(2, { name: "w" });
        const u = new gt.Variable(3, { name: "u" });
        // Each gradient is the other variable: an early update would show.
        return { w, u, train: new gt.GradientDescentOptimizer(1).minimize(gt.mul(w, u), { gateGradients }) };
      });
      const session = sessionOn(graph);
      session.run(train);
      expect(session.run([w, u]).map((value) => (value as gt.Tensor).item())).toEqual([-1, 1]);
    }
  });
});
