/* Every op that users call, in the order in which a reader meets them. */
export {
  abs,
  add,
  div,
  equal,
  greater,
  greaterEqual,
  less,
  lessEqual,
  logicalAnd,
  logicalNot,
  logicalOr,
  maximum,
  minimum,
  mul,
  neg,
  notEqual,
  sign,
  square,
  squaredDifference,
  sub,
  where,
} from "./arithmetic.ts";
export { broadcastTo, onesLike, sum, zerosLike } from "./broadcast.ts";
export { cast, identity, preventGradient, stopGradient } from "./cast.ts";
export { addN, clipByGlobalNorm, clipByNorm, clipByValue, globalNorm, scalarMul } from "./clip.ts";
export { concat, stack, unstack } from "./concat.ts";
export { cos, exp, floor, log, log1p, pow, relu, sigmoid, sin, softplus, sqrt, tanh } from "./exponential.ts";
export {
  densify,
  gather,
  IndexedSlices,
  segmentSumLike,
  sliceIndices,
  sliceValues,
  unsortedSegmentSum,
} from "./gather.ts";
export { nonZero, oneHot, unique } from "./indexing.ts";
export { matMul } from "./matmul.ts";
export { addCheckNumericsOps, checkNumerics } from "./numerics.ts";
export { all, any, argMax, argMin, max, mean, min, prod } from "./reduction.ts";
export { expandDims, reshape, squeeze } from "./reshape.ts";
export { embed, pad, slice } from "./slice.ts";
export { logSoftmax, softmax, softmaxCrossEntropyWithLogits, sparseSoftmaxCrossEntropyWithLogits } from "./softmax.ts";
export { constant, placeholder } from "./sources.ts";
export { transpose } from "./transpose.ts";
