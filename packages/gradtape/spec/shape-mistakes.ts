import * as gt from "gradtape";

/** A float32 tensor of a shape, or one of another dtype. */
export type Kind = readonly number[] | readonly ["int32" | "bool", readonly number[]];
export type Call = (...inputs: gt.Tensor[]) => unknown;

const int = (...shape: number[]): Kind => ["int32", shape];

/** Calls that do not fit, and what is said of them but for the line. */
export const mistakes: readonly (readonly [name: string, inputs: readonly Kind[], call: Call, message: string])[] = [
  [
    "broadcasting",
    [[2, 3], [2]],
    (x, y) => gt.add(x, y),
    `add: shapes cannot be broadcast, they differ on axis -1; last axes meet; if y runs along the batch, write expandDims(y, -1)
  x [2, 3]
  y    [2]
        ^`,
  ],
  [
    "broadcasting, transposed",
    [
      [2, 3],
      [3, 2],
    ],
    (x, y) => gt.mul(x, y),
    `mul: shapes cannot be broadcast, they differ on axis -2; is a transpose missing?
  x [2, 3]
  y [3, 2]
     ^`,
  ],
  [
    "where",
    [["bool", [2]], [2, 3], [3]],
    (c, x, y) => gt.where(c, x, y),
    `where: shapes cannot be broadcast, they differ on axis -1; make the extents equal or 1 (expandDims, reshape, transpose)
  condition    [2]
  x         [2, 3]
  y            [3]
                ^`,
  ],
  [
    "broadcastTo",
    [[2, 3]],
    (x) => gt.broadcastTo(x, [3, 3]),
    `broadcastTo: shapes cannot be broadcast, they differ on axis -2; make the extents equal or 1 (expandDims, reshape, transpose)
  x     [2, 3]
  shape [3, 3]
         ^`,
  ],
  [
    "broadcastTo, too short",
    [[2, 3]],
    (x) => gt.broadcastTo(x, [3]),
    `broadcastTo: [2, 3] does not stretch to [3]; only extents of 1 repeat
  x     [2, 3]
  shape    [3]`,
  ],
  [
    "matMul, transposed",
    [
      [128, 3],
      [4, 3],
    ],
    (x, y) => gt.matMul(x, y),
    `matMul: columns of a (3) and rows of b (4) must agree; is a transposeB missing?
  a [128, 3]
          ^
  b [  4, 3]
     ^^^`,
  ],
  [
    "matMul, the other transposed",
    [
      [3, 128],
      [3, 4],
    ],
    (x, y) => gt.matMul(x, y),
    `matMul: columns of a (128) and rows of b (3) must agree; is a transposeA missing?
  a [3, 128]
        ^^^
  b [3,   4]
     ^`,
  ],
  [
    "matMul, images",
    [
      [8, 28, 28],
      [784, 10],
    ],
    (x, y) => gt.matMul(x, y),
    `matMul: columns of a (28) and rows of b (784) must agree; if the first axis of a is a batch, flatten the others: reshape(a, [-1, 784])
  a [8,  28, 28]
             ^^
  b    [784, 10]
        ^^^`,
  ],
  [
    "matMul, a vector",
    [[2, 3], [3]],
    (x, y) => gt.matMul(x, y),
    `matMul: both operands need at least two axes; make a vector a row by expandDims(x, 0), a column by expandDims(x, 1)
  a [2, 3]
  b    [3]`,
  ],
  [
    "matMul, batches",
    [
      [2, 4, 3],
      [5, 3, 4],
    ],
    (x, y) => gt.matMul(x, y),
    `matMul: the leading axes cannot be broadcast; make them equal or 1
  a [2, 4, 3]
  b [5, 3, 4]
     ^`,
  ],
  [
    "concat",
    [
      [2, 3],
      [2, 4],
    ],
    (x, y) => gt.concat([x, y], 0),
    `concat: along axis 0 all other extents must agree, they differ on axis 1
  values[0] [2, 3]
  values[1] [2, 4]
                ^`,
  ],
  [
    "concat, another rank",
    [[2, 3], [2]],
    (x, y) => gt.concat([x, y], 0),
    `concat: along axis 0 all other extents must agree, they differ on axis 1
  values[0] [2, 3]
                ^
  values[1] [2]`,
  ],
  [
    "stack",
    [
      [2, 3],
      [2, 4],
    ],
    (x, y) => gt.stack([x, y]),
    `stack: shapes must agree, nothing is broadcast
  values[0] [2, 3]
  values[1] [2, 4]
                ^`,
  ],
  [
    "addN",
    [
      [2, 3],
      [1, 3],
    ],
    (x, y) => gt.addN([x, y]),
    `addN: shapes must agree, nothing is broadcast
  terms[0] [2, 3]
  terms[1] [1, 3]
            ^`,
  ],
  [
    "reshape",
    [[6, 4]],
    (x) => gt.reshape(x, [2, 4]),
    `reshape: cannot give [6, 4] (24 elements) the shape [2, 4] (8 elements); is the first axis a batch? write [-1, 4]`,
  ],
  [
    "reshape, no batch",
    [[6, 4]],
    (x) => gt.reshape(x, [5]),
    `reshape: cannot give [6, 4] (24 elements) the shape [5] (5 elements); the sizes must agree`,
  ],
  [
    "squeeze",
    [[6, 4]],
    (x) => gt.squeeze(x, { axis: 0 }),
    `squeeze: axis 0 of shape [6, 4] has extent 6, only 1 can go`,
  ],
  [
    "transpose",
    [[6, 4]],
    (x) => gt.transpose(x, [0]),
    `transpose: perm [0] does not fit shape [6, 4]; name each axis from 0 to 1 once`,
  ],
  [
    "slice",
    [[6, 4]],
    (x) => gt.slice(x, [5, 0], [2, 4]),
    `slice: the piece does not lie within the whole on axis 0
  whole [6, 4]
  begin [5, 0]
  size  [2, 4]
         ^`,
  ],
  [
    "slice, axes missing",
    [[6, 4]],
    (x) => gt.slice(x, [5], [2]),
    `slice: begin [5] and size [2] need one entry for each axis of [6, 4]`,
  ],
  [
    "pad",
    [[6, 4]],
    (x) => gt.pad(x, [[1, 1]]),
    `pad: paddings [[1,1]] do not fit shape [6, 4]; give [before, after], both >= 0, for each axis`,
  ],
  [
    "embed",
    [[6, 4]],
    (x) => gt.embed(x, [6, 6], [0, 3]),
    `embed: the piece does not lie within the whole on axis 1
  whole [6, 6]
  begin [0, 3]
  size  [6, 4]
            ^`,
  ],
  [
    "gather",
    [[6, 4], int(5, 2)],
    (x, i) => gt.gather(x, i, { batchDims: 1 }),
    `gather: with batchDims 1 the leading axes must agree and axis (1) must lie behind them
  params  [6, 4]
  indices [5, 2]
           ^`,
  ],
  [
    "gather, a scalar",
    [[], int(5)],
    (x, i) => gt.gather(x, i),
    `gather: a scalar has no rows; params needs at least one axis`,
  ],
  [
    "unsortedSegmentSum",
    [[6, 4], int(5)],
    (x, i) => gt.unsortedSegmentSum(x, i, 3),
    `unsortedSegmentSum: segmentIds must have the leading shape of data
  data       [6, 4]
  segmentIds [5]
              ^`,
  ],
  ["unique", [[6, 4]], (x) => gt.unique(x), `unique: expected a vector, got shape [6, 4]`],
  ["nonZero", [[6, 4]], (x) => gt.nonZero(x), `nonZero: expected a vector, got shape [6, 4]`],
  ["argMax", [[0]], (x) => gt.argMax(x), `argMax: axis 0 is empty, it has no extreme element`],
  ["sum", [[2, 3]], (x) => gt.sum(x, 2), `sum: axis 2 is out of range for rank 2; expected -2 to 1`],
  [
    "mean",
    [int(2)],
    (x) => gt.mean(x),
    `mean: dtype int32 is not supported, expected float32 or float64; cast the operand`,
  ],
  [
    "exp",
    [int(2)],
    (x) => gt.exp(x),
    `exp: dtype int32 is not supported, expected float32 or float64; cast the operand`,
  ],
  [
    "two dtypes",
    [[2], int(2)],
    (x, y) => gt.add(x, y),
    `add: operands have dtypes float32, int32; cast operand 2 to float32 first`,
  ],
  ["scalarMul", [[2], [2]], (x, y) => gt.scalarMul(x, y), `scalarMul: the factor must be a scalar, got shape [2]`],
  [
    "clipByValue",
    [[2, 3], [2]],
    (x, y) => gt.clipByValue(x, y, 1),
    `maximum: shapes cannot be broadcast, they differ on axis -1; last axes meet; if y runs along the batch, write expandDims(y, -1)
  x [2, 3]
  y    [2]
        ^`,
  ],
  [
    "class indices wanted, one-hot rows given",
    [
      [2, 3],
      [2, 3],
    ],
    (x, y) => gt.sparseSoftmaxCrossEntropyWithLogits(gt.cast(y, "int32"), x),
    `sparseSoftmaxCrossEntropyWithLogits: labels need the shape of logits without the last axis, one class index per row; labels look like one-hot rows: use softmaxCrossEntropyWithLogits, or argMax(labels, -1)
  logits [2, 3]
  labels [2, 3]
             ^`,
  ],
  [
    "class indices in a column",
    [[2, 3], int(2, 1)],
    (x, y) => gt.sparseSoftmaxCrossEntropyWithLogits(y, x),
    `sparseSoftmaxCrossEntropyWithLogits: labels need the shape of logits without the last axis, one class index per row; take the last axis of labels away: squeeze(labels, { axis: -1 })
  logits [2, 3]
  labels [2, 1]
             ^`,
  ],
  [
    "class indices of another number",
    [[2, 3], int(4)],
    (x, y) => gt.losses.sparseSoftmaxCrossEntropy(y, x),
    `sparseSoftmaxCrossEntropyWithLogits: labels need the shape of logits without the last axis, one class index per row; for one-hot rows use softmaxCrossEntropyWithLogits
  logits [2, 3]
  labels [4]
          ^`,
  ],
  [
    "one-hot rows wanted, class indices given",
    [[2, 3], [2]],
    (x, y) => gt.softmaxCrossEntropyWithLogits(y, x),
    `softmaxCrossEntropyWithLogits: labels (one distribution per row) and logits need one shape; labels look like class indices: use sparseSoftmaxCrossEntropyWithLogits, or oneHot(labels, classes)
  logits [2, 3]
             ^
  labels [2]`,
  ],
  [
    "distributions over other classes",
    [
      [2, 3],
      [2, 4],
    ],
    (x, y) => gt.losses.softmaxCrossEntropy(y, x),
    `softmaxCrossEntropyWithLogits: labels (one distribution per row) and logits need one shape
  logits [2, 3]
  labels [2, 4]
             ^`,
  ],
  [
    "a column and a vector",
    [[2, 1], [2]],
    (x, y) => gt.losses.meanSquaredError(y, x),
    `meanSquaredError: labels and predictions need one shape, nothing is broadcast; predictions has an axis more: squeeze(predictions, { axis: -1 }), or expandDims(labels, -1)
  labels      [2]
  predictions [2, 1]
                  ^`,
  ],
  [
    "a loss of differences",
    [
      [2, 3],
      [2, 4],
    ],
    (x, y) => gt.losses.meanSquaredError(y, x),
    `meanSquaredError: labels and predictions need one shape, nothing is broadcast
  labels      [2, 4]
  predictions [2, 3]
                  ^`,
  ],
  [
    "weights of another rank",
    [[2, 3], [2]],
    (x, w) => gt.losses.absoluteDifference(x, x, { weights: w }),
    `computeWeightedLoss: weights must be a scalar, or have the rank of the losses and extents equal or 1; add the missing axes: expandDims(weights, -1)
  losses  [2, 3]
  weights [2]`,
  ],
  [
    "weights of another extent",
    [
      [2, 3],
      [2, 2],
    ],
    (x, w) => gt.losses.huberLoss(x, x, { weights: w }),
    `computeWeightedLoss: weights must be a scalar, or have the rank of the losses and extents equal or 1
  losses  [2, 3]
  weights [2, 2]
              ^`,
  ],
  [
    "sigmoidCrossEntropy",
    [[2, 3], [2]],
    (x, y) => gt.losses.sigmoidCrossEntropy(y, x),
    `sigmoidCrossEntropyWithLogits: labels and logits need one shape, nothing is broadcast
  labels [2]
  logits [2, 3]
             ^`,
  ],
  [
    "an axis beyond",
    [[2, 3]],
    (x) => gt.softmax(x, { axis: 2 }),
    `softmax: axis 2 is out of range for rank 2; expected -2 to 1`,
  ],
];
