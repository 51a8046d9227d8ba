import { boolean, callable, defineFunction, type EagerTensor, RuntimeError, string } from "@gradtape/tensor";
import { checkNotTraced, currentGraph, recorders, unrecorded } from "../context.ts";
import { describeSpecs, takeApart } from "./arguments.ts";
import { type Given, Instance } from "./instance.ts";
import type { Profile } from "./profile.ts";

export interface CompileOptions {
  /** What messages call the function; its own name when left out. */
  readonly name?: string;
  /**
   * Look for NaN and infinities after each step; where there are new ones, replay the step op by op and throw an
   * InvalidArgumentError that names the first op which made them. The variables are then as they were before the step.
   * For debugging: it reads all variables at each step.
   */
  readonly checkNumerics?: boolean;
}

/** A function that runs as one WebAssembly module per signature of its arguments. */
export interface Compiled<F extends (...args: any[]) => unknown> {
  (...args: Parameters<F>): ReturnType<F>;
  /**
   * The only element of the only tensor that the function returns, as a plain number: `compiled(...args).item()` without
   * making a tensor.
   */
  item(...args: Parameters<F>): number;
  /** Every stage of what was compiled for these arguments (for the last call when left out), in words. */
  explain(...args: Parameters<F> | []): string;
  /** Runs `steps` steps (10 when left out) for real, and tells the time that each kernel takes. */
  profile(args: Parameters<F>, steps?: number): Profile;
}

/** From this many signatures on, a function is said to be compiled too often. */
const MANY = 8;

/**
 * `fn` as a compiled function: it is traced once for every signature (shapes and dtypes of its arguments), and all that it
 * computes and updates becomes one WebAssembly module. It takes and returns what `fn` does, with the same bits. Results are
 * the caller's: nothing that happens later changes them.
 *
 * Arguments: tensors are fed to each step. Variables, booleans, strings, functions and whole numbers (axes, counts,
 * switches) belong to the signature. So do other numbers and lists of numbers, except where `fn` uses them in ops alone:
 * then they are fed, too. For a whole number that changes at each call give a tensor. Under a tape, or while a graph is
 * being built, `fn` itself runs.
 *
 * From outside, a step sees the present values of variables and the present hyper-parameters of optimizers; everything else
 * that `fn` reads, such as the variables of a closure, is as it was when `fn` was traced.
 *
 * Throws a RuntimeError for a function that makes variables, does not do the same each time, draws random numbers from
 * outside, or reads the value of a tensor. Throws a TypeError for one that returns something else than tensors. A function
 * that cannot be compiled is run by a session, with a warning that names the operation.
 */
export const compile = defineFunction("compile", { fn: callable }, { name: string, checkNumerics: boolean }, compiled);

function compiled<F extends (...args: any[]) => unknown>(
  fn: F,
  { name = fn.name || "function", checkNumerics = false }: CompileOptions = {},
): Compiled<F> {
  const instances = new Instances(fn, name, checkNumerics);
  const run = listed(fn.length, (args) => {
    if (recorders.length > 0 || currentGraph() !== null) {
      if (currentGraph() === null) instances.seen ??= [...args];
      return fn(...args);
    }
    return instances.call(args);
  });
  return Object.assign(run, {
    item: listed(fn.length, (args) => {
      checkNotTraced(
        `${name}.item: a number is asked for`,
        "call the function itself and use the tensor that it returns",
      );
      return instances.item(args);
    }),
    explain: (...args: Parameters<F> | []) => unrecorded(() => instances.explainable(args).explain()),
    profile(args: Parameters<F>, steps = 10) {
      const { instance, given } = instances.find(args);
      return instance.profile(given, steps);
    },
  }) as Compiled<F>;
}

/**
 * A function of `count` arguments that hands them on as a list. Up to three of them go into a list that is used again and
 * again: one of its own for each call would be garbage.
 */
function listed<R>(count: number, use: (args: readonly unknown[]) => R): (...args: unknown[]) => R {
  const list: unknown[] = Array(count).fill(undefined);
  if (count === 1) {
    return (a, ...more) => {
      if (more.length > 0) return use([a, ...more]);
      list[0] = a;
      return use(list);
    };
  }
  if (count === 2) {
    return (a, b, ...more) => {
      if (more.length > 0) return use([a, b, ...more]);
      list[0] = a;
      list[1] = b;
      return use(list);
    };
  }
  if (count === 3) {
    return (a, b, c, ...more) => {
      if (more.length > 0) return use([a, b, c, ...more]);
      list[0] = a;
      list[1] = b;
      list[2] = c;
      return use(list);
    };
  }
  return (...args) => use(args);
}

class Instances {
  private readonly fn: (...args: any[]) => unknown;
  private readonly name: string;
  private readonly checkNumerics: boolean;
  private readonly made: Instance[] = [];
  private readonly told = new Set<string>();
  private last: Instance | null = null;
  /** The arguments of the first call that ran `fn` itself, so that a step can be explained while somebody listens. */
  seen: readonly unknown[] | null = null;
  /** Arguments that are tensors already, for one call: an object of its own for each would be garbage. */
  private readonly ready: { tensors: readonly EagerTensor[]; given: readonly unknown[] } = { tensors: [], given: [] };

  constructor(fn: (...args: any[]) => unknown, name: string, checkNumerics: boolean) {
    this.fn = fn;
    this.name = name;
    this.checkNumerics = checkNumerics;
  }

  /** The instance for the signature of `args`, made now when there is none, and what is to be fed to it. */
  find(args: readonly unknown[]): { readonly instance: Instance; readonly given: Given } {
    const parts = takeApart(args);
    let instance = this.made.find((each) => each.fits(parts));
    if (instance === undefined) {
      instance = new Instance(this.fn, this.name, parts, {
        checkNumerics: this.checkNumerics,
        tell: (notice) => this.tell(notice),
      });
      if (!instance.fits(parts)) throw this.unsettled();
      this.made.push(instance);
      if (this.made.length === MANY) this.warn(instance);
    }
    this.last = instance;
    return { instance, given: parts };
  }

  call(args: readonly unknown[]): unknown {
    const { last } = this;
    if (last?.takes(args)) return last.call(this.asGiven(args));
    const { instance, given } = this.find(args);
    return instance.call(given);
  }

  item(args: readonly unknown[]): number {
    const { last } = this;
    if (last?.takes(args)) return last.item(this.asGiven(args));
    const { instance, given } = this.find(args);
    return instance.item(given);
  }

  private asGiven(tensors: readonly EagerTensor[]): Given {
    this.ready.tensors = tensors;
    this.ready.given = tensors;
    return this.ready;
  }

  explainable(args: readonly unknown[]): Instance {
    if (args.length > 0) return this.find(args).instance;
    if (this.last !== null) return this.last;
    if (this.seen === null && this.fn.length > 0) {
      throw new RuntimeError(
        `${this.name}.explain: the step has not been called; call it first, or give its arguments`,
      );
    }
    return this.find(this.seen ?? []).instance;
  }

  private unsettled(): RuntimeError {
    return new RuntimeError(
      `compile: ${this.name}: a setting is of another kind each time it is read; give a number, a tensor or a variable`,
    );
  }

  private warn({ specs }: Instance): void {
    this.tell(
      `compile: ${this.name} has been compiled for ${MANY} signatures, the last one (${describeSpecs(specs)}); ` +
        "give its arguments fewer different shapes, for instance by dropping the last, shorter batch, and numbers that change " +
        "as tensors",
    );
  }

  /** Says something once. */
  private tell(notice: string): void {
    if (this.told.has(notice)) return;
    this.told.add(notice);
    console.warn(notice);
  }
}
