import { readFileSync } from "node:fs";
import {
  add,
  aggregate,
  clipByNorm,
  clipByValue,
  gather,
  globalNorm,
  IndexedSlices,
  matMul,
  mul,
  neg,
  type Operand,
  scalarMul,
  sliceIndices,
  sliceValues,
  square,
  sub,
  sum,
  unique,
  unsortedSegmentSum,
  Variable,
} from "@gradtape/graph";
import { type DType, type Tensor, tensor } from "@gradtape/tensor";
import { describe, expect, test } from "vitest";
import { type Optimizer, RMSPropOptimizer } from "./index.ts";

/* Golden numbers observed on TensorFlow 2.21 (tf.compat.v1): float32 must agree bit for bit. */

type Mode = "float64" | "float64_tf" | "float32";
type Flat = (number | string)[];
interface GradientCase {
  dense?: Flat;
  sparse?: { indices: number[]; values: Flat; dense_shape: number[] };
}
interface State {
  vars: Record<string, Flat>;
  slots?: Record<string, Record<string, Flat>>;
  grads?: Record<string, GradientCase>;
  global_step?: number;
}
interface Case {
  id: string;
  kind: "optimizer" | "minimize" | "indexed_slices" | "aggregate_slices";
  optimizer: string;
  hyper: Record<string, number | boolean>;
  variables: { name: string; shape: number[]; init: Flat }[];
  steps: { grads: Record<string, GradientCase | null>; hyper?: Record<string, number> }[];
  program: string;
  params: Record<string, number | number[]>;
  num_steps: number;
  expect: Record<Mode, State[]>;
}
interface SlicesCase {
  id: string;
  op: string;
  indices: number[];
  values: number[];
  row_shape: number[];
  dense_shape?: number[];
  arg?: number | number[];
  parts: { indices: number[]; values: number[] }[];
  expect: Record<
    "float32" | "float64",
    { indices?: number[]; values?: Flat; dense?: Flat; scalar?: number; entry_count?: number }
  >;
}

const { cases } = JSON.parse(readFileSync(new URL("./fixtures/tf1-cases.json", import.meta.url), "utf8")) as {
  cases: (Case & SlicesCase)[];
};
const ofKind = (kind: string) => cases.filter((each) => each.kind === kind);
const rmsprop = (each: Case) => each.optimizer === "rmsprop";

const dtypeOf = (mode: Mode): DType => (mode === "float32" ? "float32" : "float64");
const modes: Mode[] = ["float64", "float64_tf", "float32"];

/** Equal bits in float32; within 1e-12 relative in float64. */
function expectNumbers(actual: ArrayLike<number>, expected: Flat, mode: string, what: string): void {
  const wanted = expected.map(Number);
  expect(actual.length, what).toBe(wanted.length);
  wanted.forEach((value, i) => {
    const same = mode === "float32" ? Object.is(actual[i], Math.fround(value)) : close(actual[i]!, value);
    if (!same) expect.fail(`${what}[${i}]: got ${actual[i]}, expected ${value} (${mode})`);
  });
}

function close(a: number, b: number): boolean {
  return Object.is(a, b) || Math.abs(a - b) <= 1e-14 + 1e-12 * Math.abs(b);
}

function makeVariables({ variables }: Case, dtype: DType): Map<string, Variable> {
  return new Map(
    variables.map(({ name, shape, init }) => [
      name,
      new Variable(tensor(init.map(Number), { shape, dtype }), { name }),
    ]),
  );
}

/** Plain numbers are rounded to float32 as TensorFlow rounds them; float64 tensors are exact decimals. */
function makeOptimizer({ hyper }: Case, mode: Mode, present: Record<string, number>): Optimizer {
  const value = (name: string) => () =>
    mode === "float64" ? tensor(present[name] as number, { dtype: "float64" }) : (present[name] as number);
  return new RMSPropOptimizer(value("learning_rate"), {
    decay: value("decay"),
    momentum: value("momentum"),
    epsilon: value("epsilon"),
    centered: hyper.centered as boolean,
  });
}

function gradientOf(given: GradientCase | null, shape: number[], dtype: DType): Tensor | IndexedSlices | null {
  if (given === null) return null;
  if (given.dense) return tensor(given.dense.map(Number), { shape, dtype });
  const { indices, values, dense_shape } = given.sparse!;
  return new IndexedSlices(
    tensor(values.map(Number), { shape: [indices.length, ...shape.slice(1)], dtype }),
    tensor(indices, { shape: [indices.length], dtype: "int32" }),
    dense_shape,
  );
}

function expectState(
  optimizer: Optimizer,
  variables: Map<string, Variable>,
  state: State,
  mode: Mode,
  step: number,
): void {
  for (const [name, values] of Object.entries(state.vars)) {
    expectNumbers(variables.get(name)!.data, values, mode, `step ${step}: ${name}`);
  }
  if (!state.slots) return;
  for (const [name, variable] of variables) {
    const expected = state.slots[name];
    if (!expected) expect(optimizer.getSlot(variable, "rms")).toBeNull();
    for (const [slot, values] of Object.entries(expected ?? {})) {
      expectNumbers(optimizer.getSlot(variable, slot)!.data, values, mode, `step ${step}: ${name}.${slot}`);
    }
  }
}

describe("applyGradients", () => {
  for (const each of ofKind("optimizer").filter(rmsprop)) {
    test.each(modes)(`${each.id} in %s`, (mode) => {
      const dtype = dtypeOf(mode);
      const variables = makeVariables(each, dtype);
      const present = { ...each.hyper } as Record<string, number>;
      const optimizer = makeOptimizer(each, mode, present);
      each.steps.forEach(({ grads, hyper }, step) => {
        Object.assign(present, hyper);
        optimizer.applyGradients(
          each.variables.map(({ name, shape }) => [
            gradientOf(grads[name] ?? null, shape, dtype),
            variables.get(name)!,
          ]),
        );
        expectState(optimizer, variables, each.expect[mode][step]!, mode, step);
      });
    });
  }
});

type Parameters = Record<string, number | number[]>;

/** The losses that the minimize cases name. */
const programs: Record<string, (v: Variable[], p: Parameters, dtype: DType) => Operand> = {
  embed_square([v0], { ids, x }, dtype) {
    const pred = matMul(gather(v0!, ids as number[]), tensor(x as number[], { shape: [2, 1], dtype }));
    return mul(pred, pred);
  },
  embed_sum([v0], { ids, c }, dtype) {
    const terms = (ids as number[]).map((id, i) => mul(tensor((c as number[])[i]!, { dtype }), sum(gather(v0!, [id]))));
    return terms.reduce((total, term) => add(total, term));
  },
  least_squares([v0, v1], { X, X_shape, y }, dtype) {
    const x = tensor(X as number[], { shape: X_shape as number[], dtype });
    return sum(square(sub(add(matMul(x, v0!), v1!), tensor(y as number[], { shape: [3, 1], dtype }))));
  },
};

describe("minimize", () => {
  for (const each of ofKind("minimize").filter(rmsprop)) {
    test.each(modes)(`${each.id} in %s`, (mode) => {
      const dtype = dtypeOf(mode);
      const variables = makeVariables(each, dtype);
      const list = [...variables.values()];
      const optimizer = makeOptimizer(each, mode, { ...each.hyper } as Record<string, number>);
      const globalStep = new Variable(tensor(0, { dtype: "int32" }), { trainable: false, name: "global_step" });
      for (let step = 0; step < each.num_steps; step++) {
        const loss = () => programs[each.program]!(list, each.params, dtype);
        const state = each.expect[mode][step]!;
        const pairs = optimizer.computeGradients(loss, { varList: list });
        for (const [gradient, variable] of pairs) {
          const expected = state.grads![variable.opName]!;
          if (expected.sparse) {
            const slices = gradient as IndexedSlices;
            const rows = (indices: ArrayLike<number>, values: ArrayLike<number>) =>
              denseRows(Array.from(indices), Array.from(values), expected.sparse!.dense_shape);
            expectNumbers(
              rows(slices.indices.data, slices.values.data),
              rows(expected.sparse.indices, expected.sparse.values.map(Number)),
              mode,
              `gradient of ${variable.name}`,
            );
            expect(slices.denseShape).toEqual(expected.sparse.dense_shape);
          } else expectNumbers((gradient as Tensor).data, expected.dense!, mode, `gradient of ${variable.name}`);
        }
        expect(optimizer.applyGradients(pairs, { globalStep })).toBeNull();
        expect(globalStep.item()).toBe(state.global_step);
        expectState(optimizer, variables, state, mode, step);
      }
    });
  }
});

/** The order of entries is open, so slices are compared as the dense tensors they stand for. */
function denseRows(indices: number[], values: number[], [rows, width]: number[]): number[] {
  const dense = new Array<number>(rows! * (width ?? 1)).fill(0);
  indices.forEach((row, i) => {
    for (let j = 0; j < (width ?? 1); j++) dense[row * (width ?? 1) + j]! += values[i * (width ?? 1) + j]!;
  });
  return dense;
}

function makeSlices(
  indices: number[],
  values: number[],
  row: number[],
  denseShape: number[] | null,
  dtype: DType,
): IndexedSlices {
  return new IndexedSlices(
    tensor(values, { shape: [indices.length, ...row], dtype }),
    tensor(indices, { dtype: "int32" }),
    denseShape,
  );
}

/** What each operation on slices gives: a scalar, a dense tensor, or slices. */
const sliceOps: Record<string, (slices: IndexedSlices, arg: number & number[]) => IndexedSlices | Tensor> = {
  dedup(slices) {
    const { values, positions } = unique(slices.indices);
    return new IndexedSlices(unsortedSegmentSum(slices.values, positions, values.size), values);
  },
  to_dense: (slices) => slices.toTensor(),
  neg: (slices) => neg(slices),
  scalar_mul: (slices, arg) => scalarMul(arg, slices),
  global_norm: (slices) => globalNorm([slices]),
  clip_by_norm: (slices, arg) => clipByNorm(slices, arg),
  clip_by_value: (slices, arg) => clipByValue(slices, arg[0]!, arg[1]!),
};

describe("IndexedSlices", () => {
  for (const each of ofKind("indexed_slices")) {
    test.each(["float64", "float32"] as const)(`${each.id} in %s`, (dtype) => {
      const slices = makeSlices(each.indices, each.values, each.row_shape, each.dense_shape ?? null, dtype);
      const result = sliceOps[each.op]!(slices, each.arg as number & number[]);
      const expected = each.expect[dtype];
      if (result instanceof IndexedSlices) {
        expect(Array.from(sliceIndices(result).data)).toEqual(expected.indices);
        expectNumbers(sliceValues(result).data, expected.values!, dtype, "values");
      } else expectNumbers(result.data, expected.dense ?? [expected.scalar!], dtype, each.op);
    });
  }

  for (const each of ofKind("aggregate_slices")) {
    test.each(["float64", "float32"] as const)(`${each.id} in %s`, (dtype) => {
      const parts = each.parts.map((part) =>
        makeSlices(part.indices, part.values, each.row_shape, each.dense_shape!, dtype),
      );
      const result = aggregate(parts) as IndexedSlices;
      expect(result.indices.size).toBe(each.expect[dtype].entry_count);
      expectNumbers(result.toTensor().data, each.expect[dtype].dense!, dtype, "dense");
    });
  }
});
