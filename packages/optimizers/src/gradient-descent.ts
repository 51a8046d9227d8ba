import { scalar as k } from "@gradtape/tensor";
import type { Hyper } from "./hyper.ts";
import { Optimizer } from "./optimizer.ts";
import { type Step, updateRule } from "./rule.ts";

export interface GradientDescentOptions {
  readonly useLocking?: boolean;
  readonly name?: string;
}

/**
 * Gradient descent: `variable <- variable - learningRate g`. Of a sparse gradient every entry is subtracted in turn,
 * repeated rows are not added up first.
 */
export class GradientDescentOptimizer extends Optimizer {
  learningRate: Hyper;

  constructor(learningRate: Hyper, { useLocking = false, name = "GradientDescent" }: GradientDescentOptions = {}) {
    super(rule, { name, useLocking });
    this.learningRate = learningRate;
  }
}

const step: Step = ({ variable }, h, g) => ({ variable: k.sub(variable!, k.mul(g, h.learningRate!)) });

const rule = updateRule({
  name: "GradientDescent",
  slots: {},
  hyper: ["learningRate"],
  dense: step,
  sparse: step,
  sparseRows: "repeated",
});
