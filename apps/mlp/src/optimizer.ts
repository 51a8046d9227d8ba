import * as gt from "gradtape";
import type { StepResult } from "./loop.ts";
import type { Model } from "./model.ts";

/** The course of the learning rate over a run. */
export type Schedule = "constant" | "cosine";

export const schedules: readonly Schedule[] = ["cosine", "constant"];

/** Settings of RMSProp. */
export interface OptimizerOptions {
  readonly learningRate: number;
  readonly schedule: Schedule;
  readonly decay: number;
  readonly momentum: number;
  readonly epsilon: number;
  readonly centered: boolean;
}

/** An optimizer with the counter that its learning rate follows. */
export interface ScheduledOptimizer {
  readonly optimizer: gt.RMSPropOptimizer;
  readonly globalStep: gt.Variable;
}

/** RMSProp over `steps` steps; on the cosine schedule its learning rate falls from the given one to nothing. */
export function makeOptimizer(options: OptimizerOptions, steps: number): ScheduledOptimizer {
  const globalStep = new gt.Variable(gt.tensor(0, { dtype: "int32" }), { name: "globalStep", trainable: false });
  const { learningRate, schedule, decay, momentum, epsilon, centered } = options;
  const rate = () => (learningRate / 2) * (1 + Math.cos((Math.PI * Number(globalStep.item())) / steps));
  const optimizer = new gt.RMSPropOptimizer(schedule === "cosine" ? rate : learningRate, {
    decay,
    momentum,
    epsilon,
    centered,
  });
  return { optimizer, globalStep };
}

/** The settings in a few words. */
export function describeOptimizer(options: OptimizerOptions): string {
  const { learningRate, schedule, decay, momentum, epsilon, centered } = options;
  const parts = [`learning rate ${learningRate} (${schedule})`, `decay ${decay}`];
  if (momentum !== 0) parts.push(`momentum ${momentum}`);
  parts.push(`epsilon ${epsilon}`);
  return `${centered ? "centered " : ""}RMSProp, ${parts.join(", ")}`;
}

/** One step of RMSProp on a batch. */
export function learn(model: Model, inputs: gt.Tensor, labels: gt.Tensor, scheduled: ScheduledOptimizer): StepResult {
  const { optimizer, globalStep } = scheduled;
  let logits!: gt.Tensor;
  let loss!: gt.Tensor;
  const forward = () => {
    logits = model.logits(inputs);
    loss = gt.losses.sparseSoftmaxCrossEntropy(labels, logits);
    return loss;
  };
  optimizer.minimize(forward, { varList: [...model.weights.values()], globalStep });
  return { loss: Number(loss.item()), right: countEqual(gt.argMax(logits, 1).data, labels.data) };
}

/** In how many places two lists agree. */
export function countEqual(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let equal = 0;
  for (let i = 0; i < a.length; i++) if (a[i] === b[i]) equal++;
  return equal;
}
