import { exampleCount, questionOf } from "../data/catalog.ts";
import { constructorArguments, type OptimizerSettings, optimizerEntry } from "./optimizers.ts";
import {
  type Activation,
  embeddingWidth,
  type FeatureName,
  inputWidth,
  isPlanar,
  lossOf,
  outputWidth,
  type Question,
  type Run,
  trainCount,
  vocabulary,
} from "./run.ts";
import { sourceOf } from "./sources.ts";

/* The program to take home. It does what the worker does, op for op. */

/** A number of the optimizer that was changed behind a step. */
export interface Change {
  readonly step: number;
  readonly name: string;
  readonly value: number;
}

/** What a program is written from. */
export interface ProgramOptions {
  readonly run: Run;
  readonly steps: number;
  readonly changes?: readonly Change[];
  /** The packed digits as base64, where the run needs them. */
  readonly digits?: { readonly images: string; readonly labels: string } | null;
}

const featureText: Readonly<Record<FeatureName, string>> = {
  ...{ x: "x", y: "y", "x²": "gt.square(x)", "y²": "gt.square(y)", xy: "gt.mul(x, y)" },
  ...{ "sin x": "gt.sin(x)", "sin y": "gt.sin(y)" },
};

const activationText: Readonly<Record<Activation, (x: string) => string>> = {
  tanh: (x) => `gt.tanh(${x})`,
  relu: (x) => `gt.relu(${x})`,
  sigmoid: (x) => `gt.sigmoid(${x})`,
  softplus: (x) => `gt.softplus(${x})`,
  linear: (x) => x,
};

function dataText({ run, digits }: ProgramOptions): string {
  const { data } = run;
  const maker = sourceOf(data);
  if (data === "own") {
    const names = run.names.length === 0 ? "" : `// The classes: ${JSON.stringify(run.names)}\n`;
    return `${maker}\n\n${names}const { inputs, targets } = own(forData, "${run.own}");`;
  }
  if (data !== "digits") return `${maker}\n\nconst { inputs, targets } = ${data}(forData, ${run.count}, ${run.noise});`;
  const { images = "", labels = "" } = digits ?? {};
  return `${maker}

// Pixels and labels in two packed files, each behind a header.
const unpack = (text, header) => gunzipSync(Buffer.from(text, "base64")).subarray(header);
const images = unpack("${images}", 16);
const labels = unpack("${labels}", 8);
const { inputs, targets } = digits(forData, ${exampleCount(run)}, images, labels);`;
}

function splitText(run: Run, question: Question): string {
  const count = exampleCount(run);
  const trained = trainCount(count, run.testPercent);
  const planar = isPlanar(run.data);
  const source = planar ? "seen" : "inputs";
  const width = run.data === "words" ? null : inputWidth(run);
  const targetWidth = question.task === "classes" ? null : 1;
  const rows = (name: string, extent: number | null, from: number, size: number) =>
    extent === null
      ? `gt.slice(${name}, [${from}], [${size}])`
      : `gt.slice(${name}, [${from}, 0], [${size}, ${extent}])`;
  const part = (name: string, from: number, size: number) =>
    `const ${name} = [${rows(source, width, from, size)}, ${rows("targets", targetWidth, from, size)}];`;
  const seen = `// What the network sees of a point.
const [x, y] = gt.unstack(inputs, { axis: 1 });
const seen = gt.stack([${run.features.map((name) => featureText[name]).join(", ")}], { axis: 1 });

`;
  return `${planar ? seen : ""}// ${trained} examples are trained on, the other ${count - trained} are the test.
${part("train", 0, trained)}
${part("test", trained, count - trained)}`;
}

function networkText(run: Run, question: Question): string {
  const sizes = [inputWidth(run), ...run.layers, outputWidth(question)];
  const layers = sizes.slice(1).map((outputs, i) => `  dense("dense${i + 1}", ${sizes[i]}, ${outputs}),`);
  const act = activationText[run.activation];
  const table = `const table = new gt.Variable(forWeights.normal([${vocabulary}, ${embeddingWidth}], { stddev: 0.5 }), { name: "table" });
`;
  const embedded =
    run.embedding === "sparse" ? "gt.gather(table, words)" : `gt.matMul(gt.oneHot(words, ${vocabulary}), table)`;
  const words = run.data === "words";
  const network = `(given) => layers.slice(1).reduce((x, layer) => apply(${act("x")}, layer), apply(given, layers[0]))`;
  return `const dense = (name, inputs, outputs) => ({
  kernel: new gt.Variable(forWeights.normal([inputs, outputs], { stddev: Math.sqrt(2 / (inputs + outputs)) }), {
    name: \`\${name}/kernel\`,
  }),
  bias: new gt.Variable(gt.zeros([outputs]), { name: \`\${name}/bias\` }),
});
${words ? table : ""}const layers = [
${layers.join("\n")}
];
const apply = (x, { kernel, bias }) => gt.add(gt.matMul(x, kernel), bias);
const ${words ? "readOut" : "network"} = ${network};${words ? `\nconst network = (words) => readOut(${embedded});` : ""}`;
}

function lossText(run: Run, { task }: Question): string {
  if (task === "classes") return "gt.losses.sparseSoftmaxCrossEntropy(targets, outputs)";
  switch (lossOf(run, task)) {
    case "cross entropy":
      return "gt.losses.sigmoidCrossEntropy(targets, outputs)";
    case "hinge":
      return "gt.mean(gt.relu(gt.sub(1, gt.mul(gt.sub(gt.mul(targets, 2), 1), outputs))))";
    case "absolute":
      return "gt.losses.absoluteDifference(targets, outputs)";
    case "huber":
      return "gt.losses.huberLoss(targets, outputs)";
    default:
      return `gt.losses.meanSquaredError(targets, ${task === "two classes" ? "gt.sigmoid(outputs)" : "outputs"})`;
  }
}

/** The call that makes an optimizer. */
export function optimizerText(settings: OptimizerSettings): string {
  const { positional, options } = constructorArguments(settings);
  const named = Object.entries(options).map(([name, value]) => `${name}: ${value}`);
  const last = named.length === 0 ? [] : [`{ ${named.join(", ")} }`];
  return `new gt.${optimizerEntry(settings.kind).className}(${[...positional, ...last].join(", ")})`;
}

function trainingText({ run, steps, changes = [] }: ProgramOptions, question: Question): string {
  const penalized = run.regularization !== "none" && run.regularizationRate !== 0;
  const size = run.regularization === "l1" ? "abs" : "square";
  const penalty = `const penalty = () => gt.mul(${run.regularizationRate}, gt.addN(layers.map(({ kernel }) => gt.sum(gt.${size}(kernel)))));
`;
  const total = penalized ? "gt.add(loss(targets, network(inputs)), penalty())" : "loss(targets, network(inputs))";
  const all = run.data === "words" ? "[table, ...layers.flatMap(Object.values)]" : "layers.flatMap(Object.values)";
  const batch = Math.min(run.batch, trainCount(exampleCount(run), run.testPercent));
  const turned = changes
    .filter(({ step }) => step < steps)
    .map(({ step, name, value }) => `  if (step === ${step}) optimizer.${name} = ${value};\n`);
  return `const loss = (targets, outputs) => ${lossText(run, question)};
${penalized ? penalty : ""}const optimizer = ${optimizerText(run.optimizer)};
const learn = gt.compile((inputs, targets) => optimizer.minimize(() => ${total}, { varList: ${all} }));
const measure = gt.compile((inputs, targets) => loss(targets, network(inputs)));

const batches = gt.dataset(train, { batch: ${batch}, shuffle: true, seed: ${run.seed}, repeat: Infinity, prefetch: 1 });
let step = 0;
for (const [inputs, targets] of batches) {
  if (step === ${steps}) break;
${turned.join("")}  learn(inputs, targets);
  step++;
}

console.log(\`step \${step}: training loss \${measure(...train).item()}, test loss \${measure(...test).item()}\`);`;
}

/** A complete program for Node that trains to the numbers of the page. */
export function writeProgram(options: ProgramOptions): string {
  const { run } = options;
  const question = questionOf(run);
  const unzip = run.data === "digits" ? 'import { gunzipSync } from "node:zlib";\n' : "";
  return `// The training of the gradtape playground: the same numbers, to the last bit.
//
// gradtape is not on the npm registry yet. In a copy of its repository:
//
//     npx -y pnpm@10 build
//     node apps/playground/playground.mjs         (this file, saved there)

${unzip}import * as gt from "gradtape";

// The same bits on every machine and in every browser.
gt.strictNumerics(true);

const random = gt.generator(${run.seed});
const [forData, forWeights] = [random.split(), random.split()];

${dataText(options)}

${splitText(run, question)}

${networkText(run, question)}

${trainingText(options, question)}
`;
}
