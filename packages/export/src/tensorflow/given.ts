import { slice, squeeze } from "@gradtape/graph";
import {
  type DType,
  type EagerTensor,
  InvalidArgumentError,
  isStatic,
  NotImplementedError,
  type Shape,
  type Tensor,
} from "@gradtape/tensor";
import { dtypeFrom } from "./decode.ts";
import type { NodeDef } from "./messages.ts";
import type { GraphReader, Value } from "./reader.ts";
import { computed, type Dim, ShapeValue } from "./shape-value.ts";

/** Turns the inputs of a node into its outputs; returns `null` for a form that it does not cover. */
export type Translation = (given: Given) => Value | readonly Value[] | null;

// Longer vectors hold data, not shapes.
const mostExtents = 32;
const mostNumbers = 2 ** 16;

/** The inputs and attributes of a node, as its translation asks for them. */
export class Given {
  readonly node: NodeDef;
  readonly inputs: readonly Value[];
  readonly reader: GraphReader;

  constructor(node: NodeDef, inputs: readonly Value[], reader: GraphReader) {
    this.node = node;
    this.inputs = inputs;
    this.reader = reader;
  }

  at(i: number): Value {
    const value = this.inputs[i];
    if (value === undefined)
      throw new InvalidArgumentError(`it has ${this.inputs.length} inputs, input ${i} is missing`);
    return value;
  }

  x(i: number): Tensor {
    return this.reader.tensor(this.at(i));
  }

  known(i: number): EagerTensor | null {
    return this.reader.known(this.at(i));
  }

  /** Numbers that must be known before a run. */
  numbers(i: number): number[] {
    const known = this.known(i);
    if (known === null)
      throw new NotImplementedError(`input ${i} is computed while it runs; here it must be known before`);
    if (known.size > mostNumbers)
      throw new NotImplementedError(`input ${i} holds ${known.size} numbers, which are too many`);
    return [...known.data];
  }

  /** One number that must be known before a run. */
  number(i: number): number {
    const [first, ...more] = this.numbers(i);
    if (first === undefined || more.length > 0)
      throw new InvalidArgumentError(
        `input ${i} has ${more.length + (first === undefined ? 0 : 1)} numbers instead of 1`,
      );
    return first;
  }

  /** Numbers as far as they can be followed; a number of another tensor of the graph is kept as that tensor. */
  shape(i: number): ShapeValue {
    const value = this.at(i);
    if (value instanceof ShapeValue) return value;
    const known = this.known(i);
    if (known !== null && (known.dtype === "int32" || known.size === 0))
      return new ShapeValue(this.numbers(i), known.shape);
    const x = this.x(i);
    const { shape, dtype } = x.spec;
    if (dtype !== "int32") throw new InvalidArgumentError(`input ${i} is ${dtype}; a shape is int32`);
    if (!isStatic(shape) || shape.length > 1 || (shape[0] ?? 1) > mostExtents)
      throw new NotImplementedError(`input ${i} is computed while it runs; here it must be known before`);
    if (shape.length === 0) return new ShapeValue([computed(x)], []);
    const element = (at: number): Dim => computed(squeeze(slice(x, [at], [1])));
    return new ShapeValue(
      Array.from({ length: shape[0]! }, (_, at) => element(at)),
      shape as Shape,
    );
  }

  flag(name: string): boolean {
    const value = this.node.attr[name]?.value;
    return value?.case === "b" && value.value;
  }

  int(name: string, otherwise = 0): number {
    const value = this.node.attr[name]?.value;
    return value?.case === "i" ? Number(value.value) : otherwise;
  }

  ints(name: string): number[] {
    const value = this.node.attr[name]?.value;
    return value?.case === "list" ? value.value.i.map(Number) : [];
  }

  float(name: string, otherwise: number): number {
    const value = this.node.attr[name]?.value;
    return value?.case === "f" ? value.value : otherwise;
  }

  text(name: string, otherwise = ""): string {
    const value = this.node.attr[name]?.value;
    return value?.case === "s" ? new TextDecoder().decode(value.value) : otherwise;
  }

  dtype(name: string): DType {
    const value = this.node.attr[name]?.value;
    return dtypeFrom(this.node, value?.case === "type" ? value.value : 0, this.reader.types);
  }
}
