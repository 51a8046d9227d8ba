import * as op from "@gradtape/graph";
import { State, type Variable } from "@gradtape/graph";
import {
  formatExtent,
  InvalidArgumentError,
  NotImplementedError,
  normalizeAxis,
  randomNormal,
  randomUniform,
  type Shape,
  type Tensor,
  tensor,
  truncatedNormal,
} from "@gradtape/tensor";
import { einsum } from "./einsum.ts";
import { followShapes } from "./follow.ts";
import { Given, type Translation } from "./given.ts";
import { broadcastOf, cut, padded, positions, reversed, shaped, stretched, tiled, vector } from "./layout.ts";
import type { NodeDef } from "./messages.ts";
import { band, cumulative, diagonalMatrix, diagonalPart, gatherNd, scatterNd, stitched } from "./places.ts";
import type { ForeignReader, Value } from "./reader.ts";
import { dimsOf, followed, product, ShapeValue } from "./shape-value.ts";
import { broadcastGradientAxes, concatOffsets, shapeOf, sliceOf, sum } from "./shapes.ts";
import { stridedSlice, stridedSliceGradient } from "./strided-slice.ts";
import { asserted, assertion, textConstant } from "./texts.ts";

/* Ops of TensorFlow that have no entry here, or forms of ops that entries do not cover, put in terms of ours. */

/** Products of matrices, the last two axes of which may be exchanged first. */
const productOf =
  (a: string, b: string): Translation =>
  (given) =>
    op.matMul(given.x(0), given.x(1), { transposeA: given.flag(a), transposeB: given.flag(b) });

const drawn =
  (draw: (shape: Shape, options: { seed: number }) => Tensor): Translation =>
  (given) => {
    const seed = given.int("seed") * 65537 + given.int("seed2");
    return op.cast(draw(given.numbers(0), { seed }), given.dtype("dtype"));
  };

const unary =
  (f: (x: Tensor) => Tensor): Translation =>
  (given) =>
    f(given.x(0));

const binary =
  (f: (x: Tensor, y: Tensor) => Tensor): Translation =>
  (given) =>
    f(given.x(0), given.x(1));

/** The remainder that has the sign of the divisor. */
function floorMod(x: Tensor, y: Tensor): Tensor {
  return op.sub(x, op.mul(floorDiv(x, y), y));
}

function floorDiv(x: Tensor, y: Tensor): Tensor {
  const quotient = op.floor(op.div(x, y));
  return quotient.dtype === x.dtype ? quotient : op.cast(quotient, x.dtype);
}

/** exp(x) - 1, exact for small x: tanh(x / 2) is (exp(x) - 1) / (exp(x) + 1). */
function expm1(x: Tensor): Tensor {
  return op.mul(op.tanh(op.mul(x, 0.5)), op.add(op.exp(x), 1));
}

const seluScale = 1.0507009873554805;
const seluSlope = 1.7580993408473766;

/** A vector as a column of `rank` axes. */
function lastOf(x: Tensor, rank: number): Tensor {
  return Array.from({ length: rank - 1 }).reduce<Tensor>((y) => op.expandDims(y, -1), x);
}

/** The axis of the channels: the last one, or the second where the images of a batch are kept channel by channel. */
function channelAxis(given: Given, x: Tensor): number {
  const format = given.text("data_format", "NHWC");
  if (x.rank < 2) throw new InvalidArgumentError(`its operand has ${x.rank} axes; it takes 2 or more`);
  if (format === "NHWC") return x.rank - 1;
  if (format === "NCHW") return 1;
  throw new NotImplementedError(`its data_format is ${JSON.stringify(format)}`);
}

/** Ops that draw other numbers in each run. */
const draws: { readonly [op: string]: Translation } = {
  RandomUniform: drawn((shape, options) => randomUniform(shape, options)),
  RandomStandardNormal: drawn((shape, options) => randomNormal(shape, options)),
  TruncatedNormal: drawn((shape, options) => truncatedNormal(shape, options)),
};

const translations: { readonly [op: string]: Translation } = {
  Add: binary(op.add),
  Div: binary(op.div),
  FloorDiv: binary(floorDiv),
  FloorMod: binary(floorMod),
  DivNoNan: binary((x, y) => op.where(op.equal(y, 0), 0, op.div(x, op.where(op.equal(y, 0), 1, y)))),
  Select: (given) => {
    const [condition, x] = [given.x(0), given.x(1)];
    const rows = condition.rank === 1 && x.rank > 1 ? lastOf(condition, x.rank) : condition;
    return op.where(rows, x, given.x(2));
  },
  Reciprocal: unary((x) => op.div(1, x)),
  Rsqrt: unary((x) => op.div(1, op.sqrt(x))),
  L2Loss: unary((x) => op.mul(0.5, op.sum(op.square(x)))),
  IsFinite: unary((x) => op.equal(op.sub(x, x), 0)),
  IsNan: unary((x) => op.notEqual(x, x)),
  Expm1: unary(expm1),
  Elu: unary((x) => op.where(op.greater(x, 0), x, expm1(op.minimum(x, 0)))),
  Selu: unary((x) => op.where(op.less(x, 0), op.mul(expm1(op.minimum(x, 0)), seluSlope), op.mul(x, seluScale))),
  Softsign: unary((x) => op.div(x, op.add(op.abs(x), 1))),
  Relu6: unary((x) => op.minimum(op.relu(x), 6)),
  LeakyRelu: (given) => {
    const x = given.x(0);
    return op.where(op.greater(x, 0), x, op.mul(x, given.float("alpha", 0.2)));
  },
  ClipByValue: (given) => op.clipByValue(given.x(0), given.x(1), given.x(2)),
  RsqrtGrad: binary((y, g) => op.mul(op.mul(g, -0.5), op.mul(op.mul(y, y), y))),
  ReciprocalGrad: binary((y, g) => op.neg(op.mul(g, op.mul(y, y)))),
  BiasAdd: (given) => {
    const [x, bias] = [given.x(0), given.x(1)];
    const behind = x.rank - 1 - channelAxis(given, x);
    const [channels, extent] = [x.spec.shape[channelAxis(given, x)]!, bias.spec.shape[0]];
    if (bias.rank !== 1 || (typeof channels === "number" && channels !== extent))
      throw new InvalidArgumentError(
        `its bias of shape [${bias.shape}] does not have one number for each of ${formatExtent(channels)} channels`,
      );
    return op.add(x, lastOf(bias, behind + 1));
  },
  BiasAddGrad: (given) => {
    const g = given.x(0);
    const channels = channelAxis(given, g);
    return op.sum(g, { axis: g.shape.flatMap((_, axis) => (axis === channels ? [] : [axis])) });
  },
  SeluGrad: binary((g, y) => op.where(op.less(y, 0), op.mul(g, op.add(y, seluSlope)), op.mul(g, seluScale))),
  SoftsignGrad: binary((g, x) => op.div(g, op.square(op.add(op.abs(x), 1)))),
  EluGrad: binary((g, y) => op.where(op.less(y, 0), op.mul(g, op.add(y, 1)), g)),
  Relu6Grad: binary((g, x) => op.where(op.logicalAnd(op.greater(x, 0), op.less(x, 6)), g, 0)),
  LeakyReluGrad: (given) => {
    const [g, x] = [given.x(0), given.x(1)];
    return op.where(op.greater(x, 0), g, op.mul(g, given.float("alpha", 0.2)));
  },
  TanhGrad: binary((y, g) => op.mul(g, op.sub(1, op.square(y)))),
  SigmoidGrad: binary((y, g) => op.mul(op.mul(g, y), op.sub(1, y))),
  SoftplusGrad: binary((g, x) => op.div(g, op.add(op.exp(op.neg(x)), 1))),
  MatMul: productOf("transpose_a", "transpose_b"),
  BatchMatMulV2: productOf("adj_x", "adj_y"),
  BatchMatMul: productOf("adj_x", "adj_y"),
  BatchMatMulV3: productOf("adj_x", "adj_y"),
  Sum: sum,
  Mean: (given) => op.mean(given.x(0), { axis: given.numbers(1), keepDims: given.flag("keep_dims") }),
  Squeeze: squeezed,
  Reshape: (given) => shaped(given.x(0), given.shape(1)),
  BroadcastTo: (given) => stretched(given.x(0), given.shape(1)),
  BroadcastArgs: (given) => followed(broadcastOf([given.shape(0), given.shape(1)]).dims),
  BroadcastGradientArgs: broadcastGradientAxes,
  Tile: (given) => tiled(given.x(0), given.shape(1)),
  Fill: (given) => stretched(given.x(1), given.shape(0)),
  ZerosLike: unary(op.zerosLike),
  OnesLike: unary(op.onesLike),
  Shape: (given) => shapeOf(given.at(0)),
  ShapeN: (given) => given.inputs.map(shapeOf),
  VariableShape: (given) => shapeOf(given.at(0)),
  Rank: (given) => op.constant(given.x(0).rank, { dtype: "int32" }),
  Size: (given) => followed([product(dimsOf(given.x(0)))], []),
  ExpandDims: (given) => op.expandDims(given.x(0), given.number(1)),
  Pack: (given) => {
    const terms = given.inputs.map((_, i) => given.x(i));
    return op.stack(terms, { axis: normalizeAxis("Pack", given.int("axis"), given.x(0).rank + 1) });
  },
  Unpack: (given) => {
    const x = given.x(0);
    const axis = normalizeAxis("Unpack", given.int("axis"), x.rank);
    return portions(x, axis, equalParts(given.int("num"), 1)).map((each) => op.squeeze(each, { axis }));
  },
  Split: (given) => {
    const x = given.x(1);
    const axis = normalizeAxis("Split", given.number(0), x.rank);
    const [count, extent] = [given.int("num_split"), x.spec.shape[axis]!];
    if (count === 1) return [op.identity(x)];
    if (typeof extent !== "number") throw new NotImplementedError(`only a run tells the extent of axis ${axis}`);
    if (extent % count !== 0)
      throw new InvalidArgumentError(`axis ${axis} of extent ${extent} has no ${count} equal parts`);
    return portions(x, axis, equalParts(count, extent / count));
  },
  SplitV: (given) => {
    const x = given.x(0);
    const sizes = given.numbers(1);
    return portions(x, normalizeAxis("SplitV", given.number(2), x.rank), sizes);
  },
  ConcatV2: (given) => concatenated(given, given.inputs.length - 1),
  Concat: (given) => concatenated(given, 0),
  ConcatOffset: concatOffsets,
  Slice: sliceOf,
  StridedSlice: stridedSlice,
  StridedSliceGrad: stridedSliceGradient,
  ReverseV2: (given) => {
    const x = given.x(0);
    return given.numbers(1).reduce<Tensor>((y, axis) => reversed(y, normalizeAxis("ReverseV2", axis, x.rank)), x);
  },
  DynamicStitch: stitched,
  GatherNd: gatherNd,
  ScatterNd: scatterNd,
  Cumsum: cumulative(op.add, 0),
  Cumprod: cumulative(op.mul, 1),
  MatrixBandPart: band,
  MatrixDiag: diagonalMatrix,
  MatrixDiagV3: diagonalMatrix,
  MatrixDiagPart: diagonalPart,
  MatrixDiagPartV3: diagonalPart,
  Diag: (given) => (given.x(0).rank === 1 ? diagonalMatrix(given) : null),
  DiagPart: (given) => (given.x(0).rank === 2 ? diagonalPart(given) : null),
  Einsum: einsum,
  ListDiff: (given) => {
    const [numbers, taken] = [given.numbers(0), given.numbers(1)];
    const left = numbers.flatMap((each, i) => (taken.includes(each) ? [] : [i]));
    return [vector(left.map((i) => numbers[i]!)), vector(left)];
  },
  Pad: (given) => padded(given.x(0), given.numbers(1), op.cast(op.constant(0), given.x(0).dtype)),
  PadV2: (given) => padded(given.x(0), given.numbers(1), given.x(2)),
  Gather: (given) => op.gather(asTable(given), given.x(1)),
  GatherV2: (given) =>
    op.gather(asTable(given), given.x(1), { axis: given.number(2), batchDims: given.int("batch_dims") }),
  ResourceGather: (given) => op.gather(asTable(given), given.x(1), { batchDims: given.int("batch_dims") }),
  UnsortedSegmentSum: (given) => {
    const [rows] = given.shape(2).dims;
    if (typeof rows === "number") return op.unsortedSegmentSum(given.x(0), given.x(1), rows);
    return op.segmentSumLike(given.x(0), given.x(1), new ShapeValue([rows!]).ruler());
  },
  Where: unary((x) => op.expandDims(op.nonZero(x), 1)),
  OneHot: (given) =>
    op.oneHot(given.x(0), given.numbers(1)[0]!, {
      onValue: given.x(2),
      offValue: given.x(3),
      axis: given.int("axis", -1),
      dtype: given.x(2).dtype,
    }),
  Range: range,
  InvertPermutation: (given) => {
    const perm = given.numbers(0);
    return vector(perm.map((_, axis) => perm.indexOf(axis)));
  },
  Transpose: (given) => op.transpose(given.x(0), given.numbers(1)),
  Const: textConstant,
  Assert: asserted,
  PlaceholderWithDefault: unary((x) => op.identity(x)),
  Snapshot: unary((x) => op.identity(x)),
  EnsureShape: unary((x) => op.identity(x)),
  IdentityN: (given) => given.inputs.map((_, i) => op.identity(given.x(i))),
  ...draws,
};

/** Axes of extent 1 taken away: those that are named, or all. */
function squeezed(given: Given): Tensor {
  const x = given.x(0);
  const { shape } = x.spec;
  const named = given.ints("squeeze_dims").map((axis) => normalizeAxis("Squeeze", axis, x.rank));
  if (named.length > 0) return op.squeeze(x, { axis: named });
  const open = shape.flatMap((extent, axis) => (typeof extent === "number" ? [] : [axis]));
  const single = shape.flatMap((extent, axis) => (extent === 1 ? [axis] : []));
  const squeeze = () => (single.length === 0 ? op.identity(x) : op.squeeze(x, { axis: single }));
  if (open.length === 0) return squeeze();
  const extents = new ShapeValue(open.map((axis) => dimsOf(x)[axis]!)).tensor();
  const message = `Squeeze ${JSON.stringify(given.node.name)}: an open extent is 1, and its axis would go; name squeeze_dims`;
  return op.controlDependencies(
    [assertion(op.notEqual(extents, op.constant(1, { dtype: "int32" })), message)],
    squeeze,
  );
}

/** Pieces of `x` one after the other along an axis; one of the sizes may be -1. */
function portions(x: Tensor, axis: number, sizes: readonly number[]): Tensor[] {
  const extent = x.spec.shape[axis]!;
  const rest = sizes.filter((size) => size >= 0).reduce((sum, size) => sum + size, 0);
  if (typeof extent === "number" && (sizes.includes(-1) ? rest > extent : rest !== extent))
    throw new InvalidArgumentError(
      `parts of ${sizes.join(", ")} do not make up axis ${axis}, which has extent ${extent}`,
    );
  let begun = 0;
  return sizes.map((size) => {
    const length = size === -1 && typeof extent === "number" ? extent - rest : size;
    if (length < 0) throw new NotImplementedError(`only a run tells the extent of axis ${axis}`);
    const part = cut(x, axis, begun, length);
    begun += length;
    return part;
  });
}

const mostParts = 2 ** 16;

function equalParts(count: number, size: number): number[] {
  if (!(count >= 0 && count <= mostParts)) throw new NotImplementedError(`it makes ${count} tensors of one`);
  return Array<number>(count).fill(size);
}

function concatenated(given: Given, axisAt: number): Tensor {
  const terms = given.inputs.flatMap((_, i) => (i === axisAt ? [] : [given.x(i)]));
  return op.concat(terms, given.number(axisAt));
}

/** The numbers from a start to a limit. */
function range(given: Given): Tensor {
  const limit = given.known(1) === null ? given.shape(1).dims[0]! : given.number(1);
  const { dtype } = given.x(0);
  const [start, delta] = [given.number(0), given.number(2)];
  if (typeof limit !== "number") {
    if (delta !== 1 || start < 0) throw new NotImplementedError("only a run tells where it ends");
    return cut(positions(limit), 0, start);
  }
  const count = Math.max(0, Math.ceil((limit - start) / delta));
  if (!Number.isFinite(count)) throw new InvalidArgumentError(`no numbers lead from ${start} to ${limit} by ${delta}`);
  if (dtype === "int32" && delta === 1 && start === 0) return positions(count);
  if (count > mostNumbers) throw new NotImplementedError(`a range of ${count} numbers is too long`);
  return op.cast(
    tensor(
      Array.from({ length: count }, (_, i) => start + i * delta),
      { shape: [count] },
    ),
    dtype,
  );
}

const mostNumbers = 2 ** 20;

/** Whether a node draws random numbers. */
export function isDraw({ op }: NodeDef): boolean {
  return Object.hasOwn(draws, op);
}

function asTable(given: Given): Tensor | Variable {
  const value = given.at(0);
  return value instanceof State ? (value as Variable) : given.x(0);
}

/** Reads a node by what is said here; `null` for ops of which nothing is said. */
export const readForeign: ForeignReader = (node, inputs, reader) => {
  const translation = Object.hasOwn(translations, node.op) ? translations[node.op]! : null;
  if (translation === null) return null;
  const result = translation(new Given(node, inputs, reader));
  return result === null || Array.isArray(result) ? result : [result as Value];
};

/** Reads a node that works on shapes only. */
export const readShapes: ForeignReader = followShapes(translations);
