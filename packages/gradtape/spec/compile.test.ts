import * as gt from "gradtape";
import { expect, test } from "vitest";

test("a step of a small perceptron", () => {
  const random = gt.generator(1);
  const make = () => {
    const r = gt.generator(3);
    return [
      new gt.Variable(r.normal([7, 12]), { name: "w0" }),
      new gt.Variable(gt.zeros([12]), { name: "b0" }),
      new gt.Variable(r.normal([12, 5]), { name: "w1" }),
      new gt.Variable(gt.zeros([5]), { name: "b1" }),
    ] as const;
  };
  const x = random.normal([10, 7]);
  const labels = random.uniform([10], { low: 0, high: 5, dtype: "int32" });
  const step = ([w0, b0, w1, b1]: ReturnType<typeof make>, optimizer: gt.Optimizer) => (x: gt.Tensor, labels: gt.Tensor) => {
    let loss!: gt.Tensor;
    optimizer.minimize(() => {
      const h = gt.relu(gt.add(gt.matMul(x, w0), b0));
      loss = gt.losses.sparseSoftmaxCrossEntropy(labels, gt.add(gt.matMul(h, w1), b1));
      return loss;
    });
    return loss;
  };
  const [a, b] = [make(), make()];
  const eager = step(a, new gt.RMSPropOptimizer(0.01, { momentum: 0.5 }));
  const compiled = gt.compile(step(b, new gt.RMSPropOptimizer(0.01, { momentum: 0.5 })));
  for (let i = 0; i < 5; i++) {
    const e = eager(x, labels);
    const c = compiled(x, labels);
    expect(c.item()).toBe(e.item());
    a.forEach((variable, j) => expect(b[j]!.data).toEqual(variable.data));
  }
  console.log(compiled.explain());
  console.log(String(compiled.profile([x, labels], 1000)));
});
