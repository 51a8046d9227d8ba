import * as checkpointing from "@gradtape/checkpoint";
import * as exporting from "@gradtape/export";
import * as gt from "gradtape";
import * as node from "gradtape/node";
import * as summary from "../../summary/src/index.ts";

/* How each export is called rightly: what the odd arguments take the places of. */

export const modules: Readonly<Record<string, object>> = {
  gradtape: gt,
  "gradtape/node": node,
  "@gradtape/export": exporting,
  "@gradtape/summary": summary,
  "@gradtape/checkpoint": checkpointing,
};

/** A right call: a value for each position, and the names of the options. */
export type Call = readonly [args: readonly unknown[], options?: readonly string[]];

export const x = gt.tensor([
  [1, 2],
  [3, 4],
]);
const wide = gt.tensor([[1, 2, 3]], { dtype: "float64" });
const flags = gt.tensor([true, false]);
export const ids = gt.tensor([0, 1], { dtype: "int32" });
const twice = (a: gt.Tensor) => gt.mul(a, 2);
export const loss = () => gt.tensor(1);
export const bytes = new Uint8Array([1, 2, 3]);
const step = gt.tensor(1, { dtype: "int32" });
const named = ["name"];
const along = ["axis", "keepDims", "name"];
const unary: Call = [[x], named];
const binary: Call = [[x, x], named];
const reduction: Call = [[x, 0], along];
const initializer: Call = [[[2, 2]], ["seed", "dtype"]];
const arrays = ["dtype"];
const handed = handover();

function handover(): exporting.Handover {
  return new gt.Graph().asDefault((graph) => {
    const fed = gt.placeholder("float32", [2], { name: "fed" });
    return { graph, inputs: [fed], outputs: [gt.mul(fed, 2)] } as exporting.Handover;
  });
}

export const functions: Readonly<Record<string, Call>> = {
  checkGradients: [
    [twice, [wide]],
    ["order", "step", "tolerance", "seed"],
  ],
  customGradient: [[(a: gt.Tensor) => ({ value: a, gradient: (dy: gt.Tensor) => dy })]],
  explainGradient: [[x, x], ["stopGradients"]],
  grad: [[twice], ["unconnectedGradients", "argnums", "hasAux"]],
  gradients: [
    [x, [x]],
    ["gradYs", "stopGradients", "unconnectedGradients", "aggregationMethod", "gateGradients", "name"],
  ],
  hvp: [[twice]],
  jacobian: [[twice], ["unconnectedGradients"]],
  valueAndGrad: [[twice], ["unconnectedGradients", "argnums"]],
  abs: unary,
  add: binary,
  addCheckNumericsOps: [[]],
  addN: [[[x, x]], named],
  addToCollection: [["a", x]],
  all: [[flags, 0], along],
  any: [[flags, 0], along],
  argMax: [
    [x, 0],
    ["axis", "name"],
  ],
  argMin: [
    [x, 0],
    ["axis", "name"],
  ],
  broadcastTo: [[x, [2, 2, 2]], named],
  cast: [[x, "int32"], named],
  checkNumerics: [[x, "here"], named],
  checkNumericsIn: [[loss]],
  clipByGlobalNorm: [
    [[x, x], 1],
    ["useNorm", "name"],
  ],
  clipByNorm: [
    [x, 1],
    ["axes", "axis", "name"],
  ],
  clipByValue: [[x, 0, 1], named],
  compile: [[twice], ["name", "checkNumerics"]],
  concat: [[[x, x], 0], named],
  constant: [[[1, 2]], ["shape", "dtype", "name"]],
  controlDependencies: [[[], loss]],
  cos: unary,
  createGlobalStep: [[]],
  device: [["cpu", loss]],
  div: binary,
  embed: [
    [x, [2, 2], [0, 0]],
    ["name", "begin", "steps"],
  ],
  equal: binary,
  executingEagerly: [[]],
  exp: unary,
  expandDims: [[x, 0], named],
  floor: unary,
  fromGraphDef: [[gt.toGraphDef(new gt.Graph())]],
  gather: [
    [x, ids, 0],
    ["axis", "name"],
  ],
  getCollection: [["a", "b"], ["scope"]],
  getDefaultGraph: [[]],
  getGlobalStep: [[]],
  getOrCreateGlobalStep: [[]],
  getVariable: [["v"], ["shape", "initializer", "trainable", "dtype", "constraint", "collections"]],
  getVariableScope: [[]],
  globalNorm: [[[x, x]], named],
  globalVariables: [[null], ["scope"]],
  globalVariablesInitializer: [[]],
  greater: binary,
  greaterEqual: binary,
  group: [[null, null], named],
  identity: unary,
  isVariableInitialized: [[new gt.Variable(1)]],
  less: binary,
  lessEqual: binary,
  log: unary,
  log1p: unary,
  logicalAnd: [[flags, flags], named],
  logicalNot: [[flags], named],
  logicalOr: [[flags, flags], named],
  logSoftmax: [
    [x, 0],
    ["axis", "name"],
  ],
  matMul: [
    [x, x],
    ["transposeA", "transposeB", "name"],
  ],
  max: reduction,
  maximum: binary,
  mean: reduction,
  min: reduction,
  minimum: binary,
  mul: binary,
  nameScope: [["a", loss]],
  neg: unary,
  nonZero: unary,
  noOp: [[], named],
  notEqual: binary,
  observe: [[{ onRead: () => {}, onRecord: () => {} }, loss]],
  oneHot: [
    [ids, 3],
    ["onValue", "offValue", "axis", "dtype", "name"],
  ],
  onesLike: [[x], ["dtype", "name"]],
  pad: [
    [
      x,
      [
        [1, 1],
        [0, 0],
      ],
    ],
    ["constantValue", "mode", "name"],
  ],
  placeholder: [["float32", [2]], named],
  pow: binary,
  preventGradient: [[x], ["message", "name"]],
  prod: reduction,
  relu: unary,
  reshape: [[x, [4]], named],
  scalarMul: [[2, x], named],
  sigmoid: unary,
  sigmoidCrossEntropyWithLogits: binary,
  sign: unary,
  sin: unary,
  slice: [
    [x, [0, 0], [1, 1]],
    ["steps", "name"],
  ],
  softmax: [
    [x, 0],
    ["axis", "name"],
  ],
  softmaxCrossEntropyWithLogits: binary,
  softplus: unary,
  sparseSoftmaxCrossEntropyWithLogits: [[ids, x], named],
  sqrt: unary,
  square: unary,
  squaredDifference: binary,
  squeeze: [
    [wide, 0],
    ["axis", "name"],
  ],
  stack: [
    [[x, x], 0],
    ["axis", "name"],
  ],
  stopGradient: unary,
  sub: binary,
  sum: reduction,
  tanh: unary,
  toGraphDef: [[handed]],
  trainableVariables: [[null], ["scope"]],
  transpose: [
    [x, [1, 0]],
    ["perm", "name"],
  ],
  tuple: [[[x, x]], ["name", "controlInputs"]],
  unique: [[ids], named],
  unsortedSegmentSum: [[x, ids, 2], named],
  unstack: [
    [x, 0],
    ["axis", "name"],
  ],
  updateFormulas: [[{}]],
  variableScope: [
    ["a", loss],
    ["reuse", "initializer"],
  ],
  variablesInitializer: [[[]], named],
  verify: [[new gt.Graph()]],
  where: [[flags, [1, 2], [3, 4]], named],
  zerosLike: [[x], ["dtype", "name"]],
  constantRate: [[0.1]],
  convertRMSProp: [[new gt.RMSprop(), new gt.RMSPropOptimizer(0.1), []], ["globalStep"]],
  cosineDecay: [
    [0.1, step, 10],
    ["alpha", "name"],
  ],
  cosineDecayRestarts: [
    [0.1, step, 10],
    ["tMul", "mMul", "alpha", "name"],
  ],
  exponentialDecay: [
    [0.1, step, 10, 0.9],
    ["staircase", "name"],
  ],
  inverseTimeDecay: [
    [0.1, step, 10, 0.9],
    ["staircase", "name"],
  ],
  piecewiseConstant: [[step, [1, 2], [1, 2, 3]], named],
  polynomialDecay: [
    [0.1, step, 10],
    ["endLearningRate", "power", "cycle", "name"],
  ],
  backendInfo: [[]],
  dataset: [[x], ["batch", "shuffle", "seed", "repeat", "prefetch", "dropRemainder"]],
  eye: [[2], ["columns", "dtype"]],
  fill: [[[2], 1], arrays],
  generator: [[1]],
  glorotNormal: initializer,
  glorotUniform: initializer,
  heNormal: initializer,
  heUniform: initializer,
  linspace: [[0, 1, 3], arrays],
  loadNpy: [[bytes]],
  loadNpz: [[bytes], ["names", "onSkip"]],
  loadSafetensors: [[bytes], ["names", "onSkip"]],
  memoryLimit: [[]],
  ones: [[[2]], arrays],
  randomNormal: [[[2]], ["seed", "mean", "stddev", "dtype"]],
  randomPermutation: [[3], ["seed"]],
  randomUniform: [[[2]], ["seed", "low", "high", "dtype"]],
  range: [
    [0, 3, 1],
    ["limit", "delta", "dtype"],
  ],
  saveNpy: [[x]],
  saveNpz: [[{ x }], ["compressed"]],
  saveSafetensors: [[{ x }, {}]],
  setMemoryLimit: [[null]],
  setThreads: [[1]],
  strictNumerics: [[false]],
  tensor: [[[1, 2]], ["shape", "dtype"]],
  truncatedNormal: [[[2]], ["seed", "mean", "stddev", "dtype"]],
  zeros: [[[2]], arrays],
  replaceFile: [["file", bytes]],
  exportTo: [["text", { inputs: {}, outputs: {} }, {}]],
  writeOnnx: [[handed], ["weights"]],
  writeStableHlo: [[handed]],
  importGraphDef: [[exporting.writeGraphDef(handed)], ["outputs", "inputs", "prefix"]],
  writeGraphDef: [[handed], ["kind"]],
  writeGraphDefText: [[handed], ["kind"]],
  weightsOf: [[handed, new gt.Session({ graph: new gt.Graph() })]],
  decodeRun: [[bytes]],
  ...Object.fromEntries(
    Object.entries(gt.losses)
      .filter(([, each]) => typeof each === "function")
      .map(([name]) => [name, lossCall(name)]),
  ),
};

function lossCall(name: string): Call {
  const options = ["weights", "scope", "lossCollection", "reduction", "labelSmoothing", "delta"];
  return name === "computeWeightedLoss" ? [[x], options] : [[name.startsWith("sparse") ? ids : x, x], options];
}

/** Functions that other functions return: the name in their errors, and right arguments. */
export const returned: Readonly<Record<string, readonly [make: () => unknown, call: Call]>> = {
  grad: [() => gt.grad(twice), [[x]]],
  valueAndGrad: [() => gt.valueAndGrad(twice), [[x]]],
  jacobian: [() => gt.jacobian(twice), [[x]]],
  hvp: [() => gt.hvp(twice), [[x, x]]],
  twice: [() => gt.compile(twice), [[x]]],
};
