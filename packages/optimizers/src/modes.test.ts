import * as g from "@gradtape/graph";
import { generator, type Tensor, tensor } from "@gradtape/tensor";
import { expect, test } from "vitest";
import { RMSPropOptimizer } from "./index.ts";

/* One model in eager mode and as a graph in a session: the same weights, bit for bit. */

const sizes = [12, 9, 7, 4];
const random = generator(3);
const initial = sizes.slice(1).map((n, i) => random.normal([sizes[i]!, n], { stddev: 0.5 }));
const batches = Array.from({ length: 8 }, (_, step) => ({
  x: random.normal([5, 12]),
  labels: tensor(
    Array.from({ length: 5 }, (_, i) => (i + step) % 4),
    { dtype: "int32" },
  ),
}));

function makeModel() {
  const weights = initial.map((value, i) => new g.Variable(value, { name: `w${i}` }));
  const biases = sizes.slice(1).map((n, i) => new g.Variable(tensor(new Float32Array(n)), { name: `b${i}` }));
  const loss = (x: Tensor, labels: Tensor) => {
    let h = x;
    for (const [i, w] of weights.entries()) {
      h = g.add(g.matMul(h, w), biases[i]!);
      if (i < 2) h = i === 0 ? g.relu(h) : g.tanh(h);
    }
    return g.losses.sparseSoftmaxCrossEntropy(labels, h);
  };
  return { variables: [...weights, ...biases], loss };
}

test("a graph with an open batch extent trains to the same bits as eager mode", () => {
  const eager = makeModel();
  const optimizer = new RMSPropOptimizer(0.01, { momentum: 0.9, centered: true });
  const eagerLosses = batches.map(({ x, labels }) => {
    let value = 0;
    optimizer.minimize(() => {
      const loss = eager.loss(x, labels);
      value = loss.item() as number;
      return loss;
    });
    return value;
  });

  const graph = new g.Graph();
  graph.asDefault(() => {
    const x = g.placeholder("float32", [null, 12], { name: "x" });
    const labels = g.placeholder("int32", [null], { name: "labels" });
    const model = makeModel();
    const loss = model.loss(x, labels);
    const train = new RMSPropOptimizer(0.01, { momentum: 0.9, centered: true }).minimize(loss);
    g.verify(graph);
    const session = new g.Session({ graph });
    session.run(g.globalVariablesInitializer());
    const losses = batches.map((batch) =>
      session
        .run(
          [train, loss],
          [
            [x, batch.x],
            [labels, batch.labels],
          ],
        )[1]
        .item(),
    );
    expect(losses).toEqual(eagerLosses);
    const trained = session.run(model.variables);
    expect(trained.map(({ data }) => data)).toEqual(eager.variables.map(({ data }) => data));
  });
});
