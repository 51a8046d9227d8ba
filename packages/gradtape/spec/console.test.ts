import { inspect } from "node:util";
import * as gt from "gradtape";
import { expect, test } from "vitest";

/* A console shows values and what they are, never private fields. */

const matrix = gt.tensor([
  [1, 2, 3],
  [4, 5, 6],
]);

const shown: readonly (readonly [name: string, value: () => unknown, text: string | RegExp])[] = [
  ["a scalar", () => gt.tensor(1.5), "Tensor float32 [] 1.5"],
  ["a vector", () => gt.tensor([1, 2], { dtype: "int32" }), "Tensor int32 [2] [1 2]"],
  ["a matrix", () => matrix, "Tensor float32 [2, 3]\n[[1. 2. 3.]\n [4. 5. 6.]]"],
  ["a view", () => gt.transpose(matrix), "Tensor float32 [3, 2]\n[[1. 4.]\n [2. 5.]\n [3. 6.]]"],
  ["a slice", () => gt.slice(matrix, [1, 1], [1, 2]), "Tensor float32 [1, 2] [[5. 6.]]"],
  ["a tensor in an object", () => ({ loss: gt.tensor(2) }), "{ loss: Tensor float32 [] 2.0 }"],
  ["a variable", () => new gt.Variable([1, 2], { name: "w" }), "<Variable 'w:0' shape=[2] dtype=float32>\n[1. 2.]"],
  [
    "slices",
    () => new gt.IndexedSlices(gt.tensor([[1, 2]]), gt.tensor([3], { dtype: "int32" }), [5, 2]),
    "IndexedSlices(indices=[3], values=[[1. 2.]], dense_shape=[5, 2])",
  ],
  [
    "an optimizer",
    () => new gt.RMSPropOptimizer(0.1),
    "<RMSPropOptimizer 'RMSProp' learningRate=0.1 decay=0.9 momentum=0 epsilon=1e-10>",
  ],
  ["a schedule", () => new gt.GradientDescentOptimizer(() => 0.1), /learningRate=schedule>$/],
  ["a tape", () => new gt.GradientTape(), "<GradientTape stopped, 0 ops>"],
  ["a generator", () => gt.generator(7), /^<Generator philox4x32-10 key=\d+,\d+ counter=0>$/],
  ["a dataset", () => gt.dataset([matrix], { batch: 1 }), "<Dataset of 2 examples, 2 batches: epoch 0, example 0>"],
  ["an empty graph", () => new gt.Graph(), "<Graph of 0 operations>"],
];

test.each(shown)("%s", (_, value, text) => {
  const got = inspect(value());
  if (typeof text === "string") expect(got).toBe(text);
  else expect(got).toMatch(text);
});

test("what a graph holds", () => {
  const graph = new gt.Graph();
  graph.asDefault(() => {
    const x = gt.placeholder("float32", [2], { name: "x" });
    const w = new gt.Variable(1, { name: "w" });
    const y = gt.mul(x, w, { name: "y" });
    const session = new gt.Session({ graph });
    session.run(gt.globalVariablesInitializer());
    expect(inspect(y)).toBe("<Tensor 'y:0' shape=[2] dtype=float32>");
    expect(inspect((y as unknown as { op: unknown }).op)).toMatch(/^y = mul\(x:0, .*\) -> float32\[2\]$/);
    expect(inspect(graph)).toMatch(/^<Graph of \d+ operations>$/);
    expect(inspect(w)).toBe("<Variable 'w:0' shape=[] dtype=float32>");
    expect(inspect(session)).toBe("<Session: 1 variable with a value, 1 run>");
    session.close();
    expect(inspect(session)).toMatch(/^<Session, closed/);
  });
});

test("Deno asks by another symbol", () => {
  const value = matrix as unknown as Record<symbol, () => string>;
  expect(value[Symbol.for("Deno.customInspect")]!()).toBe(inspect(matrix));
});
