import {
  anything,
  type DType,
  formatShape,
  isFloating,
  isStatic,
  scalar as k,
  literal,
  normalizeAxes,
  normalizeAxis,
  number,
  optional,
  program,
  reducedShape,
  rows,
  type Scalar,
  type Shape,
  sizeOf,
  type Tensor,
  ValueError,
} from "@gradtape/tensor";
import { type AlongAxis, applyOne, checkDomain, composed, defineOp, programs } from "../define.ts";
import {
  type Axes,
  anyAxes,
  defineFold,
  type FoldAttributes,
  type ReduceOptions,
  type Reduction,
  reduceFields,
} from "../fold.ts";
import { axes, axis, checkAxes, checkAxis, dtype } from "../legal.ts";
import { asTensor, type Operand } from "../operand.ts";
import type { GradientRule, OpDef } from "../record.ts";
import { entry } from "../registry.ts";
import { always, axisInput, dtypeOf } from "../tensorflow.ts";
import { div, equal, mul } from "./arithmetic.ts";
import { spread, sum } from "./broadcast.ts";
import { cast } from "./cast.ts";
import { concat } from "./concat.ts";
import { reshape, reshapeLike } from "./reshape.ts";
import { slice } from "./slice.ts";
import { transpose } from "./transpose.ts";

/** The gradient of a maximum or minimum: shared equally by the elements that reach it, (share of each) times g. */
const sharedByTies: GradientRule<FoldAttributes> = (g, { inputs: [x], outputs: [y], attributes }) => {
  const source = x as Tensor;
  const { axes, keepDims } = attributes;
  const ties = cast(equal(source, spread(y!, source, axes, keepDims)), g.dtype);
  const shares = div(ties, spread(sum(ties, { axis: axes, keepDims }), source, axes, keepDims));
  return mul(shares, spread(g, source, axes, keepDims));
};

/** The greatest element over `axis`; NaN if any is. */
export const max = defineFold("max", (x) => k.fold("max", x), sharedByTies, { tensorflow: "Max" });

/** The least element over `axis`; NaN if any is. */
export const min = defineFold("min", (x) => k.fold("min", x), sharedByTies, { tensorflow: "Min" });

/** The product over `axis`. */
export const prod = defineFold(
  "prod",
  (x) => k.fold("mul", x),
  (g, { inputs: [x], attributes: { axes, keepDims } }) => {
    // Every element's factor is the product of all others; dividing the product by the element would fail at zeros.
    const source = x as Tensor;
    const extents = source.spec.shape;
    const count = elementCount(source, axes);
    if (typeof count !== "number") {
      throw new ValueError(
        `prod: the gradient needs the extents of the reduced axes, the operand has shape ${formatShape(extents)}`,
      );
    }
    const kept = extents.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));
    const front = transpose(source, [...axes, ...kept]);
    // Without elements there are no others: -1 could stand for any number of columns.
    const others = count === 0 ? front : reshapeLike(productOfOthers(asRows(front, axes.length, count), count), front);
    const home = extents.map((_, axis) => [...axes, ...kept].indexOf(axis));
    return mul(spread(g, source, axes, keepDims), transpose(others, home));
  },
  { tensorflow: "Prod" },
);

/** `x` as a matrix of `count` rows, made of its first `axes` axes. */
function asRows(x: Tensor, axes: number, count: number): Tensor {
  const rest = x.shape.slice(axes);
  return reshape(x, [count, isStatic(rest) ? sizeOf(rest) : -1]);
}

/** For each row the product of all other rows, by halving: the product without i is its pair's other half times the rest. */
function productOfOthers(x: Tensor, count: number): Tensor {
  const rows = (of: Tensor, begin: number, size: number) => slice(of, [begin, 0], [size, -1]);
  // The product of no rows: it is 1, and depends on x with derivative 0.
  const empty = prod(rows(x, 0, 0), { axis: 0, keepDims: true });
  if (count === 1) return empty;
  const even = count % 2 === 0 ? x : concat([x, empty], 0);
  const half = Math.ceil(count / 2);
  const [left, right] = [rows(even, 0, half), rows(even, half, half)];
  const beyond = productOfOthers(mul(left, right), half);
  const others = concat([mul(beyond, right), mul(beyond, left)], 0);
  return rows(others, 0, count);
}

/** True where any element over `axis` is true. */
export const any = defineFold("any", (x) => k.fold("or", x), null, { domain: "bool", tensorflow: "Any" });

/** True where all elements over `axis` are true. */
export const all = defineFold("all", (x) => k.fold("and", x), null, { domain: "bool", tensorflow: "All" });

/** The arithmetic mean over `axis`: the sum divided by the number of elements. NaN for no elements. */
export const mean = composed("mean", { x: anything, axis: optional(anyAxes) }, reduceFields, ((
  x: Operand,
  axis?: Axes,
  { keepDims = false }: ReduceOptions = {},
): Tensor => {
  const source = asTensor("mean", x);
  checkDomain("mean", source.dtype, "floating");
  const axes = normalizeAxes("mean", axis, source.rank);
  return div(sum(source, { axis: axes, keepDims }), elementCount(source, axes));
}) as Reduction);

const elementCountDef: OpDef<{ axes: readonly number[]; dtype: DType }> = entry({
  name: "elementCount",
  arity: 1,
  attributes: { axes, dtype },
  infer([x], { axes, dtype }) {
    checkDomain("elementCount", dtype, "numeric");
    checkAxes("elementCount", axes, x!.shape.length);
    return [{ shape: [], dtype }];
  },
  kernel: ([x], { axes, dtype }) => ({
    form: { kind: "count", axes },
    run: () => [literal("elementCount", countOf(x!.shape as Shape, axes), { dtype })],
  }),
  gradient: [null],
  tensorflow(nodes, { attributes: { axes, dtype } }) {
    const int32 = always("type", "int32");
    const picked = { Tparams: int32, Tindices: int32, Taxis: int32 };
    const extents = nodes.node("GatherV2", [nodes.shape(0), nodes.constant(axes), nodes.constant(0)], picked);
    const count = nodes.node("Prod", [extents, nodes.constant(0)], { T: int32 });
    return [nodes.node("Cast", [count], { SrcT: int32, DstT: always("type", dtype) })];
  },
});

/** How many elements `x` has along `axes` (all when left out), in its dtype: a number, or a tensor where a run must tell. */
export function elementCount(x: Tensor, axes: readonly number[] = x.shape.map((_, axis) => axis)): number | Tensor {
  const { shape } = x.spec;
  if (axes.every((axis) => typeof shape[axis] === "number")) return countOf(shape as Shape, axes);
  return applyOne(elementCountDef, [x], { axes, dtype: x.dtype });
}

function countOf(shape: Shape, axes: readonly number[]): number {
  return axes.reduce((size, axis) => size * shape[axis]!, 1);
}

/** The position of the first element that `join` would choose. NaNs are passed over; of NaNs alone it is 0. */
function defineArg(name: string, join: "max" | "min", tensorflow: string) {
  const meaning = (x: Scalar) => {
    const number = isFloating(x.type) ? k.select(k.eq(x, x), x, k.foldStart(join, x.type)) : x;
    return k.fold("min", k.select(k.eq(number, k.fold(join, number)), k.index, 2 ** 31 - 1));
  };
  const programOf = programs((types) => program(types, meaning));
  const def: OpDef<{ axis: number }> = entry({
    name,
    arity: 1,
    attributes: { axis },
    infer([x], { axis }) {
      checkDomain(name, x!.dtype, "numeric");
      checkAxis(name, axis, x!.shape.length);
      if (x!.shape[axis] === 0) throw new ValueError(`${name}: axis ${axis} is empty, it has no extreme element`);
      return [{ shape: reducedShape(x!.shape, [axis], false), dtype: "int32" }];
    },
    kernel: ([x], { axis }) => rows(programOf([x!.dtype]), [axis]),
    gradient: [null],
    tensorflow: {
      op: tensorflow,
      takes: [0, axisInput("axis")],
      attributes: { T: dtypeOf(0), output_type: always("type", "int32") },
    },
  });
  const call = (x: Operand, axis = 0): Tensor => {
    const source = asTensor(name, x);
    return applyOne(def, [source], { axis: normalizeAxis(name, axis, source.rank) });
  };
  return defineOp(def, { x: anything, axis: optional(number) }, {}, call as AlongAxis<Operand, Tensor>);
}

/** The position (int32) of the greatest element along `axis` (0 when left out), the first of equals; NaN never counts. */
export const argMax = defineArg("argMax", "max", "ArgMax");

/** The position (int32) of the least element along `axis` (0 when left out), the first of equals; NaN never counts. */
export const argMin = defineArg("argMin", "min", "ArgMin");
