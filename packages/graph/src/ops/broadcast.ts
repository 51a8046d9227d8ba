import {
  anything,
  broadcastAxes,
  broadcasted,
  broadcastShapes,
  checkShape,
  commonShape,
  compatible,
  formatShape,
  isStatic,
  scalar as k,
  nullable,
  onFirst,
  type PartialShape,
  program,
  type Shape,
  sameShape,
  shapeMessage,
  type Tensor,
  ValueError,
  view,
} from "@gradtape/tensor";
import { applyOne, checkDomain, composed, defineOp, programs } from "../define.ts";
import { defineFold, foldOver } from "../fold.ts";
import { shape } from "../legal.ts";
import { asTensor, asTensors, type Operand } from "../operand.ts";
import type { Input, OpDef } from "../record.ts";
import { entry } from "../registry.ts";
import { always, numbersInput } from "../tensorflow.ts";
import { expandAxes, reshapeLike } from "./reshape.ts";

/* Repeating and adding up are each other's adjoints: the gradient of one is the other. */

/** The shape to stretch to; `null` means the one common to all inputs, of which only the first is repeated. */
type BroadcastAttributes = { readonly shape: Shape | null };

const broadcastToDef: OpDef<BroadcastAttributes> = entry({
  name: "broadcastTo",
  arity: [1, Number.POSITIVE_INFINITY],
  attributes: { shape: nullable(shape) },
  infer(inputs, { shape }) {
    const { dtype } = inputs[0]!;
    if ((shape === null) === (inputs.length === 1)) {
      throw new ValueError(
        "broadcastTo: the shape is stated by its attribute or lent by other inputs, by one of the two",
      );
    }
    const shapes = inputs.map((input) => input.shape);
    if (shape === null) return [{ shape: broadcastShapes("broadcastTo", shapes), dtype }];
    checkStretches(shapes[0]!, checkShape("broadcastTo", shape));
    return [{ shape, dtype }];
  },
  kernel: () => view(broadcasted),
  gradient: (i) => (i === 0 ? (g, { inputs: [x] }) => sumLike(g, x!) : () => null),
  tensorflow: [
    { op: "BroadcastTo", takes: [0, numbersInput("shape")] },
    (nodes, { inputs }) => {
      const int32 = { T: always("type", "int32") };
      const shape = inputs
        .map((_, i) => nodes.shape(i))
        .reduce((one, other) => nodes.node("BroadcastArgs", [one, other], int32));
      return [nodes.node("BroadcastTo", [nodes.input(0), shape])];
    },
  ],
});

/** `x` repeated to `shape` by the rules of broadcasting. Nothing is copied. Throws a ValueError when it cannot stretch so. */
export const broadcastTo = defineOp(
  broadcastToDef,
  { x: anything, shape: anything },
  {},
  (x: Operand, shape: Shape): Tensor => {
    const source = asTensor("broadcastTo", x);
    return applyOne(broadcastToDef, [source], { shape: Array.isArray(shape) ? [...shape] : shape });
  },
);

/** Throws a ValueError unless `from` can be repeated to `to`. */
function checkStretches(from: PartialShape, to: Shape): void {
  if (sameShape(broadcastShapes("broadcastTo", [from, to], ["x", "shape"]), to)) return;
  const operands = [
    { name: "x", shape: from },
    { name: "shape", shape: to },
  ];
  throw new ValueError(
    shapeMessage("broadcastTo", `${formatShape(from)} does not stretch to ${formatShape(to)}`, operands, {
      advice: "only extents of 1 repeat",
      align: "last",
    }),
  );
}

/** `x` repeated to the shape that it has in common with `others`. */
export function broadcastLike(x: Tensor, ...others: Input[]): Tensor {
  const all = [x, ...others];
  const shape = broadcastShapes(
    "broadcastTo",
    all.map((each) => each.spec.shape),
  );
  if (sameShape(x.spec.shape, shape)) return x;
  if (isStatic(shape)) return applyOne(broadcastToDef, [x], { shape });
  // One tensor of just that shape says it all.
  const like = others.find((other) => sameShape(other.spec.shape, shape));
  return applyOne(broadcastToDef, like ? [x, like] : all, { shape: null });
}

const sumPrograms = programs((types) => program(types, (x) => k.fold("add", x!)));

/** Added up to the shape of the second input, where that is known only at run time. */
const sumLikeDef: OpDef = entry({
  name: "sumLike",
  arity: 2,
  infer([x, like]) {
    checkDomain("sumLike", x!.dtype, "numeric");
    const stretched = commonShape([like!.shape, x!.shape]);
    if (typeof stretched !== "number" && compatible(stretched, x!.shape))
      return [{ shape: like!.shape, dtype: x!.dtype }];
    const shown = [x, like].map((each, i) => ({ name: i === 0 ? "x" : "like", shape: each!.shape }));
    throw new ValueError(shapeMessage("sumLike", "x is no repetition of a tensor like this", shown, { align: "last" }));
  },
  kernel: ([x, like]) => onFirst(1, foldOver(sumPrograms([x!.dtype]), broadcastAxes(like!.shape, x!.shape))),
  gradient: [(g, { inputs: [x] }) => broadcastLike(g, x!), null],
  tensorflow(nodes) {
    const [from, to] = [nodes.shape(1), nodes.shape(0)];
    const axes = nodes.node("BroadcastGradientArgs", [from, to], { T: always("type", "int32") });
    return [nodes.node("Reshape", [nodes.node("Sum", [nodes.input(0), axes]), from])];
  },
});

/** The adjoint of a broadcast: `x` summed over what was repeated, in the shape of `like`. */
export function sumLike(x: Tensor, like: Input): Tensor {
  const [from, to] = [like.spec.shape, x.spec.shape];
  if (sameShape(from, to)) return x;
  if (!isStatic(from) || !isStatic(to)) return applyOne(sumLikeDef, [x, like], {});
  return reshapeLike(sum(x, broadcastAxes(from, to)), like);
}

/** The sum over `axis`. The elements of a row are added in blocks of sixteen, so that the error does not grow with their number. */
export const sum = defineFold(
  "sum",
  (x) => k.fold("add", x),
  (g, { inputs: [x], attributes: { axes, keepDims } }) => spread(g, x as Tensor, axes, keepDims),
  { tensorflow: "Sum" },
);

/** The values `y` of a reduction of `x` over `axes`, repeated over the elements they came from. */
export function spread(y: Tensor, x: Tensor, axes: readonly number[], keepDims: boolean): Tensor {
  return broadcastLike(keepDims ? y : expandAxes(y, axes), x);
}

/** The operands of `op` as tensors of one dtype and one shape. */
export function broadcastTogether(op: string, operands: readonly unknown[]): Tensor[] {
  return stretch(op, asTensors(op, operands), ["x", "y"]);
}

/** Tensors, of whatever dtypes, repeated to their common shape. Messages call them by `names`. */
export function stretch(op: string, tensors: readonly Tensor[], names: readonly string[]): Tensor[] {
  const shape = broadcastShapes(
    op,
    tensors.map((tensor) => tensor.spec.shape),
    names,
  );
  return tensors.map((tensor, i) =>
    sameShape(tensor.spec.shape, shape) ? tensor : broadcastLike(tensor, ...tensors.filter((_, j) => j !== i)),
  );
}

/** Zeros in the shape and dtype of `x`. */
export const zerosLike = composed("zerosLike", { x: anything }, {}, (x: Operand): Tensor => {
  const like = asTensor("zerosLike", x);
  return broadcastLike(asTensor("zerosLike", 0, like.dtype), like);
});

/** Ones in the shape and dtype of `x`. */
export const onesLike = composed("onesLike", { x: anything }, {}, (x: Operand): Tensor => {
  const like = asTensor("onesLike", x);
  return broadcastLike(asTensor("onesLike", 1, like.dtype), like);
});
