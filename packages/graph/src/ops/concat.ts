import {
  anything,
  assemble,
  compatible,
  formatShape,
  isStatic,
  natural,
  normalizeAxis,
  number,
  optional,
  type PartialShape,
  type Shape,
  type Shown,
  shapeMessage,
  sliced,
  type Tensor,
  ValueError,
  view,
  wrongAxis,
} from "@gradtape/tensor";
import { type AlongAxis, applyOne, composed, defineOp } from "../define.ts";
import { axis, checkAxis } from "../legal.ts";
import { asTensors, checkOneDType, nameOf, type Operand } from "../operand.ts";
import type { Cotangent, OpDef, OpRecord } from "../record.ts";
import { entry } from "../registry.ts";
import { always, axisInput, countBesides, dtypeOf, output } from "../tensorflow.ts";
import { greaterEqual, less, logicalAnd, sub } from "./arithmetic.ts";
import { zerosLike } from "./broadcast.ts";
import { densify, gather, IndexedSlices, sliceIndices, sliceValues } from "./gather.ts";
import { nonZero } from "./indexing.ts";
import { expandDims, squeeze } from "./reshape.ts";
import { slice } from "./slice.ts";

type ConcatAttributes = { readonly axis: number };

const concatDef: OpDef<ConcatAttributes> = entry({
  name: "concat",
  arity: [1, Number.POSITIVE_INFINITY],
  attributes: { axis },
  sparse: true,
  infer(inputs, { axis }) {
    checkOneDType("concat", inputs);
    checkAxis("concat", axis, inputs[0]!.shape.length);
    const shapes = inputs.map(({ shape }) => shape);
    const free = inputs.map(({ shape }) => shape.map((extent, a) => (a === axis ? null : extent)));
    const other = free.findIndex((shape) => !compatible(shape, free[0]!));
    if (other >= 0) {
      const wrong = wrongAxis(free[other]!, free[0]!) ?? wrongAxis(free[0]!, free[other]!);
      const shown = againstFirst("values", shapes, other, free);
      throw new ValueError(
        shapeMessage("concat", `along axis ${axis} all other extents must agree, they differ on axis ${wrong}`, shown),
      );
    }
    const extents = inputs.map(({ shape }) => shape[axis]!);
    const total = isStatic(extents) ? (extents as Shape).reduce((sum, extent) => sum + extent, 0) : null;
    return [{ shape: shapes[0]!.toSpliced(axis, 1, total), dtype: inputs[0]!.dtype }];
  },
  kernel(inputs, { axis }) {
    const begins = beginnings(inputs, axis);
    return assemble((layout, i) => {
      const shape = inputs[i]!.shape as Shape;
      const begin = shape.map((_, a) => (a === axis ? begins[i]! : 0));
      return sliced(
        layout,
        begin,
        shape,
        shape.map(() => 1),
      );
    });
  },
  gradient: (i) => (g, record) => concatGradient(g, record, i),
  tensorflow: [
    (nodes, { inputs }) => (inputs.length > 1 ? null : [nodes.node("Identity", [nodes.input(0)])]),
    {
      op: "ConcatV2",
      takes: [{ from: 0 }, axisInput("axis")],
      attributes: { N: countBesides(1), T: dtypeOf(0) },
    },
  ],
});

/** The first of some shapes and the one that does not fit it, as messages show them; `compared` is what must agree. */
export function againstFirst(
  list: string,
  shapes: readonly PartialShape[],
  other: number,
  compared: readonly PartialShape[] = shapes,
): Shown[] {
  const shown = (i: number, j: number): Shown => ({
    name: `${list}[${i}]`,
    shape: shapes[i]!,
    wrong: wrongAxis(compared[i]!, compared[j]!),
  });
  return [shown(0, other), shown(other, 0)];
}

type Shaped = { readonly shape: PartialShape };

/** The position along `axis` at which each input begins; `null` behind one whose extent only the run knows. */
function beginnings(inputs: readonly Shaped[], axis: number): (number | null)[] {
  let next: number | null = 0;
  return inputs.map(({ shape }) => {
    const begin = next;
    const extent = shape[axis];
    next = begin === null || typeof extent !== "number" ? null : begin + extent;
    return begin;
  });
}

/** The beginnings in a record, found once for the gradients of all its inputs. */
const known = new WeakMap<OpRecord["inputs"], readonly (number | null)[]>();

function beginningsIn({ inputs, attributes: { axis } }: OpRecord<ConcatAttributes>): readonly (number | null)[] {
  const found =
    known.get(inputs) ??
    beginnings(
      inputs.map(({ spec }) => spec),
      axis,
    );
  known.set(inputs, found);
  return found;
}

function concatGradient(g: Cotangent, record: OpRecord<ConcatAttributes>, i: number): Cotangent {
  const { inputs, attributes } = record;
  const { axis } = attributes;
  const { shape } = inputs[i]!.spec;
  const first = beginningsIn(record)[i]!;
  if (first === null || typeof shape[axis] !== "number") {
    return applyOne(concatPartDef, [densify(g), ...inputs], { axis, part: i });
  }
  const size = shape.map((extent) => (typeof extent === "number" ? extent : -1));
  const begin = shape.map((_, a) => (a === axis ? first : 0));
  if (!(g instanceof IndexedSlices) || !isStatic(shape)) return slice(densify(g), begin, size);
  const values = sliceValues(g);
  const indices = sliceIndices(g);
  if (axis > 0) return new IndexedSlices(slice(values, begin, [-1, ...size.slice(1)]), indices, shape);
  // The rows that fall into this input, counted from its beginning.
  const mine = nonZero(logicalAnd(greaterEqual(indices, first), less(indices, first + size[0]!)));
  return new IndexedSlices(gather(values, mine), sub(gather(indices, mine), first), shape);
}

/** The part of the first input that came from input `1 + part` of a concat, where only a run tells where it begins. */
const concatPartDef: OpDef<ConcatAttributes & { readonly part: number }> = entry({
  name: "concatPart",
  arity: [2, Number.POSITIVE_INFINITY],
  attributes: { axis, part: natural },
  infer([whole, ...parts], attributes) {
    const { axis, part } = attributes;
    const [joined] = concatDef.infer(parts, { axis });
    if (part >= parts.length || !compatible(joined!.shape, whole!.shape)) {
      throw new ValueError(
        shapeMessage("concatPart", `part ${part} of ${parts.length} is none of the whole`, [
          { name: "whole", shape: whole!.shape },
          { name: "joined", shape: joined!.shape, wrong: wrongAxis(joined!.shape, whole!.shape) },
        ]),
      );
    }
    return [{ shape: parts[part]!.shape, dtype: whole!.dtype }];
  },
  kernel([, ...inputs], { axis, part }) {
    const begin = beginnings(inputs, axis)[part]!;
    return view((layout, shape) =>
      sliced(
        layout,
        shape.map((_, a) => (a === axis ? begin : 0)),
        shape,
        shape.map(() => 1),
      ),
    );
  },
  gradient:
    (i) =>
    (g, { inputs: [, ...inputs], attributes: { axis, part } }) =>
      i > 0
        ? null
        : concat(
            inputs.map((input, j) => (j === part ? g : zerosLike(input as Tensor))),
            axis,
          ),
  tensorflow(nodes, { inputs, attributes: { axis, part } }) {
    const shapes = inputs.slice(1).map((_, i) => nodes.shape(1 + i));
    if (shapes.length < 2) return [nodes.node("Identity", [nodes.input(0)])];
    const offsets = nodes.node("ConcatOffset", [nodes.constant(axis), ...shapes], { N: countBesides(1) });
    const piece = [nodes.input(0), output(offsets, part), shapes[part]!];
    return [nodes.node("Slice", piece, { T: dtypeOf(0), Index: always("type", "int32") })];
  },
});

/** The part of `x` that came from `parts[part]` when they were joined along `axis`. */
export function concatPart(x: Tensor, parts: readonly Tensor[], axis: number, part: number): Tensor {
  return applyOne(concatPartDef, [x, ...parts], { axis, part });
}

/** Tensors joined end to end along `axis`; all other extents must agree. */
export const concat = defineOp(
  concatDef,
  { values: anything, axis: anything },
  {},
  (values: readonly Operand[], axis: number): Tensor => {
    const tensors = someTensors("concat", values);
    return applyOne(concatDef, tensors, { axis: normalizeAxis("concat", axis, tensors[0]!.rank) });
  },
);

/** Tensors of one shape side by side along a new axis (0 when left out). */
export const stack = composed("stack", { values: anything, axis: optional(number) }, {}, ((
  values: readonly Operand[],
  axis?: number,
): Tensor => {
  const tensors = someTensors("stack", values);
  const shapes = tensors.map(({ spec }) => spec.shape);
  const other = shapes.findIndex((shape) => !compatible(shape, shapes[0]!));
  if (other >= 0) {
    const shown = againstFirst("values", shapes, other);
    throw new ValueError(shapeMessage("stack", "shapes must agree, nothing is broadcast", shown));
  }
  const at = normalizeAxis("stack", axis ?? 0, tensors[0]!.rank + 1);
  return concat(
    tensors.map((tensor) => expandDims(tensor, at)),
    at,
  );
}) as AlongAxis<readonly Operand[], Tensor>);

/** The slices of `x` along `axis` (0 when left out), each without that axis. */
export const unstack = composed("unstack", { x: anything, axis: optional(number) }, {}, ((
  x: Operand,
  axis?: number,
): Tensor[] => {
  const [source] = asTensors("unstack", [x]) as [Tensor];
  const at = normalizeAxis("unstack", axis ?? 0, source.rank);
  const count = source.shape[at]!;
  if (count === null)
    throw new ValueError(`unstack: axis ${at} of ${formatShape(source.shape)} must have a known extent`);
  const size = source.shape.map((_, a) => (a === at ? 1 : -1));
  return Array.from({ length: count }, (_, i) =>
    squeeze(
      slice(
        source,
        size.map((_, a) => (a === at ? i : 0)),
        size,
      ),
      { axis: at },
    ),
  );
}) as AlongAxis<Operand, Tensor[]>);

function someTensors(op: string, values: readonly Operand[]): Tensor[] {
  if (!Array.isArray(values)) throw new TypeError(`${op}: expected a list of tensors, got ${nameOf(values)}`);
  if (values.length === 0) throw new ValueError(`${op}: the list of tensors is empty; give at least one`);
  return asTensors(op, values);
}
