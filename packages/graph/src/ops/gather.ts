import {
  anything,
  compatible,
  type DType,
  defineMethods,
  formatShape,
  gatherRows,
  isStatic,
  natural,
  normalizeAxis,
  nullable,
  number,
  oneOf,
  onFirst,
  optional,
  type PartialShape,
  type Shape,
  segmentSum,
  shapeMessage,
  type Tensor,
  ValueError,
  wrongAxis,
} from "@gradtape/tensor";
import { applyOne, checkDomain, defineOp, type OpOptions } from "../define.ts";
import type { Graph } from "../graph.ts";
import { axis, checkAxis, dtype as dtypeKind, statedShape } from "../legal.ts";
import { asIndices, asTensor, Convertible, checkIndexDType, nameOf, type Operand } from "../operand.ts";
import { type Operation, SymbolicTensor } from "../operation.ts";
import type { Cotangent, Input, OpDef } from "../record.ts";
import { entry } from "../registry.ts";
import { State } from "../state.ts";
import { always, axisInput, dtypeOf, numberInput, type Phrase, same } from "../tensorflow.ts";
import { reshape, reshapeTo } from "./reshape.ts";
import { transpose } from "./transpose.ts";

/* Picking rows and adding rows up are each other's adjoints. Between them stands IndexedSlices: rows not yet added up. */

/**
 * Some rows of a tensor: `dense[indices[i]] += values[i]` for every `i`, zeros elsewhere. Indices may repeat.
 * The gradient of a table of which only a few rows were gathered.
 *
 * `values` has shape `[n, …row]`, `indices` shape `[n]` and dtype int32; `denseShape` is the shape of the whole, where
 * known. Nothing is checked here: the fields are returned as they were given.
 */
export class IndexedSlices extends Convertible {
  static {
    defineMethods("IndexedSlices", IndexedSlices, { toTensor: [{}, { dtype: dtypeKind }] });
  }

  readonly values: Tensor;
  readonly indices: Tensor;
  readonly denseShape: Shape | null;

  constructor(values: Operand, indices: Operand, denseShape: Shape | null = null) {
    super();
    this.values = values as Tensor;
    this.indices = indices as Tensor;
    this.denseShape = denseShape;
  }

  override get dtype(): DType {
    return sliceValues(this).dtype;
  }

  /** The shape of the whole tensor, `null` where unknown. */
  get shape(): Shape | null {
    return this.denseShape;
  }

  /** The name of the values, in a graph. */
  get name(): string | null {
    return this.values instanceof SymbolicTensor ? this.values.name : null;
  }

  /** The operation that makes the values, in a graph. */
  get op(): Operation | null {
    return this.values instanceof SymbolicTensor ? this.values.op : null;
  }

  /** The graph of the values, or `null`. */
  get graph(): Graph | null {
    return this.values instanceof SymbolicTensor ? this.values.graph : null;
  }

  /** Where the values are to be made, as asked for. */
  get device(): string {
    return this.op?.device ?? "";
  }

  /**
   * The whole tensor, repeated rows added up. Throws a ValueError when `denseShape` is missing, or when the values are
   * not of the `dtype` asked for.
   */
  toTensor({ dtype }: { readonly dtype?: DType } = {}): Tensor {
    const values = sliceValues(this);
    if (dtype !== undefined && dtype !== values.dtype) {
      throw new ValueError(`IndexedSlices: the values are ${values.dtype}, asked for ${dtype}; cast the slices`);
    }
    if (this.denseShape === null) {
      throw new ValueError(
        `IndexedSlices: cannot make a dense tensor of slices without denseShape; values have shape ${formatShape(values.shape)}`,
      );
    }
    return unsortedSegmentSum(values, sliceIndices(this), this.denseShape[0] ?? 0);
  }

  override toString(): string {
    const dense = this.denseShape === null ? "" : `, dense_shape=${formatShape(this.denseShape)}`;
    return `IndexedSlices(indices=${sliceIndices(this)}, values=${sliceValues(this)}${dense})`;
  }
}

/** The values of slices as a tensor, also where plain arrays were given. */
export function sliceValues(slices: IndexedSlices): Tensor {
  return asTensor("IndexedSlices", slices.values);
}

/** The indices of slices as an int32 tensor, also where plain arrays were given. */
export function sliceIndices(slices: IndexedSlices): Tensor {
  return asIndices("IndexedSlices", slices.indices);
}

/** A cotangent as a tensor: slices are added up into the whole. */
export function densify(g: Cotangent): Tensor {
  return g instanceof IndexedSlices ? g.toTensor() : g;
}

/** The same rows with other values. */
export function withValues(slices: IndexedSlices, change: (values: Tensor) => Tensor): IndexedSlices {
  return new IndexedSlices(change(sliceValues(slices)), slices.indices, slices.denseShape);
}

type GatherAttributes = { readonly axis: number; readonly batchDims: number; readonly negative: "refuse" | "zero" };

const gatherTypes = { Tparams: dtypeOf(0), Tindices: dtypeOf(1), Taxis: always("type", "int32") };

/** Rows of zeros for negative indices, for TensorFlow. */
const gatherOrZero: Phrase = (nodes, { inputs: [params, indices], attributes: { axis, batchDims } }) => {
  if (axis !== batchDims) return null;
  const ids = { T: dtypeOf(1) };
  const zero = nodes.constant(0, indices!.dtype);
  const places = [nodes.node("Maximum", [nodes.input(1), zero], ids), nodes.constant(axis)];
  const batch = { ...gatherTypes, batch_dims: always("int", batchDims) };
  const rows = nodes.node("GatherV2", [nodes.input(0), ...places], batch);
  let named = nodes.node("GreaterEqual", [nodes.input(1), zero], ids);
  for (
    let rank = indices!.spec.shape.length;
    rank < indices!.spec.shape.length + params!.spec.shape.length - 1 - axis;
    rank++
  ) {
    named = nodes.node("ExpandDims", [named, nodes.constant(-1)], { T: always("type", "bool") });
  }
  return [nodes.node("SelectV2", [named, rows, nodes.constant(0, params!.dtype)])];
};

const gatherDef: OpDef<GatherAttributes> = entry({
  name: "gather",
  arity: 2,
  attributes: { axis, batchDims: natural, negative: oneOf("refuse", "zero") },
  infer([params, indices], { axis, batchDims }) {
    checkIndexDType("gather", indices!);
    checkPicks(params!.shape, indices!.shape, axis, batchDims);
    const picked = indices!.shape.slice(batchDims);
    return [{ shape: params!.shape.toSpliced(axis, 1, ...picked), dtype: params!.dtype }];
  },
  kernel: (_, { axis, batchDims, negative }) => gatherRows("gather", axis, batchDims, negative === "zero"),
  gradient: [
    (g, { inputs: [params, indices], attributes }) => gatherGradient(g, params!, indices as Tensor, attributes),
    null,
  ],
  tensorflow: [
    {
      op: "ResourceGather",
      handles: [0],
      attributes: { dtype: dtypeOf(0), Tindices: dtypeOf(1) },
      own: { axis: 0, batchDims: 0, negative: "refuse" },
    },
    {
      op: "GatherV2",
      takes: [0, 1, axisInput("axis")],
      attributes: { ...gatherTypes, batch_dims: same("int", "batchDims") },
      own: { negative: "refuse" },
    },
    gatherOrZero,
  ],
});

/** Throws a ValueError unless `axis` is one of `params` behind `batchDims` leading ones that both have. */
function checkPicks(params: PartialShape, indices: PartialShape, axis: number, batchDims: number): void {
  if (params.length === 0) throw new ValueError("gather: a scalar has no rows; params needs at least one axis");
  checkAxis("gather", axis, params.length);
  const picks = indices.slice(0, batchDims);
  if (axis >= batchDims && picks.length === batchDims && compatible(picks, params.slice(0, batchDims))) return;
  const wrong = wrongAxis(picks, params);
  throw new ValueError(
    shapeMessage(
      "gather",
      `with batchDims ${batchDims} the leading axes must agree and axis (${axis}) must lie behind them`,
      [
        { name: "params", shape: params, wrong },
        { name: "indices", shape: indices, wrong },
      ],
    ),
  );
}

function gatherGradient(g: Tensor, params: Input, indices: Tensor, attributes: GatherAttributes): Cotangent {
  const { axis, batchDims, negative } = attributes;
  const { shape } = params.spec;
  // Indices that name no row are no rows of slices either.
  if (axis === 0 && negative === "refuse" && isStatic(shape)) {
    const count = indices.size ?? -1;
    return new IndexedSlices(reshapeTo(g, [count, ...shape.slice(1)]), reshapeTo(indices, [count]), shape);
  }
  // The picked axes go in front of the others, where rows can be added up; then the table's axis returns to its place.
  const axes = g.shape.map((_, i) => i);
  const picked = axes.splice(axis, indices.rank - batchDims);
  const front = transpose(g, axes.toSpliced(batchDims, 0, ...picked));
  const home = shape.map((_, i) => i);
  const [moved] = home.splice(batchDims, 1);
  const rows = shape[axis]!;
  const added =
    typeof rows === "number"
      ? applyOne(unsortedSegmentSumDef, [front, indices], { numSegments: rows, axis, batchDims })
      : applyOne(unsortedSegmentSumDef, [front, indices, params], { numSegments: null, axis, batchDims });
  return transpose(added, home.toSpliced(axis, 0, moved!));
}

export interface GatherOptions extends OpOptions {
  /** The axis of `params` to pick from; `batchDims` when left out. */
  readonly axis?: number;
  /** How many leading axes of `params` and `indices` go together, pick by pick. */
  readonly batchDims?: number;
}

/**
 * Rows of `params` at `indices`: shape `params[..axis] + indices[batchDims..] + params[axis+1..]`. A variable is not
 * copied, and the gradient of a gather on axis 0 is IndexedSlices, so that a step costs what its rows cost. With an axis
 * counted from the end the gradient is dense.
 *
 * Throws an InvalidArgumentError for an index that names no row (negative ones do not wrap).
 */
export const gather = defineOp(
  gatherDef,
  { params: anything, indices: anything, axis: optional(number) },
  { batchDims: number },
  ((params: Operand, indices: Operand, axis?: number, { batchDims = 0 }: GatherOptions = {}): Tensor => {
    const picks = asIndices("gather", indices);
    const table = params instanceof State ? params : asTensor("gather", params);
    const batch = batchDims === 0 ? 0 : normalizeAxis("gather (batchDims)", batchDims, picks.rank + 1);
    const rank = table.shape.length;
    const at = rank === 0 ? 0 : normalizeAxis("gather", axis ?? batch, rank);
    const rows = axis !== undefined && axis < 0 && at === 0 ? dense(table) : table;
    return applyOne(gatherDef, [rows, picks], { axis: at, batchDims: batch, negative: "refuse" });
  }) as Gather,
);

export interface Gather {
  (params: Operand, indices: Operand, options?: GatherOptions): Tensor;
  (params: Operand, indices: Operand, axis: number | undefined, options?: Omit<GatherOptions, "axis">): Tensor;
}

/** The same table, whose gradient is dense: a gather that counts its axis from the end gives no slices. */
function dense(table: Tensor | State): Tensor | State {
  const { shape } = table.spec;
  return isStatic(shape) ? reshape(asTensor("gather", table), shape) : table;
}

/** How many rows the result has; `null` means as many as the third input has along `axis`. */
type SegmentAttributes = {
  readonly numSegments: number | null;
  readonly axis?: number | undefined;
  readonly batchDims: number;
};

/** Sums for each batch, for TensorFlow: the ids of the batches are moved apart, and all are added up at once. */
const batchedSegmentSum: Phrase = (nodes, { inputs: [data, ids], attributes: { numSegments, batchDims } }) => {
  const at = ids!.spec.shape;
  const batch: PartialShape = at.slice(0, batchDims);
  const rest: PartialShape = data!.spec.shape.slice(at.length);
  if (numSegments === null || batchDims === 0 || !isStatic(batch) || !isStatic(rest)) return null;
  const int32 = { T: always("type", "int32") };
  const count = batch.reduce((size, extent) => size * extent, 1);
  const offsets = nodes.constant(Array.from({ length: count }, (_, i) => i * numSegments));
  const column = [...batch, ...at.slice(batchDims).map(() => 1)];
  const moved = nodes.node(
    "AddV2",
    [nodes.input(1), nodes.node("Reshape", [offsets, nodes.constant(column)], int32)],
    int32,
  );
  const dropped = nodes.node("Less", [nodes.input(1), nodes.constant(0)], int32);
  const apart = nodes.node("SelectV2", [dropped, nodes.constant(-1), moved], int32);
  const types = { T: dtypeOf(0), Tindices: dtypeOf(1) };
  const sums = nodes.node("UnsortedSegmentSum", [nodes.input(0), apart, nodes.constant(count * numSegments)], types);
  return [nodes.node("Reshape", [sums, nodes.constant([...batch, numSegments, ...rest])])];
};

const unsortedSegmentSumDef = entry<SegmentAttributes>({
  name: "unsortedSegmentSum",
  arity: [2, 3],
  attributes: { numSegments: nullable(natural), axis: optional(axis), batchDims: natural },
  infer(inputs, { numSegments, axis, batchDims }) {
    const [data, ids] = inputs;
    checkDomain("unsortedSegmentSum", data!.dtype, "numeric");
    checkIndexDType("unsortedSegmentSum", ids!);
    if (numSegments !== null && (!Number.isInteger(numSegments) || numSegments < 0)) {
      throw new ValueError(
        `unsortedSegmentSum: numSegments is ${nameOf(numSegments)}, not a count; use an integer >= 0`,
      );
    }
    const leading = data!.shape.slice(0, ids!.shape.length);
    if (!compatible(ids!.shape, leading)) {
      const wrong = wrongAxis(ids!.shape, leading);
      throw new ValueError(
        shapeMessage("unsortedSegmentSum", "segmentIds must have the leading shape of data", [
          { name: "data", shape: data!.shape, wrong },
          { name: "segmentIds", shape: ids!.shape, wrong },
        ]),
      );
    }
    if (batchDims > leading.length) {
      throw new ValueError(
        `unsortedSegmentSum: batchDims ${batchDims} is more than the ${leading.length} axes of segmentIds`,
      );
    }
    const lent = statedShape("unsortedSegmentSum", numSegments === null ? null : [numSegments], inputs, 3);
    const from = numSegments === null ? (axis ?? 0) : 0;
    checkAxis("unsortedSegmentSum", from, lent.length);
    const rows = [...leading.slice(0, batchDims), lent[from]!];
    return [{ shape: [...rows, ...data!.shape.slice(ids!.shape.length)], dtype: data!.dtype }];
  },
  // A third input only lends the number of its rows.
  kernel: (_, { batchDims }) => onFirst(2, segmentSum("unsortedSegmentSum", batchDims)),
  gradient: [
    (g, { inputs: [, ids], attributes: { batchDims } }) =>
      applyOne(gatherDef, [g, ids!], { axis: batchDims, batchDims, negative: "zero" }),
    null,
    null,
  ],
  tensorflow: [
    {
      op: "UnsortedSegmentSum",
      takes: [0, 1, numberInput("numSegments")],
      attributes: { T: dtypeOf(0), Tindices: dtypeOf(1) },
      own: { batchDims: 0 },
    },
    (nodes, { inputs, attributes: { axis, batchDims } }) => {
      if (inputs.length < 3 || batchDims > 0) return null;
      const int32 = always("type", "int32");
      const places = [nodes.constant(axis), nodes.constant(0)];
      const rows = nodes.node("GatherV2", [nodes.shape(2), ...places], {
        Tparams: int32,
        Tindices: int32,
        Taxis: int32,
      });
      const types = { T: dtypeOf(0), Tindices: dtypeOf(1) };
      return [nodes.node("UnsortedSegmentSum", [nodes.input(0), nodes.input(1), rows], types)];
    },
    batchedSegmentSum,
  ],
});

/**
 * Row `i` of the result is the sum of the rows of `data` whose id is `i`, in order of appearance, added as in `sum`; shape
 * `[numSegments] + data[segmentIds.rank..]`. Negative ids are dropped; ids beyond are an InvalidArgumentError.
 */
export const unsortedSegmentSum = defineOp(
  unsortedSegmentSumDef,
  { data: anything, segmentIds: anything, numSegments: anything },
  {},
  (data: Operand, segmentIds: Operand, numSegments: number): Tensor => {
    const ids = asIndices("unsortedSegmentSum", segmentIds);
    return applyOne(unsortedSegmentSumDef, [asTensor("unsortedSegmentSum", data), ids], { numSegments, batchDims: 0 });
  },
);

/** `unsortedSegmentSum` into as many rows as `like` has. */
export function segmentSumLike(data: Tensor, segmentIds: Tensor, like: Tensor): Tensor {
  const [rows] = like.spec.shape;
  if (typeof rows === "number") return unsortedSegmentSum(data, segmentIds, rows);
  return applyOne(unsortedSegmentSumDef, [data, segmentIds, like], { numSegments: null, axis: 0, batchDims: 0 });
}
