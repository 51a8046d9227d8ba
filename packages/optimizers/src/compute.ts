import { explainGradient, flatten, GradientTape, gradients, type Structure } from "@gradtape/autograd";
import {
  type AggregationMethod,
  Convertible,
  type Cotangent,
  type Graph,
  GraphKeys,
  nameOf,
  type Operand,
  tuple,
  Variable,
} from "@gradtape/graph";
import { isFloating, located, synchronous, Tensor, ValueError } from "@gradtape/tensor";

/* Gradients of a loss for a list of variables: from a tape when the loss is a function, from its graph when it is a tensor. */

export interface ComputeGradientsOptions {
  /** What to differentiate by: variables, in any nesting. All trainable variables the loss can reach, when left out. */
  readonly varList?: Structure<Variable | Tensor> | null;
  /** How gradients wait for each other in a graph: GATE_NONE, GATE_OP or GATE_GRAPH. No effect on a loss that is a function. */
  readonly gateGradients?: number;
  /** How terms of a gradient are added in a graph. No effect on a loss that is a function. */
  readonly aggregationMethod?: AggregationMethod | null;
  /** Record on gradient operations beside which operation they belong. Changes no number. */
  readonly colocateGradientsWithOps?: boolean;
  /** The gradient of the loss itself, in its shape; ones when left out. */
  readonly gradLoss?: Operand | null;
}

/** A variable (or a tensor on the way to the loss) with its gradient: a tensor, slices of a gathered table, or `null`. */
export type GradientPair = [gradient: Cotangent | null, variable: Variable];

/** Pairs of gradients and variables, and in words why a gradient among them is `null`. */
export interface Computed {
  readonly pairs: GradientPair[];
  explain(variable: Variable): string;
}

/** A loss: a tensor (or variable) of a graph, or a function of no arguments that computes it. */
export type Loss = Tensor | Variable | (() => Operand | readonly Operand[]);

export const GATE_NONE = 0;
export const GATE_OP = 1;
export const GATE_GRAPH = 2;

/** Differentiates a function by a tape that lasts for this one call; with `locations` it can tell the lines of ops. */
export function tapeGradients(
  op: string,
  loss: () => unknown,
  { varList = null, gradLoss = null }: ComputeGradientsOptions,
  { locations }: { readonly locations: boolean },
): Computed {
  const listed = varList === null ? null : flatten(varList).map((entry) => asTarget(op, entry, ValueError));
  const tape = new GradientTape({ locations });
  const value = tape.record(() => {
    if (listed !== null) tape.watch(listed);
    return lossTensors(op, synchronous(op, loss()));
  });
  const variables = (listed ?? tape.watchedVariables()) as Variable[];
  const found = tape.gradient(value, variables, { outputGradients: gradLoss });
  return {
    pairs: variables.map((variable, i) => [found[i] as Cotangent | null, variable]),
    explain: (variable) => tape.explainGradient(value, variable),
  };
}

/** Adds the gradients of a tensor to its graph. The checks come in the order of TensorFlow's. */
export function graphGradients(op: string, loss: unknown, graph: Graph, options: ComputeGradientsOptions): Computed {
  const {
    varList = null,
    gateGradients = GATE_OP,
    aggregationMethod,
    colocateGradientsWithOps,
    gradLoss = null,
  } = options;
  // Compared as loosely as Python compares: true is 1.
  const gate = typeof gateGradients === "boolean" ? Number(gateGradients) : gateGradients;
  if (![GATE_NONE, GATE_OP, GATE_GRAPH].includes(gate)) {
    throw new ValueError(
      `${op}: gateGradients must be one of Optimizer.GATE_NONE (0), GATE_OP (1), GATE_GRAPH (2), got ${nameOf(gateGradients)}`,
    );
  }
  checkFloating(op, "loss", loss);
  if (gradLoss !== null) checkFloating(op, "gradLoss", gradLoss);
  const entries = varList === null ? graph.getCollection(GraphKeys.TRAINABLE_VARIABLES) : flatten(varList);
  const variables = entries.map((entry) => asTarget(op, entry, TypeError)) as Variable[];
  if (variables.length === 0) throw new ValueError(`${op}: no variables to optimize`);
  const found = gradients(loss, variables, {
    gradYs: gradLoss,
    gateGradients: gate === GATE_OP,
    aggregationMethod,
    colocateGradientsWithOps,
  });
  const gated = gate === GATE_GRAPH ? (tuple(found) as (Cotangent | null)[]) : found;
  gated.forEach((gradient, i) => {
    if (gradient !== null) checkFloating(op, `variable ${i}`, variables[i]!);
  });
  return {
    pairs: variables.map((variable, i) => [gated[i]!, variable]),
    explain: (variable) => explainGradient(loss, variable),
  };
}

function checkFloating(op: string, what: string, value: unknown): asserts value is Tensor {
  if (!(value instanceof Tensor) && !(value instanceof Convertible)) {
    throw new TypeError(`${op}: the ${what} is ${nameOf(value)}; expected a tensor`);
  }
  if (isFloating(value.dtype)) return;
  throw new ValueError(`${op}: invalid type ${value.dtype} for ${what} ${value}, expected float32 or float64`);
}

function asTarget(op: string, entry: unknown, Failure: new (message: string) => Error): Variable | Tensor {
  if (entry instanceof Variable || entry instanceof Tensor) return entry;
  throw located(new Failure(`${op}: varList holds ${nameOf(entry)}; expected variables`));
}

function lossTensors(op: string, loss: unknown): Structure<Tensor | Variable> {
  for (const leaf of flatten(loss)) {
    if (leaf instanceof Tensor || leaf instanceof Variable) continue;
    throw located(new TypeError(`${op}: the loss function returned ${nameOf(leaf)}; expected a tensor`));
  }
  return loss as Structure<Tensor | Variable>;
}
