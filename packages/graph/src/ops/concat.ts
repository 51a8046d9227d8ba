import {
  alignShapes,
  assemble,
  formatShape,
  normalizeAxis,
  type PartialShape,
  type Shape,
  sliced,
  type Tensor,
  ValueError,
} from "@gradtape/tensor";
import { applyOne, defineOp } from "../define.ts";
import { asTensors, type Operand } from "../operand.ts";
import type { Cotangent, OpDef, OpRecord } from "../record.ts";
import { greaterEqual, less, logicalAnd, sub } from "./arithmetic.ts";
import { gather, IndexedSlices, sliceIndices, sliceValues } from "./gather.ts";
import { nonZero } from "./indexing.ts";
import { expandDims, reshape } from "./reshape.ts";
import { slice } from "./slice.ts";

type ConcatAttributes = { readonly axis: number };

const concatDef: OpDef<ConcatAttributes> = {
  name: "concat",
  sparse: true,
  infer(inputs, { axis }) {
    const [first, ...others] = inputs.map(({ shape }) => shape);
    for (const shape of others) {
      const wrong = first!.findIndex((extent, a) => a !== axis && extent !== shape[a]);
      if (shape.length !== first!.length || wrong >= 0) {
        const where = wrong >= 0 ? ` on axis ${wrong}` : "";
        throw new ValueError(
          `concat: along axis ${axis} all other extents must agree, they differ${where};\n` +
            alignShapes([first!, shape], wrong - first!.length),
        );
      }
    }
    const total = inputs.reduce((extent, { shape }) => extent + shape[axis]!, 0);
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
};

/** Where input `i` begins along `axis`. */
function offset(inputs: readonly { readonly shape: PartialShape }[], axis: number, i: number): number {
  return inputs.slice(0, i).reduce((sum, { shape }) => sum + shape[axis]!, 0);
}

function concatGradient(
  g: Cotangent,
  { inputs, attributes: { axis } }: OpRecord<ConcatAttributes>,
  i: number,
): Cotangent {
  const { shape } = inputs[i]!;
  const first = offset(inputs, axis, i);
  if (!(g instanceof IndexedSlices)) {
    return slice(
      g,
      shape.map((_, a) => (a === axis ? first : 0)),
      shape,
    );
  }
  const values = sliceValues(g);
  const indices = sliceIndices(g);
  if (axis > 0) {
    const begin = values.shape.map((_, a) => (a === axis ? first : 0));
    return new IndexedSlices(slice(values, begin, values.shape.toSpliced(axis, 1, shape[axis]!)), indices, shape);
  }
  // The rows that fall into this input, counted from its beginning.
  const mine = nonZero(logicalAnd(greaterEqual(indices, first), less(indices, first + shape[0]!)));
  return new IndexedSlices(gather(values, mine), sub(gather(indices, mine), first), shape);
}

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
  const size = source.shape.toSpliced(at, 1, 1);
  return Array.from({ length: source.shape[at]! }, (_, i) =>
    reshape(
      slice(
        source,
        size.map((_, a) => (a === at ? i : 0)),
        size,
      ),
      source.shape.toSpliced(at, 1),
    ),
  );
}

function someTensors(op: string, values: readonly Operand[]): Tensor[] {
  if (!Array.isArray(values)) throw new TypeError(`${op}: expected a list of tensors`);
  if (values.length === 0) throw new ValueError(`${op}: the list of tensors is empty; give at least one`);
  return asTensors(op, values);
}
