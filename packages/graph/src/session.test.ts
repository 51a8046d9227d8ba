import {
  FailedPreconditionError,
  InvalidArgumentError,
  NotFoundError,
  RuntimeError,
  tensor,
  ValueError,
} from "@gradtape/tensor";
import { describe, expect, test } from "vitest";
import * as g from "./index.ts";

/** A graph built by `build`, and a session on it whose variables are initialized. */
function start<T>(build: (graph: g.Graph) => T, { initialize = true } = {}) {
  const graph = new g.Graph();
  const built = graph.asDefault(build);
  const session = new g.Session({ graph });
  if (initialize) graph.asDefault(() => session.run(g.globalVariablesInitializer()));
  return { graph, session, ...built };
}

describe("run", () => {
  test("gives results in the structure of the fetches", () => {
    const { session, x, v, slices, step } = start(() => {
      const v = new g.Variable([1, 2], { name: "v" });
      const x = g.placeholder("float32", [null], { name: "x" });
      const slices = new g.IndexedSlices(g.reshape(x, [-1, 1]), [0, 1], [2, 1]);
      return { v, x, slices, step: g.group(v.assignAdd([1, 1])) };
    });
    const feeds = [[x, [5, 6]]] as const;
    const got = session.run({ list: [x, [v]], name: "x:0", op: step, slices, nothing: null }, feeds);
    expect(got.list[0].array()).toEqual([5, 6]);
    expect(got.name.array()).toEqual([5, 6]);
    expect(got.op).toBeNull();
    expect(got.nothing).toBeNull();
    expect(got.slices).toBeInstanceOf(g.IndexedSlices);
    expect(got.slices.toTensor().array()).toEqual([[5], [6]]);
    expect(session.run(v).array()).toEqual([2, 3]);
  });

  test("runs only what the fetches need", () => {
    const { session, v, w } = start(() => {
      const v = new g.Variable(0);
      const w = new g.Variable(0);
      return { v, w, count: v.assignAdd(1), other: w.assignAdd(1) };
    });
    session.run("assignAdd");
    expect(session.run([v, w]).map((each) => each.item())).toEqual([1, 0]);
  });

  test("computes what a fetch is made of from what is fed in its place", () => {
    const { session, y, z } = start(() => {
      const x = g.placeholder("float32", []);
      const y = g.mul(x, 2);
      return { y, z: g.add(y, 1) };
    });
    expect(session.run(z, [[y, 10]]).item()).toBe(11);
  });

  test("a read that waits for an update sees it, one built before does not", () => {
    const { session, before, after } = start(() => {
      const v = new g.Variable(1);
      const before = g.identity(v);
      const update = v.assignAdd(10);
      const after = g.controlDependencies([update as g.SymbolicTensor], () => g.identity(v));
      return { before, after };
    });
    expect(session.run([after, before]).map((each) => each.item())).toEqual([11, 1]);
    expect(session.run([before, after]).map((each) => each.item())).toEqual([11, 21]);
  });

  test("sessions keep their variables apart", () => {
    const { graph, session, v, add } = start(() => {
      const v = new g.Variable(5);
      return { v, add: v.assignAdd(1) };
    });
    const other = new g.Session({ graph });
    session.run(add);
    graph.asDefault(() => other.run(g.globalVariablesInitializer()));
    expect([session.run(v).item(), other.run(v).item()]).toEqual([6, 5]);
  });

  test("a value once fetched stays as it was", () => {
    const { session, v, add } = start(() => {
      const v = new g.Variable([1, 1]);
      return { v, add: v.assignAdd([1, 1]) };
    });
    const first = session.run(v);
    session.run(add);
    expect(first.array()).toEqual([1, 1]);
  });

  test("initializedValue is the value where there is one, else the initial value", () => {
    const { session, v, w } = start(
      () => {
        const v = new g.Variable(3);
        return { v, w: v.initializedValue() };
      },
      { initialize: false },
    );
    expect(session.run(w).item()).toBe(3);
    session.run(v.initializer);
    expect(session.run(w).item()).toBe(3);
  });

  test("makeCallable feeds its arguments", () => {
    const { session, x, y } = start(() => {
      const x = g.placeholder("float32", [2]);
      return { x, y: g.sum(x) };
    });
    const call = session.makeCallable(y, [x]);
    expect([call([1, 2]).item(), call([3, 4]).item()]).toEqual([3, 7]);
    expect(() => call()).toThrow(/expected 1 values to feed, got 0/);
  });
});

describe("mistakes leave everything as it was", () => {
  const setting = () =>
    start(() => {
      const x = g.placeholder("float32", [null, 2], { name: "x" });
      const v = new g.Variable([1, 2], { name: "v" });
      const late = new g.Variable(tensor([7]), { name: "late", collections: ["later"] });
      return { x, v, late, step: v.assignAdd(g.sum(x, 0)), lateSum: g.sum(late) };
    });
  const feed = [[1, 1]];

  const mistakes: [string, (s: ReturnType<typeof setting>) => unknown, new (m: string) => Error, RegExp][] = [
    ["a fetch of another kind", ({ session }) => session.run(7 as never), TypeError, /cannot fetch the number 7/],
    ["a name that does not exist", ({ session }) => session.run("nowhere"), NotFoundError, /nowhere/],
    [
      "a missing feed",
      ({ session, step }) => session.run(step),
      InvalidArgumentError,
      /placeholder <Tensor 'x:0' shape=\[\?, 2\] dtype=float32>, built at .*session\.test\.ts:\d+/,
    ],
    [
      "a feed of another shape",
      ({ session, step, x }) => session.run(step, [[x, [1, 2, 3]]]),
      ValueError,
      /x:0 \[\?, 2\]\n {10}\^\n {2}fed {1,}\[3\]/,
    ],
    [
      "a feed of another dtype",
      ({ session, step, x }) => session.run(step, [[x, tensor([[1, 2]], { dtype: "int32" })]]),
      TypeError,
      /x:0 is float32, the value fed is int32/,
    ],
    [
      "a feed that is no number",
      ({ session, step, x }) => session.run(step, [[x, "no" as never]]),
      TypeError,
      /the string "no"/,
    ],
    [
      "a key that is no tensor",
      ({ session, step, v }) => session.run(step, [[v as never, 1]]),
      TypeError,
      /only tensors of the graph can be fed/,
    ],
    [
      "feeds that are no pairs",
      ({ session, step, x }) => session.run(step, [x] as never),
      TypeError,
      /a feed is a \[tensor, value\] pair/,
    ],
    [
      "a variable without a value",
      ({ session, lateSum, step, x }) => session.run([step, lateSum], [[x, feed]]),
      FailedPreconditionError,
      /late is not initialized/,
    ],
    ["a tensor of another graph", ({ session }) => session.run(setting().step), ValueError, /another graph/],
    [
      "a feed for another graph",
      ({ session, step }) => session.run(step, [[setting().x, feed]]),
      ValueError,
      /another graph/,
    ],
  ];

  test.each(mistakes)("%s", (_, run, Failure, message) => {
    const s = setting();
    const graph = String(s.graph);
    const error = (() => {
      try {
        run(s);
      } catch (thrown) {
        return thrown as Error;
      }
      return null;
    })();
    expect(error).toBeInstanceOf(Failure);
    expect(error!.message).toMatch(message);
    expect(s.session.run(s.v).array()).toEqual([1, 2]);
    expect(String(s.graph)).toBe(graph);
  });

  test("a closed session", () => {
    const { session, v } = setting();
    session.close();
    expect(() => session.run(v)).toThrow(RuntimeError);
    expect(() => session.run(v)).toThrow(/closed/);
  });

  test("a tensor that is fed twice", () => {
    const { x, session } = start(() => ({ x: g.placeholder("float32", [1], { name: "x" }) }));
    const twice = [
      [x, [1]],
      ["x", [2]],
    ] as const;
    expect(() => session.run(x, twice as never)).toThrow("Session.run: x:0 is fed twice");
  });

  test("operations that wait for each other in a circle", () => {
    const { graph, session } = start(() => ({}));
    const [a, b] = graph.asDefault(() => [g.noOp({ name: "a" })!, g.noOp({ name: "b" })!]);
    (a as { controlInputs: readonly g.Operation[] }).controlInputs = [b];
    (b as { controlInputs: readonly g.Operation[] }).controlInputs = [a];
    expect(() => session.run(a)).toThrow(ValueError);
    expect(() => session.run(a)).toThrow(/in a circle: a <- b <- a/);
    expect(() => g.verify(graph)).toThrow(/a \(noOp\): it needs b, which does not come before it/);
  });

  test("tensors of two graphs in one op", () => {
    const [one, two] = [
      start(() => ({ x: g.placeholder("float32", []) })),
      start(() => ({ x: g.placeholder("float32", []) })),
    ];
    expect(() => g.add(one.x, two.x)).toThrow(
      /add: all operands must be from the same graph; placeholder:0 and placeholder:0/,
    );
  });
});

test("a placeholder needs a graph, and a legal shape", () => {
  expect(() => g.placeholder("float32", [2])).toThrow(RuntimeError);
  new g.Graph().asDefault(() => {
    expect(() => g.placeholder("float32", [-1])).toThrow(ValueError);
    expect(() => g.placeholder("float16" as never, [1])).toThrow(/float16/);
  });
});

test("names are unique within their scopes, and case does not count", () => {
  new g.Graph().asDefault((graph) => {
    const name = () => (g.constant(1, { name: "c" }) as g.SymbolicTensor).name;
    expect([name(), name(), g.nameScope("s", name), g.nameScope("s", name), g.nameScope("s/", name)]).toEqual([
      "c:0",
      "c_1:0",
      "s/c:0",
      "s_1/c:0",
      "s/c_1:0",
    ]);
    expect((g.constant(1, { name: "C" }) as g.SymbolicTensor).name).toBe("C_2:0");
    expect(() => g.constant(1, { name: "?" })).toThrow(/"\?" is not a valid name/);
    expect(graph.getOperationByName("s/c").type).toBe("constant");
    expect((g.relu(g.constant(1), { name: "named" }) as g.SymbolicTensor).name).toBe("named:0");
  });
});
