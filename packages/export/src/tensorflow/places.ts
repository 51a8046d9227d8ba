import * as op from "@gradtape/graph";
import { InvalidArgumentError, NotImplementedError, normalizeAxis, type Tensor } from "@gradtape/tensor";
import type { Given } from "./given.ts";
import { cut, positions, reversed, shaped, vector } from "./layout.ts";
import { type Dim, dimsOf, product, ShapeValue } from "./shape-value.ts";

/* Ops that address single elements, rows and pieces by their places. */

const number = (value: number) => op.constant(value, { dtype: "int32" });

/** Indices into the leading axes of a whole as row numbers of it with these axes made one; -1 where one is outside. */
function rowsOf(indices: Tensor, leading: readonly Dim[]): Tensor {
  const last = indices.rank - 1;
  const columns = leading.map((_, i) => op.squeeze(cut(indices, last, i, 1), { axis: last }));
  const extents = leading.map((dim) => new ShapeValue([dim], []).tensor());
  const [flat = number(0), inside] = columns.reduce<[Tensor | undefined, Tensor | undefined]>(
    ([flat, inside], column, i) => {
      const legal = op.logicalAnd(op.greaterEqual(column, number(0)), op.less(column, extents[i]!));
      const row = flat === undefined ? column : op.add(op.mul(flat, extents[i]!), column);
      return [row, inside === undefined ? legal : op.logicalAnd(inside, legal)];
    },
    [undefined, undefined],
  );
  return inside === undefined ? flat : op.where(inside, flat, number(-1));
}

/** The number of leading axes that the last axis of the indices names. */
function depthOf(indices: Tensor, rank: number): number {
  const depth = indices.spec.shape.at(-1);
  if (typeof depth !== "number") throw new NotImplementedError("only a run tells how many axes its indices name");
  if (depth < 1 || depth > rank) throw new InvalidArgumentError(`its indices name ${depth} axes of ${rank}`);
  return depth;
}

export function gatherNd(given: Given): Tensor {
  const [x, indices] = [given.x(0), given.x(1)];
  const extents = dimsOf(x);
  const depth = depthOf(indices, extents.length);
  const leading = extents.slice(0, depth);
  const table = shaped(x, new ShapeValue([product(leading), ...extents.slice(depth)]));
  return op.gather(table, rowsOf(indices, leading));
}

export function scatterNd(given: Given): Tensor {
  const [indices, values] = [given.x(0), given.x(1)];
  const { dims } = given.shape(2);
  const depth = depthOf(indices, dims.length);
  const rows = product(dims.slice(0, depth));
  const flat = rowsOf(indices, dims.slice(0, depth));
  // A negative row would be dropped in silence; one behind the last is an error.
  const beyond = op.where(op.less(flat, number(0)), new ShapeValue([rows], []).tensor(), flat);
  const sums =
    typeof rows === "number"
      ? op.unsortedSegmentSum(values, beyond, rows)
      : op.segmentSumLike(values, beyond, new ShapeValue([rows]).ruler());
  return shaped(sums, new ShapeValue(dims));
}

/** Rows put where the indices say; of those that are named twice the last one stays. */
export function stitched(given: Given): Tensor {
  const half = given.inputs.length / 2;
  const rows: Tensor[] = [];
  const places: number[] = [];
  for (let i = 0; i < half; i++) {
    const [indices, data] = [given.numbers(i), given.x(half + i)];
    const row = dimsOf(data).slice(given.x(i).rank);
    rows.push(shaped(data, new ShapeValue([indices.length, ...row])));
    places.push(...indices);
  }
  const sources = new Map(places.map((place, i) => [place, i]));
  const picked = Array.from(sources.keys(), (_, row) => sources.get(row));
  // As many places as are named are those from 0 on, or one of these is missing.
  if (picked.includes(undefined)) throw new NotImplementedError("it leaves rows that nothing is put into");
  return op.gather(op.concat(rows, 0), vector(picked as number[]));
}

const mostSteps = 1024;

/** Sums or products of all elements up to each, along an axis. */
export const cumulative =
  (combine: (x: Tensor, y: Tensor) => Tensor, neutral: number) =>
  (given: Given): Tensor => {
    const whole = given.x(0);
    const axis = normalizeAxis(given.node.op, given.number(1), whole.rank);
    const extent = whole.spec.shape[axis]!;
    if (typeof extent !== "number" || extent > mostSteps)
      throw new NotImplementedError(`along an axis of ${typeof extent === "number" ? extent : "unknown"} extent`);
    if (extent === 0) return whole;
    const x = given.flag("reverse") ? reversed(whole, axis) : whole;
    const terms = Array.from({ length: extent }, (_, i) => cut(x, axis, i, 1));
    const begun = op.broadcastLike(op.cast(op.constant(neutral), x.dtype), terms[0]!);
    const list = given.flag("exclusive") ? [begun, ...terms.slice(0, -1)] : terms;
    const sums: Tensor[] = [];
    for (const term of list) sums.push(sums.length === 0 ? term : combine(sums.at(-1)!, term));
    const y = op.concat(sums, axis);
    return given.flag("reverse") ? reversed(y, axis) : y;
  };

/** A matrix with the elements that are far from its diagonal set to 0. */
export function band(given: Given): Tensor {
  const [x, [lower], [upper]] = [given.x(0), given.numbers(1), given.numbers(2)];
  const [rows, columns] = dimsOf(x).slice(-2) as [Dim, Dim];
  const distance = op.sub(op.expandDims(positions(rows), -1), positions(columns));
  const within = (limit: number, far: Tensor) => (limit < 0 ? op.equal(far, far) : op.lessEqual(far, number(limit)));
  const kept = op.logicalAnd(within(lower!, distance), within(upper!, op.neg(distance)));
  return op.where(kept, x, op.cast(op.constant(0), x.dtype));
}

/** The diagonal of a square matrix, as bool. */
const onDiagonal = (extent: Dim) => op.equal(op.expandDims(positions(extent), -1), positions(extent));

const zeroOf = (x: Tensor) => op.cast(op.constant(0), x.dtype);

function checkPlainDiagonal(given: Given, first: number): void {
  const more = given.inputs.slice(first).map((_, i) => given.numbers(first + i));
  const [k = [0], ...sizes] = more;
  const plain = k.every((each) => each === 0) && sizes.every(([size]) => size === -1 || size === 0);
  if (!plain) throw new NotImplementedError("a diagonal other than the main one of a square matrix");
}

/** Matrices with these diagonals, zeros elsewhere. */
export function diagonalMatrix(given: Given): Tensor {
  const x = given.x(0);
  checkPlainDiagonal(given, 1);
  return op.where(onDiagonal(dimsOf(x).at(-1)!), op.expandDims(x, -1), zeroOf(x));
}

/** The diagonals of square matrices. */
export function diagonalPart(given: Given): Tensor {
  const x = given.x(0);
  checkPlainDiagonal(given, 1);
  const [rows, columns] = dimsOf(x).slice(-2);
  if (rows === undefined || columns === undefined || typeof rows !== "number" || rows !== columns)
    throw new NotImplementedError("a diagonal of matrices that are not known to be square");
  return op.sum(op.where(onDiagonal(rows), x, zeroOf(x)), { axis: -1 });
}
