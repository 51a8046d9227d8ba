import {
  anything,
  assemble,
  checkShape,
  type Extent,
  formatShape,
  integer,
  isStatic,
  list,
  natural,
  nullable,
  number,
  onFirst,
  optional,
  type PartialShape,
  type Shape,
  shapeMessage,
  sliced,
  type Tensor,
  ValueError,
  view,
} from "@gradtape/tensor";
import { applyOne, composed, defineOp, type OpOptions } from "../define.ts";
import { statedShape } from "../legal.ts";
import { asTensor, type Operand } from "../operand.ts";
import type { Input, OpDef } from "../record.ts";
import { entry } from "../registry.ts";
import { always, dtypeOf, type NodeMaker, numbersInput } from "../tensorflow.ts";

/* Cutting a piece out and laying a piece into zeros are each other's adjoints. */

/**
 * The place of a piece in the whole: `size` elements from `begin` on, `steps` apart; -1 means all that is left. `null`
 * means the shape of the second input.
 */
type SliceAttributes = {
  readonly begin: Shape;
  readonly size: readonly number[] | null;
  readonly steps: readonly number[];
};

/** The shape of the whole; `null` means that of the second input, or `after` elements behind the piece. */
type EmbedAttributes = {
  readonly shape: Shape | null;
  readonly begin: Shape;
  readonly steps: readonly number[];
  readonly after?: Shape | undefined;
};

const sliceTypes = { T: dtypeOf(0), Index: always("type", "int32") };
const int32Node = { T: always("type", "int32") };

/** A region as TensorFlow's strided slices take it: begin, end and strides. An end that is left open is masked. */
function stridedRegion(nodes: NodeMaker, begin: Shape, size: readonly number[], steps: readonly number[]) {
  const end = size.map((extent, axis) => (extent < 1 ? begin[axis]! : begin[axis]! + (extent - 1) * steps[axis]! + 1));
  const open = size.reduce((mask, extent, axis) => (extent === -1 ? mask | (1 << axis) : mask), 0);
  return {
    region: [begin, end, steps].map((numbers) => nodes.constant(numbers)),
    masks: { T: dtypeOf(0), Index: always("type", "int32"), end_mask: always("int", open) },
  };
}

const sliceDef: OpDef<SliceAttributes> = entry({
  name: "slice",
  arity: [1, 2],
  attributes: { begin: list(natural), size: nullable(list(integer)), steps: list(natural) },
  infer(inputs, { begin, size, steps }) {
    const [x] = inputs;
    const wanted = statedShape("slice", size, inputs, 2);
    if ([begin, wanted, steps].some(({ length }) => length !== x!.shape.length)) {
      throw new ValueError(
        `slice: begin ${formatShape(begin)} and size ${formatShape(wanted)} need one entry for each axis of ${formatShape(x!.shape)}`,
      );
    }
    const shape = wanted.map((extent, axis): Extent => {
      const whole = x!.shape[axis]!;
      if (extent !== -1) return extent;
      if (typeof whole === "number") return Math.ceil((whole - begin[axis]!) / steps[axis]!);
      return begin[axis] === 0 && steps[axis] === 1 ? whole : null;
    });
    checkRegion("slice", begin, shape, steps, x!.shape);
    return [{ shape, dtype: x!.dtype }];
  },
  kernel: (_, { begin, steps }) => view((layout, shape) => sliced(layout, begin, shape, steps)),
  gradient: [(g, { inputs: [x], attributes: { begin, steps } }) => embedLike(g, x!, begin, steps), null],
  tensorflow: [
    (nodes, { attributes: { begin, size, steps } }) => {
      if (size !== null || steps.some((step: number) => step !== 1)) return null;
      return [nodes.node("Slice", [nodes.input(0), nodes.constant(begin), nodes.shape(1)], sliceTypes)];
    },
    {
      op: "Slice",
      takes: [0, numbersInput("begin"), numbersInput("size")],
      attributes: sliceTypes,
      own: ([x]) => ({ steps: x!.shape.map(() => 1) }),
    },
    (nodes, { attributes: { begin, size, steps } }) => {
      if (size === null) return null;
      const { region, masks } = stridedRegion(nodes, begin, size, steps);
      return [nodes.node("StridedSlice", [nodes.input(0), ...region], masks)];
    },
  ],
});

const embedDef = entry<EmbedAttributes>({
  name: "embed",
  arity: [1, 2],
  attributes: {
    shape: nullable(list(natural)),
    begin: list(natural),
    steps: list(natural),
    after: optional(list(natural)),
  },
  infer(inputs, { shape, begin, steps, after }) {
    const [x] = inputs;
    if (after !== undefined && (shape !== null || after.length !== x!.shape.length)) {
      throw new ValueError(`embed: after [${after.join(", ")}] needs one entry for each axis, and no shape besides`);
    }
    const whole = statedShape("embed", after === undefined ? shape : around(x!.shape, begin, steps, after), inputs, 2);
    if (shape !== null) checkShape("embed", shape);
    checkRegion("embed", begin, x!.shape, steps, whole);
    return [{ shape: whole, dtype: x!.dtype }];
  },
  kernel: ([x], { begin, steps }) =>
    onFirst(
      1,
      assemble((layout) => sliced(layout, begin, x!.shape as Shape, steps)),
    ),
  gradient: [(g, { inputs: [x], attributes: { begin, steps } }) => sliceLike(g, x!, begin, steps), null],
  tensorflow: [
    (nodes, { inputs: [x], attributes: { shape, begin, steps, after } }) => {
      const extents = x!.spec.shape;
      if ((steps as Shape).some((step) => step !== 1)) return null;
      const behind =
        after ?? (shape && isStatic(extents) ? extents.map((n, axis) => shape[axis] - begin[axis] - n) : null);
      if (behind === null) return null;
      const paddings = extents.flatMap((_, axis) => [begin[axis], behind[axis]]);
      const pairs = nodes.node("Reshape", [nodes.constant(paddings), nodes.constant([-1, 2])], int32Node);
      return [nodes.node("Pad", [nodes.input(0), pairs])];
    },
    (nodes, { inputs: [x], attributes: { shape, begin, steps } }) => {
      const size = x!.spec.shape.map((extent) => (typeof extent === "number" ? extent : -1));
      const { region, masks } = stridedRegion(nodes, begin, size, steps);
      const whole = shape === null ? nodes.shape(1) : nodes.constant(shape);
      return [nodes.node("StridedSliceGrad", [whole, ...region, nodes.input(0)], masks)];
    },
  ],
});

/** The extents of the whole around a piece, with `after` elements behind it. */
function around(piece: PartialShape, begin: Shape, steps: readonly number[], after: Shape): PartialShape {
  return piece.map((extent, axis): Extent => {
    const outside = begin[axis]! + after[axis]!;
    if (typeof extent === "number") return outside + (extent === 0 ? 0 : (extent - 1) * steps[axis]! + 1);
    return outside === 0 && steps[axis] === 1 ? extent : null;
  });
}

/** `x` laid into zeros of the shape of `whole`. */
export function embedLike(x: Tensor, whole: Input, begin: Shape, steps: readonly number[]): Tensor {
  const { shape } = whole.spec;
  if (isStatic(shape)) return applyOne(embedDef, [x], { shape, begin, steps });
  return applyOne(embedDef, [x, whole], { shape: null, begin, steps });
}

/** The piece of `x` that starts at `begin` and has the shape of `piece`. */
export function sliceLike(
  x: Tensor,
  piece: Input,
  begin: Shape,
  steps: readonly number[] = begin.map(() => 1),
): Tensor {
  const { shape } = piece.spec;
  if (isStatic(shape)) return applyOne(sliceDef, [x], { begin, size: shape, steps });
  return applyOne(sliceDef, [x, piece], { begin, size: null, steps });
}

export interface SliceOptions extends OpOptions {
  /** Take every n-th element along each axis; 1 when left out. */
  readonly steps?: readonly number[];
}

/**
 * The piece of `x` that starts at `begin` and has shape `size`; -1 in `size` means all that is left. Nothing is copied.
 * Throws a ValueError for a piece that reaches outside of `x`.
 */
export const slice = defineOp(
  sliceDef,
  { x: anything, begin: list(number), size: list(nullable(number)) }, // open extents are refused with advice
  { steps: list(number) },
  (x: Operand, begin: Shape, size: readonly number[], { steps }: SliceOptions = {}): Tensor => {
    const source = asTensor("slice", x);
    if (!size.every(Number.isInteger)) {
      throw new ValueError(
        `slice: size ${formatShape(size)} has an extent that is no integer; write -1 for all that is left`,
      );
    }
    const stride = steps ?? source.shape.map(() => 1);
    return applyOne(sliceDef, [source], { begin: [...begin], size: [...size], steps: [...stride] });
  },
);

/** Zeros of `shape` with `x` laid in from `begin` on, its elements `steps` apart (1 when left out). */
export const embed = defineOp(
  embedDef,
  { x: anything, shape: list(number), begin: list(number) },
  { steps: list(number) },
  (x: Operand, shape: Shape, begin: Shape, { steps }: SliceOptions = {}): Tensor => {
    const source = asTensor("embed", x);
    const stride = steps ?? source.shape.map(() => 1);
    return applyOne(embedDef, [source], { begin: [...begin], shape: [...shape], steps: [...stride] });
  },
);

/** `x` with zeros around it: `paddings[axis]` is `[before, after]`. */
export const pad = composed(
  "pad",
  { x: anything, paddings: list(list(number)) },
  {},
  (x: Operand, paddings: readonly (readonly [number, number])[]): Tensor => {
    const source = asTensor("pad", x);
    if (paddings.length !== source.rank || paddings.some((pair) => pair.length !== 2 || Math.min(...pair) < 0)) {
      throw new ValueError(
        `pad: paddings ${JSON.stringify(paddings)} do not fit shape ${formatShape(source.shape)}; ` +
          "give [before, after], both >= 0, for each axis",
      );
    }
    const [begin, after] = [0, 1].map((side) => paddings.map((pair) => pair[side]!)) as [number[], number[]];
    const steps = paddings.map(() => 1);
    const whole = around(source.spec.shape, begin, steps, after);
    if (isStatic(whole)) return applyOne(embedDef, [source], { shape: whole, begin, steps });
    return applyOne(embedDef, [source], { shape: null, begin, steps, after });
  },
);

function checkRegion(
  op: string,
  begin: Shape,
  shape: PartialShape,
  steps: readonly number[],
  whole: PartialShape,
): void {
  const outside = whole.findIndex((extent, axis) => {
    const first = begin[axis]!;
    const count = shape[axis]!;
    const step = steps[axis]!;
    if (!Number.isInteger(first) || !Number.isInteger(step) || first < 0 || step < 1) return true;
    if (typeof count !== "number") return false;
    if (!Number.isInteger(count) || count < 0) return true;
    if (typeof extent !== "number") return false;
    return count === 0 ? first > extent : first + (count - 1) * step >= extent;
  });
  const ranked = [begin, shape, steps].every(({ length }) => length === whole.length);
  if (ranked && outside < 0) return;
  throw new ValueError(
    shapeMessage(op, `the piece does not lie within the whole${outside < 0 ? "" : ` on axis ${outside}`}`, [
      { name: "whole", shape: whole, wrong: outside },
      { name: "begin", shape: begin, wrong: outside },
      { name: "size", shape, wrong: outside },
    ]),
  );
}
