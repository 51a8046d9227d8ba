import { EagerTensor, sameShape, type Tensor } from "@gradtape/tensor";
import { execute } from "../execute.ts";
import { type Operation, SymbolicTensor } from "../operation.ts";
import type { State } from "../state.ts";
import type { TraceGraph } from "./trace-graph.ts";

/* Compares the records of two runs of a function. Operations on known numbers alone are computed first, so numbers that
 * were computed at once equal numbers that were fed and computed by the graph. */

/** The record of one traced run of a function. */
export interface Written {
  readonly graph: TraceGraph;
  /** The tensors that the function returned. */
  readonly fetched: readonly Tensor[];
}

/** The first place at which two runs differ, and what each of them has there; `null` for nothing. */
export interface Difference {
  readonly at: string;
  readonly first: Operation | Tensor | null;
  readonly second: Operation | Tensor | null;
}

export function firstDifference(first: Written, second: Written): Difference | null {
  const [a, b] = [new Reduced(first), new Reduced(second)];
  for (let i = 0; i < Math.max(a.operations.length, b.operations.length); i++) {
    const [one, other] = [a.operations[i] ?? null, b.operations[i] ?? null];
    if (one === null || other === null || !sameOperation(a, one, b, other))
      return { at: `operation ${i}`, first: one, second: other };
  }
  for (let i = 0; i < Math.max(first.fetched.length, second.fetched.length); i++) {
    const [one, other] = [first.fetched[i] ?? null, second.fetched[i] ?? null];
    if (one === null || other === null || !sameInput(a, one, b, other))
      return { at: `result ${i}`, first: one, second: other };
  }
  return null;
}

/** A run without the operations on known numbers. */
class Reduced {
  readonly operations: readonly Operation[];
  private readonly known = new Map<Tensor, EagerTensor>();
  private readonly places = new Map<Operation, number>();

  constructor({ graph }: Written) {
    for (const { placeholder, numbers } of graph.inputs) if (numbers !== null) this.known.set(placeholder, numbers);
    this.operations = graph.getOperations().filter((operation) => !this.computes(operation));
    this.operations.forEach((operation, i) => {
      this.places.set(operation, i);
    });
  }

  private computes({ def, inputs, attributes, outputs }: Operation): boolean {
    if (outputs.length > 0 && outputs.every((output) => this.known.has(output))) return true;
    const values = inputs.map((input) => (input instanceof EagerTensor ? input : this.known.get(input as Tensor)));
    if (def.writes !== undefined || values.length === 0 || !values.every((value) => value !== undefined)) return false;
    execute(def, values, attributes).forEach((value, i) => {
      this.known.set(outputs[i]!, value);
    });
    return true;
  }

  valueOf(input: Tensor | State): EagerTensor | undefined {
    return input instanceof EagerTensor ? input : this.known.get(input as Tensor);
  }

  /** The place of the operation that makes a tensor. */
  placeOf(input: Tensor | State): string | null {
    return input instanceof SymbolicTensor ? `${this.places.get(input.op)}:${input.index}` : null;
  }
}

/** True when both compute the same. Derivatives are operations of their own. */
function sameOperation(first: Reduced, a: Operation, second: Reduced, b: Operation): boolean {
  return (
    a.def.infer === b.def.infer &&
    a.def.kernel === b.def.kernel &&
    a.inputs.length === b.inputs.length &&
    JSON.stringify(a.attributes) === JSON.stringify(b.attributes) &&
    a.inputs.every((input, i) => sameInput(first, input, second, b.inputs[i]!))
  );
}

function sameInput(first: Reduced, a: Tensor | State, second: Reduced, b: Tensor | State): boolean {
  if (a === b) return true;
  const [x, y] = [first.valueOf(a), second.valueOf(b)];
  if (x !== undefined && y !== undefined) return sameNumbers(x, y);
  const place = first.placeOf(a);
  return place !== null && x === y && place === second.placeOf(b);
}

function sameNumbers(a: EagerTensor, b: EagerTensor): boolean {
  if (a.dtype !== b.dtype || !sameShape(a.shape, b.shape)) return false;
  if (a.buffer === b.buffer && a.layout === b.layout) return true;
  const [x, y] = [a.elements, b.elements];
  return x.every((value, i) => Object.is(value, y[i]));
}
