import {
  anything,
  checkDType,
  type DType,
  isFloating,
  scalar as k,
  LookupError,
  map,
  program,
  type Scalar,
  string,
  type Tensor,
  view,
} from "@gradtape/tensor";
import { applyOne, defineOp, type OpOptions, programs } from "../define.ts";
import { dtype } from "../legal.ts";
import { asTensor, type Operand } from "../operand.ts";
import type { Cotangent, OpDef } from "../record.ts";
import { entry } from "../registry.ts";
import { dtypeOf, same } from "../tensorflow.ts";
import { IndexedSlices, withValues } from "./gather.ts";

/** Applies `change` to a tensor, or to the values of slices. */
export function overValues(g: Cotangent, change: (values: Tensor) => Tensor): Cotangent {
  return g instanceof IndexedSlices ? withValues(g, change) : change(g);
}

/** A function of tensors that keeps slices sparse: slices in, slices out. */
export interface SliceWise {
  (x: IndexedSlices, options?: OpOptions): IndexedSlices;
  (x: Operand): Tensor;
}

/** Lets an op on tensors take slices, on whose values it then works. */
export function sliceWise(op: string, call: (x: Tensor) => Tensor): SliceWise {
  return ((x: Operand) => (x instanceof IndexedSlices ? withValues(x, call) : call(asTensor(op, x)))) as SliceWise;
}

const castPrograms = new Map<DType, ReturnType<typeof programs>>(
  (["float32", "float64", "int32", "bool"] as const).map((dtype) => [
    dtype,
    programs((types) =>
      program(types, (x) => (dtype === "int32" && isFloating(x!.type) ? toInteger(x!) : k.cast(x!, dtype))),
    ),
  ]),
);

const LOWEST = -(2 ** 31);

/** Values beyond int32, NaN included, become the lowest int32. */
function toInteger(x: Scalar): Scalar {
  const holds = k.and(k.gt(x, x.type === "float64" ? LOWEST - 1 : LOWEST - 2 ** 8), k.lt(x, -LOWEST));
  return k.select(holds, k.cast(x, "int32"), LOWEST);
}

const castDef: OpDef<{ dtype: DType }> = entry({
  name: "cast",
  arity: 1,
  attributes: { dtype },
  sparse: true,
  infer: ([x], { dtype }) => [{ shape: x!.shape, dtype }],
  kernel: ([x], { dtype }) => map(castPrograms.get(dtype)!([x!.dtype])),
  gradient: [
    (g, { inputs: [x] }) => (isFloating(x!.dtype) ? overValues(g, (values) => castTensor(values, x!.dtype)) : null),
  ],
  tensorflow: { op: "Cast", attributes: { SrcT: dtypeOf(0), DstT: same("type", "dtype") } },
});

function castTensor(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : applyOne(castDef, [x], { dtype });
}

export interface Cast {
  (x: IndexedSlices, dtype: DType, options?: OpOptions): IndexedSlices;
  (x: Operand, dtype: DType, options?: OpOptions): Tensor;
}

/**
 * The elements of `x` as another dtype. Floats become integers by dropping the fraction; NaN and what lies beyond
 * int32 becomes -2147483648. Anything but 0 becomes `true`. Slices stay slices.
 */
export const cast = defineOp(castDef, { x: anything, dtype: anything }, {}, ((x: Operand, dtype: DType) => {
  checkDType("cast", dtype);
  return sliceWise("cast", (values) => castTensor(values, dtype))(x);
}) as Cast);

const identityDef: OpDef = entry({
  name: "identity",
  arity: 1,
  sparse: true,
  infer: ([x]) => [x!],
  kernel: () => view((layout) => layout),
  gradient: [(g) => g],
  tensorflow: "Identity",
});

/** `x` itself, as the result of an op of its own. Slices stay slices. */
export const identity = defineOp(
  identityDef,
  { x: anything },
  {},
  sliceWise("identity", (x) => applyOne(identityDef, [x])),
);

const stopGradientDef: OpDef = entry({
  name: "stopGradient",
  arity: 1,
  detached: true,
  infer: ([x]) => [x!],
  kernel: () => view((layout) => layout),
  gradient: [null],
  tensorflow: "StopGradient",
});

/** The value of `x`, through which no gradient flows. */
export const stopGradient = defineOp(stopGradientDef, { x: anything }, {}, (x: Operand): Tensor => {
  return applyOne(stopGradientDef, [asTensor("stopGradient", x)]);
});

const preventGradientDef: OpDef<{ message: string }> = entry({
  name: "preventGradient",
  arity: 1,
  attributes: { message: string },
  infer: ([x]) => [x!],
  kernel: () => view((layout) => layout),
  gradient: [
    (_, { attributes: { message } }) => {
      throw new LookupError(`preventGradient: the gradient was ruled out: ${message}`);
    },
  ],
  tensorflow: { op: "PreventGradient", attributes: { T: dtypeOf(0), message: same("string", "message") } },
});

export interface PreventGradientOptions extends OpOptions {
  /** Why there must be no gradient; part of the error. */
  readonly message?: string;
}

/** The value of `x`, whose gradient is an error: a LookupError with the message. */
export const preventGradient = defineOp(
  preventGradientDef,
  { x: anything },
  { message: string },
  (x: Operand, { message = "no reason given" }: PreventGradientOptions = {}): Tensor => {
    return applyOne(preventGradientDef, [asTensor("preventGradient", x)], { message });
  },
);
