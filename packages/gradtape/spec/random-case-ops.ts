import * as gt from "../src/index.ts";

/* The call of each op, loss, schedule and optimizer of the random cases. */

/** The arguments of a case that are no tensors; each op has others. */
export type Arguments = any;

type Call = (xs: gt.Tensor[], a: Arguments) => gt.Tensor | readonly gt.Tensor[];

const unary = (f: (x: gt.Tensor) => gt.Tensor): Call => {
  return ([x]) => f(x!);
};
const binary = (f: (x: gt.Tensor, y: gt.Tensor) => gt.Tensor): Call => {
  return ([x, y]) => f(x!, y!);
};
const fold = (f: (x: gt.Tensor, options: { axis: number; keepDims: boolean }) => gt.Tensor): Call => {
  return ([x], { axis, keepDims }) => f(x!, { axis, keepDims });
};

/** The ops between a table and its gather, by their names in the fixture. */
const through: { readonly [name: string]: (x: gt.Tensor) => gt.Tensor } = {
  itself: (x) => x,
  identity: (x) => gt.identity(x),
  neg: (x) => gt.neg(x),
  cast: (x) => gt.cast(gt.cast(x, "float64"), "float32"),
  reshape: (x) => gt.reshape(x, [3, 2]),
  expand: (x) => gt.squeeze(gt.expandDims(x, 0), { axis: 0 }),
  square: (x) => gt.square(x),
  double: (x) => gt.addN([x, x]),
  twice: (x) => gt.concat([x, x], 0),
  beside: (x) => gt.concat([x, x], 1),
  gather: (x) => gt.gather(x, [1, 0, 1, 2]),
  add: (x) => gt.add(x, gt.ones([3, 1])),
  transpose: (x) => gt.transpose(gt.transpose(x)),
  stack: (x) => gt.stack(gt.unstack(x)),
};

const singular: { readonly [name: string]: (x: gt.Tensor) => gt.Tensor } = {
  sqrt: (x) => gt.sqrt(x),
  log: (x) => gt.log(x),
  log1p: (x) => gt.log1p(x),
  div: (x) => gt.div(1, x),
  pow: (x) => gt.pow(x, 0.5),
  square: (x) => gt.square(x),
};

type Loss = (labels: gt.Tensor, y: gt.Tensor, options: object) => gt.Tensor;
const losses: { readonly [name: string]: Loss } = {
  meanSquaredError: gt.losses.meanSquaredError,
  absoluteDifference: gt.losses.absoluteDifference,
  huberLoss: gt.losses.huberLoss,
  sigmoidCrossEntropy: gt.losses.sigmoidCrossEntropy,
  softmaxCrossEntropy: gt.losses.softmaxCrossEntropy,
  sparseSoftmaxCrossEntropy: gt.losses.sparseSoftmaxCrossEntropy,
};

type Schedule = (rate: number, step: gt.Tensor, args: Arguments, options: object) => gt.Schedule;
const schedules: { readonly [name: string]: Schedule } = {
  exponentialDecay: (rate, step, [steps, decay], options) => gt.exponentialDecay(rate, step, steps, decay, options),
  inverseTimeDecay: (rate, step, [steps, decay], options) => gt.inverseTimeDecay(rate, step, steps, decay, options),
  polynomialDecay: (rate, step, [steps], options) => gt.polynomialDecay(rate, step, steps, options),
  cosineDecay: (rate, step, [steps], options) => gt.cosineDecay(rate, step, steps, options),
  cosineDecayRestarts: (rate, step, [steps], options) => gt.cosineDecayRestarts(rate, step, steps, options),
  piecewiseConstant: (_, step, [boundaries, values]) => gt.piecewiseConstant(step, boundaries, values),
};

const lossOf = (labels: gt.Tensor, y: gt.Tensor, weights: gt.Tensor | undefined, { loss, ...options }: Arguments) =>
  losses[loss]!(labels, y, { ...options, ...(weights && { weights }) });

const clipSlices: Call = ([values], { kind, norm, ids }) => {
  const slices = new gt.IndexedSlices(values!, gt.tensor(ids, { shape: [ids.length], dtype: "int32" }), [4, 2]);
  if (kind === "value") return gt.clipByValue(slices, -norm, norm).values;
  if (kind === "norm") return gt.clipByNorm(slices, norm).values;
  return (gt.clipByGlobalNorm([slices], norm).clipped[0] as gt.IndexedSlices).values;
};

export const calls: { readonly [op: string]: Call } = {
  neg: unary(gt.neg),
  abs: unary(gt.abs),
  sign: unary(gt.sign),
  square: unary(gt.square),
  sqrt: unary(gt.sqrt),
  exp: unary(gt.exp),
  log: unary(gt.log),
  log1p: unary(gt.log1p),
  tanh: unary(gt.tanh),
  sigmoid: unary(gt.sigmoid),
  sin: unary(gt.sin),
  cos: unary(gt.cos),
  floor: unary(gt.floor),
  softplus: unary(gt.softplus),
  relu: unary(gt.relu),
  add: binary(gt.add),
  sub: binary(gt.sub),
  mul: binary(gt.mul),
  div: binary(gt.div),
  pow: binary(gt.pow),
  maximum: binary(gt.maximum),
  minimum: binary(gt.minimum),
  squaredDifference: binary(gt.squaredDifference),
  equal: binary(gt.equal),
  notEqual: binary(gt.notEqual),
  less: binary(gt.less),
  lessEqual: binary(gt.lessEqual),
  greater: binary(gt.greater),
  greaterEqual: binary(gt.greaterEqual),
  logicalAnd: binary(gt.logicalAnd),
  logicalOr: binary(gt.logicalOr),
  where: ([condition, x, y]) => gt.where(condition!, x!, y!),
  whereOf: ([x], { f }) => gt.where(gt.greater(x!, 0), singular[f]!(x!), gt.zerosLike(x!)),
  cast: ([x], { to }) => gt.cast(x!, to),
  sum: fold(gt.sum),
  mean: fold(gt.mean),
  max: fold(gt.max),
  min: fold(gt.min),
  prod: fold(gt.prod),
  any: fold(gt.any),
  all: fold(gt.all),
  argMax: ([x], { axis }) => gt.argMax(x!, axis),
  argMin: ([x], { axis }) => gt.argMin(x!, axis),
  reshape: ([x], { shape }) => gt.reshape(x!, shape),
  transpose: ([x], { perm }) => gt.transpose(x!, perm),
  expandDims: ([x], { axis }) => gt.expandDims(x!, axis),
  squeeze: ([x], { axis }) => gt.squeeze(x!, { axis }),
  broadcastTo: ([x], { shape }) => gt.broadcastTo(x!, shape),
  slice: ([x], { begin, size }) => gt.slice(x!, begin, size),
  pad: ([x], { paddings }) => gt.pad(x!, paddings),
  concat: (xs, { axis }) => gt.concat(xs, axis),
  stack: (xs, { axis }) => gt.stack(xs, { axis }),
  unstack: ([x], { axis }) => gt.unstack(x!, { axis }),
  oneHot: ([ids], { depth, axis }) => gt.oneHot(ids!, depth, { axis }),
  unique: ([x]) => {
    const { values, positions } = gt.unique(x!);
    return [values, positions];
  },
  gather: ([x, ids], { axis, batchDims }) => gt.gather(x!, ids!, { axis, batchDims }),
  unsortedSegmentSum: ([x, ids], { count }) => gt.unsortedSegmentSum(x!, ids!, count),
  gatherThrough: ([x, ids], { f }) => gt.gather(through[f]!(x!), ids!),
  gatherTwice: ([x, y, ids, more]) => [gt.gather(gt.concat([x!, y!], 0), ids!), gt.gather(x!, more!)],
  matMul: ([x, y], options) => gt.matMul(x!, y!, options),
  softmax: ([x], { axis }) => gt.softmax(x!, { axis }),
  logSoftmax: ([x], { axis }) => gt.logSoftmax(x!, { axis }),
  softmaxCrossEntropyWithLogits: binary(gt.softmaxCrossEntropyWithLogits),
  sparseSoftmaxCrossEntropyWithLogits: binary(gt.sparseSoftmaxCrossEntropyWithLogits),
  addN: (xs) => gt.addN(xs),
  clipByValue: ([x], { low, high }) => gt.clipByValue(x!, low, high),
  clipByNorm: ([x], { norm }) => gt.clipByNorm(x!, norm),
  clipByGlobalNorm: (xs, { norm, gaps }) => {
    const { clipped, norm: total } = gt.clipByGlobalNorm(
      xs.map((x, i) => (gaps.includes(i) ? null : x)),
      norm,
    );
    return [...(clipped.filter((each) => each !== null) as gt.Tensor[]), gt.stopGradient(total)];
  },
  globalNorm: (xs) => gt.globalNorm(xs),
  clipSlices,
  loss: ([labels, y, weights], a) => lossOf(labels!, y!, weights, a),
  lossOfRows: ([labels, table, ids, weights], a) => lossOf(labels!, gt.gather(table!, ids!), weights, a),
  schedule: (_, { f, rate, step, args, options }) => {
    return schedules[f]!(rate, gt.tensor(step, { dtype: "int32" }), args, options) as gt.Tensor;
  },
};

export const optimizers: { readonly [name: string]: (args: Arguments, options: object) => gt.Optimizer } = {
  GradientDescentOptimizer: ([rate], options) => new gt.GradientDescentOptimizer(rate, options),
  MomentumOptimizer: ([rate, momentum], options) => new gt.MomentumOptimizer(rate, momentum, options),
  AdagradOptimizer: ([rate], options) => new gt.AdagradOptimizer(rate, options),
  AdadeltaOptimizer: ([rate], options) => new gt.AdadeltaOptimizer(rate, options),
  AdamOptimizer: ([rate], options) => new gt.AdamOptimizer(rate, options),
  RMSPropOptimizer: ([rate], options) => new gt.RMSPropOptimizer(rate, options),
  FtrlOptimizer: ([rate], options) => new gt.FtrlOptimizer(rate, options),
};
