import { checksum, timeOp, timeSteps } from "../dist/measure.js";
import { load, settings, tell } from "./common.mjs";

/* What a careful person writes by hand: typed arrays and loops, nothing allocated per step. `node plain.mjs <workload>`. */

const [workload] = process.argv.slice(2);
const given = load(workload);
const { learningRate, decay, epsilon } = settings;

/** c[m, n] = a[m, k] b[k, n]; four rows of b at a time, which is twice as fast */
function multiply(a, b, c, m, k, n) {
  c.fill(0);
  const whole = k - (k % 4);
  for (let i = 0; i < m; i++) {
    const to = i * n;
    for (let p = 0; p < whole; p += 4) {
      const at = i * k + p;
      const [x0, x1, x2, x3] = [a[at], a[at + 1], a[at + 2], a[at + 3]];
      const b0 = p * n;
      const b1 = b0 + n;
      const b2 = b1 + n;
      const b3 = b2 + n;
      for (let j = 0; j < n; j++) c[to + j] += x0 * b[b0 + j] + x1 * b[b1 + j] + x2 * b[b2 + j] + x3 * b[b3 + j];
    }
    for (let p = whole; p < k; p++) {
      const x = a[i * k + p];
      for (let j = 0; j < n; j++) c[to + j] += x * b[p * n + j];
    }
  }
}

/** c[k, n] = transposed a[m, k] times d[m, n] */
function multiplyTransposedA(a, d, c, m, k, n) {
  c.fill(0);
  for (let i = 0; i < m; i++) {
    for (let p = 0; p < k; p++) {
      const x = a[i * k + p];
      if (x === 0) continue;
      for (let j = 0; j < n; j++) c[p * n + j] += x * d[i * n + j];
    }
  }
}

/** c[m, k] = d[m, n] times transposed b[k, n] */
function multiplyTransposedB(d, b, c, m, k, n) {
  for (let i = 0; i < m; i++) {
    for (let p = 0; p < k; p++) {
      let sum = 0;
      for (let j = 0; j < n; j++) sum += d[i * n + j] * b[p * n + j];
      c[i * k + p] = sum;
    }
  }
}

function softmaxCrossEntropy(z, labels, dz, m, n) {
  let loss = 0;
  for (let i = 0; i < m; i++) {
    let most = Number.NEGATIVE_INFINITY;
    for (let j = 0; j < n; j++) most = Math.max(most, z[i * n + j]);
    let total = 0;
    for (let j = 0; j < n; j++) {
      dz[i * n + j] = Math.exp(z[i * n + j] - most);
      total += dz[i * n + j];
    }
    loss += Math.log(total) - (z[i * n + labels[i]] - most);
    for (let j = 0; j < n; j++) dz[i * n + j] /= total * m;
    dz[i * n + labels[i]] -= 1 / m;
  }
  return loss / m;
}

function update(p, mean, g) {
  for (let i = 0; i < p.length; i++) {
    mean[i] = decay * mean[i] + (1 - decay) * g[i] * g[i];
    p[i] -= (learningRate * g[i]) / Math.sqrt(mean[i] + epsilon);
  }
}

function measurePerceptron() {
  const { batch, labels, dense, check } = given;
  const make = (n) => new Float32Array(n);
  const layers = dense.map((each) => ({
    ...each,
    ...{ w: make(each.kernel.length), b: make(each.units), dw: make(each.kernel.length), db: make(each.units) },
    ...{
      mw: make(each.kernel.length),
      mb: make(each.units),
      h: make(batch * each.units),
      dh: make(batch * each.units),
    },
  }));
  const reset = () => {
    for (const each of layers) {
      each.w.set(each.kernel);
      each.b.set(each.bias);
      each.mw.fill(0);
      each.mb.fill(0);
    }
  };
  const step = () => {
    layers.forEach(({ w, b, h, inputs, units }, i) => {
      multiply(i === 0 ? given.x : layers[i - 1].h, w, h, batch, inputs, units);
      const last = i === layers.length - 1;
      for (let at = 0; at < h.length; at++) {
        const value = h[at] + b[at % units];
        h[at] = last || value > 0 ? value : 0;
      }
    });
    const top = layers[layers.length - 1];
    const loss = softmaxCrossEntropy(top.h, labels, top.dh, batch, top.units);
    for (let i = layers.length - 1; i >= 0; i--) {
      const { w, dh, dw, db, inputs, units } = layers[i];
      multiplyTransposedA(i === 0 ? given.x : layers[i - 1].h, dh, dw, batch, inputs, units);
      db.fill(0);
      for (let at = 0; at < dh.length; at++) db[at % units] += dh[at];
      if (i === 0) continue;
      const below = layers[i - 1];
      multiplyTransposedB(dh, w, below.dh, batch, inputs, units);
      for (let at = 0; at < below.dh.length; at++) if (below.h[at] <= 0) below.dh[at] = 0;
    }
    for (const { w, mw, dw, b, mb, db } of layers) {
      update(w, mw, dw);
      update(b, mb, db);
    }
    return loss;
  };
  return timeSteps(step, reset, check);
}

function measureOp(op, result) {
  op();
  const loss = checksum(result);
  return { ...timeOp(op), loss };
}

function measureLoop({ x, size, chain }) {
  const y = new Float32Array(size);
  const line = () => {
    for (let i = 0; i < y.length; i++) {
      y[i] = Math.max(x[i] * 1.5 + 0.25, 0);
    }
  };
  const longer = () => {
    for (let i = 0; i < y.length; i++) {
      y[i] = Math.max(x[i] * 1.5 + 0.25, 0) * x[i] - x[i] * x[i] * 0.5 + 1;
    }
  };
  return measureOp(chain ? longer : line, y);
}

function measure() {
  if (given.kind === "perceptron") return measurePerceptron();
  if (given.kind === "loop") return measureLoop(given);
  const { m, n, k, a, b, transposed } = given;
  const c = new Float32Array(m * n);
  // The transposed kernels name their extents after the forward product.
  if (transposed === "a") return measureOp(() => multiplyTransposedA(a, b, c, k, m, n), c);
  if (transposed === "b") return measureOp(() => multiplyTransposedB(a, b, c, m, n, k), c);
  return measureOp(() => multiply(a, b, c, m, k, n), c);
}

tell("plain JavaScript", workload, measure());
