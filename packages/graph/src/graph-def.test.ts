import { eye, InvalidArgumentError, NotFoundError, tensor } from "@gradtape/tensor";
import { expect, test } from "vitest";
import * as g from "./index.ts";

function model() {
  const graph = new g.Graph();
  const names = graph.asDefault(() => {
    const x = g.placeholder("float32", [null, 3], { name: "x" });
    const w = new g.Variable(
      tensor([
        [1, Number.NaN],
        [-0, 2],
        [1e-45, 3],
      ]),
      { name: "w" },
    );
    const frozen = new g.Variable(eye(2), { name: "frozen", trainable: false });
    const y = graph.device("/job:ps", () => g.matMul(g.matMul(x, w), frozen, { name: "y" }));
    const step = g.getOrCreateGlobalStep();
    g.controlDependencies([y], () => step.assignAdd(1));
    g.group(y, { name: "all" });
    return { y: y as g.SymbolicTensor };
  });
  return { graph, ...names };
}

test("a graph survives JSON, names, places, collections and all", () => {
  const { graph } = model();
  const text = JSON.stringify(g.toGraphDef(graph));
  const back = g.fromGraphDef(JSON.parse(text));
  g.verify(back);
  expect(String(back)).toBe(String(graph));
  expect(JSON.stringify(g.toGraphDef(back))).toBe(text);
  expect((back.getCollection("trainable_variables") as g.Variable[]).map(({ name }) => name)).toEqual(["w:0"]);
});

test("a graph read back gives the same bits", () => {
  const { graph } = model();
  const back = g.fromGraphDef(JSON.parse(JSON.stringify(g.toGraphDef(graph))));
  const [one, other] = [graph, back].map((each) =>
    each.asDefault(() => {
      const session = new g.Session({ graph: each });
      session.run(g.globalVariablesInitializer());
      return session.run("y:0", [
        [
          "x:0",
          [
            [1, 2, 3],
            [4, 5, 6],
          ],
        ],
      ]).data;
    }),
  );
  expect(other).toEqual(one);
});

test("what is no graph definition is refused by name and reason", () => {
  const { graph } = model();
  const def = g.toGraphDef(graph);
  const change = (i: number, node: object) => ({
    ...def,
    nodes: def.nodes.map((each, j) => (j === i ? { ...each, ...node } : each)),
  });
  const at = def.nodes.findIndex(({ name }) => name === "y");
  expect(() => g.fromGraphDef({} as never)).toThrow(InvalidArgumentError);
  expect(() => g.fromGraphDef(change(at, { op: "matMool" }))).toThrow(NotFoundError);
  expect(() => g.fromGraphDef(change(at, { inputs: ["nowhere:0", "w"] }))).toThrow(/"y": it needs nowhere:0/);
  expect(() => g.fromGraphDef(change(at, { inputs: ["x:7", "w"] }))).toThrow(/x:7 is no output/);
  expect(() => g.fromGraphDef(change(at, { name: "x" }))).toThrow(/another node has its name/);
  expect(() => g.fromGraphDef(change(at, { control: ["all"] }))).toThrow(/all, which does not come before/);
});

test("a variable of eager mode cannot be written down", () => {
  const v = new g.Variable(1, { name: "outside" });
  const graph = new g.Graph();
  graph.asDefault(() => g.add(v, 1));
  expect(() => g.toGraphDef(graph)).toThrow(/outside, a variable of eager mode/);
});
