/* Programs to begin with. */

export interface Example {
  readonly title: string;
  readonly about: string;
  readonly text: string;
}

export const examples: readonly Example[] = [
  {
    title: "A small network",
    about: "Two layers, one step of RMSProp.",
    text: `import * as gt from "gradtape";

const x = gt.tensor([[0, 0], [0, 1], [1, 0], [1, 1]]);
const labels = gt.tensor([[0], [1], [1], [0]]);

const weights = (shape: number[], name: string) =>
  new gt.Variable(gt.glorotUniform(shape, { seed: 1 }), { name });
const w1 = weights([2, 3], "w1");
const b1 = new gt.Variable(gt.zeros([3]), { name: "b1" });
const w2 = weights([3, 1], "w2");

const loss = () => {
  const sums = gt.add(gt.matMul(x, w1), b1);
  const logits = gt.matMul(gt.tanh(sums), w2);
  return gt.losses.sigmoidCrossEntropy(labels, logits);
};

const optimizer = new gt.RMSPropOptimizer(0.1);
optimizer.minimize(loss);
console.log("loss after the step:", loss().item());
`,
  },
  {
    title: "Rows of a table",
    about: "The gradient of gather is IndexedSlices: only the rows that were read. The table is read twice.",
    text: `import * as gt from "gradtape";

// A table of six words, two numbers each.
const values = gt.randomNormal([6, 2], { seed: 3 });
const table = new gt.Variable(values, { name: "table" });

const loss = () => {
  const words = gt.gather(table, [4, 1, 4]); // word 4 twice
  const context = gt.gather(table, [0, 1, 5]);
  return gt.mean(gt.square(gt.sub(words, context)));
};

const optimizer = new gt.AdagradOptimizer(0.5);
const pairs = optimizer.computeGradients(loss);
console.log(String(pairs[0][0]));
optimizer.applyGradients(pairs);
`,
  },
  {
    title: "A second derivative",
    about: "The ops of a gradient are ops: a tape around it records them too.",
    text: `import * as gt from "gradtape";

const x = new gt.Variable(2, { name: "x" });

const outer = new gt.GradientTape();
const slope = outer.record(() => {
  const inner = new gt.GradientTape();
  const y = inner.record(() => {
    return gt.mul(gt.square(x), gt.sin(x));
  });
  return inner.gradient(y, x);
});
const curvature = outer.gradient(slope, x);

console.log("slope", slope.item());
console.log("curvature", curvature.item());
`,
  },
  {
    title: "A graph",
    about: "As in TensorFlow 1: a step is written down first, and gets its numbers when a session runs it.",
    text: `import * as gt from "gradtape";

const graph = new gt.Graph();
graph.asDefault(() => {
  const x = gt.placeholder("float32", [3, 2], { name: "x" });
  const y = gt.placeholder("float32", [3, 1], { name: "y" });
  const w = new gt.Variable([[0.5], [-0.5]], { name: "w" });
  const predicted = gt.matMul(x, w);
  const loss = gt.losses.meanSquaredError(y, predicted);
  const train = new gt.AdamOptimizer(0.1).minimize(loss);

  const session = new gt.Session({ graph });
  session.run(gt.globalVariablesInitializer());
  const feeds = [
    [x, [[1, 2], [3, 4], [5, 6]]],
    [y, [[1], [2], [3]]],
  ] as const;
  for (let step = 1; step <= 3; step++) {
    const [, value] = session.run([train, loss], feeds);
    console.log("step", step, "loss", value.item());
  }
});
`,
  },
];

/** The program that is shown: the user's, or the first example. */
export const programOf = (text: string) => (text === "" ? examples[0]!.text : text);
