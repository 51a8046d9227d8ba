import * as gt from "gradtape";
import * as node from "gradtape/node";
import * as summary from "../../summary/src/index.ts";
import { bytes, type Call, ids, loss, x } from "./odd-calls.ts";

/* How each class is made, and how its methods are called rightly. */

/** A class: how `new` makes one, what its methods are called on, and the right calls of these. */
export interface ClassCalls {
  readonly constructed?: Call;
  readonly made?: () => object;
  readonly methods?: Readonly<Record<string, Call>>;
}

function inNewGraph<T>(body: () => T): T {
  return new gt.Graph().asDefault(body);
}

const shared = ["useLocking", "name"];
const minimized: Record<string, Call> = {
  getName: [[]],
  getSlot: [[new gt.Variable(1), "momentum"]],
  getSlotNames: [[]],
  createSlots: [[[new gt.Variable(1)]]],
  counters: [[]],
  variables: [[]],
  minimize: [[loss], ["globalStep", "varList", "gateGradients", "aggregationMethod", "gradLoss", "name"]],
  computeGradients: [[loss], ["varList", "gateGradients", "aggregationMethod", "gradLoss"]],
  applyGradients: [[[[x, new gt.Variable(x)]]], ["globalStep", "name"]],
};

function optimizer(args: readonly unknown[], options: readonly string[]): ClassCalls {
  return { constructed: [args, [...options, ...shared]] };
}

const failing: ClassCalls = {}; // the classes of errors take what `Error` takes

export const classes: Readonly<Record<string, ClassCalls>> = {
  GradientTape: {
    constructed: [[], ["persistent", "watchAccessedVariables", "locations", "checkNumerics"]],
    made: () => new gt.GradientTape({ persistent: true }),
    methods: {
      record: [[loss]],
      start: [[]],
      stop: [[]],
      stopRecording: [[loss]],
      reset: [[]],
      watch: [[x]],
      watchedVariables: [[]],
      gradient: [
        [x, x],
        ["outputGradients", "unconnectedGradients"],
      ],
      explainGradient: [[x, x]],
      jacobian: [
        [x, x],
        ["unconnectedGradients", "parallelIterations", "experimentalUsePfor"],
      ],
      batchJacobian: [
        [x, x],
        ["unconnectedGradients", "parallelIterations", "experimentalUsePfor"],
      ],
    },
  },
  Checkpoint: {
    constructed: [[{ v: new gt.Variable(1, { name: "v" }) }], ["session"]],
    made: () => new gt.Checkpoint({ v: new gt.Variable(1, { name: "v" }) }),
    methods: {
      save: [[]],
      saveBlob: [[]],
      restore: [[bytes], ["partial"]],
      restoreBlob: [[new Blob([bytes])], ["partial"]],
    },
  },
  Graph: {
    constructed: [[]],
    made: () => new gt.Graph(),
    methods: {
      asDefault: [[loss]],
      getOperations: [[]],
      findOperation: [["a"]],
      getOperationByName: [["a"]],
      getTensorByName: [["a:0"]],
      uniqueName: [["a"]],
      uniqueAbsoluteName: [["a"]],
      nameScope: [["a", loss]],
      device: [["cpu", loss]],
      controlDependencies: [[[], loss]],
      colocateWith: [[inNewGraph(() => gt.noOp()), loss]],
      addToCollection: [["a", x]],
      getCollection: [["a", "b"]],
      getCollectionRef: [["a"]],
      getAllCollectionKeys: [[]],
    },
  },
  IndexedSlices: {
    constructed: [[x, ids, [2, 2]]],
    made: () => new gt.IndexedSlices(x, ids, [2, 2]),
    methods: { toTensor: [[]] },
  },
  Operation: { made: () => inNewGraph(() => gt.noOp()!), methods: { run: [[], ["feeds", "session"]] } },
  Session: {
    constructed: [[], ["graph", "checkNumerics"]],
    made: () => new gt.Session({ graph: new gt.Graph() }),
    methods: {
      run: [[x, {}], ["feeds"]],
      makeCallable: [[x, []]],
      load: [[new gt.Variable(1), 1]],
      asDefault: [[loss]],
      close: [[]],
    },
  },
  Variable: {
    constructed: [[1], ["name", "trainable", "dtype", "constraint", "collections"]],
    made: () => new gt.Variable([1, 2]),
    methods: {
      array: [[]],
      item: [[]],
      ndarray: [[]],
      initializedValue: [[]],
      assign: [[[1, 2]]],
      assignAdd: [[[1, 2]]],
      assignSub: [[[1, 2]]],
      scatterAdd: [[new gt.IndexedSlices([1], [0])]],
      scatterSub: [[new gt.IndexedSlices([1], [0])]],
      scatterUpdate: [[new gt.IndexedSlices([1], [0])]],
      load: [[[1, 2]], ["session"]],
      eval: [[], ["session"]],
      toTensor: [[]],
      value: [[]],
    },
  },
  VariableScope: {},
  AdadeltaOptimizer: optimizer([0.1], ["rho", "epsilon"]),
  AdagradOptimizer: optimizer([0.1], ["initialAccumulatorValue"]),
  AdamOptimizer: optimizer([0.1], ["beta1", "beta2", "epsilon"]),
  FtrlOptimizer: optimizer(
    [0.1],
    [
      "learningRatePower",
      "initialAccumulatorValue",
      "l1RegularizationStrength",
      "l2RegularizationStrength",
      "l2ShrinkageRegularizationStrength",
    ],
  ),
  GradientDescentOptimizer: optimizer([0.1], []),
  LegacyRMSprop: optimizer([], ["learningRate", "rho", "momentum", "epsilon", "centered"]),
  MomentumOptimizer: optimizer([0.1, 0.9], ["useNesterov"]),
  Optimizer: { constructed: [[]], made: () => new gt.AdamOptimizer(0.1), methods: minimized },
  RMSPropOptimizer: optimizer([0.1], ["decay", "momentum", "epsilon", "centered"]),
  RMSprop: {
    constructed: [[], ["learningRate", "rho", "momentum", "epsilon", "centered"]],
    made: () => new gt.RMSprop(),
    methods: minimized,
  },
  FailedPreconditionError: failing,
  InvalidArgumentError: failing,
  LookupError: failing,
  NotFoundError: failing,
  NotImplementedError: failing,
  RuntimeError: failing,
  ValueError: failing,
  Generator: {
    made: () => gt.generator(1),
    methods: {
      restore: [[{}]],
      uniform: [[[2]], ["low", "high", "dtype"]],
      normal: [[[2]], ["mean", "stddev", "dtype"]],
      truncatedNormal: [[[2]], ["mean", "stddev", "dtype"]],
      permutation: [[3]],
      split: [[]],
    },
  },
  Tensor: { made: () => x, methods: { array: [[]], item: [[]], ndarray: [[]] } },
  CheckpointManager: {
    constructed: [[new gt.Checkpoint({}), "folder"], ["maxToKeep"]],
    made: () => new node.CheckpointManager(new gt.Checkpoint({}), "folder"),
    methods: { save: [[1]], checkpoints: [[]], restoreLatest: [[], ["partial"]] },
  },
  SummaryWriter: {
    constructed: [[() => {}], ["now"]],
    made: () => new summary.SummaryWriter(() => {}),
    methods: { scalar: [["a", 1, 1]], histogram: [["a", x, 1]], graph: [[new gt.Graph()]], restart: [[1]] },
  },
};
