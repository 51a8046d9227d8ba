import type { Layout } from "../layout.ts";
import type { Shape } from "../shape.ts";
import type { EagerTensor, TensorSpec } from "../tensor.ts";
import type { Program } from "./program.ts";

/**
 * How an op is computed. The kinds of kernel (loops, views, products, …) are few and know no op; an op says which
 * one it is and with what parameters.
 */
export interface Kernel {
  /** Computes the outputs; `specs` are their shapes (all known by now) and dtypes. */
  run(inputs: readonly EagerTensor[], specs: readonly TensorSpec[]): EagerTensor[];
  /** What it does, for a compiler; a kernel without a form can only be run. */
  readonly form?: Form;
}

/** What a kernel does to its inputs, told instead of done. */
export type Form =
  | LoopForm
  | ChainForm
  | ViewForm
  | UpdateRowsForm
  | GatherForm
  | SegmentSumForm
  /** Output `i` of the program is the new value of input `i`; the others are repeated to its shape. `runs` is what is run. */
  | { readonly kind: "update"; readonly program: Program; readonly runs: Program }
  /** Zeros, into which input `i` is copied at the region `place(layout, i)`. */
  | { readonly kind: "assemble"; readonly takes?: number; place(layout: Layout, input: number): Layout }
  /** The product over the last two axes; leading axes are repeated. */
  | { readonly kind: "product" }
  /** The distinct elements of a vector, and the position of each element among them. */
  | { readonly kind: "unique" }
  /** How many elements the input has along `axes`, whatever they are. */
  | { readonly kind: "count"; readonly axes: readonly number[] };

/** A program over elements, or over rows that run along `axes`. */
export interface LoopForm {
  readonly kind: "loops";
  readonly program: Program;
  readonly axes: readonly number[];
  readonly checks: readonly IndexCheck[];
  /** How many inputs it reads; the others only lend their shape. All when left out. */
  readonly takes?: number;
}

/**
 * Elementwise over any number of inputs, in loops of bounded size: `first` over the leading ones, then `next` over the result
 * so far and the inputs that follow, until all are taken.
 */
export interface ChainForm {
  readonly kind: "chain";
  readonly first: Program;
  readonly next: Program;
}

/** Goes through the links of a chain: `link` runs a program over operands, and gives what the next link begins with. */
export function linked<T>(
  { first, next }: ChainForm,
  inputs: readonly T[],
  link: (program: Program, operands: readonly T[]) => T,
): T {
  const taken = next.inputs.length - 1;
  let at = first.inputs.length;
  let result = link(first, inputs.slice(0, at));
  for (; at < inputs.length; at += taken) result = link(next, [result, ...inputs.slice(at, at + taken)]);
  return result;
}

/** The elements of the first input through another layout; `null` where they have to be compacted first. */
export interface ViewForm {
  readonly kind: "view";
  arrange(layout: Layout, shape: Shape): Layout | null;
}

/** Updates the rows of the states that the last input names, each by a row of the input before it. */
export interface UpdateRowsForm {
  readonly kind: "updateRows";
  readonly op: string;
  readonly program: Program;
  /** The program that is run. */
  readonly runs: Program;
}

/** Rows of the first input, picked along `axis` at the positions in the second. */
export interface GatherForm {
  readonly kind: "gather";
  readonly op: string;
  readonly axis: number;
  readonly batchDims: number;
  readonly negativeIsZero: boolean;
}

/** Rows of the first input added up by the ids in the second. */
export interface SegmentSumForm {
  readonly kind: "segmentSum";
  readonly op: string;
  readonly batchDims: number;
}

/** Input `input` (int32) must name rows `0 … rows - 1`; `op` words the error. */
export interface IndexCheck {
  readonly op: string;
  readonly input: number;
  readonly rows: number;
  readonly negativeAllowed?: boolean;
}

/** `kernel` on the first `count` inputs; the others only lend their shape. */
export function onFirst(count: number, kernel: Kernel): Kernel {
  const { form } = kernel;
  const takes = form && { form: { ...form, takes: count } as Form };
  return { run: (inputs, specs) => kernel.run(inputs.slice(0, count), specs), ...takes };
}
