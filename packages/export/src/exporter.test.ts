import * as gt from "@gradtape/graph";
import { NotImplementedError, RuntimeError, ValueError } from "@gradtape/tensor";
import { describe, expect, test } from "vitest";
import { type Exporter, exportTo, pruned } from "./exporter.ts";

/** Lists what it is given, and refuses what `refused` names. */
const lister = (refused: readonly string[] = []): Exporter<object, readonly string[]> => ({
  target: "a list",
  refusal: ({ type }) => (refused.includes(type) ? "lists hold no such thing" : null),
  write: ({ operations }) => operations.map(({ name }) => name),
});

function sample() {
  const graph = new gt.Graph();
  return graph.asDefault(() => {
    const x = gt.placeholder("float32", [2], { name: "x" });
    const v = new gt.Variable([1, 2], { name: "v" });
    const unused = gt.exp(x, { name: "unused" });
    const product = gt.mul(x, v, { name: "product" });
    const gate = gt.controlDependencies([unused], () => gt.noOp({ name: "gate" }))!;
    const root = gt.sqrt(product, { name: "root" });
    return { graph, x, v, product, root, gate };
  });
}

test("only what the outputs need is written, each operation behind those that it needs", () => {
  const { graph, x, root, gate, product } = sample();
  const read = product as unknown as gt.SymbolicTensor;
  const reading = (read.op.inputs[1] as gt.SymbolicTensor).op.name;
  expect(exportTo(lister(), { graph, inputs: [x], outputs: [root] }, {})).toEqual([reading, "product", "root"]);
  expect(exportTo(lister(), { graph, inputs: [x], outputs: [gate] }, {})).toEqual(["unused", "gate"]);
  // What is fed is not computed.
  expect(exportTo(lister(), { graph, inputs: [product], outputs: [root] }, {})).toEqual(["root"]);
});

test("variables have names of their own, also those of eager mode", () => {
  const { graph, x } = sample();
  const eager = new gt.Variable([3, 4], { name: "v" });
  const sum = graph.asDefault(() => gt.add(gt.mul(x, eager), graph.getCollection("variables")[0] as gt.Variable));
  const { states } = pruned("test", { graph, inputs: [x], outputs: [sum] });
  expect([...states.values()].sort()).toEqual(["v", "v_1"]);
});

describe("what cannot be handed over is one error, before anything is written", () => {
  test("the operation, its op, the reason, how many more, and the line", () => {
    const { graph, x, root } = sample();
    const write = () => exportTo(lister(["sqrt", "mul"]), { graph, inputs: [x], outputs: [root] }, {});
    expect(write).toThrow(NotImplementedError);
    expect(write).toThrow(
      /^export to a list: mul 'product' cannot be written, and 1 more cannot: lists hold no such thing\n {2}built at .*exporter\.test\.ts:\d+:\d+$/,
    );
  });

  test("operations that wait for each other", () => {
    const { graph, x, root, product } = sample();
    const [first, last] = [product, root].map((tensor) => (tensor as gt.SymbolicTensor).op) as [
      gt.Operation,
      gt.Operation,
    ];
    // No call makes such a graph.
    Object.assign(first, { controlInputs: [last] });
    const write = () => exportTo(lister(), { graph, inputs: [x], outputs: [root] }, {});
    expect(write).toThrow(ValueError);
    expect(write).toThrow(/export to a list: sqrt 'root' waits for itself: root <- product <- root\n {2}built at/);
  });

  test("what the writer itself throws goes through", () => {
    const { graph, x, root } = sample();
    const failing = {
      ...lister(),
      write: () => {
        throw new RuntimeError("no");
      },
    };
    expect(() => exportTo(failing, { graph, inputs: [x], outputs: [root] }, {})).toThrow(RuntimeError);
  });
});
