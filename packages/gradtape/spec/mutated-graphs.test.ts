import { importGraphDef, writeGraphDefText } from "@gradtape/export";
import { verify } from "@gradtape/graph";
import * as gt from "gradtape";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { chooser, mutated, type Outcome, outcomeOf, runLast, specimens, wholeGraphs } from "./graph-mutations.ts";

/*
 * Graphs with other attributes, shapes, dtypes and inputs than any call makes: each ends in a documented error, or runs to
 * the same bits operation by operation and as a module. SEED chooses others, LONG=1 tries many more.
 */

const seed = Number(process.env.SEED ?? 1);
const times = process.env.LONG === "1" ? 20 : 1;
/** One in so many legal graphs is also run as a module. */
const perModule = 8;

beforeAll(() => {
  gt.setMemoryLimit(2 ** 20);
  vi.spyOn(console, "warn").mockImplementation(() => {});
});
afterAll(() => {
  gt.setMemoryLimit(null);
  vi.restoreAllMocks();
});

function expectSame(outcomes: readonly Outcome[], what: string): void {
  const [first, ...others] = outcomes.map((outcome) =>
    "refusal" in outcome
      ? outcome.refusal.name
      : outcome.results.map(({ dtype, shape, data }) => `${dtype}[${shape}] ${[...data].map(bits).join()}`).join("; "),
  );
  for (const [i, other] of others.entries()) {
    if (other !== first) throw new Error(`run ${i + 2} of ${what}\n gives ${other}\n run 1 gives ${first}`);
  }
}

const bits = (x: number) => (Object.is(x, -0) ? "-0" : String(x));

function read(what: string, make: () => gt.Graph): gt.Graph | null {
  let graph: gt.Graph | null = null;
  try {
    outcomeOf(() => {
      graph = make();
      return [];
    });
  } catch (error) {
    throw new Error(`reading ${what}`, { cause: error });
  }
  return graph;
}

function run(what: string, graph: gt.Graph, runs: number, salt: number): Outcome[] {
  try {
    return runLast(graph, runs, salt);
  } catch (error) {
    throw new Error(`running ${what}`, { cause: error });
  }
}

test.each([
  { what: "one op", all: specimens, count: 32_000, least: 2000 },
  { what: "several ops", all: wholeGraphs, count: 8_000, least: 1000 },
])("graphs of $what as JSON", { timeout: 600_000 }, ({ all: make, count, least }) => {
  const all = make();
  const choose = chooser(seed);
  let legal = 0;
  for (let i = 0; i < count * times; i++) {
    // Operations after the change are left out: only the last one is run.
    const whole = all[choose(all.length)]!;
    const nodes = mutated(make === specimens ? whole : whole.slice(0, 2 + choose(whole.length - 1)), choose);
    const text = JSON.stringify(nodes);
    const graph = read(text, () => gt.fromGraphDef({ format: "gradtape/graph/1", nodes, collections: {} } as never));
    if (graph === null) continue;
    verify(graph);
    legal++;
    expectSame(run(text, graph, legal % perModule === 0 ? 4 : 1, i), text);
  }
  expect(legal).toBeGreaterThan(least * times);
});

/** The text with a number, a dtype or an input that is another. */
function changedText(text: string, choose: (n: number) => number): string {
  const tokens = [...text.matchAll(/(?<=: )-?\d+\b|DT_[A-Z0-9]+|(?<=input: )"[^"]*"/g)];
  const token = tokens[choose(tokens.length)]!;
  const inputs = tokens.map(([found]) => found).filter((found) => found.startsWith('"'));
  const [before, after] = [text.slice(0, token.index), text.slice(token.index + token[0].length)];
  if (token[0].startsWith("DT_")) {
    const types = ["DT_FLOAT", "DT_DOUBLE", "DT_INT32", "DT_BOOL", "DT_INT64", "DT_STRING"];
    return before + types[choose(types.length)] + after;
  }
  if (token[0].startsWith('"')) return before + inputs[choose(inputs.length)] + after;
  const numbers = [Number(token[0]) + 1, Number(token[0]) - 1, 0, -1, 1, 2, 3, 7, 2 ** 31 - 1];
  return before + numbers[choose(numbers.length)] + after;
}

test("graphs of TensorFlow", { timeout: 600_000 }, () => {
  const choose = chooser(seed + 1);
  const texts = specimens().flatMap((nodes) => {
    try {
      const graph = gt.fromGraphDef({ format: "gradtape/graph/1", nodes, collections: {} } as never);
      const inputs = graph.getOperations().flatMap(({ def, outputs }) => (def.mustBeFed ? [outputs[0]!] : []));
      return [writeGraphDefText({ graph, inputs, outputs: [graph.getOperations().at(-1)!] })];
    } catch {
      return []; // what has no form in TensorFlow, or needs more than one node
    }
  });
  expect(texts.length).toBeGreaterThan(150);
  let legal = 0;
  for (let i = 0; i < 6_000 * times; i++) {
    const text = changedText(texts[choose(texts.length)]!, choose);
    const graph = read(text, () => importGraphDef(text).graph);
    if (graph === null) continue;
    verify(graph);
    legal++;
    expectSame(run(text, graph, legal % perModule === 0 ? 4 : 1, i), text);
  }
  expect(legal).toBeGreaterThan(300 * times);
});
