import { DataReader, embeddingTable } from "../dist/data.js";
import { elementwise, embeddings, perceptrons, products, settings } from "../dist/workloads.js";

/* What peers written in JavaScript have in common: the data of a workload, and the line that tells the result. */

export { elementwise, products, settings };

/** Data and initial weights of a workload: `kind` is perceptron, embedding, product or loop. */
export function load(name) {
  if (name in products) return { kind: "product", ...products[name], ...matrices(products[name]) };
  if (name in elementwise) {
    const size = elementwise[name];
    return { kind: "loop", size, x: ramp(size), chain: name.startsWith("chain") };
  }
  const data = new DataReader(name);
  if (name in perceptrons) {
    const { layers, batch, check } = perceptrons[name];
    const x = data.floats(batch * layers[0]);
    const labels = data.ints(batch);
    const dense = layers.slice(1).map((units, i) => ({
      inputs: layers[i],
      units,
      kernel: data.floats(layers[i] * units),
      bias: data.floats(units),
    }));
    return { kind: "perceptron", layers, batch, check, x, labels, dense, classes: layers[layers.length - 1] };
  }
  const each = embeddings[name];
  const bags = each.indices / each.bag;
  const indices = Array.from({ length: each.sets }, () => data.ints(each.indices));
  const labels = Array.from({ length: each.sets }, () => data.ints(bags));
  const kernel = data.floats(each.width * each.classes);
  const table = () => embeddingTable(each.rows, each.width);
  return { kind: "embedding", ...each, bags, indices, labels, kernel, bias: data.floats(each.classes), table };
}

function matrices({ m, n, k }) {
  const fill = (size, by) => Float32Array.from({ length: size }, (_, i) => ((i * by) % 19) / 19 - 0.5);
  return { a: fill(m * k, 7), b: fill(k * n, 5) };
}

function ramp(size) {
  return Float32Array.from({ length: size }, (_, i) => (i % 101) / 50 - 1);
}

/** Labels as rows of zeros and a one. */
export function oneHot(labels, classes) {
  const rows = new Float32Array(labels.length * classes);
  labels.forEach((label, i) => {
    rows[i * classes + label] = 1;
  });
  return rows;
}

export function tell(peer, workload, result) {
  console.log(JSON.stringify({ peer, workload, ...result }));
}
