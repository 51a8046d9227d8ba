import { cast, type Graph, graphOfVariables, nameOf, type Operation, sub, Variable, within } from "@gradtape/graph";
import {
  anything,
  boolean,
  defineFunction,
  defineMethods,
  either,
  type Fields,
  instance,
  scalar as k,
  kind,
  list,
  nullable,
  type Scalar,
  Signature,
  string,
  type Tensor,
  ValueError,
} from "@gradtape/tensor";
import { evaluateHyper, type Hyper } from "./hyper.ts";
import { type ApplyGradientsOptions, Optimizer } from "./optimizer.ts";
import type { Gradient } from "./pairs.ts";
import { RMSPropOptimizer } from "./rmsprop.ts";
import { type RuleDescription, type Step, type UpdateRule, updateRule, type Values } from "./rule.ts";
import { hyper } from "./signatures.ts";

export interface RMSpropOptions {
  readonly learningRate?: Hyper;
  /** How much of the mean square is kept at each step. */
  readonly rho?: Hyper;
  /** The number 0 does without a slot; anything else adds one. */
  readonly momentum?: Hyper;
  readonly epsilon?: Hyper;
  readonly centered?: boolean;
  readonly name?: string;
}

/** What the optimizers of Keras have in common: they count their own steps, and their averages begin at zero. */
abstract class KerasOptimizer extends Optimizer {
  learningRate: Hyper;
  rho: Hyper;
  momentum: Hyper;
  epsilon: Hyper;
  private readonly byGraph = new Map<Graph | null, Variable>();

  constructor(rule: UpdateRule, options: Required<Omit<RMSpropOptions, "centered">>) {
    super(rule, options);
    this.learningRate = options.learningRate;
    this.rho = options.rho;
    this.momentum = options.momentum;
    this.epsilon = options.epsilon;
  }

  static {
    defineMethods("Optimizer", KerasOptimizer, {
      applyGradients: [{ pairs: anything }, { globalStep: anything, name: nullable(string) }],
    });
  }

  /**
   * The number of updates: an int32 scalar beside the variables, which a graph may share with eager mode.
   */
  get iterations(): Variable {
    const graph = graphOfVariables();
    return this.byGraph.get(graph) ?? this.byGraph.get(null) ?? this.iterationsIn(graph);
  }

  private iterationsIn(graph: Graph | null): Variable {
    const known = this.byGraph.get(graph);
    if (known !== undefined) return known;
    const made = within(graph, () => new Variable(0, { name: "iteration", dtype: "int32", trainable: false }));
    this.byGraph.set(graph, made);
    return made;
  }

  override applyGradients(
    pairs: Iterable<readonly [Gradient, Variable]>,
    { globalStep = null, ...options }: ApplyGradientsOptions = {},
  ): Operation | null {
    if (globalStep !== null) {
      throw new TypeError(
        `${this.getName()}.applyGradients: steps are counted in iterations, not in ${nameOf(globalStep)}`,
      );
    }
    return super.applyGradients(pairs, options);
  }

  protected override counterBeside({ graph }: Variable): Variable {
    return this.iterationsIn(graph ?? null);
  }

  override counters(): Map<string, Variable> {
    return new Map([["iteration", this.iterations]]);
  }

  /** The step counter, then the slots. */
  override variables(): Variable[] {
    return [this.iterations, ...super.variables().sort((a, b) => a.order - b.order)];
  }
}

const label = kind<string>("a name", (value) => string.holds(value) && value !== "");

function signatureOf<O extends Fields>(name: string, options: O) {
  const fields = { learningRate: hyper, rho: hyper, momentum: hyper, epsilon: hyper, centered: boolean, name: label };
  return new Signature(name, {}, { ...fields, ...options });
}

function defaults({
  learningRate = 0.001,
  rho = 0.9,
  momentum = 0,
  epsilon = 1e-7,
  name = "RMSprop",
}: RMSpropOptions): Required<Omit<RMSpropOptions, "centered">> {
  if (typeof momentum === "number" && !(momentum >= 0 && momentum <= 1))
    throw new ValueError(`RMSprop: momentum must lie in [0, 1], got ${momentum}`);
  return { learningRate, rho, momentum, epsilon, name };
}

/**
 * RMSprop as Keras computes it (2.12 and later), with repeated rows of a sparse gradient added up:
 *
 *     velocity <- rho velocity + (1 - rho) g²             begins at zero
 *     average  <- rho average + (1 - rho) g               only when centered
 *     step     <- learningRate g / sqrt(velocity - average² + epsilon)
 *     momentum <- momentum momentum + step                only when momentum > 0
 *     variable <- variable - momentum, or - step
 *
 * A sparse gradient counts as zero for the rows it does not name: their averages decay, and momentum moves them on.
 */
export class RMSprop extends KerasOptimizer {
  constructor(options?: RMSpropOptions);
  constructor(...args: readonly unknown[]) {
    const { centered = false, ...options } = signatureOf("RMSprop", {}).record(args);
    const filled = defaults(options);
    super(currentRules[ruleIndex(centered, filled.momentum)]!, filled);
  }

  /** 1 - rho, formed before it is rounded: plain 0.9 gives the float32 nearest to 0.1. */
  get rest(): Hyper {
    return typeof this.rho === "number" ? 1 - this.rho : this.restOfTensor;
  }

  private readonly restOfTensor = () => sub(1, evaluateHyper(this, "rho"));
}

export interface LegacyRMSpropOptions extends RMSpropOptions {
  /** Divides the learning rate by 1 + decay times the number of steps made. */
  readonly decay?: Hyper;
}

/**
 * RMSprop as Keras computed it in TensorFlow 2.0 to 2.10. Without momentum epsilon stands outside of the root, and the
 * averages of all rows decay under a sparse gradient; with momentum it is TensorFlow 1's rule, with averages from zero.
 */
export class LegacyRMSprop extends KerasOptimizer {
  decay: Hyper;

  constructor(options?: LegacyRMSpropOptions);
  constructor(...args: readonly unknown[]) {
    const { centered = false, decay = 0, ...options } = signatureOf("LegacyRMSprop", { decay: hyper }).record(args);
    const filled = defaults(options);
    super(legacyRules[ruleIndex(centered, filled.momentum)]!, filled);
    this.decay = decay;
  }
}

const ruleIndex = (centered: boolean, momentum: Hyper) =>
  (centered ? 2 : 0) + (typeof momentum !== "number" || momentum > 0 ? 1 : 0);

/** Rules for plain, with momentum, centered, and centered with momentum. */
function variants(make: (centered: boolean, moving: boolean) => RuleDescription): UpdateRule[] {
  return [make(false, false), make(false, true), make(true, false), make(true, true)].map(updateRule);
}

const ruleName = (base: string, centered: boolean, moving: boolean) =>
  `${base}${centered ? "Centered" : ""}${moving ? "Moving" : ""}RMSprop`;

/** Moves the variable by a step, through momentum where there is such a slot. */
function moveBy(step: Scalar, { variable, momentum }: Values, mu: Scalar): Values {
  if (momentum === undefined) return { variable: k.sub(variable!, step) };
  const next = k.add(k.mul(momentum, mu), step);
  return { momentum: next, variable: k.sub(variable!, next) };
}

const currentRules = variants((centered, moving) => {
  const step: Step = (states, { learningRate, rho, rest, momentum, epsilon }, g) => {
    const velocity = k.add(k.mul(rho!, states.velocity!), k.mul(rest!, k.mul(g, g)));
    const average = centered ? k.add(k.mul(rho!, states.average_gradient!), k.mul(rest!, g)) : null;
    const spread = average === null ? velocity : k.sub(velocity, k.mul(average, average));
    const move = k.div(k.mul(learningRate!, g), k.sqrt(k.add(spread, epsilon!)));
    return { velocity, ...(average && { average_gradient: average }), ...moveBy(move, states, momentum!) };
  };
  return {
    name: ruleName("Keras", centered, moving),
    slots: { velocity: 0, ...(moving && { momentum: 0 }), ...(centered && { average_gradient: 0 }) },
    hyper: ["learningRate", "rho", "rest", "momentum", "epsilon"],
    exact: ["rho", "rest", "momentum", "epsilon"],
    dense: step,
    sparse: step,
    sparseRows: "all",
  };
});

const legacyRules = variants((centered, moving) => {
  const slots = { rms: 0, ...(moving && { momentum: 0 }), ...(centered && { mg: 0 }) };
  const hyper = ["learningRate", "decay", "iterations", "rho", "momentum", "epsilon"];
  const exact = ["epsilon"];
  const decayedRate = ({ learningRate, decay, iterations }: Values) =>
    k.div(learningRate!, k.add(1, k.mul(decay!, iterations!)));
  const name = ruleName("Legacy", centered, moving);
  const withTensorFlowOne =
    (step: Step): Step =>
    (states, h, g) =>
      step(states, { ...h, learningRate: decayedRate(h), decay: h.rho! }, g);
  if (moving) {
    const { dense, sparse } = RMSPropOptimizer.rules[centered ? "centered" : "plain"];
    return { name, slots, hyper, exact, dense: withTensorFlowOne(dense), sparse: withTensorFlowOne(sparse) };
  }
  const averaged = (average: Scalar, value: Scalar, rho: Scalar) =>
    k.add(k.mul(average, rho), k.mul(value, k.sub(1, rho)));
  const step: Step = (states, h, g) => {
    const { rho, epsilon } = h;
    const rms = averaged(states.rms!, k.mul(g, g), rho!);
    const mg = centered ? averaged(states.mg!, g, rho!) : null;
    const spread = mg === null ? rms : k.sub(rms, k.mul(mg, mg));
    const move = k.div(k.mul(decayedRate(h), g), k.add(k.sqrt(spread), epsilon!));
    // A row that is not named has no gradient, and stays where it is whatever its averages have come to.
    const variable = k.select(k.eq(g, 0), states.variable!, k.sub(states.variable!, move));
    return { rms, ...(mg && { mg }), variable };
  };
  return { name, slots, hyper, exact, dense: step, sparse: step, sparseRows: "all" };
});

const rmsprop = either(instance("an RMSprop", RMSprop), instance("an RMSPropOptimizer", RMSPropOptimizer));

const slotPairs = [
  ["velocity", "rms"],
  ["momentum", "momentum"],
  ["average_gradient", "mg"],
] as const;

/**
 * Carries the state of one RMSProp over to the other: `velocity` is `rms`, `average_gradient` is `mg`, `iterations` is the
 * global step. Slots that the other does not have are left out; a momentum it lacks begins at zero.
 *
 * The next steps agree up to rounding when the hyper-parameters do: TensorFlow 1 forms `1 - decay` in float32, Keras
 * before rounding.
 */
export const convertRMSProp = defineFunction(
  "convertRMSProp",
  { from: rmsprop, to: rmsprop, varList: list(anything) },
  { globalStep: nullable(instance("a variable", Variable)) },
  carryOver,
);

function carryOver(
  from: RMSprop | RMSPropOptimizer,
  to: RMSprop | RMSPropOptimizer,
  varList: readonly Variable[],
  { globalStep = null }: { readonly globalStep?: Variable | null } = {},
): void {
  for (const variable of varList) {
    if (!(variable instanceof Variable))
      throw new TypeError(`convertRMSProp: varList holds ${nameOf(variable)}; expected variables`);
    if (variable.graph !== null)
      throw new ValueError(`convertRMSProp: ${variable.name} belongs to a graph; convert in eager mode`);
  }
  to.createSlots(varList);
  const [source, target] = [from, to].map((each) => (each instanceof RMSprop ? 0 : 1)) as [0 | 1, 0 | 1];
  for (const variable of varList) {
    for (const names of slotPairs) {
      const value = from.getSlot(variable, names[source]);
      if (value !== null) to.getSlot(variable, names[target])?.assign(value.value());
    }
  }
  const counter = (optimizer: RMSprop | RMSPropOptimizer) =>
    optimizer instanceof RMSprop ? optimizer.iterations : globalStep;
  const steps = counter(from)?.value() as Tensor | undefined;
  const counted = counter(to);
  if (steps !== undefined) counted?.assign(cast(steps, counted.dtype));
}

export const kerasRules: readonly UpdateRule[] = [...currentRules, ...legacyRules];
