import * as op from "@gradtape/graph";
import { State, type Variable } from "@gradtape/graph";
import {
  InvalidArgumentError,
  isStatic,
  NotImplementedError,
  randomNormal,
  randomUniform,
  type Shape,
  type Tensor,
  tensor,
  truncatedNormal,
} from "@gradtape/tensor";
import type { NodeDef } from "./messages.ts";
import type { ForeignReader, Value } from "./reader.ts";
import { ShapeValue } from "./shape-value.ts";
import {
  broadcastGradientAxes,
  concatOffsets,
  Given,
  pack,
  shaped,
  shapeOf,
  sliceOf,
  stretched,
  stridedSlice,
  sum,
  type Translation,
  tiled,
  vector,
} from "./shapes.ts";

/* Ops of TensorFlow that have no entry here, or forms of ops that entries do not cover, put in terms of ours. */

/** Products of matrices, the last two axes of which may be exchanged first. */
const product =
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

/** A vector as a column of `rank` axes. */
function lastOf(x: Tensor, rank: number): Tensor {
  return Array.from({ length: rank - 1 }).reduce<Tensor>((y) => op.expandDims(y, -1), x);
}

const lastAxes = (x: Tensor) => x.shape.map((_, axis) => axis).slice(0, -1);

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
  SquaredDifference: binary((x, y) => op.square(op.sub(x, y))),
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
  Expm1: unary((x) => op.sub(op.exp(x), 1)),
  Elu: unary((x) => op.where(op.greater(x, 0), x, op.sub(op.exp(op.minimum(x, 0)), 1))),
  Relu6: unary((x) => op.minimum(op.relu(x), 6)),
  LeakyRelu: (given) => {
    const x = given.x(0);
    return op.where(op.greater(x, 0), x, op.mul(x, given.float("alpha", 0.2)));
  },
  ClipByValue: (given) => op.clipByValue(given.x(0), given.x(1), given.x(2)),
  RsqrtGrad: binary((y, g) => op.mul(op.mul(g, -0.5), op.mul(op.mul(y, y), y))),
  ReciprocalGrad: binary((y, g) => op.neg(op.mul(g, op.mul(y, y)))),
  BiasAdd: binary(op.add),
  BiasAddGrad: unary((g) => op.sum(g, { axis: lastAxes(g) })),
  ReluGrad: binary((g, y) => op.where(op.greater(y, 0), g, 0)),
  EluGrad: binary((g, y) => op.where(op.less(y, 0), op.mul(g, op.add(y, 1)), g)),
  Relu6Grad: binary((g, x) => op.where(op.logicalAnd(op.greater(x, 0), op.less(x, 6)), g, 0)),
  LeakyReluGrad: (given) => {
    const [g, x] = [given.x(0), given.x(1)];
    return op.where(op.greater(x, 0), g, op.mul(g, given.float("alpha", 0.2)));
  },
  TanhGrad: binary((y, g) => op.mul(g, op.sub(1, op.square(y)))),
  SigmoidGrad: binary((y, g) => op.mul(op.mul(g, y), op.sub(1, y))),
  SqrtGrad: binary((y, g) => op.div(op.mul(g, 0.5), y)),
  SoftplusGrad: binary((g, x) => op.div(g, op.add(op.exp(op.neg(x)), 1))),
  MatMul: product("transpose_a", "transpose_b"),
  BatchMatMulV2: product("adj_x", "adj_y"),
  BatchMatMul: product("adj_x", "adj_y"),
  Sum: sum,
  Mean: (given) => op.mean(given.x(0), { axis: given.numbers(1), keepDims: given.flag("keep_dims") }),
  Squeeze: unary((x) => op.squeeze(x)),
  Reshape: (given) => {
    const to = given.shape(1);
    return to.shape.includes(-1) ? op.reshape(given.x(0), to.shape as Shape) : shaped(given.x(0), to);
  },
  BroadcastTo: (given) => stretched(given.x(0), given.shape(1)),
  BroadcastArgs: (given) => given.shape(0).broadcast(given.shape(1)),
  BroadcastGradientArgs: broadcastGradientAxes,
  Tile: (given) => tiled(given.x(0), given.shape(1)),
  Fill: (given) => stretched(given.x(1), given.shape(0)),
  ZerosLike: unary(op.zerosLike),
  OnesLike: unary(op.onesLike),
  Shape: (given) => shapeOf(given.at(0)),
  ShapeN: (given) => given.inputs.map(shapeOf),
  VariableShape: (given) => shapeOf(given.at(0)),
  Rank: (given) => op.constant(given.x(0).rank, { dtype: "int32" }),
  Size: (given) => {
    const x = given.x(0);
    if (isStatic(x.spec.shape)) return tensor(x.size, { dtype: "int32" });
    return new ShapeValue([x.rank === 1 ? x.spec.shape[0]! : null], [x], true);
  },
  ExpandDims: (given) => {
    const value = given.at(0);
    if (value instanceof ShapeValue && value.single) return new ShapeValue(value.shape, value.likes);
    return op.expandDims(given.x(0), given.numbers(1)[0]!);
  },
  Pack: pack,
  ConcatV2: (given) => {
    const parts = given.inputs.slice(0, -1);
    const axis = given.numbers(parts.length)[0]!;
    if (parts.some((part) => part instanceof ShapeValue)) return pack(new Given(given.node, parts, given.reader));
    return op.concat(
      parts.map((_, i) => given.x(i)),
      axis,
    );
  },
  ConcatOffset: concatOffsets,
  Slice: sliceOf,
  StridedSlice: stridedSlice,
  StridedSliceGrad: (given) => {
    const [begin, , steps] = [1, 2, 3].map((i) => given.numbers(i)) as [number[], number[], number[]];
    if (["begin", "ellipsis", "new_axis", "shrink_axis"].some((name) => given.int(`${name}_mask`) !== 0)) {
      throw new NotImplementedError("it has masks");
    }
    const to = given.shape(0);
    const x = given.x(4);
    if (to.known !== null) return op.embed(x, to.known, begin, { steps });
    return op.embedLike(x, to.likes[0]!, begin, steps);
  },
  Pad: (given) => {
    const flat = given.numbers(1);
    const x = given.x(0);
    return op.pad(
      x,
      x.shape.map((_, axis) => [flat[2 * axis]!, flat[2 * axis + 1]!] as const),
    );
  },
  Gather: (given) => op.gather(asTable(given), given.x(1)),
  GatherV2: (given) => {
    const source = given.at(0);
    const places = source instanceof ShapeValue ? given.known(1) : null;
    if (source instanceof ShapeValue && places !== null) {
      const picked = [...places.data].map((i) => source.shape[i]!);
      return new ShapeValue(picked, source.likes, places.rank === 0);
    }
    const axis = given.numbers(2)[0]!;
    return op.gather(asTable(given), given.x(1), { axis, batchDims: given.int("batch_dims") });
  },
  ResourceGather: (given) => op.gather(asTable(given), given.x(1), { batchDims: given.int("batch_dims") }),
  UnsortedSegmentSum: (given) => {
    const rows = given.at(2);
    if (rows instanceof ShapeValue && rows.likes[0]?.spec.shape[0] === rows.shape[0])
      return op.segmentSumLike(given.x(0), given.x(1), rows.likes[0]!);
    return op.unsortedSegmentSum(given.x(0), given.x(1), given.numbers(2)[0]!);
  },
  Where: unary((x) => op.expandDims(op.nonZero(x), 1)),
  OneHot: (given) =>
    op.oneHot(given.x(0), given.numbers(1)[0]!, {
      onValue: given.x(2),
      offValue: given.x(3),
      axis: given.int("axis", -1),
      dtype: given.x(2).dtype,
    }),
  Range: (given) => {
    const [start, limit, delta] = [0, 1, 2].map((i) => given.numbers(i)[0]!) as [number, number, number];
    const count = Math.max(0, Math.ceil((limit - start) / delta));
    if (!(count <= 2 ** 24)) throw new InvalidArgumentError(`a range of ${count} numbers is too long`);
    return op.cast(
      tensor(
        Array.from({ length: count }, (_, i) => start + i * delta),
        { shape: [count] },
      ),
      given.x(0).dtype,
    );
  },
  InvertPermutation: (given) => {
    const perm = given.numbers(0);
    return vector(perm.map((_, axis) => perm.indexOf(axis)));
  },
  Transpose: (given) => op.transpose(given.x(0), given.numbers(1)),
  PlaceholderWithDefault: unary((x) => op.identity(x)),
  Snapshot: unary((x) => op.identity(x)),
  EnsureShape: unary((x) => op.identity(x)),
  IdentityN: (given) => given.inputs.map((_, i) => op.identity(given.x(i))),
  ...draws,
};

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
  return Array.isArray(result) ? result : [result as Value];
};
