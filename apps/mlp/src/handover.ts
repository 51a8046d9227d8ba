import * as gt from "gradtape";
import type { InputSpec } from "./engine.ts";
import type { Model } from "./model.ts";
import { makeOptimizer, type OptimizerOptions } from "./optimizer.ts";

/** What a training step is made of, as a graph to be handed to another engine. */
export interface StepOptions {
  readonly optimizer: OptimizerOptions;
  /** How many steps there will be; the learning rate follows them. */
  readonly steps: number;
  /** What the model reads. */
  readonly inputs: InputSpec;
  /** Rows of a batch; `null` leaves them to each run. */
  readonly rows: number | null;
}

/** A training step as a graph, in which the weights have the names that `--save` gives them. */
export interface StepGraph {
  readonly graph: gt.Graph;
  readonly inputs: gt.Tensor;
  readonly labels: gt.Tensor;
  readonly loss: gt.Tensor;
  readonly train: gt.Operation;
  readonly init: gt.Operation;
  readonly weights: ReadonlyMap<string, gt.Variable>;
}

/** Writes down the step of a model that `makeModel` makes. */
export function buildStep({ optimizer, steps, inputs: spec, rows }: StepOptions, makeModel: () => Model): StepGraph {
  const graph = new gt.Graph();
  return graph.asDefault(() => {
    const inputs = gt.placeholder(spec.dtype, [rows, ...spec.shape.slice(1)], { name: "inputs" });
    const labels = gt.placeholder("int32", [rows], { name: "labels" });
    const { weights, logits } = makeModel();
    const { optimizer: rmsprop, globalStep } = makeOptimizer(optimizer, steps);
    gt.addToCollection(gt.GraphKeys.GLOBAL_STEP, globalStep);
    const loss = gt.identity(gt.losses.sparseSoftmaxCrossEntropy(labels, logits(inputs)), { name: "loss" });
    const train = rmsprop.minimize(loss, { varList: [...weights.values()], globalStep, name: "train" })!;
    return { graph, inputs, labels, loss, train, init: gt.globalVariablesInitializer()!, weights };
  });
}
