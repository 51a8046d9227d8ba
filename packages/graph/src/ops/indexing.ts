import {
  anything,
  checkDType,
  checkRoom,
  type DType,
  formatShape,
  nonZeroPositions,
  normalizeAxis,
  number,
  shown,
  type Tensor,
  tensor,
  uniqueElements,
  ValueError,
} from "@gradtape/tensor";
import { apply } from "../apply.ts";
import { applyOne, composed, defineOp } from "../define.ts";
import { asIndices, asTensor, type Operand } from "../operand.ts";
import type { OpDef } from "../record.ts";
import { entry } from "../registry.ts";
import { always, dtypeOf } from "../tensorflow.ts";
import { equal, where } from "./arithmetic.ts";
import { expandDims } from "./reshape.ts";

const uniqueDef: OpDef = entry({
  name: "unique",
  arity: 1,
  infer([x]) {
    if (x!.shape.length !== 1) throw new ValueError(`unique: expected a vector, got shape ${formatShape(x!.shape)}`);
    return [
      { shape: [null], dtype: x!.dtype },
      { shape: x!.shape, dtype: "int32" },
    ];
  },
  kernel: () => uniqueElements(),
  tensorflow: { op: "Unique", attributes: { T: dtypeOf(0), out_idx: always("type", "int32") } },
});

/**
 * The distinct elements of a vector in order of first appearance, and for each element its position among them:
 * `x[i] = values[positions[i]]`.
 */
export const unique = defineOp(uniqueDef, { x: anything }, {}, (x: Operand): { values: Tensor; positions: Tensor } => {
  const [values, positions] = apply(uniqueDef, [asTensor("unique", x)], {}) as [Tensor, Tensor];
  return { values, positions };
});

const nonZeroDef: OpDef = entry({
  name: "nonZero",
  arity: 1,
  infer([x]) {
    if (x!.shape.length !== 1) throw new ValueError(`nonZero: expected a vector, got shape ${formatShape(x!.shape)}`);
    return [{ shape: [null], dtype: "int32" }];
  },
  kernel: () => nonZeroPositions(),
  gradient: [null],
  tensorflow(nodes) {
    const int64 = always("type", "int64");
    const rows = nodes.node("Where", [nodes.input(0)]);
    const positions = nodes.node("Squeeze", [rows], { T: int64, squeeze_dims: always("axes", [1]) });
    return [nodes.node("Cast", [positions], { SrcT: int64, DstT: always("type", "int32") })];
  },
});

/** The positions (int32) of the elements of a vector that are not zero, or that are true. */
export const nonZero = defineOp(nonZeroDef, { x: anything }, {}, (x: Operand): Tensor => {
  return applyOne(nonZeroDef, [asTensor("nonZero", x)]);
});

export interface OneHotOptions {
  /** The value at the index; 1 when left out. */
  readonly onValue?: Operand;
  /** The value everywhere else; 0 when left out. */
  readonly offValue?: Operand;
  /** Where the new axis goes; last when left out. */
  readonly axis?: number;
  /** float32 when left out. */
  readonly dtype?: DType;
}

/** Indices as vectors of `depth` with `onValue` at the index, along a new axis. Indices outside give `offValue` alone. */
export const oneHot = composed(
  "oneHot",
  { indices: anything, depth: anything },
  { onValue: anything, offValue: anything, axis: number, dtype: anything },
  (
    indices: Operand,
    depth: number,
    { onValue = 1, offValue = 0, axis = -1, dtype = "float32" }: OneHotOptions = {},
  ): Tensor => {
    if (!Number.isInteger(depth) || depth < 0)
      throw new ValueError(`oneHot: depth ${shown(depth)} is not a count; use an integer >= 0`);
    const ids = asIndices("oneHot", indices);
    const at = normalizeAxis("oneHot", axis, ids.rank + 1);
    checkRoom("oneHot", checkDType("oneHot", dtype), ids.shape.map((extent) => extent ?? 1).toSpliced(at, 0, depth));
    const positions = tensor(
      Int32Array.from({ length: depth }, (_, i) => i),
      { shape: [depth, ...Array<number>(ids.rank - at).fill(1)] },
    );
    const value = (operand: Operand) => asTensor("oneHot", operand, dtype);
    return where(equal(expandDims(ids, at), positions), value(onValue), value(offValue));
  },
);
