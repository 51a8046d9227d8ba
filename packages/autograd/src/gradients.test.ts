import * as ops from "@gradtape/graph";
import { generator, type Tensor, tensor } from "@gradtape/tensor";
import { describe, expect, test } from "vitest";
import { checkGradients } from "./check.ts";

/* The gradient table: every exported op has a row. A row names inputs and a function; its derivatives must agree with
 * differences at order 1 and 2. Ops without a derivative stand in a list of their own. */

type Row = { inputs: Tensor[]; f: (...inputs: Tensor[]) => Tensor | readonly Tensor[] };

const random = generator(20);
/** Normal random numbers of a shape, in float64. */
const n = (...shape: number[]) => random.normal(shape, { dtype: "float64" });
/** Random numbers away from zero: between 0.5 and 2. */
const p = (...shape: number[]) => random.uniform(shape, { low: 0.5, high: 2, dtype: "float64" });
const ids = (...values: number[]) => tensor(values, { dtype: "int32" });

const row = (f: Row["f"], ...inputs: Tensor[]): Row => ({ f, inputs });

const table: Record<string, Row[]> = {
  add: [row(ops.add, n(2, 3), n(3)), row(ops.add, n(), n(2))],
  sub: [row(ops.sub, n(2, 1), n(1, 3))],
  mul: [row(ops.mul, n(2, 3), n(3)), row((x) => ops.mul(x, x), n(3))],
  div: [row(ops.div, n(2, 3), p(2, 1))],
  neg: [row((x) => ops.neg(x), n(3))],
  abs: [row(ops.abs, n(5))],
  sign: [row((x) => ops.mul(x, ops.sign(x)), n(5))],
  square: [row(ops.square, n(4))],
  maximum: [row(ops.maximum, n(4), n(4))],
  minimum: [row(ops.minimum, n(4), n(4))],
  where: [row((x, y) => ops.where([true, false, true], x, y), n(2, 3), n(3))],
  sqrt: [row(ops.sqrt, p(4))],
  exp: [row(ops.exp, n(4))],
  log: [row(ops.log, p(4))],
  log1p: [row(ops.log1p, p(4))],
  tanh: [row(ops.tanh, n(4))],
  sigmoid: [row(ops.sigmoid, n(4))],
  softplus: [row(ops.softplus, n(4))],
  relu: [row((x) => ops.relu(ops.mul(x, x)), p(4)), row(ops.relu, n(6))],
  pow: [row(ops.pow, p(3), n(3)), row((x) => ops.pow(x, 3), n(3)), row((x) => ops.pow(x, 0), n(3))],
  cast: [row((x) => ops.cast(ops.mul(x, x), "float64"), n(3))],
  identity: [row((x) => ops.identity(ops.mul(x, x)), n(3))],
  expandDims: [row((x) => ops.expandDims(ops.mul(x, x), -1), n(2, 3))],
  squeeze: [row((x) => ops.squeeze(ops.mul(x, x)), n(2, 1, 3))],
  reshape: [row((x) => ops.reshape(ops.mul(x, x), [3, -1]), n(2, 3))],
  transpose: [row((x) => ops.transpose(ops.mul(x, x), [2, 0, 1]), n(2, 3, 2))],
  broadcastTo: [row((x) => ops.broadcastTo(ops.mul(x, x), [2, 3, 4]), n(3, 1))],
  sum: [
    row((x) => ops.sum(ops.mul(x, x)), n(2, 3)),
    row((x) => ops.sum(ops.mul(x, x), [0, 2], { keepDims: true }), n(2, 3, 2)),
  ],
  slice: [row((x) => ops.slice(ops.mul(x, x), [1, 0], [2, -1], { steps: [1, 2] }), n(3, 5))],
  embed: [row((x) => ops.embed(ops.mul(x, x), [4, 5], [1, 0], { steps: [2, 3] }), n(2, 2))],
  concat: [row((x, y) => ops.concat([ops.mul(x, x), y, x], 1), n(2, 3), n(2, 1))],
  matMul: [
    row((a, b) => ops.matMul(a, b), n(2, 3), n(3, 4)),
    row((a, b) => ops.matMul(a, b, { transposeA: true, transposeB: true }), n(3, 2), n(4, 3)),
    row((a, b) => ops.matMul(a, b), n(2, 2, 3), n(3, 2)),
    row((a, b) => ops.matMul(a, b), n(1, 2, 3), n(4, 1, 3, 2)),
  ],
  max: [row((x) => ops.max(ops.mul(x, x), 1), n(2, 4)), row((x) => ops.max(x), n(2, 3))],
  min: [row((x) => ops.min(x, { axis: 0, keepDims: true }), n(2, 4))],
  prod: [
    row((x) => ops.prod(x), n(5)),
    row((x) => ops.prod(x, [0, 2]), n(2, 3, 3)),
    row((x) => ops.prod(ops.mul(x, tensor([1, 0, 1, 0, 1], { dtype: "float64" }))), n(5)),
    row((x) => ops.prod(ops.mul(x, tensor([1, 0, 1], { dtype: "float64" })), { axis: 1, keepDims: true }), n(2, 3)),
  ],
  gather: [
    row((x) => ops.gather(ops.mul(x, x), [2, 0, 2, 2]), n(3, 2)),
    row((x) => ops.gather(x, ids(1)), n(3)),
    row(
      (x) =>
        ops.gather(
          ops.mul(x, x),
          [
            [2, 0],
            [1, 1],
          ],
          { axis: 1 },
        ),
      n(2, 3, 2),
    ),
    row(
      (x) =>
        ops.gather(
          ops.mul(x, x),
          [
            [2, 0],
            [1, 1],
          ],
          { batchDims: 1 },
        ),
      n(2, 3, 2),
    ),
    row(
      (x) =>
        ops.gather(
          ops.mul(x, x),
          [
            [2, 0, 2],
            [1, 1, 0],
          ],
          { axis: 2, batchDims: 1 },
        ),
      n(2, 2, 3, 2),
    ),
    row((x) => ops.gather(ops.gather(ops.mul(x, x), [2, 0, 1]), [0, 0, 1]), n(3, 2)),
  ],
  unsortedSegmentSum: [
    row((x) => ops.unsortedSegmentSum(ops.mul(x, x), [1, 0, 1, -1], 3), n(4, 2)),
    row(
      (x) =>
        ops.unsortedSegmentSum(
          ops.mul(x, x),
          [
            [1, 0],
            [1, -1],
          ],
          2,
        ),
      n(2, 2, 3),
    ),
  ],
  softmax: [row((x) => ops.softmax(x), n(2, 4)), row((x) => ops.softmax(x, { axis: 0 }), n(3, 2))],
  logSoftmax: [row((x) => ops.logSoftmax(x), n(2, 4))],
  softmaxCrossEntropyWithLogits: [row(ops.softmaxCrossEntropyWithLogits, p(2, 3), n(2, 3))],
  sparseSoftmaxCrossEntropyWithLogits: [
    row((x) => ops.sparseSoftmaxCrossEntropyWithLogits([2, 0], x), n(2, 3)),
    row((x) => ops.sparseSoftmaxCrossEntropyWithLogits([[2], [0]], ops.mul(x, x)), n(2, 1, 3)),
  ],
  addN: [row((x, y) => ops.addN([ops.mul(x, y), x, y]), n(3), n(3))],
};

/** Ops whose results do not move smoothly with their inputs. */
const flat = new Set([
  "equal",
  "notEqual",
  "less",
  "lessEqual",
  "greater",
  "greaterEqual",
  "logicalAnd",
  "logicalOr",
  "logicalNot",
  "stopGradient",
  "any",
  "all",
  "argMax",
  "argMin",
  "unique",
  "nonZero",
  "placeholder",
]);

/** Functions made of ops: they have rows too. */
const composites: Record<string, Row[]> = {
  pad: [
    row(
      (x) =>
        ops.pad(ops.mul(x, x), [
          [1, 2],
          [0, 1],
        ]),
      n(2, 3),
    ),
  ],
  stack: [row((x, y) => ops.stack([ops.mul(x, y), y], { axis: 1 }), n(2, 3), n(2, 3))],
  unstack: [row((x) => ops.unstack(ops.mul(x, x), { axis: 1 }), n(2, 3))],
  mean: [row((x) => ops.mean(ops.mul(x, x), 1), n(2, 3))],
  oneHot: [row((on, off) => ops.oneHot([0, 2], 3, { onValue: on, offValue: off, dtype: "float64" }), n(), n())],
  scalarMul: [row(ops.scalarMul, n(), n(3))],
  clipByValue: [row((x) => ops.clipByValue(ops.mul(x, x), 0.2, 0.9), n(6))],
  clipByNorm: [row((x) => ops.clipByNorm(x, 1), n(4)), row((x) => ops.clipByNorm(x, 100), n(4))],
  clipByGlobalNorm: [
    row((x, y) => ops.clipByGlobalNorm([x, null, y], 0.5).clipped.filter((c) => c !== null) as Tensor[], n(3), n(2)),
  ],
  globalNorm: [row((x, y) => ops.globalNorm([x, y]), n(3), n(2))],
};

const entries = Object.entries(ops).filter((entry): entry is [string, (typeof ops)["add"]] => {
  return typeof entry[1] === "function" && "op" in entry[1];
});

describe("the gradient table", () => {
  test("has a row for every op", () => {
    const missing = entries.map(([name]) => name).filter((name) => !(name in table) && !flat.has(name));
    expect(missing).toEqual([]);
  });

  test("names each op as it is exported", () => {
    expect(entries.filter(([name, { op }]) => op.name !== name).map(([name]) => name)).toEqual([]);
  });

  for (const [name, rows] of Object.entries({ ...table, ...composites })) {
    test.each(rows.map((each, i) => [i, each] as const))(`${name}, row %i, at order 2`, (_, { f, inputs }) => {
      checkGradients(f, inputs);
    });
  }
});
