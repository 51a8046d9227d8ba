import * as gt from "gradtape";
import { describe, expect, test } from "vitest";

/* One body, four modes: eagerly, compiled with its tensor as an argument, compiled with its tensor from outside, and in a
 * session with its tensor fed. */

type Body = (x: gt.Tensor, w: gt.Variable) => readonly (gt.Tensor | gt.Variable | gt.IndexedSlices | null)[];

const byTape = (f: () => gt.Tensor, x: gt.Tensor | gt.Variable, options = {}) => {
  const tape = new gt.GradientTape(options);
  const y = tape.record(() => {
    tape.watch(x);
    return f();
  });
  return tape.gradient(y, x);
};

/** The square of `x`, with a derivative of its own: 5 x. */
const fiveFold = gt.customGradient((x) => ({ value: gt.square(x), gradient: (g) => gt.mul(g, gt.mul(x, 5)) }));

/** A product whose derivatives are swapped, and nothing for the second. */
const swapped = gt.customGradient((a, b) => ({ value: gt.mul(a, b), gradient: (g) => [gt.mul(g, a), null] }));

const bodies: Record<string, Body> = {
  "a loss, then a gradient by the same tensor": (x, w) => [
    gt.sum(gt.mul(x, w)),
    gt.grad((v) => gt.sum(gt.mul(v, w)))(x),
  ],
  "two gradients by one tensor": (x, w) => [
    gt.grad((v) => gt.sum(gt.mul(v, w)))(x),
    gt.grad((v) => gt.sum(gt.mul(gt.square(v), w)))(x),
  ],
  "two tapes, one after the other": (x, w) => [
    byTape(() => gt.sum(gt.mul(x, w)), x),
    byTape(() => gt.sum(gt.mul(gt.square(x), w)), x),
  ],
  "a persistent tape asked twice": (x, w) => {
    const tape = new gt.GradientTape({ persistent: true });
    const [a, b] = tape.record(() => {
      tape.watch(x);
      return [gt.sum(gt.mul(x, w)), gt.sum(gt.exp(gt.mul(x, w)))];
    });
    return [tape.gradient(a, x), tape.gradient(b, x), tape.gradient(b, w)];
  },
  "a tape within a tape, by the same tensor": (x, w) => [
    byTape(() => gt.sum(byTape(() => gt.sum(gt.mul(gt.square(x), w)), x) as gt.Tensor), x),
  ],
  "what plain ops make of it joins what graph ops make of it": (x, w) => [
    byTape(() => gt.sum(gt.addN([gt.mul(x, w), gt.mul(x, 0.1), gt.mul(gt.exp(x), w), gt.mul(x, x)])), x),
  ],
  "gradient of a gradient": (x, w) => [
    gt.grad((u) => gt.sum(gt.square(gt.grad((v) => gt.sum(gt.mul(gt.exp(v), w)))(u))))(x),
  ],
  "one tensor as two arguments": (x, w) =>
    gt.grad((a, b) => gt.sum(gt.mul(gt.mul(a, gt.square(b)), w)), { argnums: [0, 1] })(x, x) as gt.Tensor[],
  "a tensor that the function also closes over": (x, w) => [gt.grad((v) => gt.sum(gt.mul(gt.mul(v, x), w)))(x)],
  hvp: (x, w) => [gt.sum(gt.mul(x, w)), gt.hvp((v) => gt.sum(gt.mul(gt.exp(v), w)))(x, x)],
  jacobian: (x, w) => [gt.mul(x, w), gt.jacobian((v) => gt.mul(gt.square(v), w))(x)],
  "a derivative of one's own": (x, w) => [
    fiveFold(x),
    gt.grad((v) => gt.sum(gt.mul(fiveFold(v), w)))(x),
    byTape(() => gt.sum(fiveFold(w)), w),
  ],
  "its derivative": (x, w) => [gt.grad((u) => gt.sum(gt.grad((v) => gt.sum(gt.mul(fiveFold(v), w)))(u)))(x)],
  "derivatives of one's own by two arguments": (x, w) =>
    gt.grad((a, b) => gt.sum(swapped(gt.mul(a, w), gt.square(b))), { argnums: [0, 1] })(x, x) as gt.Tensor[],
  "a group that waits for it": (x, w) => gt.tuple([x, gt.add(x, w), null]) as gt.Tensor[],
  "control dependencies on it": (x, w) => [gt.controlDependencies([x, w], () => gt.add(x, w))],
  "a write that waits for it": (x, w) => [gt.controlDependencies([x], () => w.assignAdd(gt.ones([3])))],
};

const plain = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(plain)
    : value instanceof gt.Tensor || value instanceof gt.Variable || value instanceof gt.IndexedSlices
      ? gt.identity(value).array()
      : value;

const numbers = [0.3, -1.7, 2.1];

describe.each(Object.entries(bodies))("%s", (_, body) => {
  const given = gt.tensor(numbers);
  const variable = () => new gt.Variable([0.7, 1.3, -0.4], { name: "w" });
  const eager = variable();
  const expected = [plain(body(given, eager)), plain(body(given, eager))];

  test("compiled, by an argument", () => {
    const w = variable();
    const f = gt.compile((x: gt.Tensor) => body(x, w));
    expect([plain(f(given)), plain(f(given))]).toEqual(expected);
  });

  test("compiled, by a tensor from outside", () => {
    const w = variable();
    const f = gt.compile(() => body(given, w));
    expect([plain(f()), plain(f())]).toEqual(expected);
  });

  test.each(["fed", "from outside"])("in a session, %s", (kind) => {
    const graph = new gt.Graph();
    const { x, w, made } = graph.asDefault(() => {
      const w = variable();
      const x = gt.placeholder("float32", [3]);
      return { w, x, made: body(kind === "fed" ? x : given, w) };
    });
    const session = new gt.Session({ graph });
    session.run(w.initializer!);
    const wanted = made.filter((each) => each !== null) as gt.Tensor[];
    const run = () => {
      const values = session.run(wanted, [[x, given]]) as gt.Tensor[];
      return plain(made.map((each) => (each === null ? null : values.shift())));
    };
    expect([run(), run()]).toEqual(expected);
    if (graph.getOperations().some(({ def }) => def.writes !== undefined && def.name !== "assign")) return;
    for (let i = 0; i < 3; i++) expect(run()).toEqual(expected[0]);
  });
});

test("checkGradients takes one tensor as two inputs", () => {
  const x = gt.tensor([0.5, 1.5], { dtype: "float64" });
  gt.checkGradients((a, b) => gt.mul(a, gt.exp(b)), [x, x]);
});

test("the number of a variable that a compiled function returns", () => {
  const w = new gt.Variable(5);
  const counted = gt.compile(() => {
    w.assignAdd(1);
    return w.value();
  });
  expect([counted.item(), counted.item()]).toEqual([6, 7]);
  const element = gt.compile(() => gt.slice(gt.reshape(w.value(), [1, 1]), [0, 0], [1, 1]));
  expect(element.item()).toBe(7);
});

test("a tape that a compiled function leaves open when it throws ends with it", () => {
  const f = gt.compile((x: gt.Tensor) => {
    runs++;
    return gt.add(x, 1);
  });
  let runs = 0;
  f(gt.tensor([1]));
  const tape = new gt.GradientTape();
  const left = gt.compile(() => {
    tape.start();
    throw new Error("mine");
  });
  expect(() => left()).toThrow("mine");
  runs = 0;
  expect(f(gt.tensor([2])).array()).toEqual([3]);
  expect(runs).toBe(0);
  tape.stop();
});
