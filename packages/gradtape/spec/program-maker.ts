import * as gt from "gradtape";
import { dataFor, type Env, numbersFor, perform } from "./program-runs.ts";
import type { Argument, Call, Input, Ref, Spec } from "./programs.ts";

/* How a recipe becomes a program: steps choose operands from a pool, and add calls. */

/** A value whose elements can be read at once. */
type Concrete = gt.EagerTensor | gt.Variable;

/** A tensor that later steps may use. */
export interface Slot {
  readonly name: string;
  readonly value: Concrete;
  uses: number;
  keep: boolean;
}

export type StepFunction = (maker: Maker) => unknown;

/** Arguments as steps write them: slots stand for themselves. */
export type Given = Slot | Argument | readonly Given[] | { readonly [option: string]: Given };

type Fits = (value: Concrete) => boolean;

const MOST_ELEMENTS = 5000;
/** Numbers beyond it tell little: one infinity makes all that follows alike. */
const LARGE = 1e4;

export const isFloat: Fits = ({ dtype }) => dtype === "float32" || dtype === "float64";

export const broadcasts =
  (a: { readonly shape: readonly number[] }): Fits =>
  (b) =>
    [...a.shape].reverse().every((extent, i) => {
      const other = b.shape[b.shape.length - 1 - i];
      return other === undefined || other === extent || other === 1 || extent === 1;
    });

export class Maker {
  readonly calls: Call[] = [];
  /** Results that nothing uses, because their shapes differ from step to step. */
  readonly last: string[] = [];
  readonly smooth: boolean;
  private readonly env: Env;
  private readonly pool: Slot[] = [];
  private readonly variables: Slot[] = [];
  private picks: readonly number[] = [0];
  private used = 0;
  private keep = false;

  constructor(given: { inputs: readonly Input[]; variables: readonly Spec[]; seed: number; smooth: boolean }) {
    this.smooth = given.smooth;
    this.env = new Map(numbersFor(given.seed, 0));
    const { variables, inputs } = dataFor(given, 0);
    variables.forEach((value, i) => {
      this.variables.push(this.put(`v${i}`, given.smooth ? value : new gt.Variable(value, { name: `v${i}` })));
    });
    inputs.forEach((value, i) => {
      this.put(`x${i}`, value);
    });
  }

  /** Takes one step, which chooses by `picks`. */
  perform(step: StepFunction, picks: readonly number[], keep: boolean): void {
    this.picks = picks;
    this.used = 0;
    this.keep = keep;
    step(this);
  }

  /** A number below `choices`. */
  choose(choices: number): number {
    const pick = this.picks[this.used++ % this.picks.length]!;
    return pick % Math.max(1, choices);
  }

  oneOf<T>(choices: readonly T[]): T {
    return choices[this.choose(choices.length)]!;
  }

  /** A tensor or variable for which `fits` holds, the latest for the choice 0; `null` where there is none. */
  pick(fits: Fits): Slot | null {
    const fitting = this.pool.filter(({ value }) => fits(value));
    return fitting.length === 0 ? null : fitting[fitting.length - 1 - this.choose(fitting.length)]!;
  }

  float(fits: Fits = () => true): Slot | null {
    return this.pick((value) => isFloat(value) && fits(value));
  }

  /** A variable for which `fits` holds. */
  variable(fits: Fits = () => true): Slot | null {
    const fitting = this.variables.filter(({ value }) => value instanceof gt.Variable && fits(value));
    return fitting.length === 0 ? null : this.oneOf(fitting);
  }

  /** Indices from 0 (or `low`) to `high`: plain numbers, or whatever an integer tensor of the pool holds. */
  indices(shape: readonly number[], high: number, low = 0): Given {
    const made = this.choose(3) === 0 ? this.pick((v) => v.dtype === "int32" && `${v.shape}` === `${shape}`) : null;
    if (made !== null) {
      const clipped = this.call("clipByValue", made, low, high);
      if (clipped !== null) return clipped;
    }
    // A list of no rows does not tell how long its rows are.
    if (shape.includes(0)) return this.call("tensor", [], { shape, dtype: "int32" })!;
    const [start, stride] = [this.choose(7), this.oneOf([1, 3, 0, 5])];
    let at = start;
    const build = (axis: number): Argument => {
      if (axis === shape.length) {
        const index = low + (at % (high - low + 1));
        at += stride;
        return index;
      }
      return Array.from({ length: shape[axis]! }, () => build(axis + 1));
    };
    return build(0);
  }

  /** Calls a function and puts its result into the pool; `null` where the result is too large to be of use. */
  call(f: string, ...args: readonly Given[]): Slot | null {
    const slots: Slot[] = [];
    const plain = args.map((arg) => plainOf(arg, slots));
    const value = perform(f, plain, this.env) as gt.EagerTensor;
    if (!this.accepts(value)) return null;
    const to = `t${this.calls.length}`;
    this.calls.push({ to, f, args: plain });
    for (const slot of slots) slot.uses++;
    return this.put(to, value);
  }

  /** Calls a function whose result is only returned. */
  finish(f: string, ...args: readonly Given[]): void {
    this.last.push((this.effect(f, ...args) as Ref).ref);
  }

  /** Calls something whose result is no tensor: a write, or slices. */
  effect(f: string, ...args: readonly Given[]): Argument {
    const slots: Slot[] = [];
    const plain = args.map((arg) => plainOf(arg, slots));
    const to = `t${this.calls.length}`;
    this.env.set(to, perform(f, plain, this.env) as gt.EagerTensor);
    this.calls.push({ to, f, args: plain });
    for (const slot of slots) slot.uses++;
    return { ref: to };
  }

  /** What a step returns: results that nothing uses, and those that are to be kept. */
  kept(): Slot[] {
    const made = this.pool.filter(({ name }) => name.startsWith("t"));
    return made.filter(({ uses, keep }) => uses === 0 || keep);
  }

  /** The names of the variables that a gradient of `targets` reaches. */
  reached(tape: gt.GradientTape, targets: readonly Slot[]): string[] {
    const floats = this.variables.filter(({ value }) => isFloat(value) && value instanceof gt.Variable);
    if (floats.length === 0 || targets.length === 0) return [];
    const gradients = tape.gradient(
      targets.map(({ value }) => value as gt.Tensor),
      floats.map(({ value }) => value as gt.Variable),
    ) as unknown[];
    return floats.filter((_, i) => gradients[i] !== null).map(({ name }) => name);
  }

  private accepts({ size, shape, data }: gt.EagerTensor): boolean {
    if (size > MOST_ELEMENTS || shape.length > 4) return false;
    const tame = data.every((x) => Math.abs(x) <= (this.smooth ? 20 : LARGE));
    return tame || (!this.smooth && this.choose(4) === 3);
  }

  private put(name: string, value: Concrete): Slot {
    const slot = { name, value, uses: 0, keep: this.keep };
    this.env.set(name, value);
    this.pool.push(slot);
    return slot;
  }
}

const isSlot = (given: object): given is Slot => "uses" in given;

/** An argument as data, and the slots that occur in it. */
function plainOf(given: Given, slots: Slot[]): Argument {
  if (typeof given !== "object") return given;
  if (Array.isArray(given)) return given.map((each) => plainOf(each, slots));
  if (isSlot(given)) {
    slots.push(given);
    return { ref: given.name };
  }
  if ("ref" in given) return given as Argument;
  const entries = Object.entries(given as { readonly [option: string]: Given });
  return Object.fromEntries(entries.map(([key, each]) => [key, plainOf(each, slots)]));
}
