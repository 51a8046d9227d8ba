import type { DType, TensorSpec } from "@gradtape/tensor";
import type { Attributes, AttributeValue, OpRecord } from "./record.ts";

/*
 * How an op is spelled in a graph of TensorFlow: what entries say about themselves, for writers and readers of such
 * graphs. An op that is spelled in several ways lists them; the first that fits is used.
 */

/**
 * An op's facet for TensorFlow. A bare text is the name of an op with the same inputs, the dtype of the first of which
 * is its attribute `T`.
 */
export type TensorFlowFacet = string | Spelling | Phrase | Refusal | readonly (string | Spelling | Phrase)[];

/** The op cannot be written, for this reason. */
export interface Refusal {
  readonly refused: string;
}

/** One node that stands for one operation, told so that it can be read both ways. */
export interface Spelling {
  /** Its op. */
  readonly op: string;
  /** What it takes, in its order; our inputs in ours when left out. */
  readonly takes?: readonly Taken[];
  /** Its attributes; `{ T: dtypeOf(0) }` when left out. */
  readonly attributes?: { readonly [name: string]: NodeAttribute };
  /** Attributes of ours for which it stands: it fits only where they are so, and reading it gives them. */
  readonly own?: Attributes | ((inputs: readonly TensorSpec[], attributes: Attributes) => Attributes);
  /** The inputs that are variables taken by handle; those that are written when left out. All others are taken by value. */
  readonly handles?: readonly number[];
  /** Inputs of ours that the node does not have, with the number that they are then. It is read so, and never written. */
  readonly supplied?: { readonly [input: number]: number };
  /** The node broadcasts its inputs; the op here takes equal shapes. */
  readonly broadcasts?: boolean;
  /** Whether the node can take such inputs; it takes all when left out. */
  readonly fits?: (inputs: readonly TensorSpec[]) => boolean;
  /**
   * What differs for reference variables, where it is more than a leading `Resource`. Without it a node that takes a
   * handle only to read fits resource variables alone.
   */
  readonly reference?: Pick<Spelling, "op"> & Partial<Spelling>;
}

/**
 * An input of a node: one of ours by its number, all of ours from a number on, an attribute of ours as a constant, or a
 * number that is always the same, in the dtype of our first input.
 */
export type Taken = number | { readonly from: number } | ConstantInput | { readonly number: number };

export interface ConstantInput {
  /** The attribute of ours. */
  readonly attribute: string;
  /** Numbers as they are; axes that may count from the end of the first input; places for axes of the result. */
  readonly kind: "numbers" | "axes" | "places";
  /** One number, in a list of ours too where `listed`. */
  readonly single: boolean;
  readonly listed?: boolean;
}

const constantInput =
  (kind: ConstantInput["kind"], single: boolean, listed = false) =>
  (attribute: string): ConstantInput => ({ attribute, kind, single, ...(listed && { listed }) });

/** An attribute of ours that a node takes as a constant int32 scalar or vector. */
export const numberInput = constantInput("numbers", true);
export const numbersInput = constantInput("numbers", false);
export const axisInput = constantInput("axes", true);
export const axesInput = constantInput("axes", false);
/** The one place in a list of ours. */
export const placeInput = constantInput("places", true, true);

/** The kinds of attributes that nodes have. */
export type AttributeKind = "type" | "bool" | "int" | "axes" | "string" | "shape";

/**
 * What an attribute of a node holds: the dtype or the data of an input, how many inputs there are, an attribute of ours,
 * the name of the node, or always the same.
 */
export type NodeAttribute =
  | { readonly kind: "type" | "tensor"; readonly input: number }
  | { readonly kind: "string"; readonly nodeName: true }
  | { readonly kind: "int"; readonly others: number }
  | { readonly kind: AttributeKind; readonly from: string }
  | { readonly kind: AttributeKind; readonly is: AttributeValue };

/** The dtype of input `input`. */
export const dtypeOf = (input: number): NodeAttribute => ({ kind: "type", input });
/** How many inputs the node has besides `others`. */
export const countBesides = (others: number): NodeAttribute => ({ kind: "int", others });
/** The attribute of ours named `from`. */
export const same = (kind: AttributeKind, from: string): NodeAttribute => ({ kind, from });
/** Always `value`. */
export const always = (kind: AttributeKind, is: AttributeValue): NodeAttribute => ({ kind, is });

/** Writes an operation as several nodes, the last of which gets its name; `null` where this phrase does not fit. */
export type Phrase = (nodes: NodeMaker, record: OpRecord) => readonly Wire[] | null;

/** An output of a node that is being written. */
export interface Wire {
  readonly node: object;
  readonly index: number;
}

/** Makes the nodes of a phrase. */
export interface NodeMaker {
  /** Input `i` of the operation; a variable by value. */
  input(i: number): Wire;
  /** The handle of input `i`, a variable. */
  handle(i: number): Wire;
  /** The shape of input `i`, a vector of int32: a constant where it is known. */
  shape(i: number): Wire;
  /** Whether variables are resources, not references. */
  readonly resources: boolean;
  /** A constant: a scalar for a number, a vector for a list; int32 unless told otherwise. */
  constant(value: number | readonly number[], dtype?: DType): Wire;
  /**
   * A node, by default with attribute `T` of the dtype of the first input of the operation, that waits for `after`. Its
   * first output.
   */
  node(
    op: string,
    inputs: readonly Wire[],
    attributes?: { readonly [name: string]: NodeAttribute },
    after?: readonly Wire[],
  ): Wire;
}

/** Another output of the same node. */
export function output(wire: Wire, index: number): Wire {
  return { node: wire.node, index };
}
