import {
  anything,
  compatible,
  type Kernel,
  scalar as k,
  normalizeAxis,
  number,
  optional,
  type PartialShape,
  program,
  reducedShape,
  rows,
  type Scalar,
  shapeMessage,
  type Tensor,
  type TensorSpec,
  ValueError,
  wrongAxis,
} from "@gradtape/tensor";
import { apply } from "../apply.ts";
import { type AlongAxis, applyOne, checkDomain, defineOp, programs } from "../define.ts";
import { axis, checkAxis } from "../legal.ts";
import { asIndices, asTensor, asTensors, checkIndexDType, checkOneDType, type Operand } from "../operand.ts";
import type { GradientRule, OpDef } from "../record.ts";
import { entry } from "../registry.ts";
import { always, dtypeOf, type NodeAttribute, output, type Phrase, type Spelling, type Wire } from "../tensorflow.ts";
import { add, mul, neg, sub } from "./arithmetic.ts";
import { sum } from "./broadcast.ts";
import { exp } from "./exponential.ts";
import { expandDims } from "./reshape.ts";

/* Softmax and its losses, row by row: the greatest logit is taken off first, so nothing overflows. */

type AxisAttributes = { readonly axis: number };

/** exp(x - max x) and its sum over the row. */
function weights(x: Scalar): { shifted: Scalar; weight: Scalar; total: Scalar } {
  const shifted = k.sub(x, k.fold("max", x));
  const weight = k.exp(shifted);
  return { shifted, weight, total: k.fold("add", weight) };
}

/** An op along one axis that keeps the shape. */
function alongAxis(
  name: string,
  meaning: (x: Scalar) => Scalar,
  gradient: GradientRule<AxisAttributes>,
  tensorflow: string,
) {
  const programOf = programs((types) => program(types, meaning));
  const def: OpDef<AxisAttributes> = entry({
    name,
    arity: 1,
    attributes: { axis },
    infer([x], { axis }) {
      checkDomain(name, x!.dtype, "floating");
      checkAxis(name, axis, x!.shape.length);
      return [x!];
    },
    kernel: ([x], { axis }) => rows(programOf([x!.dtype]), [axis]),
    gradient: [gradient],
    tensorflow: [
      { op: tensorflow, own: ([x]) => ({ axis: x!.shape.length - 1 }) },
      (nodes, { inputs: [x], attributes: { axis } }) => {
        const last = x!.spec.shape.length - 1;
        const swapped = x!.spec.shape.map((_, i) => (i === axis ? last : i === last ? axis : i));
        const swap = (y: Wire) => nodes.node("Transpose", [y, nodes.constant(swapped)]);
        return [swap(nodes.node(tensorflow, [swap(nodes.input(0))]))];
      },
    ],
  });
  const call = (logits: Operand, axis = -1): Tensor => {
    const x = asTensor(name, logits);
    return applyOne(def, [x], { axis: normalizeAxis(name, axis, x.rank) });
  };
  return defineOp(def, { logits: anything, axis: optional(number) }, {}, call as AlongAxis<Operand, Tensor>);
}

const rowSum = (x: Tensor, axis: number) => sum(x, { axis, keepDims: true });

/** exp(x) / sum(exp(x)) along `axis` (the last when left out). */
export const softmax = alongAxis(
  "softmax",
  (x) => {
    const { weight, total } = weights(x);
    return k.div(weight, total);
  },
  (g, { outputs: [y], attributes: { axis } }) => mul(y!, sub(g, rowSum(mul(g, y!), axis))),
  "Softmax",
);

/** log(softmax(x)) along `axis` (the last when left out). */
export const logSoftmax = alongAxis(
  "logSoftmax",
  (x) => {
    const { shifted, total } = weights(x);
    return k.sub(shifted, k.log(total));
  },
  (g, { outputs: [y], attributes: { axis } }) => sub(g, mul(exp(y!), rowSum(g, axis))),
  "LogSoftmax",
);

/**
 * The gradient of a cross entropy by its logits. The op's second output is that gradient for a loss weight of one, so
 * the first order is a product; the second order goes through the Jacobian of softmax.
 */
const byLogits: GradientRule = (_, { inputs, outputs: [, backprop] }, [gLoss, gBackprop]) => {
  const first = gLoss ? mul(expandDims(gLoss, -1), backprop!) : null;
  if (!gBackprop) return first;
  const p = softmax(inputs[0] as Tensor);
  const second = mul(p, sub(gBackprop, rowSum(mul(gBackprop, p), -1)));
  return first ? add(first, second) : second;
};

function crossEntropySpecs(op: string, logits: TensorSpec): TensorSpec[] {
  checkDomain(op, logits.dtype, "floating");
  if (logits.shape.length === 0) throw new ValueError(`${op}: logits are a scalar; the last axis holds the classes`);
  return [{ shape: reducedShape(logits.shape, [logits.shape.length - 1], false), dtype: logits.dtype }, logits];
}

/** A cross entropy as TensorFlow has it: of matrices, to which all else is reshaped. */
function crossEntropyNodes(op: string, attributes: { readonly [name: string]: NodeAttribute }): (Spelling | Phrase)[] {
  const whole: Phrase = (nodes, { inputs }) => {
    const [logits, labels] = inputs.map((input) => input.spec.shape);
    const classes = logits!.at(-1);
    if (typeof classes !== "number") return null;
    const rows = nodes.constant([-1, classes]);
    const flat = labels!.length < logits!.length ? nodes.constant([-1]) : rows;
    const shaped = (x: Wire, shape: Wire, input: number) => nodes.node("Reshape", [x, shape], { T: dtypeOf(input) });
    const both = [shaped(nodes.input(0), rows, 0), shaped(nodes.input(1), flat, 1)];
    const loss = nodes.node(op, both, attributes);
    const places = logits!.slice(0, -1).map((_, axis) => axis);
    const int32 = always("type", "int32");
    const picked = { Tparams: int32, Tindices: int32, Taxis: int32 };
    const leading = nodes.node("GatherV2", [nodes.shape(0), nodes.constant(places), nodes.constant(0)], picked);
    return [shaped(loss, leading, 0), shaped(output(loss, 1), nodes.shape(0), 0)];
  };
  return [{ op, attributes, fits: ([logits]) => logits!.shape.length === 2 }, whole];
}

function sparseAdvice(logits: PartialShape, labels: PartialShape): string {
  if (compatible(labels, logits)) {
    return "labels look like one-hot rows: use softmaxCrossEntropyWithLogits, or argMax(labels, -1)";
  }
  if (compatible(labels, [...logits.slice(0, -1), 1]))
    return "take the last axis of labels away: squeeze(labels, { axis: -1 })";
  return "for one-hot rows use softmaxCrossEntropyWithLogits";
}

const sparsePrograms = programs((types) =>
  program(
    types,
    (x, label) => {
      const { shifted, weight, total } = weights(x!);
      const hit = k.eq(k.index, label!);
      const loss = k.sub(k.log(total), k.fold("add", k.select(hit, shifted, 0)));
      return [loss, k.sub(k.div(weight, total), k.select(hit, k.constant(1, x!.type), 0))];
    },
    ["element", "row"],
  ),
);

const sparseName = "sparseSoftmaxCrossEntropyWithLogits";
const sparseDef: OpDef = entry({
  name: sparseName,
  arity: 2,
  infer([logits, labels]) {
    checkIndexDType(sparseName, labels!);
    const specs = crossEntropySpecs(sparseName, logits!);
    if (!compatible(labels!.shape, specs[0]!.shape)) {
      throw new ValueError(
        shapeMessage(
          sparseName,
          "labels need the shape of logits without the last axis, one class index per row",
          [
            { name: "logits", shape: logits!.shape },
            { name: "labels", shape: labels!.shape, wrong: wrongAxis(labels!.shape, specs[0]!.shape) },
          ],
          { advice: sparseAdvice(logits!.shape, labels!.shape) },
        ),
      );
    }
    return specs;
  },
  kernel([logits, labels]): Kernel {
    const axis = logits!.shape.length - 1;
    const check = { op: `${sparseName} (labels)`, input: 1, rows: logits!.shape[axis] as number };
    return rows(sparsePrograms([logits!.dtype, labels!.dtype]), [axis], [check]);
  },
  gradient: [byLogits, null],
  tensorflow: crossEntropyNodes("SparseSoftmaxCrossEntropyWithLogits", { T: dtypeOf(0), Tlabels: dtypeOf(1) }),
});

/**
 * -log(softmax(logits)[label]) for each row: `labels` (int32) has the shape of `logits` without the last axis.
 * Throws an InvalidArgumentError for a label that is no class.
 */
export const sparseSoftmaxCrossEntropyWithLogits = defineOp(
  sparseDef,
  { labels: anything, logits: anything },
  {},
  (labels: Operand, logits: Operand): Tensor => {
    return apply(sparseDef, [asTensor(sparseName, logits), asIndices(sparseName, labels)], {})[0]!;
  },
);

const densePrograms = programs((types) =>
  program(types, (x, label) => {
    const { shifted, weight, total } = weights(x!);
    const loss = k.fold("add", k.mul(label!, k.sub(k.log(total), shifted)));
    return [loss, k.sub(k.div(weight, total), label!)];
  }),
);

function denseAdvice(logits: PartialShape, labels: PartialShape): string | undefined {
  if (!compatible(labels, logits.slice(0, -1))) return undefined;
  return "labels look like class indices: use sparseSoftmaxCrossEntropyWithLogits, or oneHot(labels, classes)";
}

const denseName = "softmaxCrossEntropyWithLogits";
const denseDef: OpDef = entry({
  name: denseName,
  arity: 2,
  infer([logits, labels]) {
    checkOneDType(denseName, [logits!, labels!]);
    if (!compatible(labels!.shape, logits!.shape)) {
      throw new ValueError(
        shapeMessage(
          denseName,
          "labels (one distribution per row) and logits need one shape",
          [
            { name: "logits", shape: logits!.shape, wrong: wrongAxis(logits!.shape, labels!.shape) },
            { name: "labels", shape: labels!.shape, wrong: wrongAxis(labels!.shape, logits!.shape) },
          ],
          { advice: denseAdvice(logits!.shape, labels!.shape) },
        ),
      );
    }
    return crossEntropySpecs(denseName, logits!);
  },
  kernel: ([logits]) => rows(densePrograms([logits!.dtype, logits!.dtype]), [logits!.shape.length - 1]),
  gradient: [
    byLogits,
    (_, { inputs: [logits] }, [gLoss, gBackprop]) => {
      const first = gLoss ? neg(mul(expandDims(gLoss, -1), logSoftmax(logits as Tensor))) : null;
      if (!gBackprop) return first;
      return first ? sub(first, gBackprop) : neg(gBackprop);
    },
  ],
  tensorflow: crossEntropyNodes("SoftmaxCrossEntropyWithLogits", { T: dtypeOf(0) }),
});

/**
 * -sum(labels * log(softmax(logits))) over the last axis; `labels` are distributions in the shape of `logits`. The gradient
 * by the logits is softmax(logits) - labels, as TensorFlow's kernel gives it, also for labels that do not sum to one.
 */
export const softmaxCrossEntropyWithLogits = defineOp(
  denseDef,
  { labels: anything, logits: anything },
  {},
  (labels: Operand, logits: Operand): Tensor => {
    const [x, y] = asTensors(denseName, [logits, labels]) as [Tensor, Tensor];
    return apply(denseDef, [x, y], {})[0]!;
  },
);
