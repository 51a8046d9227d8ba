import * as gt from "gradtape";
import { expect, test } from "vitest";
import { defaultRun, presets } from "../model/presets.ts";
import type { Run } from "../model/run.ts";
import { Learner } from "../worker/learner.ts";
import { layOut, nodeSize, pathOf } from "./layout.ts";
import { mainScene, scenesOf } from "./program-scenes.ts";
import { Recording } from "./recording.ts";
import { revealAt } from "./reveal.ts";
import { sceneOfRun } from "./run-scene.ts";
import type { Scene } from "./scene.ts";

const words: Run = { ...defaultRun, ...presets.words, data: "words" };

/** The scenes of a program. */
function recorded(program: () => void, mostOps = 4_000): Scene[] {
  const recording = new Recording({ mostOps });
  gt.observe(recording, program);
  return scenesOf(recording);
}

const find = (scene: Scene, title: string) => scene.nodes.find((node) => node.title === title)!;

test("the step that is shown is the step that the page makes", () => {
  const changes = [{ step: 2, name: "learningRate", value: 0.5 }];
  const { updates, title } = sceneOfRun(defaultRun, 4, changes, null);
  const learner = new Learner(defaultRun, null);
  for (let step = 0; step < 5; step++) {
    if (step === 2) learner.setHyper("learningRate", 0.5);
    learner.advance();
  }
  expect(title).toBe("Step 5");
  expect(updates.map(({ variable }) => variable)).toEqual([...learner.network.weights.keys()]);
  for (const { variable, after } of updates) {
    expect([...after[0]!]).toEqual([...learner.network.weights.get(variable)!.data]);
  }
});

test("the tape of a network: values first, then gradients, then updates", () => {
  const scene = sceneOfRun(defaultRun, 0, [], null);
  const kinds = scene.moments.map(({ kind }) => kind);
  expect(kinds[0]).toBe("begin");
  expect(kinds.lastIndexOf("forward")).toBeLessThan(kinds.indexOf("seed"));
  expect(kinds.indexOf("seed")).toBeLessThan(kinds.indexOf("backward"));
  expect(kinds.lastIndexOf("backward")).toBeLessThan(kinds.indexOf("update"));
  expect(find(scene, "inputs").values[0]!.shape).toEqual([16, 2]);
  expect(find(scene, "targets").values[0]!.shape).toEqual([16, 1]);
  const kernel = find(scene, "dense1/kernel");
  expect(kernel).toMatchObject({ kind: "variable", values: [{ shape: [2, 6], dtype: "float32" }] });
  expect(kernel.gradients[0]!.shape).toEqual([2, 6]);
  // The logits enter the loss four times.
  const [meeting] = scene.nodes.filter(({ terms }) => terms.length > 1);
  expect(meeting!.terms).toHaveLength(4);
  const sum = meeting!.terms.map(({ sample }) => sample.values[0]!).reduce((a, b) => a + b);
  expect(meeting!.gradients[0]!.sample.values[0]).toBeCloseTo(sum, 6);
});

test("a table's gradient is rows, and only they are updated", () => {
  const scene = sceneOfRun(words, 3, [], null);
  const table = find(scene, "table");
  const read = find(scene, "inputs").values[0]!.picture.values;
  expect(table.gradients[0]!.slices!.indices).toEqual(read);
  const update = scene.updates.find(({ variable }) => variable === "table")!;
  expect([...update.rows!].sort()).toEqual([...new Set(read)].sort());
  const changed = new Set<number>();
  for (let i = 0; i < update.before[0]!.length; i++) {
    if (update.before[0]![i] !== update.after[0]![i]) changed.add(Math.floor(i / 2));
  }
  expect([...changed].sort()).toEqual([...update.rows!].sort());
});

test("moments reveal more and more, and in the end everything", () => {
  const scene = sceneOfRun(words, 0, [], null);
  const count = (at: number) => Object.values(revealAt(scene, at)).flat().filter(Boolean).length;
  const counts = scene.moments.map((_, at) => count(at));
  expect(counts.every((each, i) => i === 0 || each > counts[i - 1]!)).toBe(true);
  const [first, last] = [revealAt(scene, 0), revealAt(scene, scene.moments.length - 1)];
  expect(first.gradients.some(Boolean) || first.edges.some(Boolean)).toBe(false);
  expect(first.values).toEqual(scene.nodes.map(({ kind }) => kind !== "op"));
  expect(last.values.every(Boolean)).toBe(true);
  expect(last.gradients).toEqual(scene.nodes.map(({ gradients }) => gradients.some((each) => each !== null)));
  expect(last.edges).toEqual(scene.edges.map(({ gradient }) => gradient !== null));
  // Where gradients meet there is none before they are added up.
  const meeting = scene.moments.findIndex(({ kind }) => kind === "sum");
  const { node } = scene.moments[meeting] as { node: number };
  expect([revealAt(scene, meeting - 1).gradients[node], revealAt(scene, meeting).gradients[node]]).toEqual([
    false,
    true,
  ]);
});

test("nodes do not lie on each other, and what an op takes lies above it", () => {
  const scene = sceneOfRun(defaultRun, 0, [], null);
  const { nodes, edges, width, height } = layOut(scene);
  const boxes = nodes.map(({ x, y }, i) => {
    const [w, h] = nodeSize[scene.nodes[i]!.kind];
    return { left: x - w / 2, right: x + w / 2, top: y - h / 2, bottom: y + h / 2 };
  });
  for (const [i, a] of boxes.entries()) {
    expect(a.left >= 0 && a.top >= 0 && a.right <= width && a.bottom <= height).toBe(true);
    for (const b of boxes.slice(i + 1)) {
      expect(a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top).toBe(true);
    }
  }
  for (const { from, to } of scene.edges) expect(nodes[from]!.y).toBeLessThan(nodes[to]!.y);
  for (const points of edges) expect(pathOf(points, 3)).toMatch(/^M [\d.-]+ [\d.-]+ [QL]/);
});

test("a second derivative goes over the ops of the first", () => {
  const x = new gt.Variable(2, { name: "x" });
  const scenes = recorded(() => {
    const outer = new gt.GradientTape();
    const slope = outer.record(() => {
      const inner = new gt.GradientTape();
      const y = inner.record(() => gt.mul(gt.square(x), gt.sin(x)));
      return inner.gradient(y, x)!;
    });
    outer.gradient(slope as gt.Tensor, x);
  });
  expect(scenes.map(({ title }) => title)).toEqual(["Derivative 1 of 2", "Derivative 2 of 2"]);
  expect(mainScene(scenes)).toBe(1);
  const inner = scenes[1]!.nodes.filter(({ derivativeOf }) => derivativeOf !== null);
  expect(new Set(inner.map(({ derivativeOf }) => derivativeOf))).toEqual(new Set(["mul", "sin", "square"]));
  const curvature = (2 - 4) * Math.sin(2) + 8 * Math.cos(2);
  expect(find(scenes[1]!, "x").gradients[0]!.least).toBeCloseTo(curvature, 4);
});

test("without a derivative the way forward is shown, and nothing where nothing ran", () => {
  const [scene] = recorded(() => void gt.mul(gt.add([1, 2], 3), 2));
  expect(scene!.moments.map(({ kind }) => kind)).toEqual([
    "begin",
    ...scene!.nodes.flatMap(({ kind }) => (kind === "op" ? ["forward"] : [])),
  ]);
  expect(scene!.nodes.at(-1)).toMatchObject({ title: "mul", isTarget: true, values: [{ least: 8, most: 10 }] });
  expect(recorded(() => {})).toEqual([]);
});

test("a graph gets the values of the last run of its session", () => {
  const scenes = recorded(() => {
    const graph = new gt.Graph();
    graph.asDefault(() => {
      const x = gt.placeholder("float32", [null, 2], { name: "x" });
      const table = new gt.Variable([[1], [2]], { name: "w" });
      const train = new gt.GradientDescentOptimizer(0.5).minimize(gt.sum(gt.matMul(x, table)))!;
      const session = new gt.Session({ graph });
      session.run(gt.globalVariablesInitializer());
      for (let i = 0; i < 2; i++) session.run(train, [[x, [[1, 3]]]]);
    });
  });
  const [scene] = scenes;
  expect(scenes).toHaveLength(1);
  expect(find(scene!, "matMul").values[0]).toMatchObject({ shape: [1, 1], least: 0.5 + 3 * 0.5 });
  expect(find(scene!, "w").gradients[0]!.sample.values).toEqual([1, 3]);
  expect([...scene!.updates[0]!.before[0]!]).toEqual([0.5, 0.5]);
  expect([...scene!.updates[0]!.after[0]!]).toEqual([0, -1]);
});

test("a graph that nobody runs has shapes and no values", () => {
  const [scene] = recorded(() => {
    new gt.Graph().asDefault(() => {
      const w = new gt.Variable([[1], [2]], { name: "w" });
      gt.gradients(gt.sum(gt.matMul(gt.placeholder("float32", [null, 2]), w)), [w]);
    });
  });
  expect(find(scene!, "matMul").values[0]).toMatchObject({ shape: [null, 1], sample: { values: [] } });
  expect(scene!.updates).toEqual([]);
  expect(scene!.leftOut).toMatch(/no session has run it/);
});

test("a variable that is too large is there without its elements", () => {
  const scene = recorded(() => {
    const table = new gt.Variable(gt.zeros([60_000]), { name: "table" });
    new gt.GradientDescentOptimizer(1).minimize(() => gt.sum(gt.gather(table, [1, 2])));
  })[0]!;
  expect(find(scene, "table")).toMatchObject({ values: [{ shape: [60_000], sample: { values: [] } }] });
  expect(find(scene, "table").gradients[0]!.slices!.indices).toEqual([1, 2]);
  expect(scene.updates).toEqual([]);
  expect(scene.leftOut).toMatch(/^Variables of more than 50000 elements/);
});

test("of a long program the last rounds are kept", () => {
  const w = new gt.Variable([1, 2], { name: "w" });
  const optimizer = new gt.GradientDescentOptimizer(0.001);
  const scenes = recorded(() => {
    for (let i = 0; i < 100; i++) optimizer.minimize(() => gt.sum(gt.square(w)));
  }, 150);
  expect(scenes).toHaveLength(12);
  expect([...scenes.at(-1)!.updates[0]!.after[0]!]).toEqual([...w.data]);
});
