import {
  checkDType,
  type DType,
  type EagerTensor,
  formatShape,
  literal,
  type NestedArray,
  type Shape,
  type Tensor,
  type TypedData,
  ValueError,
} from "@gradtape/tensor";
import { apply } from "./apply.ts";
import { asTensor, Convertible, nameOf, type Operand } from "./operand.ts";
import { IndexedSlices, sliceIndices, sliceValues } from "./ops/gather.ts";
import * as ops from "./ops/state.ts";
import { type OpDef, unrecorded } from "./record.ts";
import { State } from "./state.ts";

export interface VariableOptions {
  /** Op name; `Variable` when left out. */
  readonly name?: string;
  /** Whether optimizers and tapes take the variable up by themselves; true when left out. */
  readonly trainable?: boolean;
  /** Element type; that of the initial value when left out. */
  readonly dtype?: DType;
  /** Projection applied by optimizers after each dense update: new value in, allowed value out. */
  readonly constraint?: ((value: Tensor) => Tensor) | null;
}

/**
 * A tensor that can change: the parameters of a model and the slots of optimizers.
 * Ops take it like a tensor; each use reads the value it has at that moment.
 */
export class Variable extends State {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly trainable: boolean;
  readonly constraint: ((value: Tensor) => Tensor) | null;
  /** The name without output number: `w`. */
  readonly opName: string;

  /**
   * `initialValue` is anything a tensor can be made from, or a function of no arguments that returns such a thing.
   * Throws a ValueError when it is missing.
   */
  constructor(initialValue: Operand | (() => Operand), options: VariableOptions = {}) {
    const { name = "Variable", trainable = true, dtype, constraint = null } = options;
    if (dtype !== undefined) checkDType("Variable", dtype);
    const initial = initialTensor(initialValue, dtype);
    super(initial);
    this.dtype = initial.dtype;
    this.shape = [...initial.shape];
    this.trainable = trainable;
    this.constraint = constraint;
    this.opName = name;
  }

  /** The name as a tensor's: `w:0`. */
  get name(): string {
    return `${this.opName}:0`;
  }

  get rank(): number {
    return this.shape.length;
  }

  get size(): number {
    return this.storage.size;
  }

  /** A copy of the present elements in row-major order. */
  get data(): TypedData {
    return this.storage.data.slice();
  }

  /** The present elements as nested arrays. */
  array(): NestedArray {
    return this.storage.array();
  }

  /** The only element of a variable of size 1. */
  item(): number | boolean {
    return this.storage.item();
  }

  /** The present elements as an npm `ndarray`; a copy. */
  ndarray(): ReturnType<Tensor["ndarray"]> {
    return literal("ndarray", this.data, { shape: this.shape, dtype: this.dtype }).ndarray();
  }

  /** The present value as a tensor. Gradients flow from it to the variable. */
  toTensor(): Tensor {
    return apply(ops.readVariable, [this], {})[0]!;
  }

  /** The present value as a tensor. */
  value(): Tensor {
    return this.toTensor();
  }

  /** Sets the value. Throws a ValueError for another shape, a TypeError for another dtype. Not differentiated. */
  assign(value: Operand): this {
    return this.write(ops.assign, value);
  }

  /** Adds to the value. */
  assignAdd(delta: Operand): this {
    return this.write(ops.assignAdd, delta);
  }

  /** Subtracts from the value. */
  assignSub(delta: Operand): this {
    return this.write(ops.assignSub, delta);
  }

  /** Adds the rows of `slices`, repeated ones each in turn. */
  scatterAdd(slices: IndexedSlices): this {
    return this.writeRows(ops.scatterAdd, slices);
  }

  /** Subtracts the rows of `slices`, repeated ones each in turn. */
  scatterSub(slices: IndexedSlices): this {
    return this.writeRows(ops.scatterSub, slices);
  }

  /** Sets the rows of `slices`; of repeated ones the last stays. */
  scatterUpdate(slices: IndexedSlices): this {
    return this.writeRows(ops.scatterUpdate, slices);
  }

  override toString(): string {
    return `<Variable '${this.name}' shape=${formatShape(this.shape)} dtype=${this.dtype}>\n${this.storage}`;
  }

  private write(def: OpDef, value: Operand): this {
    apply(def, [this, asTensor(def.name, value, this.dtype)], {});
    return this;
  }

  private writeRows(def: OpDef, slices: IndexedSlices): this {
    if (!(slices instanceof IndexedSlices)) {
      throw new TypeError(`${def.name}: expected IndexedSlices, got ${nameOf(slices)}`);
    }
    apply(def, [this, sliceValues(slices), sliceIndices(slices)], {});
    return this;
  }
}

function initialTensor(initialValue: unknown, dtype: DType | undefined): EagerTensor {
  const given = typeof initialValue === "function" ? initialValue() : initialValue;
  if (given === null || given === undefined) {
    throw new ValueError("Variable: an initial value is needed; give a tensor, numbers, or a function that makes one");
  }
  // Making a variable is no differentiable act: nobody listens while the value is read.
  const value = given instanceof Convertible ? unrecorded(() => given.toTensor()) : given;
  return literal("Variable", value, dtype === undefined ? {} : { dtype });
}
