import * as g from "@gradtape/graph";
import { type DType, type Tensor, tensor } from "@gradtape/tensor";
import { describe, expect, test } from "vitest";
import * as optimizers from "./index.ts";

/* One train operation fed anew at each run, gradients and hyper-parameters: the bits of eager mode, where hyper-parameters
 * are functions that are called at each step. */

type Hyper = optimizers.Hyper;

/** Optimizers of a rate that changes; `of` makes another hyper-parameter change along with it. */
const family: Record<string, (rate: Hyper, of: (value: number) => Hyper) => optimizers.Optimizer> = {
  gradientDescent: (rate) => new optimizers.GradientDescentOptimizer(rate),
  nesterov: (rate, of) => new optimizers.MomentumOptimizer(rate, of(0.9), { useNesterov: true }),
  adagrad: (rate) => new optimizers.AdagradOptimizer(rate),
  // The powers of beta begin at beta, so betas that are fed would have to be fed to the initializer, too.
  adam: (rate, of) => new optimizers.AdamOptimizer(rate, { beta1: 0.8, epsilon: of(1e-4) }),
  adadelta: (rate, of) => new optimizers.AdadeltaOptimizer(rate, { rho: of(0.9), epsilon: 1e-4 }),
  ftrl: (rate, of) => new optimizers.FtrlOptimizer(rate, { l1RegularizationStrength: of(0.01), beta: 0.2 }),
  rmsprop: (rate, of) => new optimizers.RMSPropOptimizer(rate, { momentum: of(0.5), centered: true }),
  keras: (rate) => new optimizers.RMSprop({ learningRate: rate, momentum: 0.5, centered: true }),
  legacy: (rate) => new optimizers.LegacyRMSprop({ learningRate: rate, decay: 0.1 }),
};

const start = [
  [1, 2],
  [3, 4],
  [5, 6],
];
const factors = [1, 0.5, 0.75, 0.25];
const gradients = factors.map((_, i) => [
  [0.3 * i, -0.2],
  [0.7, 0.1 * i],
  [0.05, -i],
]);
const rows = [
  [2, 0, 2],
  [1, 1, 1],
  [0, 1, 2],
  [2, 2, 0],
];

const kinds = ["dense", "sparse", "sparse with known rows"] as const;
type Kind = (typeof kinds)[number];

const scaled = (value: number, step: number) => tensor(Math.fround(value * factors[step]!));

function runEagerly(make: (typeof family)[string], kind: Kind, dtype: DType) {
  const v = new g.Variable(tensor(start, { dtype }));
  let step = 0;
  const changing = (value: number) => () => scaled(value, step);
  const optimizer = make(changing(0.1), changing);
  return factors.map((_, i) => {
    step = i;
    const values = tensor(gradients[i]!, { dtype });
    const indices = tensor(kind === "sparse" ? rows[i]! : rows[0]!, { dtype: "int32" });
    optimizer.applyGradients([[kind === "dense" ? values : new g.IndexedSlices(values, indices), v]]);
    return v.data;
  });
}

function runFed(make: (typeof family)[string], kind: Kind, dtype: DType) {
  return new g.Graph().asDefault((graph) => {
    const v = new g.Variable(tensor(start, { dtype }));
    const hypers: [Tensor, number][] = [];
    const changing = (value: number) => {
      const fed = g.placeholder("float32", []);
      hypers.push([fed, value]);
      return fed;
    };
    const values = g.placeholder(dtype, kind === "dense" ? [3, 2] : [null, 2]);
    const indices = kind === "sparse" ? g.placeholder("int32", [null]) : g.constant(rows[0]!, { dtype: "int32" });
    const optimizer = make(changing(0.1), changing);
    const train = optimizer.applyGradients([[kind === "dense" ? values : new g.IndexedSlices(values, indices), v]]);
    g.verify(graph);
    const session = new g.Session({ graph });
    session.run(g.globalVariablesInitializer());
    return factors.map((_, i) => {
      session.run(train, [
        [values, tensor(gradients[i]!, { dtype })],
        ...(kind === "sparse" ? [[indices, rows[i]!] as const] : []),
        ...hypers.map(([fed, value]) => [fed, scaled(value, i)] as const),
      ]);
      return session.run(v).data;
    });
  });
}

describe.each(Object.entries(family))("%s", (_, make) => {
  describe.each(kinds)("%s", (kind) => {
    test.each(["float32", "float64"] as const)("%s", (dtype) => {
      const eager = runEagerly(make, kind, dtype);
      expect(eager[3]).not.toEqual(eager[2]);
      expect(runFed(make, kind, dtype)).toEqual(eager);
    });
  });
});
