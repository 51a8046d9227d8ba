import { InvalidArgumentError, tensor, ValueError } from "@gradtape/tensor";
import { expect, test } from "vitest";
import * as g from "../index.ts";

/* A mistake is told by the op that was called, with the shapes or values that do not fit. */

const i32 = (values: number[]) => tensor(values, { dtype: "int32" });
const matrix = tensor([
  [1, 2, 3],
  [4, 5, 6],
]);
type Failure = new (message: string) => Error;

const mistakes: [string, () => unknown, Failure, RegExp][] = [
  [
    "shapes that do not broadcast",
    () => g.add(matrix, [1, 2]),
    ValueError,
    /^add: shapes cannot be broadcast, they differ on axis -1; .*\n {2}x \[2, 3\]\n {2}y {4}\[2\]\n {8}\^/,
  ],
  [
    "two dtypes",
    () => g.mul(matrix, i32([1, 2, 3])),
    TypeError,
    /^mul: operands have dtypes float32, int32; cast operand 2/,
  ],
  ["a string", () => g.add("x" as never, 1), TypeError, /^add: cannot make a tensor of the string "x"/],
  ["nothing", () => g.exp(undefined as never), TypeError, /^exp: .*undefined/],
  ["a ragged array", () => g.neg([[1], [2, 3]]), ValueError, /^neg: the nested array is ragged on axis 1/],
  [
    "integers where floats are needed",
    () => g.exp(i32([1])),
    TypeError,
    /^exp: dtype int32 is not supported, expected float32 or float64/,
  ],
  ["bools where numbers are needed", () => g.add([true], [false]), TypeError, /^add: dtype bool/],
  ["numbers where bools are needed", () => g.logicalAnd([1], [0]), TypeError, /^logicalAnd: dtype float32/],
  ["a condition that is no bool", () => g.where([0.5], 1, 2), TypeError, /^where: 0\.5 is not a bool/],
  ["a dtype that does not exist", () => g.cast(1, "float16" as never), ValueError, /^cast: unknown dtype "float16"/],
  [
    "a shape of another size",
    () => g.reshape(matrix, [4]),
    ValueError,
    /^reshape: cannot give \[2, 3\] \(6 elements\) the shape \[4\] \(4 elements\)/,
  ],
  ["two open extents", () => g.reshape(matrix, [-1, -1]), ValueError, /^reshape: \[-1, -1\] is not a shape/],
  [
    "an open extent that does not come out",
    () => g.reshape(matrix, [4, -1]),
    ValueError,
    /^reshape: cannot give \[2, 3\]/,
  ],
  [
    "a wide axis squeezed",
    () => g.squeeze(matrix, { axis: 0 }),
    ValueError,
    /^squeeze: axis 0 of shape \[2, 3\] has extent 2/,
  ],
  ["an axis beyond", () => g.sum(matrix, 2), ValueError, /^sum: axis 2 is out of range for rank 2; expected -2 to 1/],
  ["an axis twice", () => g.sum(matrix, [0, -2]), ValueError, /^sum: axes \[0, 0\] repeat an axis/],
  ["an axis that is no integer", () => g.max(matrix, 0.5), TypeError, /^max: axis 0\.5 is not an integer/],
  [
    "axes that are no permutation",
    () => g.transpose(matrix, [0, 0]),
    ValueError,
    /^transpose: perm \[0, 0\] does not fit shape \[2, 3\]/,
  ],
  ["what does not stretch", () => g.broadcastTo(matrix, [2, 4]), ValueError, /^broadcastTo/],
  [
    "what would have to shrink",
    () => g.broadcastTo(matrix, [3]),
    ValueError,
    /^broadcastTo: \[2, 3\] does not stretch to \[3\]/,
  ],
  [
    "a piece outside",
    () => g.slice(matrix, [0, 2], [1, 2]),
    ValueError,
    /^slice: the piece does not lie within the whole on axis 1\n {2}whole \[2, 3\]\n {2}begin \[0, 2\]\n {2}size {2}\[1, 2\]\n {12}\^\n/,
  ],
  [
    "a piece without all axes",
    () => g.slice(matrix, [0], [1]),
    ValueError,
    /^slice: .* one entry for each axis of \[2, 3\]/,
  ],
  [
    "negative padding",
    () =>
      g.pad(matrix, [
        [0, -1],
        [0, 0],
      ]),
    ValueError,
    /^pad: paddings/,
  ],
  [
    "parts of other extents",
    () => g.concat([matrix, [[1, 2]]], 0),
    ValueError,
    /^concat: along axis 0 all other extents must agree, they differ on axis 1\n {2}values\[0\] \[2, 3\]\n {2}values\[1\] \[1, 2\]\n {16}\^\n/,
  ],
  ["no parts", () => g.concat([], 0), ValueError, /^concat: the list of tensors is empty/],
  ["parts that are no list", () => g.stack(matrix as never), TypeError, /^stack: expected a list/],
  [
    "things of other shapes stacked",
    () => g.stack([[1], [1, 2]]),
    ValueError,
    /^stack: shapes must agree, nothing is broadcast\n {2}values\[0\] \[1\]\n {2}values\[1\] \[2\]\n {13}\^\n/,
  ],
  [
    "a transpose forgotten",
    () => g.matMul(matrix, matrix),
    ValueError,
    /^matMul: columns of a \(3\) and rows of b \(2\) must agree; is a transposeB missing\?\n {2}a \[2, 3\]\n {8}\^\n {2}b \[2, 3\]\n {5}\^\n/,
  ],
  [
    "a vector multiplied as a matrix",
    () => g.matMul(matrix, [1, 2, 3]),
    ValueError,
    /^matMul: both operands need at least two axes/,
  ],
  [
    "an index beyond",
    () => g.gather(matrix, [0, 2]),
    InvalidArgumentError,
    /^gather: indices\[1\] = 2 is out of range; expected 0 to 1 \(2 rows\)/,
  ],
  ["a negative index", () => g.gather(matrix, [[-1]]), InvalidArgumentError, /^gather: indices\[0, 0\] = -1/],
  ["an index that is no integer", () => g.gather(matrix, [0.5]), TypeError, /^gather: 0\.5 is not an int32/],
  [
    "float indices",
    () => g.gather(matrix, tensor([0, 1])),
    TypeError,
    /^gather: indices have dtype float32, expected int32/,
  ],
  ["rows of a scalar", () => g.gather(1, [0]), ValueError, /^gather: a scalar has no rows/],
  [
    "batches that differ",
    () => g.gather(matrix, [[0], [0], [0]], { batchDims: 1 }),
    ValueError,
    /^gather: with batchDims 1 the leading axes must agree/,
  ],
  [
    "a segment beyond",
    () => g.unsortedSegmentSum([1, 2], [0, 3], 2),
    InvalidArgumentError,
    /^unsortedSegmentSum: indices\[1\] = 3/,
  ],
  [
    "ids of another shape",
    () => g.unsortedSegmentSum([1, 2], [0], 2),
    ValueError,
    /^unsortedSegmentSum: segmentIds must have the leading shape of data/,
  ],
  [
    "a count that is none",
    () => g.unsortedSegmentSum([1], [0], -1),
    ValueError,
    /^unsortedSegmentSum: numSegments is the number -1, not a count/,
  ],
  [
    "a matrix where a vector is needed",
    () => g.unique(matrix),
    ValueError,
    /^unique: expected a vector, got shape \[2, 3\]/,
  ],
  ["a depth that is none", () => g.oneHot([0], 1.5), ValueError, /^oneHot: depth 1\.5/],
  ["the greatest of nothing", () => g.argMax(tensor([], { shape: [0] })), ValueError, /^argMax: axis 0 is empty/],
  [
    "one-hot labels for the sparse loss",
    () => g.sparseSoftmaxCrossEntropyWithLogits(i32([0, 1]), [[1, 2]]),
    ValueError,
    /labels need the shape of logits without the last axis.*one-hot.*\n {2}logits \[1, 2\]\n {2}labels \[2\]/s,
  ],
  [
    "a label that is no class",
    () => g.sparseSoftmaxCrossEntropyWithLogits([2], [[1, 2]]),
    InvalidArgumentError,
    /labels\): indices\[0\] = 2 is out of range; expected 0 to 1/,
  ],
  ["labels of another shape", () => g.softmaxCrossEntropyWithLogits([[1]], [[1, 2]]), ValueError, /need one shape/],
  ["terms of other shapes", () => g.addN([[1], [1, 2]]), ValueError, /^addN: shapes must agree, nothing is broadcast/],
  [
    "a factor that is no scalar",
    () => g.scalarMul([1, 2], [1, 2]),
    ValueError,
    /^scalarMul: the factor must be a scalar/,
  ],
  ["slices without a shape", () => g.exp(new g.IndexedSlices([[1]], [0])), ValueError, /without denseShape/],
  ["a mean of integers", () => g.mean(i32([1, 2])), TypeError, /^mean: dtype int32/],
];

test.each(mistakes)("%s", (_, run, Failure, message) => {
  let error: unknown;
  try {
    run();
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(Failure);
  expect((error as Error).message).toMatch(message);
});
