import { tensor } from "@gradtape/tensor";
import { describe, expect, test } from "vitest";
import * as g from "./index.ts";

/* A legal graph, and for each rule of what is legal one change that breaks it. */

/** Changes what no caller may change. */
const force = (thing: object, change: Record<string, unknown>) => {
  for (const [name, value] of Object.entries(change)) Object.defineProperty(thing, name, { value, configurable: true });
};

function legal() {
  const graph = new g.Graph();
  const parts = graph.asDefault(() => {
    const x = g.placeholder("float32", [2, 3], { name: "x" }) as g.SymbolicTensor;
    const w = new g.Variable(tensor([1, 2, 3]), { name: "w" });
    const y = g.mul(x, w, { name: "y" }) as g.SymbolicTensor;
    const z = g.sum(y, 1, { name: "z" }) as g.SymbolicTensor;
    return { x, w, y, z };
  });
  return { graph, ...parts };
}
const elsewhere = () => legal().x;

test("a legal graph", () => g.verify(legal().graph));

describe("a graph that breaks a rule", () => {
  test.each<[string, (parts: ReturnType<typeof legal>) => void, RegExp]>([
    [
      "an operation of another graph",
      ({ y }) => force(y.op, { graph: new g.Graph() }),
      /y \(mul\): it belongs to another/,
    ],
    ["a name twice", ({ z }) => force(z.op, { name: "y" }), /y \(sum\): another operation has its name/],
    [
      "an input of another graph",
      ({ y }) => force(y.op, { inputs: [elsewhere(), y.op.inputs[1]] }),
      /y \(mul\): it needs x of another graph/,
    ],
    [
      "an input that comes later",
      ({ y, z }) => force(y.op, { inputs: [z, y.op.inputs[1]] }),
      /y \(mul\): it needs z, which does not come before it/,
    ],
    [
      "an operation that it waits for later",
      ({ y, z }) => force(y.op, { controlInputs: [z.op] }),
      /y \(mul\): it needs z, which does not come before it/,
    ],
    [
      "an input that is no output",
      ({ y, x }) => force(y.op, { inputs: [new g.SymbolicTensor(x.op, 0, x.spec), y.op.inputs[1]] }),
      /y \(mul\): x:0 is no output/,
    ],
    ["too few inputs", ({ y, x }) => force(y.op, { inputs: [x] }), /mul: it has 1 inputs, expected 2/],
    ["an attribute that is missing", ({ z }) => force(z.op, { attributes: {} }), /sum: /],
    [
      "an attribute too many",
      ({ z }) => force(z.op, { attributes: { ...z.op.attributes, more: 1 } }),
      /sum: there is no/,
    ],
    ["an axis that is none", ({ z }) => force(z.op, { attributes: { axes: [2], keepDims: false } }), /sum: axis 2 is/],
    [
      "another shape",
      ({ z, x }) => force(z.op, { outputs: [new g.SymbolicTensor(z.op, 0, x.spec)] }),
      /z \(sum\): output 0 is not what its shape rule gives/,
    ],
    [
      "another dtype",
      ({ z }) => force(z.op, { outputs: [new g.SymbolicTensor(z.op, 0, { shape: [2], dtype: "int32" })] }),
      /z \(sum\): output 0 is not what its shape rule gives/,
    ],
    ["no output", ({ z }) => force(z.op, { outputs: [] }), /z \(sum\): it has 0 outputs, its rule gives 1/],
  ])("%s", (_, change, message) => {
    const parts = legal();
    change(parts);
    expect(() => g.verify(parts.graph)).toThrow(message);
  });
});
