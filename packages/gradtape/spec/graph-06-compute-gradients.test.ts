import * as gt from "gradtape";
import { describe, expect, test } from "vitest";
import { fetched, inGraph, nameOf, namesAddedBy, sessionOn } from "./graph-support.ts";
import { expectError, rmsprop } from "./support.ts";

const optimizer = rmsprop();

/** The graph of a loss `sum(w u)`. */
function product() {
  return inGraph(() => {
    const w = new gt.Variable([1, 2], { name: "w" });
    const u = new gt.Variable([3, 4], { name: "u" });
    return { w, u, loss: gt.sum(gt.mul(w, u, { name: "prod" })) };
  });
}

/** What `computeGradients` gives within the graph of `product`. */
function gradientsOf({ graph, loss }: ReturnType<typeof product>, options: gt.ComputeGradientsOptions = {}) {
  return graph.asDefault(() => optimizer.computeGradients(loss, options));
}

describe("§6.1 which path", () => {
  test("§6.1 a callable loss is recorded by a tape also while a graph is built", () => {
    const { graph, w, pairs } = inGraph(() => {
      const w = new gt.Variable([1, 2], { name: "w" });
      return { w, pairs: optimizer.computeGradients(() => gt.sum(gt.mul(w, w)), { varList: [w] }) };
    });
    expect(pairs[0]![1]).toBe(w);
    expect(fetched(sessionOn(graph), pairs[0]![0] as gt.Tensor)).toEqual([2, 4]);
  });

  test("§6.2 on the tape path gate, aggregation and colocation are not looked at, in a graph either", () => {
    inGraph(() => {
      const w = new gt.Variable([1, 2], { name: "w" });
      const options = {
        varList: [w],
        gateGradients: 17,
        aggregationMethod: 17 as never,
        colocateGradientsWithOps: true,
      };
      const [[gradient]] = optimizer.computeGradients(() => gt.sum(gt.mul(w, w)), options) as [gt.GradientPair];
      expect(gradient).not.toBeNull();
      return {};
    });
  });

  test("§6.1 a tensor loss takes the graph path; a variable is one too", () => {
    const { graph, w, pairs } = inGraph(() => {
      const w = new gt.Variable([1, 2], { name: "w" });
      return { w, pairs: optimizer.computeGradients(w, { varList: [w] }) };
    });
    expect(pairs[0]![1]).toBe(w);
    expect(fetched(sessionOn(graph), pairs[0]![0] as gt.Tensor)).toEqual([1, 1]);
  });
});

describe("§6.3 the graph path, in the order of its checks", () => {
  const bad = { gateGradients: 3, gradLoss: gt.tensor([1], { dtype: "int32" }), varList: [] };

  test.each([3, -1, 0.5, "1", null, Number.NaN])(
    "§6.3.1 gateGradients %o is a ValueError with the constants",
    (gate) => {
      const built = product();
      const call = () => gradientsOf(built, { ...bad, gateGradients: gate as number });
      expectError(call, gt.ValueError, "GATE_NONE", "GATE_OP", "GATE_GRAPH", String(gate));
    },
  );

  test("§6.3.1 it comes before anything about the loss", () => {
    inGraph(() => {
      expectError(() => optimizer.computeGradients(3 as never, bad), gt.ValueError, "GATE_NONE");
      return {};
    });
  });

  test("§6.3.1 compared by equality: true and 1.0 pass for GATE_OP", () => {
    const built = product();
    const names = (gate: unknown) => nameOf(gradientsOf(built, { gateGradients: gate as number })[0]![0]);
    expect(names(true)).toMatch(/tuple\/control_dependency/);
    expect(names(1.0)).toMatch(/tuple\/control_dependency/);
    expect(names(false)).not.toMatch(/control_dependency/);
  });

  test("§6.3.2 a loss of integers is a ValueError with type and name, before gradLoss and varList", () => {
    inGraph(() => {
      const loss = gt.constant([1], { dtype: "int32", name: "whole" });
      const call = () => optimizer.computeGradients(loss, { ...bad, gateGradients: 1 });
      expectError(call, gt.ValueError, "int32", "whole:0", "float32", "float64", /loss/);
      return {};
    });
  });

  test.each([3, "x", [1], null, undefined, {}])("§6.3.3 Do: a loss that is %o is a TypeError", (loss) => {
    inGraph(() => {
      expectError(() => optimizer.computeGradients(loss as never), TypeError, "loss");
      return {};
    });
  });

  test("§6.3.3 the same check for gradLoss, before varList", () => {
    const built = product();
    const call = () => gradientsOf(built, { ...bad, gateGradients: 1 });
    expectError(call, gt.ValueError, "int32", "gradLoss");
  });

  test.each([1, "x", [1], {}])("§6.3.3 Do: a gradLoss that is %o is a TypeError", (gradLoss) => {
    expectError(() => gradientsOf(product(), { varList: [], gradLoss: gradLoss as never }), TypeError, "gradLoss");
  });

  test("§6.3.4 no varList: the trainable variables of the graph in the order of creation", () => {
    const { pairs, all } = inGraph(() => {
      const b = new gt.Variable(1, { name: "b" });
      new gt.Variable(1, { name: "frozen", trainable: false });
      const a = new gt.Variable(1, { name: "a" });
      const apart = new gt.Variable(1, { name: "apart" });
      return { all: [b, a, apart], pairs: optimizer.computeGradients(gt.add(gt.mul(a, 2), b)) };
    });
    expect(pairs.map(([, variable]) => variable)).toEqual(all);
    expect(pairs.map(([gradient]) => gradient === null)).toEqual([false, false, true]);
  });

  test("§6.3.4 varList is flattened: nested lists, one variable, an object in the order of its sorted keys", () => {
    const built = product();
    const { w, u } = built;
    const variables = (varList: gt.ComputeGradientsOptions["varList"]) =>
      gradientsOf(built, { varList }).map(([, variable]) => variable);
    expect(variables([[u], [[w]]])).toEqual([u, w]);
    expect(variables(w)).toEqual([w]);
    expect(variables({ b: w, a: [u, u] })).toEqual([u, u, w]);
  });

  test.each([[3], ["w"], [null], [{ x: 1 }], [[[() => 1]]]])(
    "§6.3.5 Do: %o in varList is a TypeError, also beside a variable",
    (entry) => {
      const built = product();
      expectError(() => gradientsOf(built, { varList: [built.w, entry] as never }), TypeError, "varList");
    },
  );

  test("§6.3.6 an empty list is a ValueError, and so is a graph without trainable variables", () => {
    expectError(() => gradientsOf(product(), { varList: [] }), gt.ValueError, /no variables to optimize/i);
    expectError(
      () => gradientsOf(product(), { varList: [[], {}] as never }),
      gt.ValueError,
      /no variables to optimize/i,
    );
    inGraph(() => {
      const loss = gt.constant(1);
      expectError(() => optimizer.computeGradients(loss), gt.ValueError, /no variables to optimize/i);
      return {};
    });
  });

  test("§6.3.8 GATE_GRAPH with nothing but nulls is the ValueError of tuple; the others return them", () => {
    const built = inGraph(() => ({ w: new gt.Variable(1), loss: gt.constant(1) }));
    const { graph, loss, w } = built;
    const call = (gateGradients: number) => graph.asDefault(() => optimizer.computeGradients(loss, { gateGradients }));
    expect(call(gt.Optimizer.GATE_NONE)).toEqual([[null, w]]);
    expect(call(gt.Optimizer.GATE_OP)).toEqual([[null, w]]);
    expectError(() => call(gt.Optimizer.GATE_GRAPH), gt.ValueError, "tuple", /at least one/);
  });

  test("§6.3 tensors on the way to the loss may stand in varList; updating one is a NotImplementedError", () => {
    const { graph, h, pairs } = inGraph(() => {
      const w = new gt.Variable([1, 2], { name: "w" });
      const h = gt.mul(w, 3);
      return { h, pairs: optimizer.computeGradients(gt.sum(gt.mul(h, h)), { varList: [h] }) };
    });
    expect(pairs[0]![1]).toBe(h);
    expect(fetched(sessionOn(graph), pairs[0]![0] as gt.Tensor)).toEqual([6, 12]);
    expectError(() => graph.asDefault(() => optimizer.applyGradients(pairs)), gt.NotImplementedError, /update/);
  });

  test("§6.3 a trainable integer variable is given null", () => {
    const { whole, pairs } = inGraph(() => {
      const whole = new gt.Variable([1], { dtype: "int32" });
      const w = new gt.Variable([1], { name: "w" });
      return { whole, pairs: optimizer.computeGradients(gt.sum(gt.mul(w, gt.cast(whole, "float32")))) };
    });
    expect(pairs[0]).toEqual([null, whole]);
    expect(pairs[1]![0]).not.toBeNull();
  });

  test("§6.3 a repeated variable is a repeated pair with the same gradient, and is updated twice", () => {
    const descent = new gt.GradientDescentOptimizer(0.5);
    const { graph, w, pairs, train } = inGraph(() => {
      const w = new gt.Variable([1, 2], { name: "w" });
      const pairs = descent.computeGradients(gt.sum(w), { varList: [w, w] });
      return { w, pairs, train: descent.applyGradients(pairs)! };
    });
    expect(pairs[1]).toEqual(pairs[0]);
    const session = sessionOn(graph);
    session.run(train);
    expect(fetched(session, w)).toEqual([0, 1]);
  });

  test("§6.3 gradLoss weighs the loss; of another shape it is a ValueError, a scalar for a vector too", () => {
    const { graph, w, losses } = inGraph(() => {
      const w = new gt.Variable([1, 2], { name: "w" });
      return { w, losses: gt.mul(w, w) };
    });
    const compute = (gradLoss: gt.Tensor) => graph.asDefault(() => optimizer.computeGradients(losses, { gradLoss }));
    const [[gradient]] = compute(gt.tensor([10, 100])) as [gt.GradientPair];
    expect(fetched(sessionOn(graph), gradient as gt.Tensor)).toEqual([20, 400]);
    expectError(() => compute(gt.tensor(1)), gt.ValueError, /shape/);
    expectError(() => compute(gt.tensor([1, 2, 3])), gt.ValueError, /\[2\]/, /\[3\]/);
    expect(w.trainable).toBe(true);
  });

  test("§6.3 a loss of several elements counts as their sum", () => {
    const { graph, pairs } = inGraph(() => {
      const w = new gt.Variable([1, 2], { name: "w" });
      return { pairs: optimizer.computeGradients(gt.mul(w, w)) };
    });
    expect(fetched(sessionOn(graph), pairs[0]![0] as gt.Tensor)).toEqual([2, 4]);
  });

  test("§6.3 colocateGradientsWithOps is recorded on the gradient ops and changes no number", () => {
    const built = product();
    const recorded = (colocateGradientsWithOps: boolean) => {
      const from = built.graph.getOperations().length;
      const [[gradient]] = gradientsOf(built, { colocateGradientsWithOps, gateGradients: 0 }) as [gt.GradientPair];
      const added = built.graph.getOperations().slice(from);
      return { gradient: gradient as gt.Tensor, beside: new Set(added.flatMap(({ colocation }) => colocation)) };
    };
    const [without, beside] = [recorded(false), recorded(true)];
    expect([...without.beside]).toEqual([]);
    expect([...beside.beside]).toContain("prod");
    const session = sessionOn(built.graph);
    expect(fetched(session, beside.gradient)).toEqual(fetched(session, without.gradient));
  });
});

describe("§5 minimize in a graph", () => {
  test("§5 no gradient at all: a ValueError with the variables and the loss", () => {
    inGraph(() => {
      new gt.Variable(1, { name: "a" });
      new gt.Variable(1, { name: "b" });
      const loss = gt.constant(1, { name: "apart" });
      expectError(() => optimizer.minimize(loss), gt.ValueError, /no gradients provided/i, "a:0", "b:0", "apart:0");
      return {};
    });
  });

  test("§5 one gradient is enough, the other variables are left alone", () => {
    const { graph, a, b, train } = inGraph(() => {
      const [a, b] = [new gt.Variable(1, { name: "a" }), new gt.Variable(1, { name: "b" })];
      return { a, b, train: rmsprop().minimize(gt.mul(a, 2)) };
    });
    const session = sessionOn(graph);
    session.run(train);
    expect(fetched(session, a)).not.toEqual([1]);
    expect(fetched(session, b)).toEqual([1]);
  });

  test("§5 it is computeGradients, then applyGradients with all pairs: the same operations", () => {
    const [one, two] = [product(), product()];
    const whole = namesAddedBy(one.graph, () => rmsprop().minimize(one.loss, { name: "train" }));
    const steps = namesAddedBy(two.graph, () => {
      const other = rmsprop();
      other.applyGradients(other.computeGradients(two.loss), { name: "train" });
    });
    expect(whole).toEqual(steps);
  });

  test("§5 a callable loss gives an Operation too, which computes it anew at each run", () => {
    const { graph, w, train } = inGraph(() => {
      const w = new gt.Variable([1, 2], { name: "w" });
      const loss = () => gt.sum(gt.square(w));
      return { w, train: new gt.GradientDescentOptimizer(0.25).minimize(loss, { varList: [w] }) };
    });
    expect(train).toBeInstanceOf(gt.Operation);
    const session = sessionOn(graph);
    session.run(train);
    session.run(train);
    expect(fetched(session, w)).toEqual([0.25, 0.5]);
  });

  test("§5 an Operation is returned; running it gives null and trains", () => {
    const { graph, w, train } = inGraph(() => {
      const w = new gt.Variable(5, { name: "w" });
      return { w, train: rmsprop().minimize(gt.mul(w, w)) };
    });
    expect(train).toBeInstanceOf(gt.Operation);
    const session = sessionOn(graph);
    const values = Array.from({ length: 3 }, () => {
      expect(session.run(train)).toBeNull();
      return fetched(session, w)[0]!;
    });
    expect([5, ...values]).toEqual([5, ...values].sort((a, b) => b - a));
  });
});
