import { broadcastTo, unrecorded, within } from "@gradtape/graph";
import {
  broadcastShapes,
  EagerTensor,
  literal,
  NotImplementedError,
  type Shape,
  type Tensor,
  tensor,
} from "@gradtape/tensor";
import { Given, type Translation } from "./given.ts";
import { vector } from "./layout.ts";
import type { ForeignReader, Value } from "./reader.ts";
import { type Dim, dimArithmetic, followed, product, ShapeValue, sameDim } from "./shape-value.ts";

/* Ops applied to numbers of shapes, without computing them. */

const first = () => [0];
const second = () => [1];
const every = (count: number) => Array.from({ length: count }, (_, i) => i);

/** The inputs that hold the numbers, for each op that moves numbers and computes none. */
const movers: { readonly [op: string]: (count: number) => readonly number[] } = {
  Reshape: first,
  ExpandDims: first,
  Squeeze: first,
  Transpose: first,
  Slice: first,
  StridedSlice: first,
  Gather: first,
  GatherV2: first,
  Tile: first,
  ReverseV2: first,
  BroadcastTo: first,
  Unpack: first,
  SplitV: first,
  Split: second,
  Fill: second,
  Pack: every,
  ConcatV2: (count) => every(count - 1),
  Concat: (count) => every(count).slice(1),
  DynamicStitch: (count) => every(count).slice(count / 2),
};

/** Lets a translation move the positions of the numbers, then looks up the number for each position. */
function moved(given: Given, translation: Translation): Value[] {
  const places = movers[given.node.op]!(given.inputs.length);
  const pool: Dim[] = [];
  const inputs = given.inputs.map((input, i): Value => {
    if (!places.includes(i)) return given.known(i) ?? input;
    const { dims, at } = given.shape(i);
    const begun = pool.length;
    pool.push(...dims);
    return placesFrom(begun, at, dims.length);
  });
  const apart = new Given(given.node, inputs, given.reader);
  const results = within(null, () => unrecorded(() => translation(apart)));
  return [results].flat().map((result) => {
    const { data, shape } = result as EagerTensor;
    return followed(
      Array.from(data, (at) => pool[at]!),
      shape,
    );
  });
}

function placesFrom(begun: number, at: Shape, count: number): EagerTensor {
  return literal(
    "importGraphDef",
    Int32Array.from({ length: count }, (_, i) => begun + i),
    { shape: [...at] },
  );
}

/** Elementwise, with broadcasting; `null` where a result is no product of extents. */
function combined(given: Given, combine: (a: Dim, b: Dim) => Dim | boolean | null): Value[] | null {
  const operands = [given.shape(0), given.shape(1)];
  const at = broadcastShapes(
    given.node.op,
    operands.map((each) => each.at),
  ) as Shape;
  const [a, b] = operands.map(({ dims, at: own }) => {
    const places: Tensor = within(null, () => unrecorded(() => broadcastTo(placesFrom(0, own, dims.length), at)));
    return Array.from((places as EagerTensor).data, (i) => dims[i]!);
  }) as [Dim[], Dim[]];
  const results = a.map((dim, i) => combine(dim, b[i]!));
  if (results.includes(null)) return null;
  if (results.every((each) => typeof each === "boolean"))
    return [tensor(Uint8Array.from(results as boolean[], Number), { shape: [...at], dtype: "bool" })];
  return [followed(results as Dim[], at)];
}

const integer = ["int32"];

const itself = (given: Given): Value[] => [given.at(0)];

/** Ops that compute with the numbers of shapes; `null` for a result that only a run can compute. */
const computations: { readonly [op: string]: (given: Given) => Value[] | null } = {
  ...Object.fromEntries(
    Object.entries(dimArithmetic).map(([op, combine]) => [op, (given: Given) => combined(given, combine)]),
  ),
  Equal: (given) => combined(given, (a, b) => (sameDim(a, b) ? true : bothKnown(a, b) ? false : null)),
  NotEqual: (given) => combined(given, (a, b) => (sameDim(a, b) ? false : bothKnown(a, b) ? true : null)),
  Prod: (given) => {
    const { dims, at } = given.shape(0);
    const axes = given.numbers(1);
    if (at.length > 1 || axes.length !== at.length) return null;
    return [followed([product(dims)], given.flag("keep_dims") ? at.map(() => 1) : [])];
  },
  Identity: itself,
  StopGradient: itself,
  PreventGradient: itself,
  Snapshot: itself,
  EnsureShape: itself,
  Cast: (given) => (integer.includes(given.dtype("DstT")) ? [given.at(0)] : null),
  Shape: (given) => [vector(given.shape(0).at)],
  ShapeN: (given) =>
    given.inputs.every((each) => each instanceof ShapeValue)
      ? given.inputs.map((_, i) => vector(given.shape(i).at))
      : null,
  Size: (given) => [tensor(given.shape(0).dims.length, { dtype: "int32" })],
  Rank: (given) => [tensor(given.shape(0).at.length, { dtype: "int32" })],
};

const bothKnown = (a: Dim, b: Dim) => typeof a === "number" && typeof b === "number";

/** True where a node puts single numbers together, which may become a shape. */
function packsScalars({ node, inputs }: Given): boolean {
  if (node.op !== "Pack") return false;
  const scalars = inputs.every(
    (input) =>
      input instanceof ShapeValue || ("spec" in input && input.dtype === "int32" && input.spec.shape.length === 0),
  );
  return scalars && inputs.some((input) => !(input instanceof EagerTensor));
}

/** Follows the numbers of shapes through a node; `null` when it has none, or when only a run can compute its result. */
export const followShapes =
  (translations: { readonly [op: string]: Translation }): ForeignReader =>
  (node, inputs, reader) => {
    const given = new Given(node, inputs, reader);
    const holds = (places: readonly number[]) => places.some((i) => inputs[i] instanceof ShapeValue);
    try {
      const places = Object.hasOwn(movers, node.op) ? movers[node.op]!(inputs.length) : null;
      if (places !== null && (holds(places) || packsScalars(given))) return moved(given, translations[node.op]!);
      const compute = Object.hasOwn(computations, node.op) ? computations[node.op]! : null;
      return compute !== null && holds([0, 1]) ? compute(given) : null;
    } catch (error) {
      // A tensor that a run computes takes their place.
      if (error instanceof NotImplementedError) return null;
      throw error;
    }
  };
