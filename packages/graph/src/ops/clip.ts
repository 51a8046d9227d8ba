import {
  anything,
  chain,
  compatible,
  type DType,
  formatShape,
  type Kernel,
  scalar as k,
  map,
  program,
  type Scalar,
  shapeMessage,
  type Tensor,
  ValueError,
} from "@gradtape/tensor";
import { applyOne, checkDomain, composed, defineOp, programs } from "../define.ts";
import { asTensor, asTensors, checkOneDType, nameOf, type Operand } from "../operand.ts";
import type { Cotangent, OpDef } from "../record.ts";
import { entry } from "../registry.ts";
import { countBesides, dtypeOf } from "../tensorflow.ts";
import { add, div, greater, maximum, minimum, mul, square, where } from "./arithmetic.ts";
import { sum } from "./broadcast.ts";
import { overValues, sliceWise } from "./cast.ts";
import { againstFirst, stack } from "./concat.ts";
import { sqrt } from "./exponential.ts";
import { IndexedSlices } from "./gather.ts";

/* Sums of many terms, norms, and what keeps gradients in bounds. Slices stay slices; repeated rows are not merged. */

const inOrder = (terms: readonly Scalar[]) => terms.reduce((total, term) => k.add(total, term));

const addNPrograms = programs((types) => program(types, (...terms) => inOrder(terms)));

/** A block added up by itself, and then to what there is before it. */
const addBlockPrograms = programs((types) => program(types, (total, ...block) => k.add(total!, inOrder(block))));

const BLOCK = 8;

/** The first n mod 8 terms (8 or 9 of them instead of 0 or 1), then blocks of eight, each summed by itself. */
function addNKernel(dtype: DType, count: number): Kernel {
  const terms = (n: number) => Array<DType>(n).fill(dtype);
  if (count <= BLOCK + 1) return map(addNPrograms(terms(count)));
  return chain(addNPrograms(terms(2 + ((count - 2) % BLOCK))), addBlockPrograms(terms(1 + BLOCK)));
}

const addNDef: OpDef = entry({
  name: "addN",
  arity: [1, Number.POSITIVE_INFINITY],
  sparse: true,
  infer(inputs) {
    checkOneDType("addN", inputs);
    checkDomain("addN", inputs[0]!.dtype, "numeric");
    const other = inputs.findIndex(({ shape }) => !compatible(shape, inputs[0]!.shape));
    if (other >= 0) {
      const shapes = inputs.map(({ shape }) => shape);
      throw new ValueError(
        shapeMessage("addN", "shapes must agree, nothing is broadcast", againstFirst("terms", shapes, other)),
      );
    }
    return [inputs[0]!];
  },
  kernel: (inputs) => addNKernel(inputs[0]!.dtype, inputs.length),
  gradient: () => (g) => g,
  tensorflow: { op: "AddN", takes: [{ from: 0 }], attributes: { N: countBesides(0), T: dtypeOf(0) } },
});

/**
 * The sum of tensors of one shape and dtype. Slices are densified. Up to nine terms are added in order. Of more
 * terms the first n mod 8 are added in order (8 or 9 instead of 0 or 1); then each block of eight is summed and added.
 */
export const addN = defineOp(addNDef, { terms: anything }, {}, (terms: readonly Operand[]): Tensor => {
  if (!Array.isArray(terms)) throw new TypeError(`addN: expected a list of tensors, got ${nameOf(terms)}`);
  if (terms.length === 0) throw new ValueError("addN: the list of tensors is empty; give at least one");
  const tensors = asTensors("addN", terms);
  return tensors.length === 1 ? tensors[0]! : applyOne(addNDef, tensors);
});

/** `x` times the number or scalar tensor `factor`. Slices stay slices. */
export const scalarMul = composed("scalarMul", { factor: anything, x: anything }, {}, ((
  factor: Operand,
  x: Operand,
) => {
  const source = x instanceof IndexedSlices ? x : asTensor("scalarMul", x);
  const by = asTensor("scalarMul", factor, source.dtype);
  if (by.rank !== 0) throw new ValueError(`scalarMul: the factor must be a scalar, got shape ${formatShape(by.shape)}`);
  return overValues(source, (values) => mul(by, values));
}) as ScalarMul);

export interface ScalarMul {
  (factor: Operand, x: IndexedSlices): IndexedSlices;
  (factor: Operand, x: Operand): Tensor;
}

export interface ClipByValue {
  (x: IndexedSlices, low: Operand, high: Operand): IndexedSlices;
  (x: Operand, low: Operand, high: Operand): Tensor;
}

/** The elements of `x` held between `low` and `high`; the derivative is 1 from bound to bound, 0 beyond. */
export const clipByValue = composed("clipByValue", { x: anything, low: anything, high: anything }, {}, ((
  x: Operand,
  low: Operand,
  high: Operand,
) => sliceWise("clipByValue", (values) => maximum(minimum(values, high), low))(x)) as ClipByValue);

export interface ClipByNorm {
  (x: IndexedSlices, norm: Operand): IndexedSlices;
  (x: Operand, norm: Operand): Tensor;
}

/** `x` scaled down so that its Euclidean norm is at most `norm`: x * norm / max(|x|, norm). */
export const clipByNorm = composed("clipByNorm", { x: anything, norm: anything }, {}, ((x: Operand, norm: Operand) =>
  sliceWise("clipByNorm", (values) => {
    const squares = sum(square(values));
    // The root of zero has no derivative; its branch is never taken there.
    const positive = greater(squares, 0);
    const length = where(positive, sqrt(where(positive, squares, 1)), squares);
    return div(mul(values, norm), maximum(length, norm));
  })(x)) as ClipByNorm);

type Gradients = readonly (Operand | null)[];

/** The Euclidean norm of all tensors together; `null` entries count nothing, and 0 is the norm of none. */
export const globalNorm = composed("globalNorm", { tensors: anything }, {}, (tensors: Gradients): Tensor => {
  if (!Array.isArray(tensors)) throw new TypeError(`globalNorm: expected a list of tensors, got ${nameOf(tensors)}`);
  const present = tensors.filter((each) => each !== null);
  if (present.length === 0) return asTensor("globalNorm", 0);
  const halves = present.map((each) => div(sum(square(each instanceof IndexedSlices ? each.values : each)), 2));
  return sqrt(mul(sum(stack(halves)), 2));
});

/**
 * Tensors scaled by one factor so that their norm together is at most `clipNorm`; `null` entries stay `null`. Returns
 * the clipped list and the norm before clipping; a norm that is not finite makes every entry NaN.
 */
export const clipByGlobalNorm = composed(
  "clipByGlobalNorm",
  { tensors: anything, clipNorm: anything },
  { useNorm: anything },
  (
    tensors: Gradients,
    clipNorm: Operand,
    { useNorm }: { useNorm?: Operand } = {},
  ): { clipped: (Cotangent | null)[]; norm: Tensor } => {
    if (!Array.isArray(tensors))
      throw new TypeError(`clipByGlobalNorm: expected a list of tensors, got ${nameOf(tensors)}`);
    const norm = useNorm === undefined ? globalNorm(tensors) : asTensor("clipByGlobalNorm", useNorm);
    const limit = asTensor("clipByGlobalNorm", clipNorm, norm.dtype);
    const scale = mul(limit, minimum(div(1, norm), div(1, limit)));
    const finite = add(scale, mul(norm, 0)); // inf * 0 = NaN
    const clipped = Array.from(tensors, (each) => {
      if (each === null) return null;
      return overValues(each instanceof IndexedSlices ? each : asTensor("clipByGlobalNorm", each), (values) =>
        mul(values, finite),
      );
    });
    return { clipped, norm };
  },
);
