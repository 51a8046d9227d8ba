import * as gt from "gradtape";
import { describe, expect, test } from "vitest";
import { inGraph, nameOf, opOf, sessionOn, waitsFor } from "./graph-support.ts";
import { expectError } from "./support.ts";

describe("§7.4 group", () => {
  test("§7.4 one no-op that is done when all inputs are", () => {
    const { graph, v, all } = inGraph(() => {
      const v = new gt.Variable(1, { name: "v" });
      const u = new gt.Variable(1, { name: "u" });
      return { v: [v, u], all: gt.group(v.assignAdd(1), u.assignAdd(2))! };
    });
    expect([all.name, all.type]).toEqual(["group_deps", "noOp"]);
    const session = sessionOn(graph);
    expect(session.run(all)).toBeNull();
    expect(session.run(v).map((value) => value.item())).toEqual([2, 3]);
  });

  test("§7.4 operations, tensors, slices, variables and lists of them", () => {
    inGraph(() => {
      const [a, b, c] = ["a", "b", "c"].map((name) => gt.constant(1, { name }));
      const ids = gt.constant([0], { dtype: "int32", name: "ids" });
      const v = new gt.Variable(1, { name: "v" });
      const all = gt.group(gt.noOp({ name: "n" }), [a!, [b!]], new gt.IndexedSlices(c!, ids), v)!;
      expect(waitsFor(all)).toEqual(["n", "a", "b", "c", "ids", "v"]);
      return {};
    });
  });

  test("§7.4 no inputs: a no-op; a name may be given", () => {
    inGraph(() => {
      const empty = gt.group()!;
      expect([empty.type, empty.controlInputs]).toEqual(["noOp", []]);
      expect(gt.group(empty, { name: "mine" })!.name).toBe("mine");
      expect(gt.group(empty, { name: "mine" })!.name).toBe("mine_1");
      return {};
    });
  });

  test("§7.4 anything else is a TypeError; operations of two graphs a ValueError", () => {
    const { n } = inGraph(() => ({ n: gt.noOp()! }));
    inGraph(() => {
      expectError(() => gt.group(3 as never), TypeError, "3");
      expectError(() => gt.group([gt.noOp(), "x" as never]), TypeError, "x");
      expectError(() => gt.group(gt.noOp(), n), gt.ValueError, /same graph/);
      return {};
    });
  });

  test("§7.4 in eager mode null", () => {
    expect(gt.group(gt.tensor(1))).toBeNull();
    expect(gt.group()).toBeNull();
    expect(gt.noOp()).toBeNull();
  });
});

describe("§7.4 tuple", () => {
  test("§7.4 the same values, each only when all are there", () => {
    const { graph, v, pair } = inGraph(() => {
      const v = new gt.Variable(1, { name: "v" });
      return { v, pair: gt.tuple([gt.constant(5), v.assignAdd(1) as gt.Tensor]) as gt.Tensor[] };
    });
    const session = sessionOn(graph);
    // Fetching the first alone makes the second happen.
    expect(session.run(pair[0]!).item()).toBe(5);
    expect(session.run(v).item()).toBe(2);
  });

  test("§7.4 null and slices stay, names stand under tuple/, order is kept", () => {
    const { graph, a, result } = inGraph(() => {
      const a = gt.constant([1], { name: "a" });
      const slices = new gt.IndexedSlices(gt.constant([[2]]), gt.constant([0], { dtype: "int32" }), [3, 1]);
      return { a, result: gt.tuple([a, null, slices]) };
    });
    expect(result[1]).toBeNull();
    expect(nameOf(result[0])).toBe("tuple/control_dependency:0");
    expect(result[2]).toBeInstanceOf(gt.IndexedSlices);
    expect(nameOf(result[2])).toBe("tuple/control_dependency_1:0");
    expect((result[2] as gt.IndexedSlices).denseShape).toEqual([3, 1]);
    expect(opOf(result[0]).inputs).toEqual([a]);
    expect(waitsFor(opOf(result[0]))).toEqual(["tuple/group_deps"]);
    expect(waitsFor(graph.getOperationByName("tuple/group_deps"))).toContain("a");
  });

  test("§7.4 an operation becomes one that is done when all are; controlInputs are waited for too", () => {
    const { graph, result } = inGraph(() => {
      const [n, more] = [gt.noOp({ name: "n" })!, gt.noOp({ name: "more" })!];
      return { result: gt.tuple([gt.constant(1, { name: "a" }), n], { name: "t", controlInputs: [more] }) };
    });
    expect(waitsFor(result[1] as gt.Operation)).toEqual(["t/group_deps", "n"]);
    expect(waitsFor(graph.getOperationByName("t/group_deps"))).toEqual(["a", "n", "more"]);
  });

  test.each([[[]], [[null, null]]])("§7.4 a list with nothing in it, %o, is a ValueError", (list) => {
    inGraph(() => {
      expectError(() => gt.tuple(list), gt.ValueError, /at least one/);
      return {};
    });
  });

  test("§7.4 plain values become constants of the graph", () => {
    const { graph, result } = inGraph(() => ({ result: gt.tuple([gt.tensor([1, 2]), gt.tensor(3)]) as gt.Tensor[] }));
    expect(
      sessionOn(graph)
        .run(result)
        .map((value) => value.array()),
    ).toEqual([[1, 2], 3]);
  });

  test("§7.4 in eager mode the list as it was", () => {
    const list = [gt.tensor(1), null, 3];
    expect(gt.tuple(list)).toEqual(list);
    expect(gt.tuple([])).toEqual([]);
  });
});

describe("§7.4 control dependencies", () => {
  test("§7.4 they add up in nested scopes; null clears them", () => {
    inGraph(() => {
      const [a, b] = [gt.noOp({ name: "a" })!, gt.noOp({ name: "b" })!];
      const [both, none] = gt.controlDependencies([a], () =>
        gt.controlDependencies([b], () => [gt.noOp()!, gt.controlDependencies(null, () => gt.noOp()!)]),
      ) as [gt.Operation, gt.Operation];
      expect(waitsFor(both)).toEqual(["a", "b"]);
      expect(waitsFor(none)).toEqual([]);
      return {};
    });
  });

  test("§7.4 a data input needs no control dependency of its own", () => {
    inGraph(() => {
      const x = gt.constant(1, { name: "x" });
      const y = gt.controlDependencies([x], () => gt.neg(x));
      expect(waitsFor(opOf(y))).toEqual([]);
      return {};
    });
  });
});
