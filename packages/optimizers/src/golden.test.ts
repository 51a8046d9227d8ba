import {
  compile,
  Graph,
  globalVariablesInitializer,
  type IndexedSlices,
  Session,
  Variable,
  verify,
} from "@gradtape/graph";
import { type Tensor, tensor } from "@gradtape/tensor";
import { describe, expect, test, vi } from "vitest";
import {
  casesOf,
  dtypeOf,
  expectNumbers,
  gradientOf,
  type Mode,
  makeOptimizer,
  modesOf,
  type OptimizerCase,
  type StateCase,
  toleranceOf,
} from "./fixtures/golden.ts";
import type { Optimizer } from "./index.ts";

/* Every optimizer against the golden numbers: gradients given, state after each step compared. */

function makeVariables({ variables }: OptimizerCase, mode: Mode): Map<string, Variable> {
  const dtype = dtypeOf(mode);
  return new Map(
    variables.map(({ name, shape, init }) => [
      name,
      new Variable(tensor(init.map(Number), { shape, dtype }), { name }),
    ]),
  );
}

/** Compares variables, slots and what else an optimizer keeps; `read` gives a variable's present value. */
function expectState(
  each: OptimizerCase,
  mode: Mode,
  step: number,
  optimizer: Optimizer,
  variables: ReadonlyMap<string, Variable>,
  read: (variable: Variable) => Tensor | Variable,
): void {
  const state: StateCase = each.expect[mode][step]!;
  const tolerance = toleranceOf(each, mode);
  for (const [name, values] of Object.entries(state.vars)) {
    expectNumbers(read(variables.get(name)!).data, values, tolerance, `step ${step}: ${name}`);
  }
  for (const [name, slots] of Object.entries(state.slots ?? {})) {
    for (const [slot, values] of Object.entries(slots)) {
      const variable = optimizer.getSlot(variables.get(name)!, slot)!;
      expectNumbers(read(variable).data, values, tolerance, `step ${step}: ${name}.${slot}`);
    }
  }
  for (const [name, value] of Object.entries(state.extra ?? {})) {
    const wanted = name === "iterations" ? "iteration" : name;
    const kept = optimizer.variables().find(({ opName }) => opName.replace(/_\d+$/, "") === wanted)!;
    expectNumbers(read(kept).data, [value], tolerance, `step ${step}: ${name}`);
  }
}

describe("applied eagerly", () => {
  for (const each of casesOf("optimizer")) {
    test.each(modesOf(each))(`${each.id} in %s`, (mode) => {
      const variables = makeVariables(each, mode);
      const present = { ...each.hyper } as Record<string, number>;
      const optimizer = makeOptimizer(each, mode, present);
      each.steps.forEach(({ grads, hyper }, step) => {
        Object.assign(present, hyper);
        optimizer.applyGradients([...variables].map(([name, v]) => [gradientOf(grads[name] ?? null, v), v]));
        expectState(each, mode, step, optimizer, variables, (variable) => variable);
        const { slots } = each.expect[mode][step]!;
        for (const [name, v] of variables) if (slots && !slots[name]) expect(optimizer.getSlot(v, "rms")).toBeNull();
      });
    });
  }
});

describe("applied in a session", () => {
  for (const each of casesOf("optimizer")) {
    test.each(modesOf(each))(`${each.id} in %s`, (mode) => {
      const graph = new Graph();
      graph.asDefault(() => {
        const variables = makeVariables(each, mode);
        const present = { ...each.hyper } as Record<string, number>;
        const optimizer = makeOptimizer(each, mode, present);
        const steps = each.steps.map(({ grads, hyper }) => {
          Object.assign(present, hyper);
          return optimizer.applyGradients([...variables].map(([name, v]) => [gradientOf(grads[name] ?? null, v), v]));
        });
        verify(graph);
        const session = new Session({ graph });
        session.run(globalVariablesInitializer());
        steps.forEach((operation, step) => {
          session.run(operation);
          expectState(each, mode, step, optimizer, variables, (variable) => session.run(variable));
        });
      });
    });
  }
});

describe("applied by a compiled step", () => {
  for (const each of casesOf("optimizer")) {
    test.each(modesOf(each))(`${each.id} in %s`, (mode) => {
      const variables = makeVariables(each, mode);
      const present = { ...each.hyper } as Record<string, number>;
      const optimizer = makeOptimizer(each, mode, present);
      const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
      const apply = compile((gradients: (Tensor | IndexedSlices | null)[]) =>
        optimizer.applyGradients(gradients.map((gradient, i) => [gradient, [...variables.values()][i]!])),
      );
      each.steps.forEach(({ grads, hyper }, step) => {
        Object.assign(present, hyper);
        const gradients = [...variables].map(([name, v]) => gradientOf(grads[name] ?? null, v));
        if (mode === "float64" && hyper !== undefined)
          optimizer.applyGradients(gradients.map((g, i) => [g, [...variables.values()][i]!]));
        else apply(gradients);
        expectState(each, mode, step, optimizer, variables, (variable) => variable);
      });
      expect(warn.mock.calls.length > 0).toBe(mode !== "float32");
      warn.mockRestore();
    });
  }
});
