import { fileURLToPath } from "node:url";
import { importGraphDef, writeGraphDef, writeGraphDefText } from "@gradtape/export";
import * as gt from "gradtape";
import { describe, expect, test } from "vitest";

/* What a graph of TensorFlow looks like when we have written it. */

interface Node {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly device: string;
  readonly beside: readonly string[];
}

/** The nodes of a text by name. */
function nodesOf(text: string): Map<string, Node> {
  const parts = text.split(/^ {2}node \{$/m).slice(1);
  return new Map(
    parts.map((part) => {
      const all = (form: RegExp) => [...part.matchAll(form)].map(([, value]) => value!);
      const [name] = all(/^ {4}name: "(.*)"$/gm);
      const [device = ""] = all(/^ {4}device: "(.*)"$/gm);
      const [op] = all(/^ {4}op: "(.*)"$/gm);
      return [name!, { op: op!, inputs: all(/^ {4}input: "(.*)"$/gm), device, beside: all(/s: "loc:@(.*)"$/gm) }];
    }),
  );
}

/** A step with dense and sparse updates, places, order, and a counter. */
function sample(optimizer: gt.Optimizer = new gt.RMSPropOptimizer(0.01, { momentum: 0.5, useLocking: true })) {
  const graph = new gt.Graph();
  return graph.asDefault(() => {
    const ids = gt.placeholder("int32", [null], { name: "ids" });
    const x = gt.placeholder("float32", [null, 2], { name: "x" });
    const globalStep = gt.getOrCreateGlobalStep();
    const variable = (value: number[][], name: string) => new gt.Variable(gt.tensor(value), { name });
    const table = gt.device("/job:ps/task:0", () => variable([[0.5], [1.5], [-1]], "table"));
    const w = gt.device("/job:ps/task:1", () => variable([[1, 2]], "w"));
    const y = gt.device("/job:worker/task:0", () => gt.matMul(gt.gather(table, ids), w, { name: "y" }));
    const loss = gt.identity(gt.sum(gt.square(gt.sub(y, x))), { name: "loss" });
    const train = optimizer.minimize(loss, { globalStep, name: "train" })!;
    return { graph, inputs: [ids, x], outputs: [loss, train] };
  });
}

test.each(["resource", "reference"] as const)("%s variables as on record", async (variables) => {
  const path = fileURLToPath(new URL(`fixtures/handover/step-${variables}.pbtxt`, import.meta.url));
  await expect(writeGraphDefText(sample(), { variables })).toMatchFileSnapshot(path);
});

test("the same graph is the same bytes, and text and bytes say the same", () => {
  expect(writeGraphDef(sample())).toEqual(writeGraphDef(sample()));
  const [one, other] = [importGraphDef(writeGraphDef(sample())), importGraphDef(writeGraphDefText(sample()))];
  expect(one.graph.toString()).toBe(other.graph.toString());
});

test("devices and colocation: what works on a variable is where the variable is", () => {
  const nodes = nodesOf(writeGraphDefText(sample()));
  expect([nodes.get("table"), nodes.get("w"), nodes.get("y")].map((node) => node!.device)).toEqual([
    "/job:ps/task:0",
    "/job:ps/task:1",
    "/job:worker/task:0",
  ]);
  const updates = [...nodes.values()].filter(({ op }) => /Apply/.test(op));
  expect(updates.map(({ op, device }) => [op, device])).toEqual([
    ["ResourceSparseApplyRMSProp", "/job:ps/task:0"],
    ["ResourceApplyRMSProp", "/job:ps/task:1"],
  ]);
  for (const { beside, inputs } of updates) expect(beside).toEqual(inputs.slice(0, 3));
  expect(nodes.get("w/RMSProp")!.beside).toEqual(["w"]);
});

test("a MetaGraphDef comes back with its collections", () => {
  const { graph, variables, inputs, outputs, initializer } = importGraphDef(writeGraphDef(sample()));
  const names = (key: string) => graph.getCollection(key).map((each) => (each as gt.Variable).name);
  expect(names("trainable_variables")).toEqual(["table:0", "w:0"]);
  expect(names("global_step")).toEqual(["global_step:0"]);
  expect(names("train_op")).toEqual(["train"]);
  expect(names("variables")).toEqual(variables.map(({ name }) => name));
  expect([Object.keys(inputs), Object.keys(outputs), initializer!.name]).toEqual([
    ["ids", "x"],
    ["loss:0", "train"],
    "init",
  ]);
});

describe("order that a session takes from the order of creation is written down", () => {
  test("a write waits for the reads before it, also those of other outputs", () => {
    const graph = new gt.Graph();
    const text = graph.asDefault(() => {
      const v = new gt.Variable([1, 2], { name: "v" });
      const before = gt.neg(v, { name: "before" });
      const written = v.assignAdd([1, 1]) as gt.Tensor;
      return writeGraphDefText({ graph, inputs: [], outputs: [before, written] });
    });
    const nodes = nodesOf(text);
    const [add] = [...nodes.values()].filter(({ op }) => op === "AssignAddVariableOp");
    const [read] = nodes.get("before")!.inputs;
    expect(add!.inputs).toContain(`^${read}`);
  });

  test.each(["resource", "reference"] as const)("a read behind an update waits for it, %s variables", (variables) => {
    const graph = new gt.Graph();
    const handover = graph.asDefault(() => {
      const w = new gt.Variable([1, 2], { name: "w" });
      const early = gt.mul(w, 3, { name: "early" });
      const train = new gt.GradientDescentOptimizer(0.5).minimize(gt.sum(gt.square(w)), { name: "train" })!;
      const late = gt.mul(w, 2, { name: "late" });
      return { graph, inputs: [], outputs: [early, train, late] };
    });
    const text = writeGraphDefText(handover, { variables });
    const nodes = nodesOf(text);
    const [update] = [...nodes].flatMap(([name, { op }]) => (/ApplyGradientDescent/.test(op) ? [name] : []));
    const waits = (name: string) => nodes.get(nodes.get(name)!.inputs[0]!)!.inputs.includes(`^${update}`);
    expect([waits("early"), waits("late")]).toEqual([false, true]);
    const { graph: again, outputs, initializer } = importGraphDef(text);
    const session = new gt.Session({ graph: again });
    session.run(initializer!);
    const fetched = ["late:0", "train", "early:0"].map((name) => outputs[name]!);
    const [late, , early] = session.run(fetched) as [gt.Tensor, null, gt.Tensor];
    expect([early.array(), late.array()]).toEqual([
      [3, 6],
      [0, 0],
    ]);
  });

  test("nothing is drawn into a run that it does not need: what would have to be fed is left out", () => {
    const graph = new gt.Graph();
    const text = graph.asDefault(() => {
      const v = new gt.Variable([[1], [2]], { name: "v" });
      const ids = gt.placeholder("int32", [1], { name: "ids" });
      const before = gt.gather(v, ids);
      const written = v.assignAdd([[1], [1]]) as gt.Tensor;
      return writeGraphDefText({ graph, inputs: [ids], outputs: [before, written] });
    });
    const [add] = [...nodesOf(text).values()].filter(({ op }) => op === "AssignAddVariableOp");
    expect(add!.inputs.filter((input) => input.startsWith("^"))).toEqual([]);
  });
});

describe("what cannot be written is one error", () => {
  const rows = () => new gt.Variable(gt.ones([3, 2]), { name: "rows" });

  test("an op that TensorFlow lacks: node, op, reason and line", () => {
    const graph = new gt.Graph();
    const handover = graph.asDefault(() => {
      const ids = gt.placeholder("int32", [2], { name: "ids" });
      const loss = gt.sum(gt.gather(rows(), ids));
      const train = new gt.LegacyRMSprop({ momentum: 0.5 }).minimize(loss)!;
      return { graph, inputs: [ids], outputs: [train] };
    });
    expect(() => writeGraphDef(handover)).toThrow(gt.NotImplementedError);
    expect(() => writeGraphDef(handover)).toThrow(
      /^export to GraphDef: sparseApplyLegacyMovingRMSprop '.*' cannot be written: TensorFlow has no kernel .*\n {2}built at .*graphdef-write\.test\.ts:\d+/s,
    );
  });

  test("attributes for which there is no form", () => {
    const graph = new gt.Graph();
    const handover = graph.asDefault(() => {
      const logits = gt.placeholder("float32", [2, null, 3], { name: "logits" });
      const open = gt.placeholder("float32", [null, 2, 3], { name: "open" });
      const sliced = gt.embed(gt.add(logits, open), [2, 9, 3], [0, 0, 0], { steps: [1, 2, 1] });
      return { graph, inputs: [logits, open], outputs: [sliced] };
    });
    expect(() => writeGraphDef(handover)).not.toThrow();
  });

  test.each<[string, (graph: gt.Graph, x: gt.Tensor) => unknown, RegExp]>([
    [
      "nothing",
      (graph) => ({ graph, inputs: [], outputs: [] }),
      /there is nothing to hand over; name at least one output/,
    ],
    [
      "a placeholder that is no input",
      (graph, x) => ({ graph, inputs: [], outputs: [gt.neg(x)] }),
      /placeholder 'x' has no value of its own, and the outputs need it; add it to the inputs\n {2}built at/,
    ],
    [
      "a plain tensor",
      (graph) => ({ graph, inputs: [], outputs: [gt.tensor(1)] }),
      /outputs tensors or operations of a graph, got a float32 tensor of shape \[\]/,
    ],
    [
      "another graph",
      (_, x) => ({ graph: new gt.Graph(), inputs: [x], outputs: [gt.neg(x)] }),
      /x:0 is not of the graph that is handed over/,
    ],
  ])("%s", (_, make, message) => {
    const graph = new gt.Graph();
    const handover = graph.asDefault(() => make(graph, gt.placeholder("float32", [2], { name: "x" })));
    expect(() => writeGraphDef(handover as never)).toThrow(message);
  });

  test("values that do not fit their variable", () => {
    const { graph, ...rest } = sample();
    const [table] = graph.getCollection("trainable_variables") as gt.Variable[];
    expect(() => writeGraphDef({ graph, ...rest }, { values: new Map([[table!, gt.ones([2, 2])]]) })).toThrow(
      "export to GraphDef: table:0 is float32[3,1], the value given for it float32[2,2]",
    );
  });
});
