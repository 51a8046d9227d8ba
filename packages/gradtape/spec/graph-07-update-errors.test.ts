import * as gt from "gradtape";
import { describe, expect, test } from "vitest";
import { fetched, inGraph, sessionOn } from "./graph-support.ts";
import { expectError, rmsprop, slices } from "./support.ts";

type ErrorClass = new (...args: never[]) => Error;

/** A variable [1, 2] and a table of 3 rows, with what has been built on them. */
function setting() {
  return inGraph(() => {
    const w = new gt.Variable([1, 2], { name: "w" });
    const table = new gt.Variable([[1], [2], [3]], { name: "table" });
    const scalar = new gt.Variable(1, { name: "scalar" });
    return { w, table, scalar };
  });
}

type Setting = ReturnType<typeof setting>;

describe("§7.6 mistakes that are seen while the graph is built", () => {
  const f64 = (values: number[]) => gt.tensor(values, { dtype: "float64" });
  const i32 = (values: number[] | number[][]) => gt.tensor(values, { dtype: "int32" });
  const mistakes: [string, (s: Setting) => [gt.Gradient, gt.Variable], ErrorClass, RegExp[]][] = [
    ["a gradient of another shape", ({ w }) => [[1, 2, 3], w], gt.ValueError, [/\[2\]/, /\[3\]/]],
    ["a scalar gradient: nothing is broadcast", ({ w }) => [1, w], gt.ValueError, [/\[2\]/, /\[\]/]],
    ["a gradient of another dtype", ({ w }) => [f64([1, 2]), w], TypeError, [/float64/, /float32/]],
    ["integer gradients", ({ w }) => [i32([1, 2]), w], TypeError, [/int32/, /float32/]],
    ["indices that are no vector", ({ table }) => [slices([[1]], [[0]] as never), table], gt.ValueError, [/vector/]],
    [
      "indices that are floats",
      ({ table }) => [new gt.IndexedSlices(gt.tensor([[1]]), gt.tensor([0])), table],
      TypeError,
      [/float32/, /int32/],
    ],
    ["rows and indices of other numbers", ({ table }) => [slices([[1], [2]], [0]), table], gt.ValueError, [/row/]],
    ["rows of another shape", ({ table }) => [slices([[1, 1]], [0]), table], gt.ValueError, [/dimension 1/]],
    ["rows of another rank", ({ table }) => [slices([1], [0]), table], gt.ValueError, [/rank/]],
    ["slices on a scalar", ({ scalar }) => [slices([1], [0]), scalar], gt.ValueError, [/at least 1 dimensional/]],
  ];

  test.each(mistakes)("§7.6 %s", (_, pair, Failure, messages) => {
    const s = setting();
    s.graph.asDefault(() => expectError(() => rmsprop().applyGradients([pair(s)]), Failure, ...messages));
  });

  test.each(["learningRate", "decay", "momentum", "epsilon"] as const)("§7.6 %s that is no scalar", (hyper) => {
    const { graph, w } = setting();
    const optimizer = rmsprop();
    optimizer[hyper] = [0.1, 0.2] as never;
    graph.asDefault(() => expectError(() => optimizer.applyGradients([[[1, 1], w]]), gt.ValueError, hyper, "[2]"));
  });

  test("§7.6 Do: an integer variable is a TypeError up front", () => {
    inGraph((graph) => {
      const whole = new gt.Variable([1, 2], { dtype: "int32", name: "whole" });
      const before = graph.getOperations().length;
      const gradient = gt.tensor([1, 2], { dtype: "int32" });
      expectError(() => rmsprop().applyGradients([[gradient, whole]]), TypeError, "whole", "int32");
      expect(graph.getOperations()).toHaveLength(before);
      return {};
    });
  });

  test("§7.6 a loss, a variable or a gradient of another graph", () => {
    const { w: stranger, graph: other } = setting();
    const foreign = other.asDefault(() => gt.sum(gt.square(stranger)));
    const { graph, w } = setting();
    graph.asDefault(() => {
      const loss = gt.sum(gt.square(w));
      expectError(() => rmsprop().minimize(loss, { varList: [stranger] }), gt.ValueError, /same graph/, "w:0");
      expectError(() => rmsprop().minimize(foreign, { varList: [w] }), gt.ValueError, /same graph/, "w:0");
      const pair: [gt.Tensor, gt.Variable] = [gt.square(stranger), w];
      expectError(() => rmsprop().applyGradients([pair]), gt.ValueError, /same graph/);
      expectError(() => rmsprop().applyGradients([[[1, 1], stranger]]), gt.ValueError, /same graph/);
    });
  });
});

describe("§7.6 mistakes that only a run can see", () => {
  test("§7.6 the shape of a gradient left open", () => {
    const { graph, w } = setting();
    const { g, train } = graph.asDefault(() => {
      const g = gt.placeholder("float32", [null]);
      return { g, train: rmsprop().applyGradients([[g, w]])! };
    });
    const session = sessionOn(graph);
    expectError(() => session.run(train, [[g, [1]]]), gt.InvalidArgumentError, "[2]", "[1]");
    expect(fetched(session, w)).toEqual([1, 2]);
  });

  test.each([
    [[0, 3], 3, 1],
    [[-1], -1, 0],
    // The offset counts the merged rows.
    [[1, 1, 7], 7, 1],
  ])("§7.6 indices %o: %d at offset %d is out of range, nothing is written", (indices, bad, offset) => {
    const { graph, table } = setting();
    const optimizer = rmsprop();
    const values = indices.map(() => [1]);
    const train = graph.asDefault(() => optimizer.applyGradients([[slices(values, indices), table]])!);
    const session = sessionOn(graph);
    const parts = [new RegExp(`${bad}\\b`), new RegExp(`\\b${offset}\\b`), /range/];
    expectError(() => session.run(train), gt.InvalidArgumentError, ...parts);
    expect(fetched(session, table)).toEqual([1, 2, 3]);
    expect(fetched(session, optimizer.getSlot(table, "rms")!)).toEqual([1, 1, 1]);
  });

  test("§7.6 an uninitialized variable or slot is named", () => {
    const { graph, w } = setting();
    const train = graph.asDefault(() => rmsprop().applyGradients([[[1, 1], w]])!);
    const session = new gt.Session({ graph });
    expectError(() => session.run(train), gt.FailedPreconditionError, /\bw\b/);
    session.run(w.initializer!);
    expectError(() => session.run(train), gt.FailedPreconditionError, "w/RMSProp");
    expect(fetched(session, w)).toEqual([1, 2]);
  });
});
