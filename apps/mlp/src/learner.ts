import * as gt from "gradtape";
import { type Engine, type InputSpec, type Mode, makeEngine } from "./engine.ts";
import type { StepResult } from "./loop.ts";
import type { Model } from "./model.ts";
import { makeOptimizer, type OptimizerOptions } from "./optimizer.ts";

/** What a learner is made of. */
export interface LearnerOptions {
  readonly mode: Mode;
  readonly optimizer: OptimizerOptions;
  /** How many steps there will be; the learning rate follows them. */
  readonly steps: number;
  /** What the model reads. */
  readonly inputs: InputSpec;
}

/** What a model makes of a batch. */
export interface TestResult {
  /** The mean loss. */
  readonly loss: number;
  /** The most likely class of each example. */
  readonly classes: Int32Array;
}

/** A model with the optimizer that trains it, run by the engine of a mode. */
export interface Learner {
  readonly weights: Model["weights"];
  readonly engine: Engine;
  readonly optimizer: gt.RMSPropOptimizer;
  /** How many steps there have been. */
  readonly globalStep: gt.Variable;
  /** What `learn`, `test` and `loss` take. */
  readonly inputs: readonly InputSpec[];
  /** The mean loss of a batch, in ops: for functions that the engine prepares. */
  loss(inputs: gt.Tensor, labels: gt.Tensor): gt.Tensor;
  /** One step of RMSProp on a batch. */
  learn(inputs: gt.Tensor, labels: gt.Tensor): StepResult;
  /** Classifies a batch. */
  test(inputs: gt.Tensor, labels: gt.Tensor): TestResult;
  logits(inputs: gt.Tensor): gt.Tensor;
  /** The present weights by name. */
  read(): Map<string, gt.Tensor>;
  /** Sets all weights. */
  write(values: Readonly<Record<string, gt.Tensor>>): void;
}

const labelSpec: InputSpec = { dtype: "int32", shape: [null] };

/** Makes a model learn. `makeModel` makes its variables, where the engine of the mode wants them. */
export function makeLearner(options: LearnerOptions, makeModel: () => Model): Learner {
  const { mode, steps, inputs: inputSpec } = options;
  const engine = makeEngine(mode);
  const model = engine.build(makeModel);
  const { optimizer, globalStep } = engine.build(() => makeOptimizer(options.optimizer, steps));
  const varList = [...model.weights.values()];

  const learn = engine.prepare(
    function learn(inputs, labels) {
      let logits!: gt.Tensor;
      let loss!: gt.Tensor;
      const forward = () => {
        logits = model.logits(inputs!);
        loss = gt.losses.sparseSoftmaxCrossEntropy(labels!, logits);
        return loss;
      };
      const train = optimizer.minimize(forward, { varList, globalStep });
      return { loss, right: gt.sum(gt.cast(gt.equal(gt.argMax(logits, 1), labels!), "int32")), train };
    },
    [inputSpec, labelSpec],
  );
  const test = engine.prepare(
    function test(inputs, labels) {
      const logits = model.logits(inputs!);
      return { loss: gt.losses.sparseSoftmaxCrossEntropy(labels!, logits), classes: gt.argMax(logits, 1) };
    },
    [inputSpec, labelSpec],
  );
  const predict = engine.prepare(
    function predict(inputs) {
      return { logits: model.logits(inputs!) };
    },
    [inputSpec],
  );
  engine.start();

  return {
    ...{ weights: model.weights, engine, optimizer, globalStep, inputs: [inputSpec, labelSpec] },
    loss: (inputs, labels) => gt.losses.sparseSoftmaxCrossEntropy(labels, model.logits(inputs)),
    learn(inputs, labels) {
      const { loss, right } = learn(inputs, labels);
      return { loss: Number(loss.item()), right: Number(right.item()) };
    },
    test(inputs, labels) {
      const { loss, classes } = test(inputs, labels);
      return { loss: Number(loss.item()), classes: classes.data as Int32Array };
    },
    logits: (inputs) => predict(inputs).logits,
    read: () => new Map([...model.weights].map(([name, weight]) => [name, engine.read(weight)])),
    write(values) {
      for (const [name, weight] of model.weights) engine.assign(weight, values[name]!);
    },
  };
}
