import * as gt from "gradtape";
import {
  type Activation,
  embeddingWidth,
  inputWidth,
  lossOf,
  outputWidth,
  type Question,
  type Run,
  vocabulary,
} from "../model/run.ts";

/** A layer: outputs = inputs kernel + bias. */
export interface Dense {
  readonly kernel: gt.Variable;
  readonly bias: gt.Variable;
}

/** The network of a run. The program that users take home builds the same one, op for op. */
export interface Network {
  readonly table: gt.Variable | null;
  readonly layers: readonly Dense[];
  /** All variables by their plain names, the table first. */
  readonly weights: ReadonlyMap<string, gt.Variable>;
  /** What enters the first layer for these inputs: the rows of the table where inputs are words. */
  embed(inputs: gt.Tensor): gt.Tensor;
  /** What the last layer gives for what enters the first. */
  outputs(entering: gt.Tensor): gt.Tensor;
  /** What every layer gives: hidden layers behind their activation, then the outputs. */
  trace(entering: gt.Tensor): gt.Tensor[];
}

export const activate: Readonly<Record<Activation, (x: gt.Tensor) => gt.Tensor>> = {
  tanh: (x) => gt.tanh(x),
  relu: (x) => gt.relu(x),
  sigmoid: (x) => gt.sigmoid(x),
  softplus: (x) => gt.softplus(x),
  linear: (x) => x,
};

function makeDense(name: string, inputs: number, outputs: number, random: gt.Generator): Dense {
  const stddev = Math.sqrt(2 / (inputs + outputs));
  return {
    kernel: new gt.Variable(random.normal([inputs, outputs], { stddev }), { name: `${name}/kernel` }),
    bias: new gt.Variable(gt.zeros([outputs]), { name: `${name}/bias` }),
  };
}

const apply = (x: gt.Tensor, { kernel, bias }: Dense) => gt.add(gt.matMul(x, kernel), bias);

/** Makes a network with first weights drawn from `random`. */
export function makeNetwork(run: Run, question: Question, random: gt.Generator): Network {
  const table =
    run.data === "words"
      ? new gt.Variable(random.normal([vocabulary, embeddingWidth], { stddev: 0.5 }), { name: "table" })
      : null;
  const sizes = [inputWidth(run), ...run.layers, outputWidth(question)];
  const layers = sizes.slice(1).map((outputs, i) => makeDense(`dense${i + 1}`, sizes[i]!, outputs, random));
  const named = layers.flatMap(({ kernel, bias }, i): [string, gt.Variable][] => [
    [`dense${i + 1}/kernel`, kernel],
    [`dense${i + 1}/bias`, bias],
  ]);
  const activation = activate[run.activation];
  const trace = (entering: gt.Tensor) => {
    const given = [apply(entering, layers[0]!)];
    for (const layer of layers.slice(1)) {
      const last = given.length - 1;
      given[last] = activation(given[last]!);
      given.push(apply(given[last]!, layer));
    }
    return given;
  };
  return {
    table,
    layers,
    weights: new Map([...(table === null ? [] : [["table", table] as const]), ...named]),
    trace,
    outputs: (entering) => trace(entering).at(-1)!,
    embed(inputs) {
      if (table === null) return inputs;
      return run.embedding === "sparse" ? gt.gather(table, inputs) : gt.matMul(gt.oneHot(inputs, vocabulary), table);
    },
  };
}

/** The mean loss of outputs, without regularization. */
export function lossFunction(run: Run, question: Question): (targets: gt.Tensor, outputs: gt.Tensor) => gt.Tensor {
  if (question.task === "classes") return (targets, outputs) => gt.losses.sparseSoftmaxCrossEntropy(targets, outputs);
  switch (lossOf(run, question.task)) {
    case "cross entropy":
      return (targets, outputs) => gt.losses.sigmoidCrossEntropy(targets, outputs);
    case "hinge":
      return (targets, outputs) => gt.mean(gt.relu(gt.sub(1, gt.mul(gt.sub(gt.mul(targets, 2), 1), outputs))));
    case "absolute":
      return (targets, outputs) => gt.losses.absoluteDifference(targets, outputs);
    case "huber":
      return (targets, outputs) => gt.losses.huberLoss(targets, outputs);
    default:
      return question.task === "two classes"
        ? (targets, outputs) => gt.losses.meanSquaredError(targets, gt.sigmoid(outputs))
        : (targets, outputs) => gt.losses.meanSquaredError(targets, outputs);
  }
}

/** What regularization adds to the loss, or `null`. Kernels count, biases do not. */
export function penaltyOf(run: Run, { layers }: Network): (() => gt.Tensor) | null {
  if (run.regularization === "none" || run.regularizationRate === 0) return null;
  const size = run.regularization === "l1" ? (x: gt.Variable) => gt.abs(x) : (x: gt.Variable) => gt.square(x);
  return () => gt.mul(run.regularizationRate, gt.addN(layers.map(({ kernel }) => gt.sum(size(kernel)))));
}
