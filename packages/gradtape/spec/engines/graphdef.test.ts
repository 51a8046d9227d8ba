import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type WriteOptions, weightsOf, writeGraphDef } from "@gradtape/export";
import type { Operation } from "@gradtape/graph";
import * as gt from "gradtape";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { batchOf, calmPrograms, names, perceptron, randomStep, type Step, takeStep } from "../handover-models.ts";
import { tableRows } from "../handover-rows.ts";
import { caseOfRow, distance, type Values } from "../handover-support.ts";

/*
 * Graphs that we write, run by TensorFlow beside our own session: ENGINES=1, and ENGINES_TF names a Python that has
 * tensorflow and safetensors (python3 when left out).
 */

const STEPS = 20;
// Products are summed in another order there.
const NEAR = 1e-6;

const python = process.env.ENGINES_TF ?? "python3";
const path = (url: string) => fileURLToPath(new URL(url, import.meta.url));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "graphdef-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string) => join(folder, name);
const load = (name: string): Values => gt.loadSafetensors(new Uint8Array(readFileSync(file(name)))).tensors;

function run(script: string, ...args: string[]): string {
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: "3" };
  return execFileSync(python, [path(script), ...args], { encoding: "utf8", env, stdio: ["ignore", "pipe", "pipe"] });
}

function write({ handover, session, batches }: Step, options: WriteOptions = {}): void {
  writeFileSync(file("step.meta"), writeGraphDef(handover, options));
  writeFileSync(file("weights.safetensors"), gt.saveSafetensors(weightsOf(handover, session)));
  writeFileSync(file("batches.safetensors"), gt.saveSafetensors(batches));
}

const files = () => ["step.meta", "weights.safetensors", "batches.safetensors"].map(file);

/** Losses here and there, and the variables of both at the end. */
function compare(step: Step, options?: WriteOptions) {
  write(step, options);
  const args = [...files(), "--steps", String(STEPS), "--state", file("state.safetensors")];
  const output = run("../../../../examples/handover/run_graphdef.py", ...args);
  const there = [...output.matchAll(/^step \d+ (.*)$/gm)].map(([, json]) => JSON.parse(json!)["loss:0"] as number);
  const here = Array.from(
    { length: STEPS },
    (_, i) => takeStep(step, batchOf(step.batches, i))["loss:0"]?.item() as number,
  );
  const state = load("state.safetensors");
  return { here, there, weights: weightsOf(step.handover, step.session), state };
}

function expectNear(step: Step, { falls = false } = {}): void {
  const { here, there, weights, state } = compare(step);
  here.forEach((loss, i) => {
    expect(Math.abs(there[i]! - loss) / Math.max(1, Math.abs(loss)), `loss ${i}`).toBeLessThan(NEAR);
  });
  for (const [name, weight] of Object.entries(weights)) {
    expect(distance(state[name]!, weight), name).toBeLessThan(10 * NEAR);
  }
  if (falls) expect(there[STEPS - 1]).toBeLessThan(there[0]!);
}

/** Updates alone: the gradients are fed, a dense one and rows of a table, some of which occur more than once. */
function updates(make: () => gt.Optimizer): Step {
  const graph = new gt.Graph();
  const random = gt.generator(17);
  const batches = {
    dense: random.normal([STEPS, 3, 5]),
    rows: random.normal([STEPS, 6, 4]),
    ids: random.uniform([STEPS, 6], { low: 0, high: 9, dtype: "int32" }),
  };
  return graph.asDefault(() => {
    const dense = gt.placeholder("float32", [3, 5], { name: "dense" });
    const rows = gt.placeholder("float32", [null, 4], { name: "rows" });
    const ids = gt.placeholder("int32", [null], { name: "ids" });
    const w = new gt.Variable(gt.randomNormal([3, 5], { seed: 1 }), { name: "w" });
    const embedding = new gt.Variable(gt.randomNormal([9, 4], { seed: 2 }), { name: "embedding" });
    const slices = new gt.IndexedSlices(rows, ids, [9, 4]);
    const pairs = [
      [dense, w],
      [slices, embedding],
    ] as [gt.Tensor, gt.Variable][];
    const train = make().applyGradients(pairs) as Operation;
    const session = new gt.Session({ graph });
    session.run(gt.globalVariablesInitializer());
    return { handover: { graph, inputs: [dense, rows, ids], outputs: [train] }, session, batches };
  });
}

function expectSameBits(actual: gt.Tensor, expected: gt.Tensor, what: string): void {
  const other = expected.data;
  actual.data.forEach((value, i) => {
    if (!Object.is(value, other[i])) throw new Error(`${what}, element ${i}: ${value} is not ${other[i]}`);
  });
}

// TensorFlow takes labels to sum to 1, and casts of what int32 cannot hold to be the least of its numbers.
const differs = /^(?:softmaxCrossEntropyWithLogits|casts of)/;

describe("on TensorFlow", { timeout: 180_000 }, () => {
  test("the perceptron of MNIST's size", () => {
    expectNear(perceptron({ batch: 64, layers: [784, 128, 64, 10], count: 5, open: true }), { falls: true });
  });

  test("the model of names", () => {
    expectNear(names({ batch: 32, layers: [64], table: [28, 10], context: 4, count: 5, open: true }), { falls: true });
  });

  test.each<[string, () => gt.Optimizer]>([
    ["RMSProp", () => new gt.RMSPropOptimizer(0.01)],
    ["RMSProp with momentum", () => new gt.RMSPropOptimizer(0.01, { momentum: 0.9, decay: 0.8, useLocking: true })],
    ["centered RMSProp", () => new gt.RMSPropOptimizer(0.01, { momentum: 0.5, centered: true })],
    ["gradient descent", () => new gt.GradientDescentOptimizer(0.1)],
    ["momentum", () => new gt.MomentumOptimizer(0.1, 0.9)],
    ["Nesterov's momentum", () => new gt.MomentumOptimizer(0.1, 0.9, { useNesterov: true })],
    ["Adam", () => new gt.AdamOptimizer(0.01)],
    ["Keras' RMSprop, told by its arithmetic", () => new gt.RMSprop({ learningRate: 0.01, momentum: 0.5 })],
    ["FTRL", () => new gt.FtrlOptimizer(0.1, { l1RegularizationStrength: 0.01 })],
  ])("%s: the same bits from the same gradients", (_, make) => {
    const { weights, state } = compare(updates(make));
    for (const [name, weight] of Object.entries(weights)) expectSameBits(state[name]!, weight, name);
  });

  test("centered RMSProp of reference variables: the same bits", () => {
    const step = updates(() => new gt.RMSPropOptimizer(0.01, { momentum: 0.5, centered: true }));
    const { weights, state } = compare(step, { variables: "reference" });
    for (const [name, weight] of Object.entries(weights)) expectSameBits(state[name]!, weight, name);
  });

  // Their reciprocal roots are approximated there.
  test.each<[string, () => gt.Optimizer]>([
    ["Adagrad", () => new gt.AdagradOptimizer(0.1)],
    ["Adadelta", () => new gt.AdadeltaOptimizer(0.5)],
  ])("%s: near from the same gradients", (_, make) => {
    const { weights, state } = compare(updates(make));
    for (const [name, weight] of Object.entries(weights))
      expect(distance(state[name]!, weight), name).toBeLessThan(NEAR);
  });

  test("every op: values, gradients, and gradients of gradients", () => {
    const cases = tableRows.flatMap(({ label, row, order }) =>
      [true, false].flatMap((open) => {
        try {
          return [{ name: `${label}, ${open ? "open" : "known"}`, made: caseOfRow(row, { open, order }) }];
        } catch {
          return [];
        }
      }),
    );
    for (const { name, made } of cases) {
      writeFileSync(file(`${name}.meta`), writeGraphDef(made.handover));
      writeFileSync(file(`${name}.feeds`), gt.saveSafetensors(made.feeds));
    }
    rmSync(file("step.meta"), { force: true });
    run("../fixtures/tensorflow/run_cases.py", folder);
    const far = cases.flatMap(({ name, made }) => {
      if (differs.test(name)) return [];
      const there = load(`${name}.results`);
      return Object.entries(made.results).flatMap(([output, expected]) => {
        const off = distance(there[output]!, expected);
        return off < 1e-5 ? [] : [`${name}, ${output}: ${off}`];
      });
    });
    expect(far).toEqual([]);
    expect(cases.length).toBeGreaterThan(140);
  });

  test("a parameter server and two workers", () => {
    const step = perceptron({ batch: 64, layers: [64, 32, 10], count: 8, open: true });
    const { graph } = step.handover;
    const counter = graph.getCollection("variables").find((each) => (each as gt.Variable).opName === "step");
    graph.addToCollection("global_step", counter);
    write(step);
    const args = [...files(), "--steps", "120", "--out", file("trained.safetensors")];
    const output = run("../../../../examples/handover/run_graphdef_ps.py", ...args);
    const losses = [...output.matchAll(/^worker (\d) step \d+ ([\d.]+) counted on (\S*)$/gm)];
    expect(new Set(losses.map(([, worker]) => worker))).toEqual(new Set(["0", "1"]));
    expect(losses.every(([, , , device]) => device === "/job:ps/task:0")).toBe(true);
    const mean = (some: typeof losses) => some.reduce((sum, [, , loss]) => sum + Number(loss), 0) / some.length;
    expect(mean(losses.slice(-20))).toBeLessThan(0.8 * mean(losses.slice(0, 20)));
    const home = load("trained.safetensors");
    const variables = step.handover.graph.getCollection("trainable_variables") as gt.Variable[];
    expect(Object.keys(home).sort()).toEqual(variables.map(({ name }) => name.replace(":0", "")).sort());
    console.log(output.split("\n").slice(0, 6).join("\n"), "\n…\n", output.split("\n").slice(-7).join("\n"));
  });

  test.each([
    ["resource", "Resource"],
    ["reference", ""],
  ])("%s variables and their updates run where the graph puts them", (kind, prefix) => {
    const output = run("../fixtures/tensorflow/place.py", path(`../fixtures/handover/step-${kind}.pbtxt`));
    const losses = [...output.matchAll(/^loss (.*)$/gm)].map(([, loss]) => Number(loss));
    expect(losses[2]).toBeLessThan(losses[0]!);
    const at = (task: number) => `/job:ps/replica:0/task:${task}/device:CPU:0`;
    expect(output).toContain(`\n${prefix}SparseApplyRMSProp ${at(0)}\n`);
    expect(output).toContain(`\n${prefix}ApplyRMSProp ${at(1)}\n`);
  });

  const programs = calmPrograms({ seed: 7, count: 20, steps: STEPS, growth: 2 });

  test.each(programs.map((program, i) => [i, program] as const))("random graph %i", (_, program) => {
    expectNear(randomStep(program, STEPS));
  });
});
