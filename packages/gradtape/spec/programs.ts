import fc from "fast-check";
import * as gt from "gradtape";
import { Maker } from "./program-maker.ts";
import { steps } from "./program-steps.ts";

/* Random programs as plain data. A recipe is what chance gives and what shrinks: shapes, and steps with numbers from which
 * their operands are chosen. A program is what becomes of it: calls of the public functions, one after the other. */

/** Something an earlier call has made, an input (`x0`) or a variable (`v0`). */
export interface Ref {
  readonly ref: string;
}

export type Argument = Ref | number | string | boolean | readonly Argument[] | { readonly [option: string]: Argument };

/** `to = gt.f(...args)`; `f` may also be a method of a variable (`v0.assign`) or a class (`new IndexedSlices`). */
export interface Call {
  readonly to: string;
  readonly f: string;
  readonly args: readonly Argument[];
}

export interface Spec {
  readonly shape: readonly number[];
  readonly dtype: gt.DType;
}

/** An input; a closed one is a tensor from outside of the step, the same at each. */
export interface Input extends Spec {
  readonly closed: boolean;
}

/** What a step does after its calls: nothing, gradients, gradients that are applied, or `minimize` around the calls. */
export type Update = "none" | "gradients" | "applyGradients" | "minimize";

export interface Program {
  readonly seed: number;
  readonly inputs: readonly Input[];
  readonly variables: readonly Spec[];
  /** They may name plain numbers that a step is given: `k0` a factor, `k1` an axis, `k2` a list of indices. */
  readonly calls: readonly Call[];
  /** What a step returns. */
  readonly outputs: readonly string[];
  /** What is differentiated: the floating outputs. */
  readonly targets: readonly string[];
  readonly update: Update;
  /** The variables that a gradient reaches. */
  readonly trained: readonly string[];
  readonly optimizer: Optimizer;
  /** True when the learning rate changes at each step, in value and in kind. */
  readonly changes: boolean;
}

/** A class and its arguments. */
export interface Optimizer {
  readonly f: string;
  readonly args: readonly Argument[];
}

export interface Recipe {
  readonly seed: number;
  /** Three extents, of which all shapes are made, so that shapes often fit. */
  readonly extents: readonly number[];
  readonly inputs: readonly { readonly axes: readonly number[]; readonly dtype: gt.DType; readonly closed: boolean }[];
  readonly variables: readonly { readonly axes: readonly number[]; readonly dtype: gt.DType }[];
  readonly steps: readonly Step[];
  readonly update: Update;
  readonly optimizer: Optimizer;
  readonly changes: boolean;
  /** True when the inputs are returned, too. */
  readonly returnsInputs: boolean;
  /** Only what has derivatives, away from kinks. */
  readonly smooth: boolean;
}

export interface Step {
  readonly op: string;
  readonly picks: readonly number[];
  /** Whether the step's result is returned even though something uses it. */
  readonly keep: boolean;
}

export const optimizers: readonly Optimizer[] = [
  { f: "GradientDescentOptimizer", args: [0.1] },
  { f: "MomentumOptimizer", args: [0.1, 0.9] },
  { f: "MomentumOptimizer", args: [0.1, 0.9, { useNesterov: true }] },
  { f: "RMSPropOptimizer", args: [0.01] },
  { f: "RMSPropOptimizer", args: [0.01, { momentum: 0.5, centered: true }] },
  { f: "AdagradOptimizer", args: [0.1] },
  { f: "AdadeltaOptimizer", args: [0.1] },
  { f: "AdamOptimizer", args: [0.01] },
  { f: "FtrlOptimizer", args: [0.1] },
  { f: "FtrlOptimizer", args: [0.1, { learningRatePower: -0.7, l1RegularizationStrength: 0.01 }] },
  { f: "RMSprop", args: [{ momentum: 0.3 }] },
  { f: "LegacyRMSprop", args: [{ centered: true }] },
];

/** The program that a recipe describes. Each call is run once on the way, so that the next ones know their shapes. */
export function programOf(recipe: Recipe): Program {
  const shapeOf = ({ axes, dtype }: Recipe["variables"][number]): Spec => ({
    shape: axes.map((axis) => recipe.extents[axis % recipe.extents.length]!),
    dtype,
  });
  const inputs = recipe.inputs.map((input) => ({ ...shapeOf(input), closed: input.closed }));
  const variables = recipe.variables.map(shapeOf);
  const maker = new Maker({ inputs, variables, seed: recipe.seed, smooth: recipe.smooth });
  const tape = new gt.GradientTape();
  tape.record(() => {
    for (const { op, picks, keep } of recipe.steps) maker.perform(steps[op]!, picks, keep);
  });
  const kept = maker.kept();
  const targets = kept.filter(({ value }) => value.dtype === "float32" || value.dtype === "float64");
  const reached = maker.reached(tape, targets);
  const trainable = targets.length > 0 && reached.length > 0;
  return {
    seed: recipe.seed,
    inputs,
    variables,
    calls: maker.calls,
    outputs: [
      ...kept.map(({ name }) => name),
      ...maker.last,
      ...(recipe.returnsInputs ? inputs.map((_, i) => `x${i}`) : []),
    ],
    targets: targets.map(({ name }) => name),
    update: trainable ? recipe.update : targets.length > 0 && recipe.update !== "none" ? "gradients" : "none",
    trained: reached,
    optimizer: recipe.optimizer,
    changes: recipe.changes,
  };
}

export interface RecipeOptions {
  /** The most steps. */
  readonly length: number;
  /** Float64 throughout, and only what has derivatives. */
  readonly smooth?: boolean;
  /** Whether a part of the programs has float64 in it. */
  readonly wide?: boolean;
}

const small = fc.constantFrom(1, 2, 3, 2, 3, 4, 5, 0, 7, 8, 9);
const large = fc.constantFrom(1, 40, 33, 17, 64, 70);

/** Random recipes. */
export function recipes({ length, smooth = false, wide = false }: RecipeOptions): fc.Arbitrary<Recipe> {
  const three = { minLength: 3, maxLength: 3 };
  const extents = smooth
    ? fc.array(fc.constantFrom(1, 2, 3, 2, 3, 4, 0), three)
    : fc.oneof({ weight: 12, arbitrary: fc.array(small, three) }, { weight: 1, arbitrary: fc.array(large, three) });
  const float = fc.constant<gt.DType>(smooth ? "float64" : "float32");
  const other = fc.constantFrom<gt.DType>("int32", "bool", "int32", ...(wide ? (["float64"] as const) : []));
  const dtype = smooth ? float : fc.oneof({ weight: 3, arbitrary: float }, { weight: 1, arbitrary: other });
  const sometimes = fc.nat(3).map((n) => n === 3);
  const closed = smooth ? fc.constant(false) : sometimes;
  const axes = fc.array(fc.nat(2), { maxLength: 3 });
  const rows = fc.array(fc.nat(2), { minLength: 1, maxLength: 2 });
  const whole = fc.constant<gt.DType>("int32");
  const variableType = smooth ? float : fc.oneof({ weight: 9, arbitrary: float }, { weight: 1, arbitrary: whole });
  return fc.record({
    seed: fc.nat(1000),
    extents,
    inputs: fc.array(fc.record({ axes, dtype, closed }), { minLength: 1, maxLength: 3 }),
    variables: fc.array(fc.record({ axes: fc.oneof(axes, rows), dtype: variableType }), { maxLength: 3 }),
    steps: fc.array(
      fc.record({
        op: fc.constantFrom(...Object.keys(steps)),
        picks: fc.array(fc.nat(60), { minLength: 6, maxLength: 6 }),
        keep: fc.integer({ min: 0, max: 6 }).map((n) => n === 6),
      }),
      { minLength: 1, maxLength: length },
    ),
    update: fc.constantFrom<Update>("none", "gradients", "applyGradients", "minimize", "minimize"),
    optimizer: fc.constantFrom(...optimizers),
    changes: sometimes,
    returnsInputs: sometimes,
    smooth: fc.constant(smooth),
  });
}
