import { tensorflow } from "@gradtape/graph";
import { scalar as k } from "@gradtape/tensor";
import type { Hyper, Rate } from "./hyper.ts";
import { Optimizer } from "./optimizer.ts";
import { type Step, type UpdateRule, updateRule } from "./rule.ts";
import { optimizerSignature, required } from "./signatures.ts";

export interface GradientDescentOptions {
  readonly useLocking?: boolean;
  readonly name?: string;
}

const signature = optimizerSignature("GradientDescentOptimizer", {});

/**
 * Gradient descent: `variable <- variable - learningRate g`. Of a sparse gradient every entry is subtracted in turn,
 * repeated rows are not added up first.
 */
export class GradientDescentOptimizer extends Optimizer {
  learningRate: Hyper;

  constructor(learningRate: Hyper, options?: GradientDescentOptions);
  constructor(options: GradientDescentOptions & Rate);
  constructor(...args: readonly unknown[]) {
    const { learningRate, useLocking = false, name = "GradientDescent" } = signature.record(args);
    super(rule, { name, useLocking });
    this.learningRate = required("GradientDescentOptimizer", "learningRate", learningRate);
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
  tensorflow: {
    dense: { op: "ResourceApplyGradientDescent" },
    sparse(nodes) {
      const moves = nodes.node("Mul", [nodes.input(2), nodes.input(1)]);
      const types = { [nodes.resources ? "dtype" : "T"]: tensorflow.dtypeOf(0), Tindices: tensorflow.dtypeOf(3) };
      const op = nodes.resources ? "ResourceScatterSub" : "ScatterSub";
      return [nodes.node(op, [nodes.handle(0), nodes.input(3), moves], types)];
    },
  },
});

export const gradientDescentRules: readonly UpdateRule[] = [rule];
