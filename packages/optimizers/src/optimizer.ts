import {
  assignAddDef,
  type Cotangent,
  constant,
  controlDependencies,
  currentGraph,
  type Graph,
  GraphKeys,
  graphOfVariables,
  group,
  IndexedSlices,
  nameOf,
  nameScope,
  type OpDef,
  type Operation,
  performWrite,
  SymbolicTensor,
  Variable,
} from "@gradtape/graph";
import {
  anything,
  defineMethods,
  located,
  NotImplementedError,
  nearest,
  nullable,
  Printable,
  RuntimeError,
  string,
  synchronous,
  type Tensor,
  telling,
  ValueError,
} from "@gradtape/tensor";
import {
  type ComputeGradientsOptions,
  GATE_GRAPH,
  GATE_NONE,
  GATE_OP,
  type GradientPair,
  graphGradients,
  type Loss,
  tapeGradients,
} from "./compute.ts";
import { castHypers, evaluateHyper, type Hyper } from "./hyper.ts";
import { convertPairs, type Gradient, Reasons, variableNames } from "./pairs.ts";
import { multiplyPowers, Powers, powerNames } from "./powers.ts";
import { rowsToUpdate } from "./rows.ts";
import type { UpdateRule } from "./rule.ts";
import { Slots } from "./slots.ts";

export interface ApplyGradientsOptions {
  /** A numeric variable that counts steps: 1 is added after the updates. */
  readonly globalStep?: Variable | null;
  /** Name of the operation in a graph; that of the optimizer when left out. */
  readonly name?: string | null;
}

export type MinimizeOptions = ComputeGradientsOptions & ApplyGradientsOptions;

/**
 * The contract of TensorFlow 1's `tf.compat.v1.train.Optimizer`: a loss is differentiated, the gradients are applied.
 * An optimizer is this, its update rule, and the fields that the rule names as hyper-parameters.
 */
export abstract class Optimizer extends Printable {
  /** Gradients are used as they come. */
  static readonly GATE_NONE = GATE_NONE;
  /** The gradients that one op gives are used when all of them are there. */
  static readonly GATE_OP = GATE_OP;
  /** All gradients are used when all of them are there. */
  static readonly GATE_GRAPH = GATE_GRAPH;
  readonly GATE_NONE = GATE_NONE;
  readonly GATE_OP = GATE_OP;
  readonly GATE_GRAPH = GATE_GRAPH;

  static {
    const gradientFields = {
      varList: anything,
      gateGradients: anything,
      aggregationMethod: anything,
      colocateGradientsWithOps: anything,
      gradLoss: anything,
    };
    const applyFields = { globalStep: anything, name: nullable(string) };
    defineMethods("Optimizer", Optimizer, {
      getName: [{}],
      getSlot: [{ variable: anything, name: anything }],
      getSlotNames: [{}],
      createSlots: [{ varList: anything }],
      counters: [{}],
      variables: [{}],
      minimize: [{ loss: anything }, { ...gradientFields, ...applyFields }],
      computeGradients: [{ loss: anything }, gradientFields],
      applyGradients: [{ pairs: anything }, applyFields],
    });
    Object.setPrototypeOf(
      Optimizer.prototype,
      new Proxy(Object.create(Printable.prototype), { set: Optimizer.refuseMisspelt }),
    );
  }

  /** Refuses a new field that looks like a misspelt hyper-parameter: setting it would change nothing. */
  private static refuseMisspelt(_: object, field: string | symbol, value: unknown, optimizer: Optimizer): boolean {
    const hypers = optimizer.rule?.hyper ?? [];
    const near = typeof field === "string" ? nearest(field, hypers) : null;
    if (near !== null) {
      throw located(
        new TypeError(`${optimizer.name}: there is no hyper-parameter ${JSON.stringify(field)}; did you mean ${near}?`),
      );
    }
    return Reflect.defineProperty(optimizer, field, { value, writable: true, enumerable: true, configurable: true });
  }

  /** Carried on the update ops; updates in one process never interleave, so it changes no number. */
  readonly useLocking: boolean;
  /** The update rule; its hyper-parameters are fields of the optimizer. */
  protected readonly rule: UpdateRule;
  private readonly name: string;
  private readonly slots = new Slots();
  private readonly powers = new Powers();
  private readonly reasons = new Reasons();

  constructor(
    rule: UpdateRule,
    { name, useLocking = false }: { readonly name: string | null; readonly useLocking?: boolean } = { name: null },
  ) {
    super();
    if (new.target === Optimizer)
      throw located(new TypeError("Optimizer: the class is abstract; use one of its subclasses"));
    if (!name)
      throw new ValueError(
        `${rule.name}Optimizer: an optimizer needs a name, got ${typeof name === "string" ? JSON.stringify(name) : nameOf(name)}`,
      );
    if (typeof name !== "string")
      throw new TypeError(`${rule.name}Optimizer: the name is ${nameOf(name)}, not a string`);
    this.rule = rule;
    this.name = name;
    this.useLocking = useLocking;
  }

  /** The name given at construction. */
  getName(): string {
    return this.name;
  }

  override toString(): string {
    const fields = this as unknown as Record<string, Hyper>;
    const hypers = this.rule.hyper.map((name) => {
      const value = fields[name];
      return ` ${name}=${typeof value === "function" ? "schedule" : value}`;
    });
    return `<${this.constructor.name} '${this.name}'${hypers.join("")}>`;
  }

  /** The slot of `variable` named `name`, or `null` if it has none. */
  getSlot(variable: Variable, name: string): Variable | null {
    return this.slots.get(variable, name);
  }

  /** The names of the slots made so far, sorted. */
  getSlotNames(): string[] {
    return this.slots.names();
  }

  /** Makes the slots of variables and the counters now, as the first step would; those that exist stay as they are. */
  createSlots(varList: Iterable<Variable>): void {
    if (typeof (varList as Iterable<Variable> | null)?.[Symbol.iterator] !== "function") {
      throw new TypeError(`Optimizer.createSlots: varList is ${nameOf(varList)}, expected a list of variables`);
    }
    const variables = [...varList];
    for (const variable of variables) this.statesOf(variable);
    if (this.rule.powers === undefined || variables.length === 0) return;
    const hyper = (name: string) => this.evaluate(name, variables);
    this.powers.beside(variables[0]!, this.rule, this.rule.hyper.map(hyper), hyper);
  }

  /** The names of the slots that each variable has from its first step on. */
  expectedSlots(): string[] {
    return Object.keys(this.rule.slots);
  }

  /** The names of the counters that there are from the first step on. */
  expectedCounters(): string[] {
    return [...new Set([...this.counters().keys(), ...powerNames(this.rule)])];
  }

  /**
   * The state that belongs to no single variable, by what it is: the powers that Adam multiplies, the steps that Keras
   * counts. Of the present graph, or of eager mode.
   */
  counters(): Map<string, Variable> {
    return this.powers.byName(graphOfVariables(), this.rule);
  }

  /** The variables of the present graph (or of eager mode) that hold the optimizer's state, sorted by name. */
  variables(): Variable[] {
    const here = graphOfVariables();
    return [...this.powers.variables(), ...this.slots.variables()]
      .filter(({ graph }) => graph === here)
      .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }

  /**
   * One step: the gradients of `loss` are computed and applied. In a graph the operation that does it is returned; in
   * eager mode it has happened, and the result is `null`. Throws a ValueError when no variable gets a gradient.
   */
  minimize(loss: Loss, { globalStep, name, ...options }: MinimizeOptions = {}): Operation | null {
    const pairs = this.computeGradients(loss, options);
    if (pairs.length === 0) {
      throw new ValueError(
        `${this.name}.minimize: no gradients provided for any variable: there is no trainable variable, the loss reads ` +
          "none; make what is to be trained a Variable, read it in the loss, or name it in varList",
      );
    }
    if (pairs.every(([gradient]) => gradient === null)) {
      const shown = loss instanceof SymbolicTensor ? loss : nameOf(loss);
      const error = new ValueError(
        `${this.name}.minimize: no gradients provided for any variable: the loss ${shown} depends on none of ` +
          `[${variableNames(pairs)}] through differentiable ops${this.reasons.tell(pairs)}`,
      );
      throw located(error);
    }
    return this.applyGradients(pairs, { globalStep, name });
  }

  /**
   * The gradient of `loss` for each variable, in the order of the list: a tensor, IndexedSlices for gathered tables, or
   * `null`. A loss that is a function is called once, and recorded by a tape; a loss of several elements counts as their
   * sum.
   *
   * Throws a RuntimeError for a loss that is not a function in eager mode, a TypeError for one that is or returns no
   * tensor, a ValueError for bad options. What varList may hold: variables, and tensors the loss is made from.
   */
  computeGradients(loss: Loss, options: ComputeGradientsOptions = {}): GradientPair[] {
    const op = `${this.name}.computeGradients`;
    if (typeof loss === "function") {
      return this.reasons.keep(tapeGradients(op, loss, options, { locations: !this.reasons.settled }));
    }
    const graph = (loss as { readonly graph?: Graph } | null)?.graph ?? currentGraph();
    if (graph === null) {
      throw new RuntimeError(`${op}: the loss must be a function in eager mode, got ${nameOf(loss)}; write () => loss`);
    }
    return this.reasons.keep(telling(() => graph.asDefault(() => graphGradients(op, loss, graph, options))));
  }

  /**
   * Updates each variable by its gradient, in order; pairs whose gradient is `null` are skipped. Then 1 is added to
   * `globalStep`. In a graph the operation that does all this is returned, in eager mode `null`.
   *
   * Throws a TypeError for malformed pairs, a ValueError for an empty list or one of `null`s, an InvalidArgumentError
   * (a ValueError while a graph is built) for shapes and indices that do not fit, a RuntimeError for slices on a variable
   * with a constraint. TensorFlow's other RuntimeError, for a call in a cross-replica context, cannot happen: there is
   * one process and no replica.
   */
  applyGradients(
    pairs: Iterable<readonly [Gradient, Variable]>,
    { globalStep = null, name = null }: ApplyGradientsOptions = {},
  ): Operation | null {
    const op = `${this.name}.applyGradients`;
    const converted = telling(() => convertPairs(op, pairs, this.reasons));
    if (globalStep !== null && !(globalStep instanceof Variable)) {
      throw located(new TypeError(`${op}: globalStep must be a variable, got ${nameOf(globalStep)}`));
    }
    const updates = converted.filter((pair): pair is [Cotangent, Variable] => pair[0] !== null);
    const counter = this.counterBeside(updates[0]![1], globalStep);
    const graph = currentGraph() ?? updates.map(([, { graph: own }]) => own).find((own) => own) ?? null;
    if (graph === null) {
      this.performUpdates(updates);
      counter?.assignAdd(1);
      return null;
    }
    return graph.asDefault(() => this.buildUpdates(graph, updates, counter, name ?? this.name));
  }

  /** The counter of the steps of `variable`: the `globalStep` given, if any. */
  protected counterBeside(_variable: Variable, globalStep: Variable | null): Variable | null {
    return globalStep;
  }

  /** The updates as operations of `graph`, under one name, and the operation that stands for all of them. */
  private buildUpdates(
    graph: Graph,
    updates: readonly (readonly [Cotangent, Variable])[],
    globalStep: Variable | null,
    name: string,
  ): Operation {
    return graph.nameScope(name, (scope) => {
      const operations = this.performUpdates(updates);
      const done = group(...operations, { name: globalStep === null ? scope : "update" })!;
      const train = globalStep === null ? done : graph.controlDependencies([done], () => increment(globalStep, scope));
      const collection = graph.getCollectionRef(GraphKeys.TRAIN_OP);
      if (!collection.includes(train)) collection.push(train);
      return train;
    });
  }

  /** Performs the updates in order; the operations they have become in a graph, nothing in eager mode. */
  private performUpdates(updates: readonly (readonly [Cotangent, Variable])[]): (Operation | null)[] {
    const states = updates.map(([, variable]) => this.statesOf(variable));
    const variables = updates.map(([, variable]) => variable);
    const hyper = (name: string) => this.evaluate(name, variables);
    const hypers = this.rule.hyper.map(hyper);
    const powers = this.powers.beside(variables[0]!, this.rule, hypers, hyper);
    const scalars = [...hypers, ...powers.map((power) => power.value())];
    const done = updates.map(([gradient, variable], i) =>
      nameScope(`update_${variable.opName}`, () =>
        this.update(gradient, states[i]!, castHypers(scalars, variable.dtype)),
      ),
    );
    return [...done, ...multiplyPowers(powers, this.rule, hypers, done)];
  }

  /** The present value of a hyper-parameter, for updates of `variables`. */
  private evaluate(name: string, variables: readonly Variable[]): Tensor {
    const exact = this.rule.exact?.includes(name) === true && variables.some(({ dtype }) => dtype === "float64");
    return evaluateHyper(this, name, { exact });
  }

  /** One variable updated. */
  private update(gradient: Cotangent, states: readonly Variable[], scalars: readonly Tensor[]): Operation | null {
    const [variable] = states as [Variable];
    const { applyDense, applySparse, sparseRows } = this.rule;
    const attributes = { useLocking: this.useLocking };
    if (gradient instanceof IndexedSlices) {
      if (variable.constraint !== null) {
        throw new RuntimeError(
          `${this.name}.applyGradients: ${variable.name} has a constraint, which cannot be kept under a sparse update; ` +
            "densify the gradient or drop the constraint",
        );
      }
      const rows = rowsToUpdate(gradient, variable, sparseRows);
      return performWrite(applySparse, [...states, ...scalars, ...rows], attributes, kernelName(applySparse));
    }
    const updated = performWrite(applyDense, [...states, ...scalars, gradient], attributes, kernelName(applyDense));
    if (variable.constraint === null) return updated;
    const { constraint } = variable;
    return controlDependencies([updated], () => {
      const constrained = variable.assign(synchronous("constraint", constraint(variable.value())));
      return constrained instanceof Variable ? null : group(constrained);
    });
  }

  /** The variable and its slots, made now where missing. */
  private statesOf(variable: Variable): Variable[] {
    if (!(variable instanceof Variable)) {
      throw new NotImplementedError(
        `${this.name}.applyGradients: trying to update ${nameOf(variable)}; only variables can be updated`,
      );
    }
    const slots = Object.entries(this.rule.slots);
    return [
      variable,
      ...slots.map(([slot, initial]) => {
        const value = typeof initial === "number" ? initial : (this[initial as keyof this] as number);
        return this.slots.getOrCreate(variable, slot, value, this.slotLabel(slot));
      }),
    ];
  }

  /** What a slot's variable is called behind the name of the variable it belongs to. */
  protected slotLabel(_slot: string): string {
    return this.name;
  }
}

/** Update operations are named after TensorFlow's kernels: `ApplyRMSProp`. */
function kernelName({ name }: OpDef): string {
  return name.replace(/^./, (letter) => letter.toUpperCase());
}

/** Adds 1 to the step counter by an operation that carries the name of its scope. */
function increment(globalStep: Variable, scope: string): Operation {
  const one = constant(1, { dtype: globalStep.dtype, name: "value" });
  return performWrite(assignAddDef, [globalStep, one], {}, scope)!;
}
