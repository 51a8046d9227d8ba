import * as gt from "gradtape";
import { describe, expect, test } from "vitest";
import { expectError } from "./support.ts";

/* Where a NaN comes from: the first op that makes one out of finite values, in every mode. */

const here = /numerics\.test\.ts:\d+:\d+/;

/** The message of the InvalidArgumentError that `call` throws, with lines and columns taken out. */
function messageOf(call: () => unknown): string {
  let message = "";
  expectError(() => {
    try {
      call();
    } catch (error) {
      message = (error as Error).message;
      throw error;
    }
  }, gt.InvalidArgumentError);
  return message.replace(/at \S*\/(numerics\.test\.ts):\d+:\d+/g, "at $1");
}

describe("a block", () => {
  test("the op, what it was given, and the line", () => {
    const x = gt.tensor([1, 0, 2]);
    expect(messageOf(() => gt.checkNumericsIn(() => gt.sum(gt.log(gt.mul(x, 2)))))).toBe(
      [
        "checkNumerics: log made 1 Inf out of finite values",
        "  operand 1  float32 [3]  0 .. 4",
        "  result     float32 [3]  0.693147 .. 1.38629, 1 Inf of 3",
        "  at numerics.test.ts",
      ].join("\n"),
    );
  });

  test("the op whose gradient was being computed", () => {
    const v = new gt.Variable([4, 0], { name: "v" });
    const gradient = () => {
      const tape = new gt.GradientTape();
      return tape.gradient(
        tape.record(() => gt.sum(gt.sqrt(v))),
        v,
      );
    };
    expect(messageOf(() => gt.checkNumericsIn(gradient))).toBe(
      [
        "checkNumerics: sqrtGrad made 1 Inf out of finite values",
        "  operand 1  float32 [2]  0 .. 2",
        "  operand 2  float32 [2]  1",
        "  result     float32 [2]  0.25, 1 Inf of 2",
        "  in the gradient of sqrt",
        "  at numerics.test.ts",
      ].join("\n"),
    );
  });

  test("an update that overflows: what the variable held before, and what was written", () => {
    const v = new gt.Variable([1, 3e38], { name: "v" });
    expect(messageOf(() => gt.checkNumericsIn(() => v.assignAdd([1, 3e38])))).toBe(
      [
        "checkNumerics: assignAdd made 1 Inf out of finite values",
        "  v          float32 [2]  1 .. 3e+38",
        "  operand 2  float32 [2]  1 .. 3e+38",
        "  new v      float32 [2]  2, 1 Inf of 2",
        "  at numerics.test.ts",
      ].join("\n"),
    );
  });

  test("an infinite mask is no mistake, a NaN made of it is", () => {
    const masked = (x: number[]) => gt.softmax(gt.add(x, [0, -Infinity]));
    expect(gt.checkNumericsIn(() => masked([1, 2])).array()).toEqual([1, 0]);
    expect(messageOf(() => gt.checkNumericsIn(() => masked([-Infinity, 2])))).toMatch(
      /^checkNumerics: softmax made 2 NaN out of an infinity\n/,
    );
  });

  test("a NaN among the data is told when it has reached a result or a variable, by the op that took it", () => {
    const data = gt.tensor([1, Number.NaN]);
    const v = new gt.Variable(0, { name: "v" });
    const taken =
      /^checkNumerics: mul was given 1 NaN that no op made\n {2}operand 1 {2}float32 \[2\] {2}1, 1 NaN of 2/;
    expect(messageOf(() => gt.checkNumericsIn(() => gt.sum(gt.mul(data, 2))))).toMatch(taken);
    expect(messageOf(() => gt.checkNumericsIn(() => void v.assign(gt.sum(gt.mul(data, 2)))))).toMatch(taken);
    const cleaned = () => gt.sum(gt.where(gt.equal(data, data), data, 0));
    expect(gt.checkNumericsIn(cleaned).item()).toBe(1);
  });

  test("outside of the block nothing is checked, also after an error", () => {
    expect(() => gt.checkNumericsIn(() => gt.log(0))).toThrow(gt.InvalidArgumentError);
    expect(gt.log(0).item()).toBe(-Infinity);
  });

  test("runs of sessions and compiled functions in it are checked", () => {
    const graph = new gt.Graph();
    const x = graph.asDefault(() => gt.placeholder("float32", [], { name: "x" }));
    const y = gt.log(x);
    const session = new gt.Session({ graph });
    for (let i = 0; i < 4; i++) session.run(y, [[x, 1]]);
    expect(messageOf(() => gt.checkNumericsIn(() => session.run(y, [[x, 0]])))).toMatch(/log 'log' made 1 Inf/);
    const step = gt.compile((a: gt.Tensor) => gt.log(a));
    expect(step(gt.tensor(0)).item()).toBe(-Infinity);
    expect(messageOf(() => gt.checkNumericsIn(() => step(gt.tensor(0))))).toMatch(/log made 1 Inf/);
  });
});

describe("a tape", () => {
  const v = new gt.Variable([4, 0], { name: "v" });

  test("while it records", () => {
    const tape = new gt.GradientTape({ checkNumerics: true });
    expect(messageOf(() => tape.record(() => gt.log(v)))).toMatch(/^checkNumerics: log made 1 Inf/);
    expect(gt.log(v).array()).toEqual([Math.fround(Math.log(4)), -Infinity]);
  });

  test.each([true, false])("on the way back, persistent: %s", (persistent) => {
    const tape = new gt.GradientTape({ checkNumerics: true, persistent });
    const y = tape.record(() => gt.sum(gt.sqrt(v)));
    const message = messageOf(() => tape.gradient(y, v));
    expect(message).toMatch(/^checkNumerics: sqrtGrad made 1 Inf out of finite values\n/);
    expect(message).toMatch(/\n {2}in the gradient of sqrt\n/);
  });

  test("what is stopped is not checked", () => {
    const tape = new gt.GradientTape({ checkNumerics: true });
    tape.record(() => tape.stopRecording(() => gt.log(v)));
  });
});

describe("a session", () => {
  function build() {
    const graph = new gt.Graph();
    return graph.asDefault(() => {
      const x = gt.placeholder("float32", [2], { name: "x" });
      const w = new gt.Variable([1, 1], { name: "w" });
      const root = gt.sqrt(gt.mul(w, x), { name: "root" });
      const [gradient] = gt.gradients(gt.sum(root), w) as [gt.Tensor];
      const update = w.assignSub(x) as gt.Tensor;
      const session = new gt.Session({ graph, checkNumerics: true });
      session.run(gt.globalVariablesInitializer());
      return { x, w, root, gradient, update, session };
    });
  }

  test("the operation, its operands, the run, and the line that built it", () => {
    const { x, root, session } = build();
    for (let i = 0; i < 4; i++) session.run(root, [[x, [1, 4]]]);
    expect(messageOf(() => session.run(root, [[x, [1, -4]]]))).toBe(
      [
        "checkNumerics: sqrt 'root' made 1 NaN out of finite values",
        "  mul:0   float32 [2]  -4 .. 1",
        "  result  float32 [2]  1, 1 NaN of 2",
        "  in run 6 of the session",
        "  built at numerics.test.ts",
      ].join("\n"),
    );
  });

  test("a gradient names the operation it belongs to", () => {
    const { x, gradient, session } = build();
    const message = messageOf(() => session.run(gradient, [[x, [1, 0]]]));
    expect(message).toMatch(
      /^checkNumerics: sqrtGrad 'gradients\/root_grad\/sqrtGrad' made 1 Inf out of finite values\n/,
    );
    expect(message).toMatch("\n  in the gradient of sqrt 'root', built at numerics.test.ts\n");
  });

  test("what is fed", () => {
    const { x, root, update, session } = build();
    const taken = /mul 'mul' was given 1 NaN that no op made\n {2}readVariable:0 .*\n {2}x:0 .* 1 NaN of 2\n/;
    expect(messageOf(() => session.run(root, [[x, [1, Number.NaN]]]))).toMatch(taken);
    expect(messageOf(() => session.run(update, [[x, [1, Number.NaN]]]))).toMatch(
      /assignSub 'assignSub' was given 1 NaN/,
    );
  });

  test("without the option nothing is checked", () => {
    const { x, w, root, session } = build();
    const free = new gt.Session({ graph: session.graph });
    free.run(w.initializer);
    expect(free.run(root, [[x, [1, -4]]]).array()).toEqual([1, Number.NaN]);
  });
});

describe("checkNumerics, the op", () => {
  test.each([
    [[1, Number.NaN], "NaN"],
    [[1, -Infinity], "Inf"],
    [[Infinity, Number.NaN], "Inf and NaN"],
  ])("%s", (values, found) => {
    expectError(
      () => gt.checkNumerics(values, "the loss"),
      gt.InvalidArgumentError,
      `the loss : Tensor had ${found} values`,
      here,
    );
  });

  test("finite values pass, integers are a TypeError", () => {
    expect(gt.checkNumerics([1, 2], "x").array()).toEqual([1, 2]);
    expectError(
      () => gt.checkNumerics(gt.tensor([1], { dtype: "int32" }), "x"),
      TypeError,
      /^checkNumerics: dtype int32/,
    );
  });

  test("its gradient is checked as well", () => {
    const v = new gt.Variable([4, 0], { name: "v" });
    const tape = new gt.GradientTape();
    const y = tape.record(() => gt.sum(gt.sqrt(gt.checkNumerics(v, "v"))));
    expectError(
      () => tape.gradient(y, v),
      gt.InvalidArgumentError,
      "Not a number (NaN) or infinity (Inf) values detected in gradient. v : Tensor had Inf values",
    );
  });

  test("in a graph and in a compiled function it stops the run", () => {
    const graph = new gt.Graph();
    const x = graph.asDefault(() => gt.placeholder("float32", [], { name: "x" }));
    const y = gt.checkNumerics(gt.log(x), "log x", { name: "check" });
    const session = new gt.Session({ graph });
    for (let i = 0; i < 4; i++) expect(session.run(y, [[x, 1]]).item()).toBe(0);
    expectError(
      () => session.run(y, [[x, 0]]),
      gt.InvalidArgumentError,
      "log x : Tensor had Inf values",
      "as check",
      here,
    );
  });
});

describe("addCheckNumericsOps", () => {
  test("one operation that checks every floating tensor, producers first", () => {
    const graph = new gt.Graph();
    graph.asDefault(() => {
      const x = gt.placeholder("float32", [2], { name: "x" });
      const y = gt.log(x, { name: "y" });
      gt.argMax(gt.add(gt.mul(x, x, { name: "z" }), y));
      const check = gt.addCheckNumericsOps();
      const session = new gt.Session({ graph });
      expect(session.run(check, [[x, [1, 2]]])).toBeNull();
      expectError(
        () => session.run(check, [[x, [1, Infinity]]]),
        gt.InvalidArgumentError,
        /^x:0 : Tensor had Inf values/,
      );
      expectError(() => session.run(check, [[x, [1, -1]]]), gt.InvalidArgumentError, /^y:0 : Tensor had NaN values/);
      expectError(() => session.run(check, [[x, [1, 1e30]]]), gt.InvalidArgumentError, /^z:0 : Tensor had Inf values/);
    });
  });

  test("eager mode has none", () => {
    expectError(() => gt.addCheckNumericsOps(), gt.RuntimeError, "checkNumericsIn");
  });
});
