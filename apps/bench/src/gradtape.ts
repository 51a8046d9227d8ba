import * as gt from "gradtape";
import { DataReader, embeddingTable } from "./data.ts";
import { checksum, type Measurement, timeOp, timeSteps } from "./measure.ts";
import { median } from "./statistics.ts";
import { elementwise, embeddings, perceptrons, products, settings } from "./workloads.ts";

/* This library as a peer: `node gradtape.js <workload> [compiled|eager] [threads]`; one JSON line on standard output. */

const [workload = "", mode = "compiled", threads = "1"] = process.argv.slice(2);
if (Number(threads) > 1) gt.setThreads(Number(threads));

interface Training {
  readonly variables: readonly gt.Variable[];
  readonly inputs: readonly gt.Tensor[];
  readonly labels: readonly gt.Tensor[];
  readonly check: number;
  loss(x: gt.Tensor, labels: gt.Tensor): gt.Tensor;
}

function perceptron(name: string): Training {
  const { layers, batch, check } = perceptrons[name]!;
  const data = new DataReader(name);
  const x = gt.tensor(data.floats(batch * layers[0]!), { shape: [batch, layers[0]!] });
  const labels = gt.tensor(data.ints(batch));
  const dense = layers.slice(1).map((units, i) => {
    const inputs = layers[i]!;
    const kernel = new gt.Variable(gt.tensor(data.floats(inputs * units), { shape: [inputs, units] }));
    return [kernel, new gt.Variable(gt.tensor(data.floats(units)))] as const;
  });
  const loss = (inputs: gt.Tensor, classes: gt.Tensor) => {
    const logits = dense.reduce<gt.Tensor>(
      (h, [kernel, bias], i) => gt.add(gt.matMul(i === 0 ? h : gt.relu(h), kernel), bias),
      inputs,
    );
    return gt.losses.sparseSoftmaxCrossEntropy(classes, logits);
  };
  return { variables: dense.flat(), inputs: [x], labels: [labels], check, loss };
}

function embedding(name: string): Training {
  const { rows, width, indices, bag, classes, sets, check } = embeddings[name]!;
  const data = new DataReader(name);
  const inputs = Array.from({ length: sets }, () => gt.tensor(data.ints(indices)));
  const labels = Array.from({ length: sets }, () => gt.tensor(data.ints(indices / bag)));
  const table = new gt.Variable(gt.tensor(embeddingTable(rows, width), { shape: [rows, width] }));
  const kernel = new gt.Variable(gt.tensor(data.floats(width * classes), { shape: [width, classes] }));
  const bias = new gt.Variable(gt.tensor(data.floats(classes)));
  const loss = (picks: gt.Tensor, targets: gt.Tensor) => {
    const bags = gt.mean(gt.reshape(gt.gather(table, picks), [-1, bag, width]), 1);
    return gt.losses.sparseSoftmaxCrossEntropy(targets, gt.add(gt.matMul(bags, kernel), bias));
  };
  return { variables: [table, kernel, bias], inputs, labels, check, loss };
}

function measureTraining({ variables, inputs, labels, check, loss }: Training) {
  const { learningRate, decay, epsilon } = settings;
  const optimizer = new gt.RMSPropOptimizer(learningRate, { decay, epsilon });
  optimizer.createSlots(variables);
  const initial = variables.map((variable) => gt.tensor(variable.data, { shape: variable.shape }));
  // The peers begin with mean squares of zero.
  const zeros = initial.map(({ shape }) => gt.zeros(shape));
  // Compiled, so that variables stay where the steps have them.
  const reset = gt.compile(() => {
    for (const [i, variable] of variables.entries()) {
      variable.assign(initial[i]!);
      for (const slot of optimizer.getSlotNames()) optimizer.getSlot(variable, slot)!.assign(zeros[i]!);
    }
  });
  const train = (x: gt.Tensor, classes: gt.Tensor) => {
    let value!: gt.Tensor;
    optimizer.minimize(() => {
      value = loss(x, classes);
      return value;
    });
    return value;
  };
  const compiled = gt.compile(train);
  const one = mode === "eager" ? (x: gt.Tensor, y: gt.Tensor) => Number(train(x, y).item()) : compiled.item;
  let turn = 0;
  const step = () => {
    const i = turn++ % inputs.length;
    return one(inputs[i]!, labels[i]!);
  };
  return timeSteps(step, reset, check);
}

function measureProduct(name: string) {
  const { m, n, k, transposed } = products[name]!;
  const matrix = (rows: number, columns: number, by: number) =>
    new gt.Variable(
      gt.tensor(
        Float32Array.from({ length: rows * columns }, (_, i) => ((i * by) % 19) / 19 - 0.5),
        { shape: [rows, columns] },
      ),
    );
  const a = transposed === "a" ? matrix(k, m, 7) : matrix(m, k, 7);
  const b = transposed === "b" ? matrix(n, k, 5) : matrix(k, n, 5);
  const multiply = () => gt.matMul(a, b, { transposeA: transposed === "a", transposeB: transposed === "b" });
  return mode === "eager" ? timeEager(multiply) : timeAssigned([m, n], multiply);
}

/** An op that writes into a variable: nothing is copied out. */
function timeAssigned(shape: readonly number[], op: () => gt.Tensor) {
  const result = new gt.Variable(gt.zeros(shape), { trainable: false });
  const run = gt.compile(() => {
    result.assign(op());
    return null;
  });
  run();
  const loss = checksum(result.data as Float32Array);
  return { ...timeOp(() => run()), loss };
}

function timeEager(op: () => gt.Tensor) {
  return { loss: checksum(op().data as Float32Array), ...timeOp(op) };
}

function measureLoop(name: string) {
  const size = elementwise[name]!;
  const x = new gt.Variable(gt.tensor(Float32Array.from({ length: size }, (_, i) => (i % 101) / 50 - 1)));
  const line = () => gt.relu(gt.add(gt.mul(x, 1.5), 0.25));
  const chain = () => gt.add(gt.sub(gt.mul(line(), x), gt.mul(gt.mul(x, x), 0.5)), 1);
  return timeAssigned([size], name.startsWith("chain") ? chain : line);
}

/** An epoch of 60,000 images through a dataset, per step. */
function measureEpoch() {
  const training = perceptron("mnist");
  const examples = 60_000;
  const images = gt.tensor(new Float32Array(examples * 784).fill(0.1), { shape: [examples, 784] });
  const data = gt.dataset([images, gt.tensor(new Int32Array(examples))], {
    batch: 64,
    shuffle: true,
    seed: 1,
    prefetch: 2,
  });
  const optimizer = new gt.RMSPropOptimizer(settings.learningRate);
  const step = gt.compile((x: gt.Tensor, labels: gt.Tensor) => {
    optimizer.minimize(() => training.loss(x, labels));
    return null;
  });
  const epoch = () => {
    for (const [x, labels] of data) step(x!, labels!);
  };
  epoch();
  const steps = data.size;
  const times = [0, 1, 2].map(() => {
    const time = performance.now();
    epoch();
    return (1000 * (performance.now() - time)) / steps;
  });
  const [x, labels] = [
    gt.tensor(new Float32Array(64 * 784).fill(0.1), { shape: [64, 784] }),
    gt.tensor(new Int32Array(64)),
  ];
  const alone = timeOp(() => step(x, labels)).microseconds;
  return { microseconds: median(times), overSteps: median(times) / alone };
}

/** Bytes that a steady step leaves behind, the number it returns among them. */
function measureGarbage() {
  const { inputs, labels, loss, variables } = perceptron("tiny");
  const optimizer = new gt.RMSPropOptimizer(settings.learningRate);
  const step = gt.compile((x: gt.Tensor, classes: gt.Tensor) => {
    let value!: gt.Tensor;
    optimizer.minimize(
      () => {
        value = loss(x, classes);
        return value;
      },
      { varList: [...variables] },
    );
    return value;
  });
  const sum = new Float64Array(1);
  const steps = (count: number) => {
    for (let i = 0; i < count; i++) sum[0]! += step.item(inputs[0]!, labels[0]!);
  };
  steps(20_000);
  (globalThis as { gc?: () => void }).gc?.();
  const time = performance.now();
  const bytesPerStep = growth(() => steps(10_000), 10) / 10_000;
  return { microseconds: (performance.now() - time) / 100, bytesPerStep };
}

/** By how many bytes the heap grows in a turn; turns in which the collector came tell nothing and are left out. */
function growth(turn: () => void, turns: number): number {
  const collectorWaits = 2 ** 24;
  const used = new Float64Array(turns + 1);
  used[0] = process.memoryUsage().heapUsed;
  for (let i = 1; i <= turns; i++) {
    turn();
    used[i] = process.memoryUsage().heapUsed;
  }
  const grown = Array.from({ length: turns }, (_, i) => used[i + 1]! - used[i]!).filter((bytes) => bytes >= 0);
  return grown.length === 0 ? collectorWaits : median(grown);
}

function measure(): Partial<Measurement> {
  if (workload in perceptrons) return measureTraining(perceptron(workload));
  if (workload in embeddings) return measureTraining(embedding(workload));
  if (workload in products) return measureProduct(workload);
  if (workload in elementwise) return measureLoop(workload);
  if (workload === "epoch") return measureEpoch();
  if (workload === "garbage") return measureGarbage();
  throw new Error(`there is no workload ${workload}`);
}

console.log(JSON.stringify({ peer: "gradtape", workload, ...measure() }));
