import {
  alignShapes,
  assemble,
  compatibleExtents,
  formatShape,
  isStatic,
  normalizeAxis,
  type PartialShape,
  type Shape,
  sliced,
  type Tensor,
  ValueError,
  view,
} from "@gradtape/tensor";
import { applyOne, defineOp } from "../define.ts";
import { asTensors, type Operand } from "../operand.ts";
import type { Cotangent, OpDef, OpRecord } from "../record.ts";
import { entry } from "../registry.ts";
import { greaterEqual, less, logicalAnd, sub } from "./arithmetic.ts";
import { zerosLike } from "./broadcast.ts";
import { densify, gather, IndexedSlices, sliceIndices, sliceValues } from "./gather.ts";
import { nonZero } from "./indexing.ts";
import { expandDims, squeeze } from "./reshape.ts";
import { slice } from "./slice.ts";

type ConcatAttributes = { readonly axis: number };

const concatDef: OpDef<ConcatAttributes> = entry({
  name: "concat",
  sparse: true,
  infer(inputs, { axis }) {
    const [first, ...others] = inputs.map(({ shape }) => shape);
    for (const shape of others) {
      const wrong = first!.findIndex((extent, a) => a !== axis && !compatibleExtents(extent, shape[a] ?? 0));
      if (shape.length !== first!.length || wrong >= 0) {
        const where = wrong >= 0 ? ` on axis ${wrong}` : "";
        throw new ValueError(
          `concat: along axis ${axis} all other extents must agree, they differ${where};\n` +
            alignShapes([first!, shape], wrong - first!.length),
        );
      }
    }
    const extents = inputs.map(({ shape }) => shape[axis]!);
    const total = isStatic(extents) ? (extents as Shape).reduce((sum, extent) => sum + extent, 0) : null;
    return [{ shape: first!.toSpliced(axis, 1, total), dtype: inputs[0]!.dtype }];
  },
  kernel: (inputs, { axis }) =>
    assemble((layout, i) => {
      const shape = inputs[i]!.shape as Shape;
      const begin = shape.map((_, a) => (a === axis ? offset(inputs, axis, i) : 0));
      return sliced(
        layout,
        begin,
        shape,
        shape.map(() => 1),
      );
    }),
  gradient: (i) => (g, record) => concatGradient(g, record, i),
});

/** Where input `i` begins along `axis`. */
function offset(inputs: readonly { readonly shape: PartialShape }[], axis: number, i: number): number {
  return inputs.slice(0, i).reduce((sum, { shape }) => sum + (shape[axis] as number), 0);
}

function concatGradient(
  g: Cotangent,
  { inputs, attributes: { axis } }: OpRecord<ConcatAttributes>,
  i: number,
): Cotangent {
  const { shape } = inputs[i]!.spec;
  if (inputs.slice(0, i + 1).some((input) => typeof input.spec.shape[axis] !== "number")) {
    return applyOne(concatPartDef, [densify(g), ...inputs], { axis, part: i });
  }
  const first = offset(inputs, axis, i);
  const size = shape.map((extent) => (typeof extent === "number" ? extent : -1));
  const begin = shape.map((_, a) => (a === axis ? first : 0));
  if (!(g instanceof IndexedSlices)) return slice(g, begin, size);
  const values = sliceValues(g);
  const indices = sliceIndices(g);
  const whole = inputs[i]!.shape;
  if (axis > 0) return new IndexedSlices(slice(values, begin, [-1, ...size.slice(1)]), indices, whole);
  // The rows that fall into this input, counted from its beginning.
  const mine = nonZero(logicalAnd(greaterEqual(indices, first), less(indices, first + size[0]!)));
  return new IndexedSlices(gather(values, mine), sub(gather(indices, mine), first), whole);
}

/** The part of the first input that came from input `1 + part` of a concat, where only a run tells where it begins. */
const concatPartDef: OpDef<ConcatAttributes & { readonly part: number }> = entry({
  name: "concatPart",
  infer: (inputs, { part }) => [{ shape: inputs[1 + part]!.shape, dtype: inputs[0]!.dtype }],
  kernel: ([, ...inputs], { axis, part }) =>
    view((layout, shape) =>
      sliced(
        layout,
        shape.map((_, a) => (a === axis ? offset(inputs, axis, part) : 0)),
        shape,
        shape.map(() => 1),
      ),
    ),
  gradient:
    (i) =>
    (g, { inputs: [, ...inputs], attributes: { axis, part } }) =>
      i > 0
        ? null
        : concat(
            inputs.map((input, j) => (j === part ? g : zerosLike(input as Tensor))),
            axis,
          ),
});

/** Tensors joined end to end along `axis`; all other extents must agree. */
export const concat = defineOp(concatDef, (values: readonly Operand[], axis: number): Tensor => {
  const tensors = someTensors("concat", values);
  return applyOne(concatDef, tensors, { axis: normalizeAxis("concat", axis, tensors[0]!.rank) });
});

/** Tensors of one shape side by side along a new axis (0 when left out). */
export function stack(values: readonly Operand[], { axis = 0 }: { axis?: number } = {}): Tensor {
  const tensors = someTensors("stack", values);
  const other = tensors.find(({ shape }) => formatShape(shape) !== formatShape(tensors[0]!.shape));
  if (other !== undefined) {
    throw new ValueError(
      `stack: shapes must agree, got ${formatShape(tensors[0]!.shape)} and ${formatShape(other.shape)}`,
    );
  }
  const at = normalizeAxis("stack", axis, tensors[0]!.rank + 1);
  return concat(
    tensors.map((tensor) => expandDims(tensor, at)),
    at,
  );
}

/** The slices of `x` along `axis` (0 when left out), each without that axis. */
export function unstack(x: Operand, { axis = 0 }: { axis?: number } = {}): Tensor[] {
  const [source] = asTensors("unstack", [x]) as [Tensor];
  const at = normalizeAxis("unstack", axis, source.rank);
  if (source.shape[at] === null)
    throw new ValueError(`unstack: axis ${at} of ${formatShape(source.shape)} must have a known extent`);
  const size = source.shape.map((_, a) => (a === at ? 1 : -1));
  return Array.from({ length: source.shape[at]! }, (_, i) =>
    squeeze(
      slice(
        source,
        size.map((_, a) => (a === at ? i : 0)),
        size,
      ),
      { axis: at },
    ),
  );
}

function someTensors(op: string, values: readonly Operand[]): Tensor[] {
  if (!Array.isArray(values)) throw new TypeError(`${op}: expected a list of tensors`);
  if (values.length === 0) throw new ValueError(`${op}: the list of tensors is empty; give at least one`);
  return asTensors(op, values);
}
