import { importGraphDef, weightsOf, writeGraphDef, writeGraphDefText } from "@gradtape/export";
import { Operation } from "@gradtape/graph";
import fc from "fast-check";
import * as gt from "gradtape";
import { describe, expect, test } from "vitest";
import { batchOf, names, perceptron, randomStep, type Step, symbolic, takeStep } from "./handover-models.ts";
import type { Values } from "./handover-support.ts";
import { programOf, recipes } from "./programs.ts";

/* Whole steps as graphs of TensorFlow and back: the same bits for losses, variables and slots, step after step. */

const STEPS = 4;

function expectSameBits(actual: gt.Tensor, expected: gt.Tensor, what: string): void {
  expect(`${actual.dtype}[${actual.shape}]`, what).toBe(`${expected.dtype}[${expected.shape}]`);
  const other = expected.data;
  actual.data.forEach((value, i) => {
    if (!Object.is(value, other[i])) throw new Error(`${what}, element ${i}: ${value} is not ${other[i]}`);
  });
}

/** The step as it is when it has been written and read again. */
function again(step: Step, data: string | Uint8Array): Step {
  const { graph, inputs, outputs, initializer } = importGraphDef(data);
  const session = new gt.Session({ graph });
  session.run(initializer!);
  const handover = {
    graph,
    inputs: step.handover.inputs.map((input) => inputs[symbolic(input).op.name]!),
    outputs: step.handover.outputs.map((each) => outputs[(each instanceof Operation ? each : symbolic(each)).name]!),
  };
  return { handover, session, batches: step.batches };
}

function expectSameSteps(step: Step, other: Step, count = STEPS): void {
  for (let i = 0; i < count; i++) {
    const batch = batchOf(step.batches, i);
    const [here, there] = [takeStep(step, batch), takeStep(other, batch)] as [Values, Values];
    for (const [name, value] of Object.entries(here)) expectSameBits(there[name]!, value, `step ${i}: ${name}`);
  }
  const there = weightsOf(other.handover, other.session);
  for (const [name, weight] of Object.entries(weightsOf(step.handover, step.session))) {
    expectSameBits(there[name]!, weight, name);
  }
}

const optimizers: Record<string, () => gt.Optimizer> = {
  "gradient descent": () => new gt.GradientDescentOptimizer(0.1),
  momentum: () => new gt.MomentumOptimizer(0.1, 0.9),
  "Nesterov's momentum": () => new gt.MomentumOptimizer(0.1, 0.9, { useNesterov: true }),
  RMSProp: () => new gt.RMSPropOptimizer(0.01, { momentum: 0.5, useLocking: true }),
  "centered RMSProp": () => new gt.RMSPropOptimizer(0.01, { momentum: 0.5, centered: true }),
  Adagrad: () => new gt.AdagradOptimizer(0.1),
  Adadelta: () => new gt.AdadeltaOptimizer(0.1),
  Adam: () => new gt.AdamOptimizer(0.01),
  FTRL: () => new gt.FtrlOptimizer(0.1, { l1RegularizationStrength: 0.01, beta: 0.1 }),
  "FTRL of another power": () => new gt.FtrlOptimizer(0.1, { learningRatePower: -0.4 }),
  "a rate that follows a variable of eager mode": () => {
    const step = new gt.Variable(3, { dtype: "int32", trainable: false, name: "counter" });
    return new gt.RMSPropOptimizer(gt.exponentialDecay(0.1, step, 2, 0.5));
  },
};
const keras: Record<string, () => gt.Optimizer> = {
  "Keras RMSprop": () => new gt.RMSprop({ learningRate: 0.01, momentum: 0.5, centered: true }),
};

const small = { batch: 4, layers: [3, 5, 2] };
const spelled = { batch: 4, layers: [6], table: [7, 2], context: 3 } as const;
const kinds = ["resource", "reference"] as const;

describe.each(Object.entries({ ...optimizers, ...keras }))("a step by %s", (name, make) => {
  test.each(name in keras ? kinds.slice(0, 1) : kinds)("dense, %s variables", (variables) => {
    const step = perceptron({ ...small, optimizer: make(), open: true });
    expectSameSteps(step, again(step, writeGraphDefText(step.handover, { variables })));
  });

  test.each(name in keras || name === "Adam" ? kinds.slice(0, 1) : kinds)("sparse, %s variables", (variables) => {
    const step = names({ ...spelled, optimizer: make(), open: true });
    expectSameSteps(step, again(step, writeGraphDef(step.handover, { variables })));
  });
});

test("useLocking is told to the kernels", () => {
  const locking = (useLocking: boolean) => {
    const { handover } = perceptron({ ...small, optimizer: new gt.RMSPropOptimizer(0.01, { useLocking }) });
    const text = writeGraphDefText(handover);
    expect(text.match(/op: "ResourceApplyRMSProp"/g)?.length).toBe(4);
    return text.match(/key: "use_locking"\s+value \{\s+b: true/g)?.length ?? 0;
  };
  // False is the default, which the text leaves out or tells as an empty value.
  expect([locking(true), locking(false)]).toEqual([4, 0]);
});

test("weights travel as initial values", () => {
  const step = perceptron(small);
  const batch = batchOf(step.batches, 0);
  takeStep(step, batch);
  const present = weightsOf(step.handover, step.session);
  const variables = step.handover.graph.getCollection("variables") as gt.Variable[];
  const values = new Map(variables.map((variable) => [variable, present[variable.name.replace(":0", "")]!]));
  const other = again(step, writeGraphDef(step.handover, { values }));
  expectSameSteps(step, other);
});

test("random steps", () => {
  const property = fc.property(recipes({ length: 10 }), (recipe) => {
    const program = programOf({ ...recipe, update: "minimize" });
    fc.pre(program.update === "minimize" && program.inputs.length > 0);
    const step = randomStep(program, STEPS);
    expectSameSteps(step, again(step, writeGraphDef(step.handover)), 2);
  });
  fc.assert(property, { numRuns: 40, seed: 11 });
});
