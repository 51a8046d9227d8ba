import * as gt from "gradtape";
import { describe, expect, test } from "vitest";
import { fetched, inGraph, namesAddedBy, sessionOn, waitsFor } from "./graph-support.ts";
import { expectError, rmsprop } from "./support.ts";

const { TRAIN_OP } = gt.GraphKeys;

/** One variable `w` of the graph being built. */
const one = () => new gt.Variable([1, 2], { name: "w" });

describe("§7.1 the steps of applyGradients in a graph", () => {
  test("§7.1.1 any iterable of pairs will do", () => {
    const { graph, w, trains } = inGraph(() => {
      const w = one();
      function* pairs(): Generator<[number[], gt.Variable]> {
        yield [[1, 1], w];
      }
      const descent = new gt.GradientDescentOptimizer(1);
      return { w, trains: [descent.applyGradients(pairs()), descent.applyGradients(new Map([[[1, 1], w]]))] };
    });
    const session = sessionOn(graph);
    for (const train of trains) session.run(train);
    expect(fetched(session, w)).toEqual([-1, 0]);
  });

  test("§7.1.1-3 malformed pairs: TypeError, ValueError for an empty list or a wrong arity", () => {
    inGraph(() => {
      const w = one();
      const apply = (pairs: unknown) => () => rmsprop().applyGradients(pairs as never);
      expectError(apply(null), TypeError);
      expectError(apply(3), TypeError);
      expectError(apply([]), gt.ValueError, /no variables/i);
      expectError(apply([3]), TypeError, /pair/);
      expectError(apply([[[1, 1], w, 3]]), gt.ValueError, "3 items");
      expectError(apply([["x", w]]), TypeError, /convertible/, /IndexedSlices/);
      expectError(apply([[{}, w]]), TypeError, /convertible/);
      expectError(apply([[[1, 1], 3]]), TypeError, /variable/);
      return {};
    });
  });

  test("§7.1.3 everything is converted before anything is built", () => {
    inGraph((graph) => {
      const [w, u] = [one(), one()];
      const optimizer = rmsprop();
      const added = namesAddedBy(graph, () => {
        expectError(
          () =>
            optimizer.applyGradients([
              [[1, 1], w],
              ["x" as never, u],
            ]),
          TypeError,
        );
      });
      expect(added).toEqual([]);
      expect(optimizer.getSlotNames()).toEqual([]);
      return {};
    });
  });

  test("§7.1.3 arrays, tensors and variables are gradients; a variable is read at each run", () => {
    const { graph, w, g, train } = inGraph(() => {
      const w = one();
      const g = new gt.Variable([1, 2], { name: "g", trainable: false });
      return { w, g, train: new gt.GradientDescentOptimizer(1).applyGradients([[g, w]])! };
    });
    const session = sessionOn(graph);
    session.run(train);
    session.run(graph.asDefault(() => g.assign([10, 20])) as gt.Tensor);
    session.run(train);
    expect(fetched(session, w)).toEqual([1 - 1 - 10, 2 - 2 - 20]);
  });

  test("§7.1.4 only nulls: a ValueError with the variables, nothing built", () => {
    inGraph((graph) => {
      const [w, u] = [one(), one()];
      const globalStep = gt.createGlobalStep();
      const added = namesAddedBy(graph, () => {
        const call = () =>
          rmsprop().applyGradients(
            [
              [null, w],
              [null, u],
            ],
            { globalStep },
          );
        expectError(call, gt.ValueError, /no gradients/i, "w:0", "w_1:0");
      });
      expect(added).toEqual([]);
      expect(graph.getCollection(TRAIN_OP)).toEqual([]);
      return {};
    });
  });

  test("§7.1.6 hyper-parameters are constants in the scope of the step, in their order", () => {
    inGraph((graph) => {
      const w = one();
      const added = namesAddedBy(graph, () => rmsprop().applyGradients([[[1, 1], w]]));
      expect(added.filter((name) => /^RMSProp\/[a-z_]+$/.test(name) && !name.includes("value"))).toEqual([
        "RMSProp/learning_rate",
        "RMSProp/decay",
        "RMSProp/momentum",
        "RMSProp/epsilon",
      ]);
      return {};
    });
  });

  test("§7.1.7 updates in list order; a tensor as target is a NotImplementedError before any", () => {
    inGraph((graph) => {
      const [w, u] = [one(), new gt.Variable([1], { name: "u" })];
      const added = namesAddedBy(graph, () =>
        rmsprop().applyGradients([
          [[1], u],
          [null, w],
          [[1, 1], w],
        ]),
      );
      expect(added.filter((name) => name.includes("/Apply"))).toEqual([
        "RMSProp/update_u/ApplyRMSProp",
        "RMSProp/update_w/ApplyRMSProp",
      ]);
      const call = () => rmsprop().applyGradients([[[1, 1], gt.mul(w, 2) as never]]);
      expectError(call, gt.NotImplementedError, /trying to update/i);
      return {};
    });
  });

  test("§7.1 null pairs: variable and existing slots stay as they were", () => {
    const optimizer = rmsprop({ momentum: 0.9 });
    const { graph, w, u, both, half } = inGraph(() => {
      const [w, u] = [one(), new gt.Variable([1, 1], { name: "u" })];
      const step = (g: number[] | null) =>
        optimizer.applyGradients([
          [[1, 1], w],
          [g, u],
        ])!;
      return { w, u, both: step([1, 1]), half: step(null) };
    });
    const session = sessionOn(graph);
    session.run(both);
    const states = () => [u, optimizer.getSlot(u, "rms")!, optimizer.getSlot(u, "momentum")!];
    const before = states().map((state) => fetched(session, state));
    const w0 = fetched(session, w);
    session.run(half);
    expect(states().map((state) => fetched(session, state))).toEqual(before);
    expect(fetched(session, w)).not.toEqual(w0);
  });

  test("§7.1 the same variable twice: both updates happen, here in list order", () => {
    const { graph, w, train } = inGraph(() => {
      const w = one();
      return {
        w,
        train: rmsprop().applyGradients([
          [[1, 1], w],
          [[3, 3], w],
        ])!,
      };
    });
    const eager = new gt.Variable([1, 2]);
    rmsprop().applyGradients([
      [[1, 1], eager],
      [[3, 3], eager],
    ]);
    const session = sessionOn(graph);
    session.run(train);
    expect(fetched(session, w)).toEqual(Array.from(eager.data));
  });
});

describe("§7.2 the global step in a graph", () => {
  test.each(["int32", "float32", "float64"] as const)(
    "§7.2 %s: 1 is added in its dtype, after all updates",
    (dtype) => {
      const { graph, step, train } = inGraph(() => {
        const w = one();
        const step = new gt.Variable(5, { dtype, trainable: false, name: "step" });
        return { step, train: rmsprop().applyGradients([[[1, 1], w]], { globalStep: step })! };
      });
      expect(waitsFor(train)).toContain("RMSProp/update");
      const session = sessionOn(graph);
      session.run(train);
      session.run(train);
      expect(fetched(session, step)).toEqual([7]);
      expect(session.run(step).dtype).toBe(dtype);
    },
  );

  test("§7.2 an update that reads the step sees it before it is counted", () => {
    const { graph, w, train } = inGraph(() => {
      const w = new gt.Variable(0, { name: "w" });
      const step = gt.createGlobalStep();
      const rate = gt.add(gt.cast(step, "float32"), 1);
      return { w, train: new gt.GradientDescentOptimizer(rate).applyGradients([[1, w]], { globalStep: step })! };
    });
    const session = sessionOn(graph);
    for (let i = 0; i < 3; i++) session.run(train);
    expect(fetched(session, w)).toEqual([-(1 + 2 + 3)]);
  });

  test("§7.2 a failed run counts nothing", () => {
    const { graph, w, g, step, train } = inGraph(() => {
      const w = one();
      const g = gt.placeholder("float32", [null]);
      const step = gt.createGlobalStep();
      return { w, g, step, train: rmsprop().applyGradients([[g, w]], { globalStep: step })! };
    });
    const session = sessionOn(graph);
    expectError(() => session.run(train, [[g, [1, 2, 3]]]), gt.InvalidArgumentError, "[2]", "[3]");
    expect([fetched(session, step), fetched(session, w)]).toEqual([[0], [1, 2]]);
    session.run(train, [[g, [1, 2]]]);
    expect(fetched(session, step)).toEqual([1]);
  });

  const noVariables: [string, () => unknown][] = [
    ["a number", () => 3],
    ["a tensor", () => gt.constant(3)],
  ];

  test.each(noVariables)("§7.2 Do: %s is a TypeError", (_, make) => {
    inGraph((graph) => {
      const w = one();
      const globalStep = make() as never;
      const added = namesAddedBy(graph, () => {
        expectError(() => rmsprop().applyGradients([[[1, 1], w]], { globalStep }), TypeError, /globalStep/);
      });
      expect(added).toEqual([]);
      return {};
    });
  });

  test("§7.2 the default step: scalar 0, not trainable, called global_step; a second is a ValueError", () => {
    const { graph, step } = inGraph(() => {
      expect(gt.getGlobalStep()).toBeNull();
      const step = gt.getOrCreateGlobalStep();
      expect(gt.getOrCreateGlobalStep()).toBe(step);
      expect(gt.getGlobalStep()).toBe(step);
      expectError(() => gt.createGlobalStep(), gt.ValueError, "global_step");
      expect(gt.getCollection(gt.GraphKeys.GLOBAL_STEP)).toEqual([step]);
      return { step };
    });
    expect([step.opName, step.shape, step.trainable]).toEqual(["global_step", [], false]);
    expect(fetched(sessionOn(graph), step)).toEqual([0]);
  });
});
