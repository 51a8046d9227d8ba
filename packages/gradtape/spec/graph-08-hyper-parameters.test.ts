import * as gt from "gradtape";
import { describe, expect, test } from "vitest";
import { fetched, inGraph, namesAddedBy, sessionOn } from "./graph-support.ts";
import { expectError, rmsprop } from "./support.ts";

/** How far one step of plain descent moves a variable under gradient 1, run after run. */
function moves(rate: () => gt.Hyper, between: (session: gt.Session, run: number) => gt.Feeds = () => []) {
  const { graph, w, train } = inGraph(() => {
    const w = new gt.Variable(0, { name: "w" });
    return { w, train: new gt.GradientDescentOptimizer(rate()).applyGradients([[1, w]])! };
  });
  const session = sessionOn(graph);
  return [0, 1, 2].map((run) => {
    const before = fetched(session, w)[0]!;
    session.run(train, between(session, run));
    return before - fetched(session, w)[0]!;
  });
}

describe("§8.1 when hyper-parameters are read in a graph", () => {
  test("§8.1 callables: once for each applyGradients, in the order rate, decay, momentum, epsilon, with no arguments", () => {
    const calls: string[] = [];
    const spy =
      (name: string, value: number) =>
      (...args: unknown[]) => {
        calls.push(`${name}(${args.length})`);
        return value;
      };
    const optimizer = new gt.RMSPropOptimizer(spy("rate", 0.1), {
      epsilon: spy("epsilon", 1e-10),
      momentum: spy("momentum", 0),
      decay: spy("decay", 0.9),
    });
    const { graph, trains } = inGraph(() => {
      const [w, u] = [new gt.Variable(1), new gt.Variable(2)];
      expect(calls).toEqual([]);
      const apply = () =>
        optimizer.applyGradients([
          [1, w],
          [1, u],
        ])!;
      return { trains: [apply(), apply()] };
    });
    const each = ["rate(0)", "decay(0)", "momentum(0)", "epsilon(0)"];
    expect(calls).toEqual([...each, ...each]);
    const session = sessionOn(graph);
    for (const train of trains) session.run(train);
    expect(calls).toHaveLength(8);
  });

  test("§8.1 a callable is called while building: later runs use that number", () => {
    let rate = 0;
    expect(moves(() => () => ++rate)).toEqual([1, 1, 1]);
    expect(rate).toBe(1);
  });

  test("§8.1 a callable may give a tensor, which is computed at each run", () => {
    let counter: gt.Variable;
    const rate = () => {
      counter = new gt.Variable(1, { name: "counter" });
      return () => gt.mul(counter, 2);
    };
    const counted = moves(rate, (session) => {
      session.run(assignAdd(counter, 1));
      return [];
    });
    expect(counted).toEqual([4, 6, 8]);
  });

  test("§8.1 a variable is read at every run", () => {
    let rate: gt.Variable;
    const make = () => {
      rate = new gt.Variable(1, { name: "rate", trainable: false });
      return rate;
    };
    const grown = moves(make, (session) => {
      session.run(assignAdd(rate, 1));
      return [];
    });
    expect(grown).toEqual([2, 3, 4]);
  });

  test("§8.1 a placeholder is fed at every run; left out, the run names it", () => {
    let rate: gt.Tensor;
    const make = () => {
      rate = gt.placeholder("float32", [], { name: "rate" });
      return rate;
    };
    expect(moves(make, (_, run) => [[rate, run + 1]])).toEqual([1, 2, 3]);
    expectError(() => moves(make), gt.InvalidArgumentError, "rate:0");
  });

  test("§8.1 a plain number stays; another one set on the optimizer counts for later calls", () => {
    const optimizer = new gt.GradientDescentOptimizer(1);
    const { graph, w, first, second } = inGraph(() => {
      const w = new gt.Variable(0);
      const first = optimizer.applyGradients([[1, w]])!;
      optimizer.learningRate = 10;
      return { w, first, second: optimizer.applyGradients([[1, w]])! };
    });
    const session = sessionOn(graph);
    session.run(first);
    expect(fetched(session, w)).toEqual([-1]);
    session.run(second);
    session.run(first);
    expect(fetched(session, w)).toEqual([-12]);
  });

  test("§8.1 null, and a callable that returns it, are a ValueError; a string is an error", () => {
    inGraph(() => {
      const w = new gt.Variable(0);
      const apply = (rate: unknown) => () => new gt.GradientDescentOptimizer(rate as never).applyGradients([[1, w]]);
      expectError(apply(null), gt.ValueError, "null");
      expectError(
        apply(() => null),
        gt.ValueError,
        "null",
      );
      expect(apply("fast")).toThrow(TypeError);
      return {};
    });
  });

  test("§8.1 booleans and integers are cast: true is 1", () => {
    expect(moves(() => true as never)).toEqual([1, 1, 1]);
    expect(moves(() => gt.tensor(2, { dtype: "int32" }))).toEqual([2, 2, 2]);
  });

  test("§8.1 a schedule of the global step is a tensor like any other", () => {
    const { graph, w, train } = inGraph(() => {
      const w = new gt.Variable(0);
      const globalStep = gt.createGlobalStep();
      const rate = gt.add(gt.cast(globalStep, "float32"), 1);
      return { w, train: new gt.GradientDescentOptimizer(rate).applyGradients([[1, w]], { globalStep })! };
    });
    const session = sessionOn(graph);
    for (let i = 0; i < 4; i++) session.run(train);
    expect(fetched(session, w)).toEqual([-(1 + 2 + 3 + 4)]);
  });
});

describe("§8.2 precision in a graph", () => {
  const moved = (rate: () => gt.Hyper) => {
    const { graph, w, train } = inGraph(() => {
      const w = new gt.Variable(gt.tensor(0, { dtype: "float64" }));
      return {
        w,
        train: new gt.GradientDescentOptimizer(rate()).applyGradients([[gt.ones([], { dtype: "float64" }), w]])!,
      };
    });
    const session = sessionOn(graph);
    session.run(train);
    return -fetched(session, w)[0]!;
  };

  test("§8.2 a plain number goes through float32, also for a float64 variable", () => {
    expect(moved(() => 0.1)).toBe(0.10000000149011612);
    expect(moved(() => () => 0.1)).toBe(0.10000000149011612);
  });

  test("§8.2 a float64 tensor, variable or placeholder keeps its digits", () => {
    expect(moved(() => gt.tensor(0.1, { dtype: "float64" }))).toBe(0.1);
    expect(moved(() => new gt.Variable(gt.tensor(0.1, { dtype: "float64" })))).toBe(0.1);
  });

  test("§8.2 slots are filled in the dtype of the variable: an accumulator of 0.1 is exact in float64", () => {
    const optimizer = new gt.AdagradOptimizer(0.1);
    const { graph, w } = inGraph(() => {
      const w = new gt.Variable(gt.ones([2], { dtype: "float64" }));
      optimizer.applyGradients([[gt.ones([2], { dtype: "float64" }), w]]);
      return { w };
    });
    expect(fetched(sessionOn(graph), optimizer.getSlot(w, "accumulator")!)).toEqual([0.1, 0.1]);
  });

  test("§8.2 the cast stands in the scope of the update, the constant in that of the step", () => {
    inGraph((graph) => {
      const w = new gt.Variable(gt.ones([2], { dtype: "float64" }), { name: "w" });
      const gradient = gt.ones([2], { dtype: "float64" });
      const added = namesAddedBy(graph, () => rmsprop().applyGradients([[gradient, w]]));
      expect(added).toContain("RMSProp/learning_rate");
      expect(added.some((name) => name.startsWith("RMSProp/update_w/cast"))).toBe(true);
      return {};
    });
  });
});

/** The operation that adds to a variable of a graph. */
function assignAdd(variable: gt.Variable, delta: number): gt.Tensor {
  return variable.graph!.asDefault(() => variable.assignAdd(delta)) as gt.Tensor;
}
