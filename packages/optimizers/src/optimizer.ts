import { flatten, GradientTape, type Structure } from "@gradtape/autograd";
import {
  apply,
  asTensor,
  Convertible,
  type Cotangent,
  IndexedSlices,
  nameOf,
  type Operand,
  sliceIndices,
  sliceValues,
  unique,
  unsortedSegmentSum,
  Variable,
} from "@gradtape/graph";
import { NotImplementedError, RuntimeError, Tensor, ValueError } from "@gradtape/tensor";
import { castHypers, evaluateHyper } from "./hyper.ts";
import type { UpdateRule } from "./rule.ts";
import { Slots } from "./slots.ts";

/** A gradient as users may hand it over: `null`, slices, or anything a tensor can be made from. */
export type Gradient = Operand | null;

/** What optimizers update; tensors are accepted where only their gradient is asked for. */
export type GradientPair = [gradient: Cotangent | null, variable: Variable];

export interface ComputeGradientsOptions {
  /** What to differentiate by: variables, in any nesting. All trainable variables that the loss reads, when left out. */
  readonly varList?: Structure<Variable | Tensor> | null;
  /** How gradients wait for each other in a graph; no effect on a loss that is a function. */
  readonly gateGradients?: number;
  /** How terms of a gradient are added in a graph; no effect on a loss that is a function. */
  readonly aggregationMethod?: number | null;
  /** Accepted for compatibility: placement only. */
  readonly colocateGradientsWithOps?: boolean;
  /** The gradient of the loss itself, in its shape; ones when left out. */
  readonly gradLoss?: Operand | null;
}

export interface ApplyGradientsOptions {
  /** A numeric variable that counts steps: 1 is added after the updates. */
  readonly globalStep?: Variable | null;
  /** Name of the operation in a graph. */
  readonly name?: string | null;
}

export type MinimizeOptions = ComputeGradientsOptions & ApplyGradientsOptions;

/** A loss: a function of no arguments that computes it. */
export type Loss = () => Operand | readonly Operand[];

/**
 * The contract of TensorFlow 1's `tf.compat.v1.train.Optimizer`: a loss is differentiated, the gradients are applied.
 * An optimizer is this, its update rule, and the fields that the rule names as hyper-parameters.
 */
export abstract class Optimizer {
  /** Gradients are used as they come. */
  static readonly GATE_NONE = 0;
  /** The gradients of one op are used when all of them are there. */
  static readonly GATE_OP = 1;
  /** All gradients are used when all of them are there. */
  static readonly GATE_GRAPH = 2;
  readonly GATE_NONE = 0;
  readonly GATE_OP = 1;
  readonly GATE_GRAPH = 2;

  /** Carried on the update ops; updates in one process never interleave, so it changes no number. */
  readonly useLocking: boolean;
  /** The update rule; its hyper-parameters are fields of the optimizer. */
  protected readonly rule: UpdateRule;
  private readonly name: string;
  private readonly slots = new Slots();

  constructor(rule: UpdateRule, { name, useLocking }: { name: string; useLocking: boolean }) {
    if (!name) throw new ValueError(`${rule.name}Optimizer: an optimizer needs a name, got ${JSON.stringify(name)}`);
    this.rule = rule;
    this.name = name;
    this.useLocking = useLocking;
  }

  /** The name given at construction. */
  getName(): string {
    return this.name;
  }

  /** The slot of `variable` named `name`, or `null` if it has none. */
  getSlot(variable: Variable, name: string): Variable | null {
    return this.slots.get(variable, name);
  }

  /** The names of the slots made so far, sorted. */
  getSlotNames(): string[] {
    return this.slots.names();
  }

  /** The variables that hold the optimizer's state, sorted by name. */
  variables(): Variable[] {
    return this.slots.variables().sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }

  /**
   * One step: the gradients of `loss` are computed and applied. Returns `null`, as everything has happened.
   * Throws a ValueError when no variable gets a gradient.
   */
  minimize(loss: Loss, options: MinimizeOptions = {}): null {
    const pairs = this.computeGradients(loss, options);
    if (pairs.every(([gradient]) => gradient === null)) {
      const names = pairs.map(([, variable]) => variableName(variable)).join(", ");
      throw new ValueError(
        `${this.name}.minimize: no gradients provided for any variable: the loss ${nameOf(loss)} depends on none of ` +
          `[${names}] through differentiable ops`,
      );
    }
    return this.applyGradients(pairs, options);
  }

  /**
   * The gradient of `loss` for each variable, in the order of the list: a tensor, IndexedSlices for gathered tables, or
   * `null`. `loss` is called once; a loss of several elements counts as their sum.
   *
   * Throws a RuntimeError for a loss that is not a function, a TypeError for one that returns no tensor, a ValueError
   * for an entry of `varList` that is neither variable nor tensor.
   */
  computeGradients(loss: Loss, { varList = null, gradLoss = null }: ComputeGradientsOptions = {}): GradientPair[] {
    if (typeof loss !== "function") {
      throw new RuntimeError(
        `${this.name}.computeGradients: the loss must be a function in eager mode, got ${nameOf(loss)}; ` +
          "write () => loss",
      );
    }
    const listed = varList === null ? null : flatten(varList).map(asTarget);
    const tape = new GradientTape();
    const value = tape.record(() => {
      if (listed !== null) tape.watch(listed);
      return lossTensors(this.name, loss());
    });
    const variables = (listed ?? tape.watchedVariables()) as Variable[];
    const gradients = tape.gradient(value, variables, { outputGradients: gradLoss });
    return variables.map((variable, i) => [gradients[i] as Cotangent | null, variable]);
  }

  /**
   * Updates each variable by its gradient, in order; pairs whose gradient is `null` are skipped. Then 1 is added to
   * `globalStep`. Returns `null`.
   *
   * Throws a TypeError for malformed pairs, a ValueError for an empty list or one of `null`s, an InvalidArgumentError
   * for shapes and indices that do not fit, a RuntimeError for slices on a variable with a constraint.
   */
  applyGradients(
    pairs: Iterable<readonly [Gradient, Variable]>,
    { globalStep = null }: ApplyGradientsOptions = {},
  ): null {
    const converted = convertPairs(this.name, pairs);
    if (globalStep !== null && !(globalStep instanceof Variable)) {
      throw new TypeError(`${this.name}.applyGradients: globalStep must be a variable, got ${nameOf(globalStep)}`);
    }
    const updates = converted.filter((pair): pair is [Cotangent, Variable] => pair[0] !== null);
    const states = updates.map(([, variable]) => this.statesOf(variable));
    const hypers = this.rule.hyper.map((name) => evaluateHyper(name, this[name as keyof this]));
    updates.forEach(([gradient, variable], i) => {
      const hyper = castHypers(hypers, variable.dtype);
      if (gradient instanceof IndexedSlices) this.updateSparse(variable, states[i]!, hyper, gradient);
      else this.updateDense(variable, states[i]!, hyper, gradient);
    });
    if (globalStep !== null) globalStep.assignAdd(1);
    return null;
  }

  /** The variable and its slots, made now where missing. */
  private statesOf(variable: Variable): Variable[] {
    if (!(variable instanceof Variable)) {
      throw new NotImplementedError(
        `${this.name}.applyGradients: trying to update ${nameOf(variable)}; only variables can be updated`,
      );
    }
    const slots = Object.entries(this.rule.slots);
    return [variable, ...slots.map(([name, initial]) => this.slots.getOrCreate(variable, name, initial, this.name))];
  }

  private updateDense(variable: Variable, states: Variable[], hyper: Tensor[], gradient: Tensor): void {
    apply(this.rule.applyDense, [...states, ...hyper, gradient], { useLocking: this.useLocking });
    if (variable.constraint !== null) variable.assign(variable.constraint(variable.value()));
  }

  private updateSparse(variable: Variable, states: Variable[], hyper: Tensor[], slices: IndexedSlices): void {
    if (variable.constraint !== null) {
      throw new RuntimeError(
        `${this.name}.applyGradients: ${variable.name} has a constraint, which cannot be kept under a sparse update; ` +
          "densify the gradient or drop the constraint",
      );
    }
    const { values, indices } = mergeRows(slices);
    apply(this.rule.applySparse, [...states, ...hyper, values, indices], { useLocking: this.useLocking });
  }
}

/** Slices with the rows of equal index added up, left to right, in order of first appearance. */
function mergeRows(slices: IndexedSlices): { values: Tensor; indices: Tensor } {
  const values = sliceValues(slices);
  const indices = sliceIndices(slices);
  if (indices.rank !== 1 || values.rank === 0 || values.shape[0] !== indices.shape[0]) return { values, indices };
  const { values: distinct, positions } = unique(indices);
  return { values: unsortedSegmentSum(values, positions, distinct.size), indices: distinct };
}

function asTarget(entry: unknown): Variable | Tensor {
  if (entry instanceof Variable || entry instanceof Tensor) return entry;
  throw new ValueError(`computeGradients: varList holds ${nameOf(entry)}; expected variables`);
}

function variableName(variable: Variable | Tensor): string {
  return variable instanceof Variable ? variable.name : nameOf(variable);
}

function lossTensors(optimizer: string, loss: unknown): Structure<Tensor | Variable> {
  for (const leaf of flatten(loss)) {
    if (leaf instanceof Tensor || leaf instanceof Variable) continue;
    throw new TypeError(`${optimizer}.computeGradients: the loss function returned ${nameOf(leaf)}; expected a tensor`);
  }
  return loss as Structure<Tensor | Variable>;
}

function convertPairs(optimizer: string, pairs: Iterable<unknown>): [Cotangent | null, Variable][] {
  const op = `${optimizer}.applyGradients`;
  if (typeof (pairs as Iterable<unknown> | null)?.[Symbol.iterator] !== "function" || typeof pairs === "string") {
    throw new TypeError(`${op}: expected a list of [gradient, variable] pairs, got ${nameOf(pairs)}`);
  }
  const list = [...pairs];
  if (list.length === 0) throw new ValueError(`${op}: no variables provided, the list of pairs is empty`);
  const converted = list.map((pair, i): [Cotangent | null, Variable] => {
    if (!Array.isArray(pair))
      throw new TypeError(`${op}: entry ${i} is ${nameOf(pair)}; expected a [gradient, variable] pair`);
    if (pair.length !== 2)
      throw new ValueError(`${op}: entry ${i} has ${pair.length} items; expected [gradient, variable]`);
    const [gradient, variable] = pair;
    if (!(variable instanceof Variable) && !(variable instanceof Tensor)) {
      throw new TypeError(`${op}: entry ${i} updates ${nameOf(variable)}; expected a variable`);
    }
    return [convertGradient(op, i, gradient), variable as Variable];
  });
  if (converted.every(([gradient]) => gradient === null)) {
    const names = converted.map(([, variable]) => variableName(variable)).join(", ");
    throw new ValueError(`${op}: no gradients provided for any variable: [${names}]`);
  }
  return converted;
}

function convertGradient(op: string, i: number, gradient: unknown): Cotangent | null {
  if (gradient === null || gradient instanceof IndexedSlices || gradient instanceof Tensor) return gradient;
  if (gradient instanceof Convertible) return gradient.toTensor();
  try {
    return asTensor(op, gradient);
  } catch (error) {
    throw new TypeError(
      `${op}: the gradient of entry ${i} must be convertible to a tensor or IndexedSlices, or null; got ${nameOf(gradient)}`,
      { cause: error },
    );
  }
}
