import {
  compile,
  type Formula,
  Graph,
  gather,
  globalVariablesInitializer,
  IndexedSlices,
  mul,
  type OpRecord,
  observe,
  placeholder,
  type Recorder,
  Session,
  sum,
  updateFormulas,
  Variable,
  type Walk,
} from "@gradtape/graph";
import { describe, expect, test } from "vitest";
import { AdadeltaOptimizer } from "./adadelta.ts";
import { AdagradOptimizer } from "./adagrad.ts";
import { AdamOptimizer } from "./adam.ts";
import { FtrlOptimizer } from "./ftrl.ts";
import { GradientDescentOptimizer } from "./gradient-descent.ts";
import { LegacyRMSprop, RMSprop } from "./keras-rmsprop.ts";
import { MomentumOptimizer } from "./momentum.ts";
import type { Optimizer } from "./optimizer.ts";
import { RMSPropOptimizer } from "./rmsprop.ts";

/** Keeps all it hears. */
class Notes implements Recorder {
  readonly ops: { readonly record: OpRecord; readonly derivativeOf: OpRecord | null }[] = [];
  readonly walks: Walk[] = [];
  readonly before = new Map<unknown, Float32Array>();
  onRecord(record: OpRecord, derivativeOf: OpRecord | null): void {
    this.ops.push({ record, derivativeOf });
  }
  onRead(state: Variable): void {
    this.before.set(state, state.data as Float32Array);
  }
  onWalk(walk: Walk): void {
    this.walks.push(walk);
  }
}

test("an observer hears forward ops, gradient rules with their op, the walk, and updates", () => {
  const w = new Variable([1, 2], { name: "w" });
  const notes = new Notes();
  const result = observe(notes, () => {
    new GradientDescentOptimizer(0.5).minimize(() => sum(mul(w, w)));
    return "done";
  });
  expect(result).toBe("done");
  expect(notes.before.get(w)).toEqual(Float32Array.of(1, 2));
  expect(w.data).toEqual(Float32Array.of(0, 0));
  const forward = notes.ops.filter(({ derivativeOf }) => derivativeOf === null).map(({ record }) => record.def.name);
  expect(forward).toContain("mul");
  expect(forward.at(-1)).toBe("applyGradientDescent");
  expect(new Set(notes.ops.map(({ derivativeOf }) => derivativeOf?.def.name))).toContain("mul");
  const [walk] = notes.walks;
  expect(walk!.sources).toEqual([w]);
  expect(walk!.derivatives[0]!.record.outputs).toEqual(walk!.targets);
  const total = walk!.sums.find(({ terms }) => terms.length > 1)!;
  expect(total.terms.map((term) => [...(term as { data: Float32Array }).data])).toEqual([
    [1, 2],
    [1, 2],
  ]);
  expect((total.total as { data: Float32Array }).data).toEqual(Float32Array.of(2, 4));
  mul(w, w);
  expect(notes.ops.at(-1)!.record.def.name).toBe("applyGradientDescent");
});

test("slices are heard as slices, and nothing is heard after a mistake", () => {
  const table = new Variable([[1], [2], [3]], { name: "table" });
  const notes = new Notes();
  const body = () => {
    new GradientDescentOptimizer(1).minimize(() => sum(gather(table, [2, 0, 2])));
    throw new RangeError("enough");
  };
  expect(() => observe(notes, body)).toThrow("enough");
  const slices = notes.walks[0]!.sums.at(-1)!.total as IndexedSlices;
  expect(slices).toBeInstanceOf(IndexedSlices);
  expect(slices.indices.array()).toEqual([2, 0, 2]);
  const heard = notes.ops.length;
  sum(table);
  expect(notes.ops).toHaveLength(heard);
});

type Values = (input: number) => number;

const f = Math.fround;
const words: Readonly<Record<string, (...args: number[]) => number>> = {
  add: (x, y) => f(x! + y!),
  sub: (x, y) => f(x! - y!),
  mul: (x, y) => f(x! * y!),
  div: (x, y) => f(x! / y!),
  neg: (x) => -x!,
  abs: (x) => Math.abs(x!),
  sqrt: (x) => f(Math.sqrt(x!)),
  pow: (x, y) => f(x! ** y!),
  lt: (x, y) => Number(x! < y!),
  le: (x, y) => Number(x! <= y!),
  eq: (x, y) => Number(x === y),
  select: (condition, x, y) => (condition ? x! : y!),
  min: Math.min,
  max: Math.max,
};

function evaluate(formula: Formula, before: Values, after: Values): number {
  if (formula.kind === "number") return formula.value;
  if (formula.kind === "call") {
    return words[formula.op]!(...formula.args.map((each) => evaluate(each, before, after)));
  }
  return (formula.kind === "input" ? before : after)(formula.input);
}

const optimizers: readonly (readonly [string, () => Optimizer])[] = [
  ["RMSProp", () => new RMSPropOptimizer(0.1, { momentum: 0.5 })],
  ["centered RMSProp", () => new RMSPropOptimizer(0.1, { centered: true })],
  ["gradient descent", () => new GradientDescentOptimizer(0.1)],
  ["momentum", () => new MomentumOptimizer(0.1, 0.9)],
  ["Nesterov", () => new MomentumOptimizer(0.1, 0.9, { useNesterov: true })],
  ["Adam", () => new AdamOptimizer(0.1)],
  ["Adagrad", () => new AdagradOptimizer(0.1)],
  ["Adadelta", () => new AdadeltaOptimizer(1)],
  ["FTRL", () => new FtrlOptimizer(0.1, { l1RegularizationStrength: 0.01, l2ShrinkageRegularizationStrength: 0.1 })],
  ["FTRL with a power", () => new FtrlOptimizer(0.1, { learningRatePower: -0.7 })],
  ["RMSprop of Keras", () => new RMSprop({ centered: true, momentum: 0.5 })],
  ["RMSprop of Keras until 2.10", () => new LegacyRMSprop({ decay: 0.1 })],
];

describe("formulas give the numbers that an update wrote", () => {
  const value = [0.3, -1.2, 0.7];
  for (const [title, make] of optimizers) {
    for (const kind of ["dense", "sparse"] as const) {
      test(`${title}, ${kind}`, () => {
        const w = new Variable(value, { name: "w" });
        const optimizer = make();
        const step = () => {
          const slices = new IndexedSlices([0.02, -0.5], [2, 1], [3]);
          optimizer.applyGradients([[kind === "dense" ? [0.125, -0.5, 0.02] : slices, w]]);
        };
        step();
        const notes = new Notes();
        observe(notes, step);
        const { record } = notes.ops.find((op) => (op.record.def.inputNames?.length ?? 0) > 0)!;
        const formulas = updateFormulas(record)!;
        expect(formulas).toHaveLength(record.def.writes!.length);
        expect(record.def.inputNames!.slice(0, formulas.length)).toEqual([
          "variable",
          ...record.def.inputNames!.slice(1, formulas.length),
        ]);
        const element = 2;
        const sparseRow = kind === "sparse" && record.inputs.length === record.def.inputNames!.length;
        const before: Values = (i) => {
          const input = record.inputs[i]!;
          const data = notes.before.get(input) ?? ((input as Variable).data as Float32Array);
          return data.length === 1 ? data[0]! : data[sparseRow && data.length === 2 ? 0 : element]!;
        };
        const after: Values = (i) => (record.inputs[i] as Variable).data[element]!;
        formulas.forEach((formula, i) => {
          const [given, expected] = [evaluate(formula, before, after), after(i)];
          // The power itself is only good to a unit in the last place here.
          if (title === "FTRL with a power") expect(Math.abs(given - expected)).toBeLessThan(1e-6);
          else expect(given).toBe(expected);
        });
      });
    }
  }
});

test("an op that writes nothing has no formulas", () => {
  const w = new Variable([1, 2]);
  const notes = new Notes();
  observe(notes, () => {
    w.assignSub([0.5, 0.5]);
    mul(w, 2);
  });
  const formulas = notes.ops.map(({ record }) => updateFormulas(record));
  expect(formulas[0]).toEqual([
    {
      kind: "call",
      op: "sub",
      args: [
        { kind: "input", input: 0 },
        { kind: "input", input: 1 },
      ],
    },
  ]);
  expect(formulas.slice(1).every((each) => each === null)).toBe(true);
});

test("a session tells what its operations took, gave and wrote", () => {
  const graph = new Graph();
  const told: string[] = [];
  graph.asDefault(() => {
    const x = placeholder("float32", [2], { name: "x" });
    const w = new Variable([1, 2], { name: "w" });
    const train = new GradientDescentOptimizer(0.5).minimize(sum(mul(w, x)));
    const session = new Session({ graph });
    session.run(globalVariablesInitializer());
    const observer: Recorder = {
      onRead() {},
      onRecord() {},
      onRun(operation, { inputs, outputs, written }) {
        const [first] = inputs;
        if (outputs.length > 0) told.push(`${operation.def.name} ${outputs[0]!.array()}`);
        if (written.length > 0) told.push(`${operation.def.name} ${first!.array()} to ${written[0]!.array()}`);
      },
    };
    const feeds = [[x, [2, 4]]] as const;
    session.run(train, feeds);
    observe(observer, () => session.run(train, feeds));
    session.run(train, feeds);
    expect(session.run(w)!.array()).toEqual([-2, -4]);
  });
  expect(told).toContain("applyGradientDescent 0,0 to -1,-2");
  expect(told.some((line) => line.startsWith("mul "))).toBe(true);
});

test("of an async body everything is heard until its promise is settled, also where it is rejected", async () => {
  const notes = new Notes();
  const settled = observe(notes, async () => {
    mul(2, 3);
    await null;
    mul(4, 5);
    throw new Error("late");
  });
  await expect(settled).rejects.toThrow("late");
  mul(6, 7);
  expect(notes.ops.map(({ record }) => record.def.name)).toEqual(["mul", "mul"]);
});

test("a compiled step is explained while somebody listens", () => {
  const step = compile((x) => sum(mul(x, 2)), { name: "double" });
  expect(() => step.explain()).toThrow("double.explain: the step has not been called");
  const notes = new Notes();
  const text = observe(notes, () => {
    step([1, 2]);
    const heard = notes.ops.length;
    const told = step.explain();
    expect(notes.ops).toHaveLength(heard);
    return told;
  });
  expect(text).toMatch(/^double: \d+ operations/);
});
