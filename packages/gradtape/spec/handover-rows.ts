import * as gt from "gradtape";
import { composites, type Row, table } from "../../autograd/src/fixtures/gradient-table.ts";
import { inSingle } from "./handover-support.ts";

/* Every op with inputs, to be handed over. */

/** What cannot be handed over, and why. */
export const refused: Record<string, RegExp> = {
  checkNumerics: /checkNumerics 'checkNumerics' cannot be written: it is no kernel of arrays, it can only be run here/,
  nonZero: /nonZero 'nonZero' cannot be written: it is no kernel of arrays/,
};

const x = gt.tensor([3, 1, Number.NaN, 1, -0, 0, -2, Number.POSITIVE_INFINITY]);
const y = gt.tensor([1, 1, 1, Number.NaN, 0, -0, -3, Number.POSITIVE_INFINITY]);
const whole = gt.tensor([3, 1, 3, 0, -1, 2 ** 30, 3, 1, 0], { dtype: "int32" });
const p = gt.tensor([true, false, true, false, true, true, false, false]);
const q = gt.tensor([true, true, false, false, true, false, false, false]);
const matrix = gt.tensor([
  [1, 5, 2],
  [7, 7, -3],
]);
const beyond = [1.7, -1.7, Number.NaN, Number.POSITIVE_INFINITY, -3e9, 3e9, 2147483520, -2147483648];
const wide = gt.tensor([-100, -20, -3, -1, -1e-5, 0, 1e-20, 1e-6, 0.3, 1, 3, 10, 90, Number.NaN]);
const cube = gt.tensor(
  Float32Array.from({ length: 24 }, (_, i) => i),
  { shape: [2, 3, 4] },
);
const row = (f: Row["f"], ...inputs: gt.Tensor[]): Row => ({ inputs, f });

/** Ops without a derivative, and what the rows of the table do not show. */
export const more: Record<string, Row> = {
  equal: row((a, b) => [gt.equal(a, b), gt.equal(p, q), gt.equal(whole, 3)], x, y),
  notEqual: row((a, b) => [gt.notEqual(a, b), gt.notEqual(p, q)], x, y),
  less: row((a, b) => [gt.less(a, b), gt.less(whole, 2)], x, y),
  lessEqual: row(gt.lessEqual, x, y),
  greater: row(gt.greater, x, y),
  greaterEqual: row(gt.greaterEqual, x, y),
  logicalAnd: row(gt.logicalAnd, p, q),
  logicalOr: row(gt.logicalOr, p, q),
  logicalNot: row((a) => gt.logicalNot(a), p),
  any: row((a) => [gt.any(a), gt.any(gt.reshape(a, [2, 4]), 1)], p),
  all: row((a) => [gt.all(a), gt.all(gt.reshape(a, [2, 4]), 0)], p),
  argMax: row((a) => [gt.argMax(a, 1), gt.argMax(a, 0)], matrix),
  argMin: row((a) => [gt.argMin(a, 1), gt.argMin(a, 0)], matrix),
  floor: row((a) => gt.floor(gt.mul(a, 0.4)), x),
  stopGradient: row((a) => gt.stopGradient(a), x),
  preventGradient: row((a) => gt.preventGradient(a), x),
  placeholder: row((a) => gt.neg(a), x),
  unique: row((a) => gt.unique(a).positions, whole),
  nonZero: row((a) => gt.nonZero(a), x),
  "NaN and infinities": row(
    (a, b) => [gt.maximum(a, b), gt.minimum(a, b), gt.sign(a), gt.relu(a), gt.abs(a), gt.mul(a, b)],
    x,
    y,
  ),
  integers: row(
    (a) => [
      gt.sum(a),
      gt.prod(a),
      gt.max(a),
      gt.min(a),
      gt.argMax(a),
      gt.sign(a),
      gt.abs(a),
      gt.div(a, 7),
      gt.square(a),
    ],
    whole,
  ),
  "products of integers": row((a) => gt.matMul(gt.reshape(a, [3, 3]), gt.reshape(a, [3, 3])), whole),
  "booleans as elements": row(
    (a, b) => [gt.where(a, b, true), gt.concat([a, b], 0), gt.transpose(gt.reshape(a, [2, 4])), gt.cast(a, "float32")],
    p,
    q,
  ),
  "casts of float32": row((a) => [gt.cast(a, "int32"), gt.cast(a, "bool"), gt.cast(a, "float64")], gt.tensor(beyond)),
  "casts of float64": row(
    (a) => [gt.cast(a, "int32"), gt.cast(a, "bool"), gt.cast(a, "float32")],
    gt.tensor([...beyond, 2147483647, -2147483648.5], { dtype: "float64" }),
  ),
  "functions far out": row(
    (a) => [
      ...[gt.exp(a), gt.log(a), gt.log1p(a), gt.tanh(a), gt.sigmoid(a), gt.softplus(a), gt.sin(a), gt.cos(a)],
      ...[gt.sqrt(a), gt.pow(a, 3), gt.pow(a, 0.5), gt.pow(gt.abs(a), a)],
    ],
    wide,
  ),
  views: row(
    (a) => [
      gt.slice(a, [0, 1, 1], [2, 2, 2], { steps: [1, 1, 2] }),
      gt.transpose(gt.slice(a, [0, 1, 0], [2, 1, 4])),
      gt.squeeze(gt.slice(a, [0, 1, 0], [2, 1, 4])),
      gt.broadcastTo(gt.slice(a, [0, 0, 0], [2, 1, 4]), [3, 2, 5, 4]),
      gt.embed(a, [5, 4, 9], [1, 0, 2], { steps: [3, 1, 2] }),
      gt.concat([a, a], 2),
      gt.reshape(gt.transpose(a), [4, 6]),
      gt.identity(a),
    ],
    cube,
  ),
  "no elements": row((a) => [gt.slice(a, [0, 0, 0], [0, 3, 4]), gt.sum(gt.slice(a, [0, 0, 0], [2, 0, 4]), 1)], cube),
  "rows of sections": row(
    (a) =>
      gt.gather(
        a,
        [
          [2, 0, 2],
          [1, 1, 0],
        ],
        { axis: 2, batchDims: 1 },
      ),
    gt.reshape(cube, [2, 2, 3, 2]),
  ),
};

/** The rows of the gradient table and those above, with the order of derivatives that is looked at. */
export const tableRows = [
  ...Object.entries({ ...table, ...composites }).flatMap(([name, list]) =>
    list.map((each, i) => ({ name, label: `${name}, row ${i}`, row: inSingle(each), order: 2 })),
  ),
  ...Object.entries(more).map(([name, each]) => ({ name, label: name, row: each, order: 0 })),
];
