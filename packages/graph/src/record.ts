import type { Kernel, Kind, Tensor, TensorSpec } from "@gradtape/tensor";
import type { IndexedSlices } from "./ops/gather.ts";
import type { State } from "./state.ts";
import type { TensorFlowFacet } from "./tensorflow.ts";

/** What an op takes: tensors, and the states (variables) it reads or writes in place. */
export type Input = Tensor | State;

/** Plain JSON: everything an op needs to know besides its array data. */
export type Attributes = { readonly [name: string]: AttributeValue };
export type AttributeValue = number | string | boolean | null | readonly AttributeValue[] | undefined;

/** What flows backwards: a tensor, or the touched rows of one. */
export type Cotangent = Tensor | IndexedSlices;

/**
 * The derivative with respect to one input. `g` is the cotangent of the first output; ops with several outputs find
 * all of them in `gs`, `null` where none arrived. `null` as a result means: no gradient flows here.
 */
export type GradientRule<A extends Attributes = any> = (
  g: Tensor,
  record: OpRecord<A>,
  gs: readonly (Tensor | null)[],
) => Cotangent | null;

/** The number of inputs that an op takes, or the least and the most. */
export type Arity = number | readonly [least: number, most: number];

/** An op in one entry: its name, what it takes, shape rule, numeric meaning, and a gradient rule per input. */
export interface OpDef<A extends Attributes = any> {
  readonly name: string;
  readonly arity: Arity;
  /** The kind of each attribute; none are taken when left out. */
  readonly attributes?: { readonly [Name in keyof A]-?: Kind<A[Name]> };
  /**
   * Shapes and dtypes of the outputs. Pure; runs before any kernel and throws every error that shapes, dtypes and
   * attributes can give. The number of inputs and the kinds of attributes are right when it is called.
   */
  infer(inputs: readonly TensorSpec[], attributes: A): readonly TensorSpec[];
  kernel(inputs: readonly TensorSpec[], attributes: A, outputs: readonly TensorSpec[]): Kernel;
  /**
   * One rule per input, `null` where the output does not depend on it smoothly; a function for ops with any number of
   * inputs. Missing when nobody has said what the derivative is.
   */
  readonly gradient?: readonly (GradientRule<A> | null)[] | ((input: number) => GradientRule<A>);
  /** Its outputs are constants to a tape, which does not follow them. */
  readonly detached?: boolean;
  /** The rules take IndexedSlices for `g` as they come, instead of densified. */
  readonly sparse?: boolean;
  /** The inputs, states all of them, that the kernel writes in place. */
  readonly writes?: readonly number[];
  /** The old value of what is written does not matter: it may be missing. */
  readonly overwrites?: boolean;
  /** Its input is a plain tensor, written into the graph. */
  readonly holdsData?: boolean;
  /** It has no value of its own: every run must be given one. */
  readonly mustBeFed?: boolean;
  /** States without a value are passed as missing inputs, instead of being an error. */
  readonly allowsMissing?: boolean;
  /** What the inputs are called, in order, where the op says so. */
  readonly inputNames?: readonly string[];
  /** How TensorFlow spells it. */
  readonly tensorflow?: TensorFlowFacet;
}

/** One op that ran, or that will run: the common record of tapes and graphs. */
export interface OpRecord<A extends Attributes = any> {
  readonly def: OpDef;
  readonly inputs: readonly Input[];
  readonly outputs: readonly Tensor[];
  readonly attributes: A;
}

/** Someone who wants to hear of every op: a tape, or whoever looks on by `observe`. */
export interface Recorder {
  /** An op ran, or was written into a graph. `derivativeOf` is the op whose gradient rule called it, `null` elsewhere. */
  onRecord(record: OpRecord, derivativeOf: OpRecord | null): void;
  /** A state is about to be read or written by an op; it still has its old value. */
  onRead(state: State): void;
  /** A walk backwards has come to its end. */
  onWalk?(walk: Walk): void;
  /** A session has run an operation. While someone listens for this, sessions go operation by operation. */
  onRun?(operation: OpRecord, run: OperationRun): void;
}

/** The values with which a session ran an operation. */
export interface OperationRun {
  /** The value of each input, of a variable what it held before; `undefined` where it had none. */
  readonly inputs: readonly (Tensor | undefined)[];
  readonly outputs: readonly Tensor[];
  /** What the written variables hold now, in the order of `def.writes`. */
  readonly written: readonly Tensor[];
}

/** What one walk backwards over records did: how the gradients of `targets` by `sources` came about. */
export interface Walk {
  readonly targets: readonly Input[];
  readonly sources: readonly Input[];
  /** The ops that were differentiated, in that order: the last one first. */
  readonly derivatives: readonly Derivative[];
  /** The cotangents of values, each when all its terms were there. */
  readonly sums: readonly CotangentSum[];
}

/** One op differentiated: what arrived at its outputs, and what it handed on to its inputs; `null` where nothing flows. */
export interface Derivative {
  readonly record: OpRecord;
  readonly arrived: readonly (Cotangent | null)[];
  readonly given: readonly (Cotangent | null)[];
}

/** The cotangent of one value: the terms in the order of their arrival, and what they add up to. */
export interface CotangentSum {
  readonly at: Input;
  readonly terms: readonly Cotangent[];
  readonly total: Cotangent;
}

/** The rule for input `i` of an op: `null` where no gradient flows, `undefined` where the op has no gradient at all. */
export function gradientRule({ gradient }: OpDef, i: number): GradientRule | null | undefined {
  return typeof gradient === "function" ? gradient(i) : gradient && (gradient[i] ?? null);
}
