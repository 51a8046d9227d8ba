import * as gt from "gradtape";

/* What an app that trains a perceptron takes of the library: bundled to be weighed, never shown. */

const random = gt.generator(1);
const layers = [4, 16, 3].slice(1).map((units, i) => ({
  kernel: new gt.Variable(random.normal([[4, 16][i]!, units], { stddev: 0.3 })),
  bias: new gt.Variable(gt.zeros([units])),
}));
const optimizer = new gt.RMSPropOptimizer(0.01);

const network = (x: gt.Tensor) => {
  const [first, second] = layers as [(typeof layers)[0], (typeof layers)[0]];
  return gt.add(gt.matMul(gt.relu(gt.add(gt.matMul(x, first.kernel), first.bias)), second.kernel), second.bias);
};

const learn = gt.compile((x: gt.Tensor, labels: gt.Tensor) => {
  optimizer.minimize(() => gt.losses.sparseSoftmaxCrossEntropy(labels, network(x)));
});

/** Trains for an epoch. */
export function train(inputs: Float32Array, labels: Int32Array): void {
  const data = gt.dataset([gt.tensor(inputs, { shape: [labels.length, 4] }), gt.tensor(labels)], {
    batch: 32,
    shuffle: true,
  });
  for (const [x, y] of data) learn(x, y);
}
