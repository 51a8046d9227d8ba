import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as g from "@gradtape/graph";
import { generator, glorotUniform, tensor, zeros } from "@gradtape/tensor";
import { expect, test } from "vitest";
import { RMSPropOptimizer } from "./index.ts";

/* Training in a synchronous loop keeps its memory, with nothing freed by hand. LONG=1 walks 100,000 steps. */

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes alive after a collection: objects and the memory of typed arrays. */
function alive(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

test("an eager training loop lives in flat memory", { timeout: 300_000 }, () => {
  const sizes = [8, 16, 4];
  const weights = sizes.slice(1).map((n, i) => new g.Variable(glorotUniform([sizes[i]!, n], { seed: i })));
  const biases = sizes.slice(1).map((n) => new g.Variable(zeros([n])));
  const table = new g.Variable(glorotUniform([500, 4], { seed: 9 }));
  const x = generator(1).uniform([32, 8]);
  const labels = tensor(
    Array.from({ length: 32 }, (_, i) => i % 4),
    { dtype: "int32" },
  );
  const optimizer = new RMSPropOptimizer(0.001);
  const step = () =>
    optimizer.minimize(() => {
      const hidden = g.relu(g.add(g.matMul(x, weights[0]!), biases[0]!));
      const logits = g.add(g.add(g.matMul(hidden, weights[1]!), biases[1]!), g.gather(table, labels));
      return g.losses.sparseSoftmaxCrossEntropy(labels, logits);
    });
  const run = (steps: number) => {
    for (let i = 0; i < steps; i++) step();
    return alive();
  };
  const [warm, more] = process.env.LONG ? [20_000, 80_000] : [1_500, 4_500];
  const early = run(warm);
  expect(run(more)).toBeLessThan(1.1 * early);
});
