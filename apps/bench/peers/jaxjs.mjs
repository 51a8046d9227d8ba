import { checksum, timeSteps, timeWaitedOp } from "../dist/measure.js";
import { load, settings, tell } from "./common.mjs";

/* jax-js on its WebAssembly backend, whole steps jitted: `node jaxjs.mjs <workload>`. */

const {
  numpy: np,
  nn,
  jit,
  vjp,
  valueAndGrad,
  init,
  defaultDevice,
  blockUntilReady,
  tree,
} = await import("@jax-js/jax");
await init("wasm");
defaultDevice("wasm");

const [workload] = process.argv.slice(2);
const given = load(workload);
const { learningRate, decay, epsilon } = settings;
const array = (values, shape, dtype) => np.array(values, { shape, ...(dtype ? { dtype } : {}) });

/** It has no RMSProp of its own. */
function update(p, m, g) {
  const mean = m.mul(decay).add(np.square(g.ref).mul(1 - decay));
  return [p.sub(g.mul(learningRate).div(np.sqrt(mean.ref.add(epsilon)))), mean];
}

/** Calls only queue their work: an op is over when its result is ready. */
async function measureOp() {
  const { run, inputs } = given.kind === "loop" ? loop() : product();
  const call = () => run(...inputs.map((each) => each.ref));
  const loss = checksum(call().dataSync());
  const times = await timeWaitedOp(async () => {
    const result = call();
    await result.blockUntilReady();
    result.dispose();
  });
  return { ...times, loss };
}

function loop() {
  const x = array(given.x, [given.size]);
  const run = given.chain
    ? jit((v) => {
        const y = nn.relu(v.ref.mul(1.5).add(0.25));
        return y.mul(v.ref).sub(v.ref.mul(v).mul(0.5)).add(1);
      })
    : jit((v) => nn.relu(v.mul(1.5).add(0.25)));
  return { run, inputs: [x] };
}

function product() {
  const { m, n, k, transposed } = given;
  const a = array(given.a, transposed === "a" ? [k, m] : [m, k]);
  const b = array(given.b, transposed === "b" ? [n, k] : [k, n]);
  const run = jit((x, y) => np.matmul(transposed === "a" ? x.transpose() : x, transposed === "b" ? y.transpose() : y));
  return { run, inputs: [a, b] };
}

async function measurePerceptron() {
  const { batch, layers, classes, dense, check } = given;
  const x = array(given.x, [batch, layers[0]]);
  const labels = nn.oneHot(array(given.labels, [batch], np.int32), classes);
  await blockUntilReady([x, labels]);
  let weights;
  let means;
  const reset = () => {
    tree.dispose(weights);
    tree.dispose(means);
    weights = dense.map(({ kernel, bias, inputs, units }) => ({
      w: array(kernel, [inputs, units]),
      b: array(bias, [units]),
    }));
    means = dense.map(({ inputs, units }) => ({ w: np.zeros([inputs, units]), b: np.zeros([units]) }));
  };
  const loss = (p, inputs, targets) => {
    let h = inputs;
    p.forEach(({ w, b }, i) => {
      h = np.dot(h, w).add(b);
      if (i + 1 < p.length) h = nn.relu(h);
    });
    return nn
      .logSoftmax(h)
      .mul(targets)
      .sum()
      .mul(-1 / batch);
  };
  const train = jit((p, m, inputs, targets) => {
    const [value, g] = valueAndGrad(loss)(tree.ref(p), inputs, targets);
    const next = p.map((q, i) => [update(q.w, m[i].w, g[i].w), update(q.b, m[i].b, g[i].b)]);
    return [value, next.map(([w, b]) => ({ w: w[0], b: b[0] })), next.map(([w, b]) => ({ w: w[1], b: b[1] }))];
  });
  const step = () => {
    let value;
    [value, weights, means] = train(weights, means, x.ref, labels.ref);
    return value.item();
  };
  return timeSteps(step, reset, check);
}

/** A whole step cannot be jitted: the gradient of a lookup (a dense scatter) runs eagerly, the rest jitted. */
async function measureEmbedding() {
  const { rows, width, bag, bags, classes, sets, check } = given;
  const picks = given.indices.map((list) => array(list, [list.length], np.int32));
  const labels = given.labels.map((list) => array(list, [list.length], np.int32));
  let p;
  let m;
  const reset = () => {
    tree.dispose(p);
    tree.dispose(m);
    p = {
      t: array(given.table(), [rows, width]),
      w: array(given.kernel, [width, classes]),
      b: array(given.bias, [classes]),
    };
    m = { t: np.zeros([rows, width]), w: np.zeros([width, classes]), b: np.zeros([classes]) };
  };
  const head = jit(
    valueAndGrad((h, targets) => {
      const pooled = np.mean(h.e.reshape([bags, bag, width]), 1);
      const logits = np.matmul(pooled, h.w).add(h.b);
      return nn
        .logSoftmax(logits)
        .mul(nn.oneHot(targets, classes))
        .sum()
        .mul(-1 / bags);
    }),
  );
  const apply = jit((q, n, g) => {
    const next = Object.fromEntries(["t", "w", "b"].map((key) => [key, update(q[key], n[key], g[key])]));
    const part = (i) => Object.fromEntries(Object.entries(next).map(([key, pair]) => [key, pair[i]]));
    return [part(0), part(1)];
  });
  let turn = 0;
  const step = () => {
    const i = turn++ % sets;
    const [e, back] = vjp((t) => np.take(t, picks[i].ref, 0), [p.t.ref]);
    const [value, g] = head({ e, w: p.w.ref, b: p.b.ref }, labels[i].ref);
    const [t] = back(g.e);
    back.dispose();
    [p, m] = apply(p, m, { t, w: g.w, b: g.b });
    return value.item();
  };
  return timeSteps(step, reset, check);
}

const measures = { perceptron: measurePerceptron, embedding: measureEmbedding, product: measureOp, loop: measureOp };
tell("jax-js", workload, await measures[given.kind]());
process.exit(0);
