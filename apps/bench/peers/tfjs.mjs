import { createRequire } from "node:module";
import path from "node:path";
import { checksum, timeOp, timeSteps } from "../dist/measure.js";
import { load, oneHot, settings, tell } from "./common.mjs";

/* TensorFlow.js: `node tfjs.mjs <workload> cpu|wasm`. */

const [workload, backend = "wasm"] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const tf = require("@tensorflow/tfjs");
if (backend === "wasm") {
  const wasm = require("@tensorflow/tfjs-backend-wasm");
  wasm.setWasmPaths(`${path.dirname(require.resolve("@tensorflow/tfjs-backend-wasm/package.json"))}/dist/`);
}
await tf.setBackend(backend);
await tf.ready();
// The gradient of gather needs a kernel that the wasm backend lacks, and that the cpu backend has in a form which takes
// minutes for a step on ten thousand rows: what a user would do about it.
const addRows = ({ x, ids, rows, width, segments }) => {
  const sums = new Float32Array(segments * width);
  for (let row = 0; row < rows; row++) for (let j = 0; j < width; j++) sums[ids[row] * width + j] += x[row * width + j];
  return sums;
};
if (backend === "cpu") tf.unregisterKernel("UnsortedSegmentSum", "cpu");
tf.registerKernel({
  kernelName: "UnsortedSegmentSum",
  backendName: backend,
  kernelFunc: ({ inputs, backend: memory, attrs }) => {
    const read = ({ dataId }) => (backend === "cpu" ? memory.data.get(dataId).values : memory.readSync(dataId));
    const rows = inputs.segmentIds.size;
    const width = inputs.x.size / rows;
    const shape = [attrs.numSegments, ...inputs.x.shape.slice(inputs.segmentIds.shape.length)];
    const sums = addRows({
      ...{ x: read(inputs.x), ids: read(inputs.segmentIds) },
      ...{ rows, width, segments: attrs.numSegments },
    });
    if (backend === "cpu") return memory.makeTensorInfo(shape, "float32", sums);
    const made = memory.makeOutput(shape, "float32");
    memory.typedArrayFromHeap(made).set(sums);
    return made;
  },
});

const given = load(workload);
const peer = `tfjs ${backend}`;
const { learningRate, decay, epsilon } = settings;

function training(variables, initial, loss) {
  let optimizer;
  const reset = () => {
    optimizer?.dispose?.();
    tf.tidy(() => {
      variables.forEach((variable, i) => {
        variable.assign(tf.tensor(initial[i](), variable.shape));
      });
    });
    optimizer = tf.train.rmsprop(learningRate, decay, 0, epsilon);
  };
  let turn = 0;
  const step = () => {
    const cost = optimizer.minimize(() => loss(turn), true);
    turn++;
    const [value] = cost.dataSync();
    cost.dispose();
    return value;
  };
  return timeSteps(step, reset, given.check);
}

function measureOp(op) {
  const first = op();
  const loss = checksum(first.dataSync());
  first.dispose();
  return { ...timeOp(() => op().dispose()), loss };
}

function measure() {
  if (given.kind === "product") {
    const { m, n, k, transposed } = given;
    const a = tf.tensor2d(given.a, transposed === "a" ? [k, m] : [m, k]);
    const b = tf.tensor2d(given.b, transposed === "b" ? [n, k] : [k, n]);
    return measureOp(() => tf.matMul(a, b, transposed === "a", transposed === "b"));
  }
  if (given.kind === "loop") {
    const x = tf.tensor1d(given.x);
    const [a, b, half, one] = [1.5, 0.25, 0.5, 1].map((value) => tf.scalar(value));
    const line = () => tf.relu(tf.add(tf.mul(x, a), b));
    const chain = () => tf.add(tf.sub(tf.mul(line(), x), tf.mul(tf.mul(x, x), half)), one);
    return measureOp(() => tf.tidy(given.chain ? chain : line));
  }
  if (given.kind === "perceptron") {
    const { batch, layers, classes, dense } = given;
    const x = tf.tensor2d(given.x, [batch, layers[0]]);
    const labels = tf.tensor2d(oneHot(given.labels, classes), [batch, classes]);
    const weights = dense.map(({ inputs, units }) => [
      tf.variable(tf.zeros([inputs, units])),
      tf.variable(tf.zeros([units])),
    ]);
    const initial = dense.flatMap(({ kernel, bias }) => [() => kernel, () => bias]);
    return training(weights.flat(), initial, () => {
      let h = x;
      weights.forEach(([kernel, bias], i) => {
        h = h.matMul(kernel).add(bias);
        if (i + 1 < weights.length) h = h.relu();
      });
      return tf.losses.softmaxCrossEntropy(labels, h);
    });
  }
  const { bags, bag, width, classes, rows, sets } = given;
  const picks = given.indices.map((list) => tf.tensor1d(list, "int32"));
  const labels = given.labels.map((list) => tf.tensor2d(oneHot(list, classes), [bags, classes]));
  const table = tf.variable(tf.zeros([rows, width]));
  const kernel = tf.variable(tf.zeros([width, classes]));
  const bias = tf.variable(tf.zeros([classes]));
  return training([table, kernel, bias], [given.table, () => given.kernel, () => given.bias], (turn) => {
    const pooled = tf
      .gather(table, picks[turn % sets])
      .reshape([bags, bag, width])
      .mean(1);
    return tf.losses.softmaxCrossEntropy(labels[turn % sets], pooled.matMul(kernel).add(bias));
  });
}

tell(peer, workload, measure());
process.exit(0);
