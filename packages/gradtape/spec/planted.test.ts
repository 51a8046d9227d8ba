import * as gt from "gradtape";
import { describe, expect, test } from "vitest";

/* NaNs and nulls planted in a small model, each traced to the op that was planted. */

type Plant = readonly [name: string, op: string, plant: (h: gt.Tensor) => gt.Tensor];

/** Three layers of tanh, with `plant` behind one of them. */
function makeModel(plant: (h: gt.Tensor) => gt.Tensor, depth: number) {
  const random = gt.generator(4);
  const weights = [0, 1, 2].map((i) => new gt.Variable(random.normal([4, 4]), { name: `w${i}` }));
  const loss = (x: gt.Tensor) =>
    gt.sum(
      weights.reduce<gt.Tensor>((h, w, i) => {
        const next = gt.tanh(gt.matMul(h, w));
        return i === depth ? plant(next) : next;
      }, x),
    );
  return { weights, loss };
}

const x = gt.generator(5).normal([3, 4]);
const depths = [0, 1, 2] as const;

/** Ops that make a NaN or an infinity out of what lies between -1 and 1. */
const poisons: readonly Plant[] = [
  ["a logarithm below zero", "log", (h) => gt.log(gt.sub(h, 2))],
  ["a root below zero", "sqrt", (h) => gt.sqrt(gt.sub(h, 2))],
  ["a division by zero", "div", (h) => gt.div(h, gt.sub(h, h))],
  ["an exponential beyond bounds", "exp", (h) => gt.exp(gt.add(gt.mul(h, 0), 1000))],
  ["a power that is not real", "pow", (h) => gt.pow(gt.sub(h, 2), 0.5)],
  ["a product beyond bounds", "mul", (h) => gt.mul(gt.add(gt.mul(h, 0), 3e38), 3e38)],
];

describe("NaN and infinity", () => {
  const cases = poisons.flatMap((plant) => depths.map((depth) => [plant[0], depth, plant] as const));
  test.each(cases)("%s behind layer %i", (_, depth, [, op, plant]) => {
    const culprit = new RegExp(`checkNumerics: ${op}(?: '\\S+')? made .*[\\s\\S]*planted\\.test\\.ts`);
    const { loss } = makeModel(plant, depth);
    expect(() => gt.checkNumericsIn(() => loss(x))).toThrow(culprit);
    expect(() => gt.compile(loss, { checkNumerics: true })(x)).toThrow(culprit);
    const graph = new gt.Graph();
    const fetched = graph.asDefault(() => {
      const inputs = gt.placeholder("float32", [3, 4]);
      return { inputs, value: loss(inputs) };
    });
    const session = new gt.Session({ graph, checkNumerics: true });
    expect(() => session.run(fetched.value, [[fetched.inputs, x]])).toThrow(culprit);
  });
});

/** Ops through which no gradient flows. */
const walls: readonly Plant[] = [
  ["stopped", "stopGradient", (h) => gt.stopGradient(h)],
  ["made whole", "cast", (h) => gt.cast(gt.cast(h, "int32"), "float32")],
  ["rounded down", "floor", (h) => gt.floor(h)],
  ["compared", "greater", (h) => gt.cast(gt.greater(h, 0), "float32")],
  [
    "chosen by position",
    "argMax",
    (h) => gt.mul(gt.cast(gt.expandDims(gt.argMax(h, 1), 1), "float32"), gt.ones([3, 4])),
  ],
  ["a condition", "less", (h) => gt.where(gt.less(h, 0), gt.ones([3, 4]), gt.zeros([3, 4]))],
];

describe("null", () => {
  const cases = walls.flatMap((plant) => depths.map((depth) => [plant[0], depth, plant] as const));
  test.each(cases)("%s behind layer %i", (_, depth, [, op, plant]) => {
    const { weights, loss } = makeModel(plant, depth);
    const tape = new gt.GradientTape({ persistent: true, locations: true });
    const target = tape.record(() => loss(x));
    for (const [i, w] of weights.entries()) {
      if (i > depth) {
        expect(tape.gradient(target, w)).not.toBeNull();
        continue;
      }
      expect(tape.gradient(target, w)).toBeNull();
      expect(tape.explainGradient(target, w)).toMatch(new RegExp(`${op}[\\s\\S]*planted\\.test\\.ts`));
    }
    const optimizer = new gt.GradientDescentOptimizer(0.1);
    expect(() => optimizer.minimize(() => loss(x), { varList: [weights[0]!] })).toThrow(
      new RegExp(`no gradients[\\s\\S]*${op}`),
    );
  });

  test("numbers taken out of the model, in a graph too", () => {
    const w = new gt.Variable([1, 2], { name: "w" });
    const tape = new gt.GradientTape({ persistent: true });
    const target = tape.record(() => gt.sum(gt.tensor(gt.mul(w, 2).data)));
    expect(tape.gradient(target, w)).toBeNull();
    expect(tape.explainGradient(target, w)).toMatch(
      /numbers taken out of a tensor .*have no past\n {2}the last op made from the source is mul$/,
    );
  });
});
