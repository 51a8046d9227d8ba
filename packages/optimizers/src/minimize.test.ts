import * as g from "@gradtape/graph";
import { type DType, type Tensor, tensor } from "@gradtape/tensor";
import { describe, expect, test } from "vitest";
import {
  casesOf,
  dtypeOf,
  expectNumbers,
  type GradientCase,
  makeOptimizer,
  modes,
  type OptimizerCase,
  type Tolerance,
  toleranceOf,
} from "./fixtures/golden.ts";

/* Losses minimized, against the golden numbers: gradients, variables and the step counter after each step. */

type Parameters = Record<string, number | number[]>;

/** The losses that the cases name. */
const losses: Record<string, (v: g.Variable[], p: Parameters, dtype: DType) => Tensor> = {
  linear: ([v0, v1], { a, b }) => g.add(g.mul(a as number, v0!), g.mul(b as number, v1!)),
  quad_linear: ([v0, v1], { a, b }) => g.add(g.mul(g.mul(a as number, v0!), v0!), g.mul(b as number, v1!)),
  embed_square([v0], { ids, x }, dtype) {
    const pred = g.matMul(g.gather(v0!, ids as number[]), tensor(x as number[], { shape: [2, 1], dtype }));
    return g.mul(pred, pred);
  },
  embed_sum([v0], { ids, c }, dtype) {
    const terms = (ids as number[]).map((id, i) =>
      g.mul(tensor((c as number[])[i]!, { dtype }), g.sum(g.gather(v0!, [id]))),
    );
    return terms.reduce((total, term) => g.add(total, term));
  },
  least_squares([v0, v1], { X, X_shape, y }, dtype) {
    const x = tensor(X as number[], { shape: X_shape as number[], dtype });
    const target = tensor(y as number[], { shape: [3, 1], dtype });
    return g.sum(g.square(g.sub(g.add(g.matMul(x, v0!), v1!), target)));
  },
};

function makeVariables({ variables, constraint = {} }: OptimizerCase, dtype: DType): g.Variable[] {
  return variables.map(({ name, shape, init }) => {
    const [low, high] = constraint[name] ?? [];
    const project = low === undefined ? null : (value: Tensor) => g.clipByValue(value, low, high!);
    return new g.Variable(tensor(init.map(Number), { shape, dtype }), { name, constraint: project });
  });
}

function gradLossOf({ params }: OptimizerCase, dtype: DType): Tensor | null {
  return params.grad_loss === undefined ? null : tensor(params.grad_loss as number[], { dtype });
}

/** Compares one gradient; the order of entries of slices is open, so they are compared as what they stand for. */
function expectGradient(
  gradient: Tensor | g.IndexedSlices,
  { dense, sparse }: GradientCase,
  tolerance: Tolerance | null,
  what: string,
): void {
  if (dense) {
    expectNumbers((gradient as Tensor).data, dense, tolerance, what);
    return;
  }
  const { indices, values, dense_shape } = sparse!;
  const slices = gradient as g.IndexedSlices;
  const { dtype } = slices;
  const expected = new g.IndexedSlices(
    tensor(values.map(Number), { shape: [indices.length, ...dense_shape.slice(1)], dtype }),
    tensor(indices, { dtype: "int32" }),
    dense_shape,
  );
  expect(slices.indices.size, what).toBe(indices.length);
  expectNumbers(slices.toTensor().data, [...expected.toTensor().data], tolerance, what);
}

describe("minimized eagerly", () => {
  for (const each of casesOf("minimize")) {
    test.each(modes)(`${each.id} in %s`, (mode) => {
      const dtype = dtypeOf(mode);
      const tolerance = toleranceOf(each, mode);
      const varList = makeVariables(each, dtype);
      const optimizer = makeOptimizer(each, mode, { ...each.hyper } as Record<string, number>);
      const globalStep = new g.Variable(0, { dtype: "int32", trainable: false, name: "global_step" });
      for (const state of each.expect[mode]) {
        const loss = () => losses[each.program]!(varList, each.params, dtype);
        const pairs = optimizer.computeGradients(loss, { varList, gradLoss: gradLossOf(each, dtype) });
        for (const [gradient, variable] of pairs) {
          expectGradient(gradient!, state.grads![variable.opName]!, tolerance, `gradient of ${variable.name}`);
        }
        expect(optimizer.applyGradients(pairs, { globalStep })).toBeNull();
        expect(globalStep.item()).toBe(state.global_step);
        for (const variable of varList)
          expectNumbers(variable.data, state.vars[variable.opName]!, tolerance, variable.name);
      }
    });
  }
});

describe("minimized in a session", () => {
  for (const each of casesOf("minimize")) {
    test.each(modes)(`${each.id} in %s`, (mode) => {
      const dtype = dtypeOf(mode);
      const tolerance = toleranceOf(each, mode);
      const graph = new g.Graph();
      graph.asDefault(() => {
        const varList = makeVariables(each, dtype);
        const optimizer = makeOptimizer(each, mode, { ...each.hyper } as Record<string, number>);
        const globalStep = g.getOrCreateGlobalStep();
        const loss = losses[each.program]!(varList, each.params, dtype);
        const gradLoss = gradLossOf(each, dtype);
        const pairs = optimizer.computeGradients(loss, { varList, gradLoss });
        const train = optimizer.applyGradients(pairs, { globalStep });
        g.verify(graph);
        const session = new g.Session({ graph });
        session.run(g.globalVariablesInitializer());
        for (const state of each.expect[mode]) {
          const gradients = session.run([...pairs.map(([gradient]) => gradient), train]);
          pairs.forEach(([, variable], i) => {
            const gradient = gradients[i] as Tensor | g.IndexedSlices;
            expectGradient(gradient, state.grads![variable.opName]!, tolerance, `gradient of ${variable.name}`);
            expectNumbers(session.run(variable).data, state.vars[variable.opName]!, tolerance, variable.name);
          });
          expect(session.run(globalStep).item()).toBe(state.global_step);
        }
      });
    });
  }
});
