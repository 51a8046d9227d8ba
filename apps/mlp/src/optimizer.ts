import * as gt from "gradtape";

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
  // Made of ops that read the counter, the rate is the same number however the step is run.
  const rate = schedule === "cosine" ? gt.cosineDecay(learningRate, globalStep, Math.max(1, steps)) : learningRate;
  return { optimizer: new gt.RMSPropOptimizer(rate, { decay, momentum, epsilon, centered }), globalStep };
}

/** The settings in a few words. */
export function describeOptimizer(options: OptimizerOptions): string {
  const { learningRate, schedule, decay, momentum, epsilon, centered } = options;
  const parts = [`rate ${learningRate} (${schedule})`, `decay ${decay}`];
  if (momentum !== 0) parts.push(`momentum ${momentum}`);
  parts.push(`epsilon ${epsilon}`);
  return `${centered ? "centered " : ""}RMSProp, ${parts.join(", ")}`;
}

/** The settings by the names of their flags. */
export function optimizerSettings(options: OptimizerOptions) {
  const { learningRate, schedule, decay, momentum, epsilon, centered } = options;
  return { "learning-rate": learningRate, schedule, decay, momentum, epsilon, centered };
}
