import * as g from "@gradtape/graph";
import { type DType, type Tensor, tensor, ValueError } from "@gradtape/tensor";
import { describe, expect, test } from "vitest";
import * as optimizers from "./index.ts";

/* Every optimizer on every problem, in both dtypes and both modes: it must make progress, keep dtype and slots, and give the
 * same bits eagerly and in a session. A new optimizer is one row. */

interface Row {
  make: () => optimizers.Optimizer;
  slots: string[];
}

const family: Record<string, Row> = {
  gradientDescent: { make: () => new optimizers.GradientDescentOptimizer(0.01), slots: [] },
  momentum: { make: () => new optimizers.MomentumOptimizer(0.003, 0.8), slots: ["momentum"] },
  nesterov: { make: () => new optimizers.MomentumOptimizer(0.003, 0.8, { useNesterov: true }), slots: ["momentum"] },
  adagrad: { make: () => new optimizers.AdagradOptimizer(0.3), slots: ["accumulator"] },
  adam: { make: () => new optimizers.AdamOptimizer(0.05), slots: ["m", "v"] },
  adadelta: { make: () => new optimizers.AdadeltaOptimizer(2, { epsilon: 1e-3 }), slots: ["accum", "accum_update"] },
  ftrl: {
    make: () => new optimizers.FtrlOptimizer(0.3, { l1RegularizationStrength: 1e-4 }),
    slots: ["accum", "linear"],
  },
  ftrlPower: {
    make: () => new optimizers.FtrlOptimizer(0.1, { learningRatePower: -0.4, beta: 0.1 }),
    slots: ["accum", "linear"],
  },
  rmsprop: { make: () => new optimizers.RMSPropOptimizer(0.02), slots: ["momentum", "rms"] },
  centered: {
    make: () => new optimizers.RMSPropOptimizer(0.01, { centered: true, momentum: 0.5, epsilon: 1e-3 }),
    slots: ["mg", "momentum", "rms"],
  },
  keras: { make: () => new optimizers.RMSprop({ learningRate: 0.02 }), slots: ["velocity"] },
  kerasMoving: {
    make: () => new optimizers.RMSprop({ learningRate: 0.01, momentum: 0.5, centered: true, epsilon: 1e-3 }),
    slots: ["average_gradient", "momentum", "velocity"],
  },
  legacy: { make: () => new optimizers.LegacyRMSprop({ learningRate: 0.02, decay: 0.01 }), slots: ["rms"] },
};

interface Problem {
  start: number[][];
  loss: (v: g.Variable) => Tensor;
}

const problems: Record<string, Problem> = {
  parabola: { start: [[1, -2]], loss: (v) => g.sum(g.square(v)) },
  rosenbrock: {
    start: [[-0.5, 0.8]],
    loss(v) {
      const [x, y] = [g.slice(v, [0, 0], [1, 1]), g.slice(v, [0, 1], [1, 1])];
      return g.sum(g.add(g.square(g.sub(1, x)), g.mul(5, g.square(g.sub(y, g.square(x))))));
    },
  },
  embedding: {
    start: [
      [1, 2],
      [3, -1],
      [0.5, 0.5],
      [2, 2],
    ],
    loss: (v) => g.sum(g.square(g.gather(v, [1, 3, 1]))),
  },
};

const STEPS = 40;
const value = ({ start }: Problem, dtype: DType) => tensor(start, { dtype });

function runEagerly({ make }: Row, problem: Problem, dtype: DType) {
  const optimizer = make();
  const v = new g.Variable(value(problem, dtype), { name: "v" });
  const first = problem.loss(v).item() as number;
  for (let step = 0; step < STEPS; step++) optimizer.minimize(() => problem.loss(v), { varList: [v] });
  return { optimizer, v, first, last: problem.loss(v).item() as number };
}

function runInSession({ make }: Row, problem: Problem, dtype: DType) {
  const graph = new g.Graph();
  return graph.asDefault(() => {
    const v = new g.Variable(value(problem, dtype), { name: "v" });
    const optimizer = make();
    const train = optimizer.minimize(problem.loss(v), { varList: [v] });
    g.verify(graph);
    const session = new g.Session({ graph });
    session.run(g.globalVariablesInitializer());
    for (let step = 0; step < STEPS; step++) session.run(train);
    const slots = optimizer.getSlotNames().map((name) => session.run(optimizer.getSlot(v, name)!).data);
    return { data: session.run(v).data, slots };
  });
}

describe.each(Object.entries(family))("%s", (_, row) => {
  for (const [name, problem] of Object.entries(problems)) {
    test.each(["float32", "float64"] as const)(`${name} in %s`, (dtype) => {
      const { optimizer, v, first, last } = runEagerly(row, problem, dtype);
      expect(last).toBeLessThan(0.7 * first);
      expect(v.dtype).toBe(dtype);
      expect(optimizer.getSlotNames()).toEqual(row.slots);
      const slots = row.slots.map((slot) => optimizer.getSlot(v, slot)!);
      for (const slot of slots) expect([slot.dtype, slot.shape, slot.trainable]).toEqual([dtype, v.shape, false]);
      const session = runInSession(row, problem, dtype);
      expect(session.data).toEqual(v.data);
      expect(session.slots).toEqual(slots.map(({ data }) => data));
    });
  }
});

test("arguments are checked where TensorFlow checks them", () => {
  const bad: [() => unknown, RegExp][] = [
    [
      () => new optimizers.AdagradOptimizer(1, { initialAccumulatorValue: 0 }),
      /initialAccumulatorValue must be positive/,
    ],
    [() => new optimizers.FtrlOptimizer(1, { initialAccumulatorValue: -1 }), /initialAccumulatorValue/],
    [() => new optimizers.FtrlOptimizer(1, { learningRatePower: 0.1 }), /learningRatePower/],
    [() => new optimizers.FtrlOptimizer(1, { l1RegularizationStrength: -1 }), /l1RegularizationStrength/],
    [() => new optimizers.FtrlOptimizer(1, { l2RegularizationStrength: -1 }), /l2RegularizationStrength/],
    [() => new optimizers.FtrlOptimizer(1, { l2ShrinkageRegularizationStrength: -1 }), /l2Shrinkage/],
    [() => new optimizers.RMSprop({ momentum: 2 }), /momentum must lie in/],
    [() => new optimizers.AdamOptimizer(1, { name: "" }), /needs a name/],
  ];
  for (const [make, message] of bad) {
    expect(make).toThrow(ValueError);
    expect(make).toThrow(message);
  }
});

describe("names of two optimizers over the same variables, as TensorFlow counts them", () => {
  /** What each optimizer keeps, by the names that the first gives; those of the second go on counting. */
  const counted: Record<string, [slots: number, besides: string[], label: string]> = {
    gradientDescent: [0, [], "GradientDescent"],
    momentum: [1, [], "Momentum"],
    adagrad: [1, [], "Adagrad"],
    adam: [2, ["beta1_power", "beta2_power"], "Adam"],
    adadelta: [2, [], "Adadelta"],
    ftrl: [2, [], "Ftrl"],
    rmsprop: [2, [], "RMSProp"],
    centered: [3, [], "RMSProp"],
  };
  const numbered = (name: string, number: number) => (number === 0 ? `${name}:0` : `${name}_${number}:0`);

  test.each(Object.entries(counted))("%s", (key, [slots, besides, label]) => {
    new g.Graph().asDefault(() => {
      const w = new g.Variable([1], { name: "w" });
      const u = new g.Variable([1], { name: "u" });
      for (const which of [0, 1]) {
        const optimizer = family[key]!.make();
        const train = optimizer.minimize(g.sum(g.mul(w, u)))!;
        expect(train.name).toBe(which === 0 ? label : `${label}_1`);
        const ofVariable = (name: string) =>
          Array.from({ length: slots }, (_, i) => numbered(`${name}/${label}`, which * slots + i));
        expect(optimizer.variables().map(({ name }) => name)).toEqual([
          ...besides.map((name) => numbered(name, which)),
          ...ofVariable("u"),
          ...ofVariable("w"),
        ]);
      }
    });
  });
});

test("NaN under Ftrl: 0 by a dense gradient, NaN by a sparse one, as in TensorFlow", () => {
  const v = new g.Variable([1, 1]);
  const optimizer = new optimizers.FtrlOptimizer(0.3);
  optimizer.applyGradients([[[Number.NaN, 1], v]]);
  expect(v.array()).toEqual([0, expect.closeTo(0.4124499, 6)]);
  const w = new g.Variable([1, 1]);
  optimizer.applyGradients([[new g.IndexedSlices(tensor([Number.NaN, 1]), tensor([0, 1], { dtype: "int32" })), w]]);
  expect(w.array()).toEqual([Number.NaN, expect.closeTo(0.4124499, 6)]);
});

test("Ftrl names its slots as it is told", () => {
  const graph = new g.Graph();
  graph.asDefault(() => {
    const v = new g.Variable([1], { name: "v" });
    const optimizer = new optimizers.FtrlOptimizer(1, { accumName: "sums", linearName: "lines" });
    optimizer.minimize(g.sum(g.square(v)));
    expect(optimizer.variables().map(({ name }) => name)).toEqual(["v/lines:0", "v/sums:0"]);
  });
});

describe("a graph over variables of eager mode", () => {
  test.each(Object.entries(family))(
    "%s: goes on where eager mode was, and eager mode where the graph was",
    (_, { make }) => {
      const loss = (v: g.Variable) => g.sum(g.square(v));
      const trained = (inGraph: (v: g.Variable, optimizer: optimizers.Optimizer) => void) => {
        const [v, optimizer] = [new g.Variable([1, -2]), make()];
        optimizer.minimize(() => loss(v), { varList: [v] });
        inGraph(v, optimizer);
        optimizer.minimize(() => loss(v), { varList: [v] });
        return [v, ...optimizer.variables()].map((each) => each.data);
      };
      const eagerly = trained((v, optimizer) => {
        for (let step = 0; step < 4; step++) optimizer.minimize(() => loss(v), { varList: [v] });
      });
      const inGraph = trained((v, optimizer) => {
        const graph = new g.Graph();
        const train = graph.asDefault(() => optimizer.minimize(loss(v), { varList: [v] })!);
        const session = new g.Session({ graph });
        for (let step = 0; step < 4; step++) session.run(train);
      });
      expect(inGraph).toEqual(eagerly);
    },
  );
});

describe("from one RMSProp to the other", () => {
  const close = (a: ArrayLike<number>, b: ArrayLike<number>) =>
    Array.from(a).forEach((x, i) => {
      expect(Math.abs(x - b[i]!)).toBeLessThan(1e-5);
    });

  test.each([false, true])("centered %s: training goes on as it would have", (centered) => {
    const options = { momentum: 0.9, epsilon: 1e-3, centered };
    const tf = new optimizers.RMSPropOptimizer(0.01, { ...options, decay: 0.9 });
    const keras = new optimizers.RMSprop({ ...options, learningRate: 0.01, rho: 0.9 });
    const v = new g.Variable([1, -2, 3]);
    const globalStep = new g.Variable(0, { dtype: "int32", trainable: false });
    const loss = () => g.sum(g.square(v));
    for (let i = 0; i < 5; i++) tf.minimize(loss, { varList: [v], globalStep });
    const before = v.value();
    optimizers.convertRMSProp(tf, keras, [v], { globalStep });
    expect(keras.iterations.item()).toBe(5);
    for (let i = 0; i < 5; i++) keras.minimize(loss, { varList: [v] });
    const byKeras = v.data;
    v.assign(before);
    for (let i = 0; i < 5; i++) tf.minimize(loss, { varList: [v], globalStep });
    close(byKeras, v.data);

    optimizers.convertRMSProp(keras, tf, [v], { globalStep });
    expect(globalStep.item()).toBe(10);
    expect(tf.getSlot(v, "rms")!.data).toEqual(keras.getSlot(v, "velocity")!.data);
  });
});
