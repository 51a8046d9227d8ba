import type { Form, IndexCheck, Level, Scalar, Shape } from "@gradtape/tensor";
import type { Operation } from "../operation.ts";
import type { Buffer, Count, Value } from "./values.ts";

/** An operand of loops: the elements of `value` as the axes of the loops move through them. */
export interface Operand {
  readonly value: Value;
  /** Per axis of the loops' shape; 0 along folded axes for an operand of level "row". */
  readonly strides: readonly number[];
  readonly level: Level;
}

/** Expressions for every position of `shape`, or every row of it along the folded `axes`. */
export interface Loops {
  readonly kind: "loops";
  readonly shape: Shape;
  readonly axes: readonly number[];
  readonly operands: readonly Operand[];
  /** In terms of `input(i)` for operand `i`. */
  readonly expressions: readonly Scalar[];
  /** Where each expression goes. */
  readonly targets: readonly Operand[];
}

/** Kernels that are more than loops over elements. */
export type BulkForm = Exclude<Form, { kind: "loops" | "chain" | "update" | "view" | "count" }> | CheckForm;

/** Indices that must name rows before anything goes on. */
export interface CheckForm {
  readonly kind: "check";
  readonly check: IndexCheck;
}

/** What is done in one go to whole tensors. */
export interface Bulk {
  readonly kind: "bulk";
  readonly form: BulkForm;
}

/** A step of the computation: loops or something else, from values to values. */
export interface Node {
  readonly id: number;
  /** The operations it computes. */
  readonly operations: readonly Operation[];
  readonly work: Loops | Bulk;
  /** All values read, those of operands among them. */
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** Variables written: their buffers. */
  readonly writes: readonly Buffer[];
  /** Another count that it fills in, besides its outputs. */
  readonly counts: Count | null;
}
