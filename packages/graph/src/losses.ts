import {
  anything,
  compatible,
  compatibleExtents,
  isFloating,
  number,
  type PartialShape,
  shapeMessage,
  Tensor,
  ValueError,
  wrongAxis,
} from "@gradtape/tensor";
import { composed } from "./define.ts";
import { asTensor, asTensors, Convertible, nameOf, type Operand } from "./operand.ts";
import {
  abs,
  add,
  div,
  equal,
  greaterEqual,
  minimum,
  mul,
  neg,
  notEqual,
  square,
  squaredDifference,
  sub,
  where,
} from "./ops/arithmetic.ts";
import { broadcastLike, sum } from "./ops/broadcast.ts";
import { cast, stopGradient } from "./ops/cast.ts";
import { exp, log1p } from "./ops/exponential.ts";
import { elementCount } from "./ops/reduction.ts";
import { squeeze } from "./ops/reshape.ts";
import { softmaxCrossEntropyWithLogits, sparseSoftmaxCrossEntropyWithLogits } from "./ops/softmax.ts";

/* The losses of `tf.compat.v1.losses`: elementwise losses, weighted, and reduced to one number. */

/** How the losses of a batch become one number. */
export const Reduction = {
  /** They do not: the weighted losses themselves. */
  NONE: "none",
  SUM: "weighted_sum",
  /** The sum divided by the sum of the weights. */
  MEAN: "weighted_mean",
  /** The sum divided by the number of losses. */
  SUM_OVER_BATCH_SIZE: "weighted_sum_over_batch_size",
  /** The sum divided by the number of losses whose weight is not zero (the default); 0 when there are none. */
  SUM_BY_NONZERO_WEIGHTS: "weighted_sum_by_nonzero_weights",
  SUM_OVER_NONZERO_WEIGHTS: "weighted_sum_by_nonzero_weights",
} as const;
export type Reduction = (typeof Reduction)[keyof typeof Reduction];

export interface LossOptions {
  /** A factor for each loss; a scalar, or of the rank of the losses with extents equal or 1. */
  readonly weights?: Operand;
  readonly reduction?: Reduction;
}

export interface SmoothedLossOptions extends LossOptions {
  /** Moves this share of each label evenly over the classes. */
  readonly labelSmoothing?: number;
}

/** The options of all losses. */
const lossFields = { weights: anything, reduction: anything };

/** Losses weighted and reduced. A ValueError for weights that do not broadcast to the losses or an unknown reduction. */
export const computeWeightedLoss = composed(
  "computeWeightedLoss",
  { losses: anything },
  lossFields,
  (losses: Operand, { weights = 1, reduction = Reduction.SUM_BY_NONZERO_WEIGHTS }: LossOptions = {}): Tensor => {
    const each = asTensor("computeWeightedLoss", losses);
    const given = cast(asTensor("computeWeightedLoss", weights, each.dtype), each.dtype);
    const fits =
      given.rank === 0 ||
      (given.rank === each.rank &&
        given.spec.shape.every((extent, axis) => extent === 1 || compatibleExtents(extent, each.spec.shape[axis]!)));
    if (!fits) {
      throw new ValueError(
        shapeMessage(
          "computeWeightedLoss",
          "weights must be a scalar, or have the rank of the losses and extents equal or 1",
          [
            { name: "losses", shape: each.spec.shape },
            { name: "weights", shape: given.spec.shape, wrong: wrongAxis(given.spec.shape, each.spec.shape) },
          ],
          { advice: given.rank < each.rank ? "add the missing axes: expandDims(weights, -1)" : undefined },
        ),
      );
    }
    const weighted = mul(each, given);
    const factors = broadcastLike(given, each);
    switch (reduction) {
      case "none":
        return weighted;
      case "weighted_sum":
        return sum(weighted);
      case "weighted_mean":
        return safeDiv(sum(weighted), sum(factors));
      case "weighted_sum_over_batch_size":
        return safeDiv(sum(weighted), asTensor("computeWeightedLoss", elementCount(each), each.dtype));
      case "weighted_sum_by_nonzero_weights":
        return safeDiv(sum(weighted), sum(cast(notEqual(factors, 0), each.dtype)));
      default:
        throw new ValueError(
          `computeWeightedLoss: ${nameOf(reduction)} is not a reduction; use one of ${Object.values(Reduction).join(", ")}`,
        );
    }
  },
);

/** x / y, and 0 where y is 0. */
function safeDiv(x: Tensor, y: Tensor): Tensor {
  const empty = equal(y, 0);
  return where(empty, 0, div(x, where(empty, 1, y)));
}

/** Cross entropy of class indices: `labels` int32 `[…]`, `logits` `[…, classes]`; labels and weights may be `[…, 1]`. */
export const sparseSoftmaxCrossEntropy = composed(
  "sparseSoftmaxCrossEntropy",
  { labels: anything, logits: anything },
  lossFields,
  (labels: Operand, logits: Operand, options: LossOptions = {}): Tensor => {
    const scores = asTensor("sparseSoftmaxCrossEntropy", logits);
    const given = asTensor("sparseSoftmaxCrossEntropy", labels, "int32");
    const column = given.rank === scores.rank && given.shape[given.rank - 1] === 1;
    const classes = column ? squeeze(given, { axis: -1 }) : given;
    const { weights = 1 } = options;
    const factors = asTensor("sparseSoftmaxCrossEntropy", weights, scores.dtype);
    const each = factors.rank === scores.rank && scores.rank > 0 ? squeeze(factors, { axis: -1 }) : factors;
    return computeWeightedLoss(sparseSoftmaxCrossEntropyWithLogits(classes, scores), { ...options, weights: each });
  },
);

/** Cross entropy of distributions: `onehotLabels` and `logits` `[…, classes]`. No gradient flows to the labels. */
export const softmaxCrossEntropy = composed(
  "softmaxCrossEntropy",
  { onehotLabels: anything, logits: anything },
  { ...lossFields, labelSmoothing: number },
  (onehotLabels: Operand, logits: Operand, { labelSmoothing = 0, ...options }: SmoothedLossOptions = {}): Tensor => {
    const [labels, scores] = labelled("softmaxCrossEntropy", onehotLabels, logits);
    if (labels.rank === 0)
      throw new ValueError("softmaxCrossEntropy: labels and logits are scalars, expected shape […, classes]");
    const classes = elementCount(labels, [labels.rank - 1]);
    const share = typeof classes === "number" ? labelSmoothing / classes : div(labelSmoothing, classes);
    const smooth = labelSmoothing === 0 ? labels : add(mul(labels, 1 - labelSmoothing), share);
    return computeWeightedLoss(softmaxCrossEntropyWithLogits(stopGradient(smooth), scores), options);
  },
);

/**
 * log(1 + exp(logits)) - logits * labels, elementwise: the cross entropy of independent yes-or-no labels. It is computed
 * as max(x, 0) - x z + log(1 + exp(-|x|)), so nothing overflows and small losses keep their digits.
 */
export const sigmoidCrossEntropyWithLogits = composed(
  "sigmoidCrossEntropyWithLogits",
  { labels: anything, logits: anything },
  {},
  (labels: Operand, logits: Operand): Tensor => {
    const [z, x] = labelled("sigmoidCrossEntropyWithLogits", labels, logits);
    checkSameShape("sigmoidCrossEntropyWithLogits", "labels", z, "logits", x);
    const positive = greaterEqual(x, 0);
    const distance = where(positive, neg(x), x);
    return add(sub(where(positive, x, 0), mul(x, z)), log1p(exp(distance)));
  },
);

/** Cross entropy of independent yes-or-no labels, in the shape of `logits`. */
export const sigmoidCrossEntropy = composed(
  "sigmoidCrossEntropy",
  { multiClassLabels: anything, logits: anything },
  { ...lossFields, labelSmoothing: number },
  (
    multiClassLabels: Operand,
    logits: Operand,
    { labelSmoothing = 0, ...options }: SmoothedLossOptions = {},
  ): Tensor => {
    const [labels, scores] = labelled("sigmoidCrossEntropy", multiClassLabels, logits);
    const smooth = labelSmoothing === 0 ? labels : add(mul(labels, 1 - labelSmoothing), labelSmoothing / 2);
    return computeWeightedLoss(sigmoidCrossEntropyWithLogits(smooth, scores), options);
  },
);

/** (predictions - labels)², of one shape. */
export const meanSquaredError = composed(
  "meanSquaredError",
  { labels: anything, predictions: anything },
  lossFields,
  (labels: Operand, predictions: Operand, options: LossOptions = {}): Tensor => {
    const [z, y] = together("meanSquaredError", labels, predictions);
    return computeWeightedLoss(squaredDifference(y, z), options);
  },
);

/** |predictions - labels|, of one shape. */
export const absoluteDifference = composed(
  "absoluteDifference",
  { labels: anything, predictions: anything },
  lossFields,
  (labels: Operand, predictions: Operand, options: LossOptions = {}): Tensor => {
    return computeWeightedLoss(abs(difference("absoluteDifference", labels, predictions)), options);
  },
);

export interface HuberOptions extends LossOptions {
  /** Where the square turns into a line; 1 when left out. */
  readonly delta?: number;
}

/** Half the squared error up to `delta`, a line of slope `delta` beyond (Huber, 1964). */
export const huberLoss = composed(
  "huberLoss",
  { labels: anything, predictions: anything },
  { ...lossFields, delta: number },
  (labels: Operand, predictions: Operand, { delta = 1, ...options }: HuberOptions = {}): Tensor => {
    const error = abs(difference("huberLoss", labels, predictions));
    const quadratic = minimum(error, delta);
    const linear = sub(error, quadratic);
    return computeWeightedLoss(add(mul(0.5, square(quadratic)), mul(delta, linear)), options);
  },
);

function difference(op: string, labels: Operand, predictions: Operand): Tensor {
  const [z, y] = together(op, labels, predictions);
  return sub(y, z);
}

/** Labels and predictions of one dtype and one shape. */
function together(op: string, labels: Operand, predictions: Operand): [Tensor, Tensor] {
  const [z, y] = labelled(op, labels, predictions);
  checkSameShape(op, "labels", z, "predictions", y);
  return [z, y];
}

/** Labels and predictions of one dtype. Labels that are integers or booleans count as numbers like the predictions. */
function labelled(op: string, labels: Operand, predictions: Operand): [Tensor, Tensor] {
  if ((labels instanceof Tensor || labels instanceof Convertible) && !isFloating(labels.dtype)) {
    const y = asTensor(op, predictions);
    return [cast(labels, y.dtype), y];
  }
  const [y, z] = asTensors(op, [predictions, labels]) as [Tensor, Tensor];
  return [z, y];
}

function checkSameShape(op: string, a: string, x: Tensor, b: string, y: Tensor): void {
  if (compatible(x.spec.shape, y.spec.shape)) return;
  const operands = [
    { name: a, shape: x.spec.shape, wrong: wrongAxis(x.spec.shape, y.spec.shape) },
    { name: b, shape: y.spec.shape, wrong: wrongAxis(y.spec.shape, x.spec.shape) },
  ];
  throw new ValueError(
    shapeMessage(op, `${a} and ${b} need one shape, nothing is broadcast`, operands, {
      advice: columnAdvice([a, x.spec.shape], [b, y.spec.shape]) ?? columnAdvice([b, y.spec.shape], [a, x.spec.shape]),
    }),
  );
}

/** One of the two is a column, the other a vector: the most frequent case. */
function columnAdvice(
  [a, x]: readonly [string, PartialShape],
  [b, y]: readonly [string, PartialShape],
): string | undefined {
  if (!compatible([...x, 1], y)) return undefined;
  return `${b} has an axis more: squeeze(${b}, { axis: -1 }), or expandDims(${a}, -1)`;
}
