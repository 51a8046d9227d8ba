import { compile, IndexedSlices, Variable } from "@gradtape/graph";
import { type DType, type Tensor, tensor } from "@gradtape/tensor";
import { expect, test } from "vitest";
import cases from "./fixtures/tf1-quiet.json" with { type: "json" };
import {
  AdadeltaOptimizer,
  AdagradOptimizer,
  AdamOptimizer,
  FtrlOptimizer,
  GradientDescentOptimizer,
  MomentumOptimizer,
  type Optimizer,
  RMSPropOptimizer,
} from "./index.ts";

/*
 * A few gradients, then thousands of steps without any: variables and slots as TensorFlow 2.21 left them on a processor that
 * takes subnormal numbers for zero. `expected` holds them after so many steps without gradient, variable first.
 */

type Options = Record<string, never>;
const makers: { readonly [name: string]: (args: readonly number[], options: object) => Optimizer } = {
  AdadeltaOptimizer: ([rate], options) => new AdadeltaOptimizer(rate!, options),
  AdagradOptimizer: ([rate], options) => new AdagradOptimizer(rate!, options),
  AdamOptimizer: ([rate], options) => new AdamOptimizer(rate!, options),
  FtrlOptimizer: ([rate], options) => new FtrlOptimizer(rate!, options),
  GradientDescentOptimizer: ([rate], options) => new GradientDescentOptimizer(rate!, options as Options),
  MomentumOptimizer: ([rate, momentum], options) => new MomentumOptimizer(rate!, momentum!, options),
  RMSPropOptimizer: ([rate], options) => new RMSPropOptimizer(rate!, options),
};

/** All states of one case, at the steps where they are on record. */
function replay(each: (typeof cases)[number], mode: "eager" | "compiled"): unknown {
  const { dtype, sparse, initial, gradients, slots, expected } = each;
  const shape = [initial.length, 1];
  const optimizer = makers[each.optimizer]!(each.args, each.options);
  const variable = new Variable(tensor(initial, { shape, dtype: dtype as DType }));
  const rows = tensor(
    initial.map((_, i) => i),
    { dtype: "int32" },
  );
  const update = (gradient: Tensor) => {
    const given = sparse ? new IndexedSlices(gradient, rows, shape) : gradient;
    optimizer.applyGradients([[given, variable]]);
  };
  const run = mode === "eager" ? update : compile(update);
  const step = (values: readonly number[]) => {
    run(tensor(values, { shape, dtype: dtype as DType }));
  };
  gradients.forEach(step);
  const none = initial.map(() => 0);
  let quiet = 0;
  return Object.fromEntries(
    Object.keys(expected).map((at) => {
      for (; quiet < Number(at); quiet++) step(none);
      const states = [variable, ...slots.map((slot) => optimizer.getSlot(variable, slot)!)];
      return [at, states.map(({ data }) => [...data])];
    }),
  );
}

const named = cases.map(
  (each) =>
    [
      `${each.optimizer} ${JSON.stringify(each.options)} ${each.dtype} ${each.sparse ? "sparse" : "dense"}`,
      each,
    ] as const,
);

test.each(named)("%s", (_, each) => {
  expect(replay(each, "eager")).toEqual(each.expected);
});

test.each(named.filter(([, { dtype }]) => dtype === "float32"))("compiled: %s", (_, each) => {
  expect(replay(each, "compiled")).toEqual(each.expected);
});
