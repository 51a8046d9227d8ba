import * as gt from "gradtape";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

/* Chains and sums of any length: no walk is recursive, and all results grow linearly. LONG=1 tries longer ones. */

// Each operation of a graph knows its line; to map the lines of so many back to the sources would take all the time.
const mapped = Error.prepareStackTrace;
beforeAll(() => {
  delete (Error as { prepareStackTrace?: unknown }).prepareStackTrace;
});
afterAll(() => {
  Error.prepareStackTrace = mapped;
});

const long = process.env.LONG === "1";
/** More calls within each other than the stack of an engine holds. */
const DEEP = long ? 100_000 : 12_000;
const USES = long ? 50_000 : 5_000;

const times = (count: number, x: gt.Tensor, step: (x: gt.Tensor, i: number) => gt.Tensor) => {
  let y = x;
  for (let i = 0; i < count; i++) y = step(y, i);
  return y;
};

/** A graph of `count` ops one after the other, and its ends. */
function chain(count: number) {
  const graph = new gt.Graph();
  return graph.asDefault(() => {
    const x = gt.placeholder("float32", [2], { name: "x" });
    return { graph, x, y: times(count, x, (y) => gt.add(y, 1)) };
  });
}

describe("depth", () => {
  test("a tape of one op after the other", () => {
    const x = gt.tensor([2]);
    const tape = new gt.GradientTape();
    const y = tape.record(() => {
      tape.watch(x);
      return times(DEEP, x, (y) => gt.add(y, 1));
    });
    expect(y.item()).toBe(2 + DEEP);
    expect(tape.explainGradient(y, x)).toContain(`(${DEEP - 10} more)`);
    expect((tape.gradient(y, x) as gt.Tensor).item()).toBe(1);
  });

  test("a graph: built, differentiated, run, written down and read again, verified, printed, explained", () => {
    const { graph, x, y } = chain(DEEP);
    const session = new gt.Session({ graph });
    expect(session.run(y, [[x, [0, 1]]]).array()).toEqual([DEEP, DEEP + 1]);
    const [dx] = gt.gradients(y, x) as [gt.Tensor];
    expect(session.run(dx, [[x, [0, 1]]]).array()).toEqual([1, 1]);
    expect(gt.explainGradient(y, x)).toContain(`(${DEEP - 10} more)`);
    const copy = gt.fromGraphDef(gt.toGraphDef(graph));
    gt.verify(copy);
    expect(copy.toString().split("\n")).toHaveLength(graph.getOperations().length);
  });

  test("operations that wait for each other, and one that waits for all", () => {
    const graph = new gt.Graph();
    graph.asDefault(() => {
      let last = gt.noOp()!;
      for (let i = 0; i < DEEP; i++) last = graph.controlDependencies([last], () => gt.noOp()!);
      const all = gt.group(...graph.getOperations())!;
      expect(all.controlInputs).toHaveLength(DEEP + 1);
      expect(new gt.Session().run([last, all])).toEqual([null, null]);
    });
  });

  test("checks for NaN replay a chain", () => {
    const y = gt.checkNumericsIn(() => times(DEEP, gt.tensor([1]), (y) => gt.add(y, 1)));
    expect(y.item()).toBe(1 + DEEP);
    const step = gt.compile((x: gt.Tensor) => gt.log(times(2000, x, (y) => gt.sub(y, 1))), { checkNumerics: true });
    expect(() => step(gt.tensor([1]))).toThrow(/checkNumerics: log/);
  });
});

describe("many uses of one thing", () => {
  test("of a variable on a tape", () => {
    const w = new gt.Variable([0.5]);
    const tape = new gt.GradientTape();
    const y = tape.record(() => times(USES, gt.tensor([0]), (y) => gt.add(y, w)));
    expect(y.item()).toBe(USES / 2);
    expect((tape.gradient(y, w) as gt.Tensor).item()).toBe(USES);
  });

  test("of gathered rows, whose slices are joined", () => {
    const table = new gt.Variable([[1], [2]]);
    const tape = new gt.GradientTape();
    const ids = gt.tensor([1], { dtype: "int32" });
    const y = tape.record(() => times(USES, gt.zeros([1, 1]), (y) => gt.add(y, gt.gather(table, ids))));
    const slices = tape.gradient(y, table) as gt.IndexedSlices;
    expect(slices.values.shape).toEqual([USES, 1]);
    expect(slices.toTensor().array()).toEqual([[0], [USES]]);
  });

  test("of a tensor that is joined with itself, and by as many operands", () => {
    const w = new gt.Variable([1]);
    const tape = new gt.GradientTape();
    const [joined, sum] = tape.record(() => {
      const parts = Array.from({ length: USES }, () => w.value());
      return [gt.concat(parts, 0), gt.addN(parts)] as const;
    });
    expect([joined.size, sum.item()]).toEqual([USES, USES]);
    expect((tape.gradient([joined, sum], w) as gt.Tensor).item()).toBe(2 * USES);
  });

  test("of many variables by one loss", () => {
    const variables = Array.from({ length: USES }, (_, i) => new gt.Variable([i]));
    const tape = new gt.GradientTape();
    const y = tape.record(() => gt.addN(variables.map((v) => gt.mul(v, 2))));
    const gradients = tape.gradient(y, variables) as gt.Tensor[];
    expect(gradients.map((g) => g.item())).toEqual(variables.map(() => 2));
  });

  test.each([1100])("an RNN of %i steps in a session, before and after it becomes a module", (steps) => {
    const graph = new gt.Graph();
    const losses = graph.asDefault(() => {
      const w = new gt.Variable(gt.glorotUniform([4, 4], { seed: 1 }));
      const h = times(steps, gt.broadcastTo(gt.constant(1), [2, 4]), (h) => gt.tanh(gt.matMul(h, w)));
      const loss = gt.sum(h);
      const step = new gt.GradientDescentOptimizer(0.01).minimize(loss);
      const session = new gt.Session();
      session.run(w.initializer!);
      return Array.from({ length: 4 }, () => session.run([step, loss])[1].item());
    });
    const w = new gt.Variable(gt.glorotUniform([4, 4], { seed: 1 }));
    const optimizer = new gt.GradientDescentOptimizer(0.01);
    const eager = Array.from({ length: 4 }, () => {
      let loss: gt.Tensor = gt.tensor(0);
      optimizer.minimize(() => {
        const h = times(steps, gt.broadcastTo(gt.tensor(1), [2, 4]), (h) => gt.tanh(gt.matMul(h, w)));
        loss = gt.sum(h);
        return loss;
      });
      return loss.item();
    });
    expect(losses).toEqual(eager);
  });
});

/** The numbers that an explanation gives. */
function sizes(explanation: string) {
  const number = (pattern: RegExp) => Number(explanation.match(pattern)![1]!.replaceAll(",", ""));
  return {
    kernels: number(/, (\d+) kernels/),
    module: number(/module ([\d,]+) bytes/),
    text: explanation.length,
    /** The largest expression, spelled out. */
    longest: explanation
      .split("\n")
      .reduce((most, line) => (/^ {7}/.test(line) ? Math.max(most, line.length) : most), 0),
  };
}

describe("what is compiled grows as the program does", () => {
  const programs: Record<string, (count: number) => (x: gt.Tensor) => gt.Tensor> = {
    "tanh in a row": (count) => (x) => times(count, x, (y) => gt.tanh(y)),
    "products in a row": (count) => (x) => times(count, x, (y) => gt.matMul(y, x)),
    "a gradient": (count) => (x) =>
      gt.grad((v: gt.Tensor) => gt.sum(times(count, v, (y) => gt.mul(gt.sin(y), v))))(x) as gt.Tensor,
    "a sum of many terms": (count) => (x) =>
      gt.addN(Array.from({ length: count }, (_, i) => gt.matMul(x, gt.fill([2, 2], i)))),
    "many parts side by side": (count) => (x) =>
      gt.sum(
        gt.concat(
          Array.from({ length: 4 * count }, (_, i) => gt.matMul(x, gt.fill([2, 2], i % 7))),
          1,
        ),
        1,
      ),
    "one tensor, many users": (count) => (x) =>
      gt.sum(gt.stack(Array.from({ length: count }, (_, i) => gt.sum(gt.mul(x, i))))),
  };

  test.each(Object.keys(programs))("%s", (name) => {
    const x = gt.tensor([
      [0.5, 0.25],
      [-0.5, 0.125],
    ]);
    const measured = [100, 200].map((count) => {
      const program = programs[name]!(count);
      const step = gt.compile(program);
      expect(step(x).array()).toEqual(program(x).array());
      return sizes(step.explain());
    });
    const [one, two] = measured as [ReturnType<typeof sizes>, ReturnType<typeof sizes>];
    for (const key of ["kernels", "module", "text"] as const) expect(two[key], key).toBeLessThan(2.3 * one[key] + 20);
    expect(two.longest).toBeLessThan(10_000);
  });

  test("reads that outlive writes are looked for once, however many there are", () => {
    const graph = new gt.Graph();
    const read = graph.asDefault(() => (new gt.Variable([0]).value() as gt.SymbolicTensor).op.def);
    const infer = vi.spyOn(read, "infer");
    const calls = [50, 100].map((count) => {
      const w = new gt.Variable([1]);
      const step = gt.compile(() => {
        const kept = Array.from({ length: count }, () => {
          const value = w.value();
          w.assignAdd([1]);
          return value;
        });
        return gt.addN(kept);
      });
      infer.mockClear();
      expect(step().item()).toBe((count * (count + 1)) / 2);
      return infer.mock.calls.length;
    });
    infer.mockRestore();
    expect(calls[1]).toBeLessThan(2.3 * calls[0]!);
  });
});
