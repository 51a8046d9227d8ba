import { ValueError } from "../errors.ts";
import { literal, type NumberArray, type TensorLike } from "../literal.ts";
import type { NdArray } from "../ndarray.ts";
import { compact, type EagerTensor, Tensor } from "../tensor.ts";

/** What a dataset is made from: one tensor, a list, or an object of them. Their first axis counts the examples. */
export type Sources =
  | Tensor
  | NumberArray
  | NdArray<any>
  | readonly TensorLike[]
  | { readonly [name: string]: TensorLike };

/** A batch has the structure of the sources. */
export type BatchOf<S extends Sources> = S extends Tensor | NumberArray | NdArray<any>
  ? EagerTensor
  : { [K in keyof S]: EagerTensor };

/** The sources in a row, and how tensors in that row become a batch. */
export interface SourceList {
  readonly tensors: readonly EagerTensor[];
  readonly examples: number;
  pack(tensors: readonly EagerTensor[]): unknown;
}

/** Takes sources apart, and checks that they have as many examples each. */
export function readSources(op: string, sources: unknown): SourceList {
  if (Array.isArray(sources)) {
    const named = sources.map((source, i) => [`source ${i}`, source] as const);
    return { ...checked(op, named), pack: (tensors) => [...tensors] };
  }
  if (isRecord(sources)) {
    const names = Object.keys(sources);
    const pack = (tensors: readonly EagerTensor[]) => Object.fromEntries(names.map((name, i) => [name, tensors[i]]));
    return { ...checked(op, Object.entries(sources)), pack };
  }
  return { ...checked(op, [["the source", sources]]), pack: ([tensor]) => tensor };
}

function checked(op: string, named: readonly (readonly [string, unknown])[]): Omit<SourceList, "pack"> {
  if (named.length === 0) throw new ValueError(`${op}: no sources; give a tensor, or a list or an object of them`);
  const tensors = named.map(([name, source]) => {
    const tensor = literal(op, source);
    if (tensor.rank > 0) return compact(tensor);
    throw new ValueError(
      `${op}: ${name} is a single value; give tensors with a first axis that counts examples, a single one not as nested arrays but as tensor(...)`,
    );
  });
  const counts = tensors.map(({ shape }) => shape[0]!);
  if (counts.some((count) => count !== counts[0])) {
    const facts = named.map(([name], i) => `${name} has ${counts[i]}`).join(", ");
    throw new ValueError(`${op}: the numbers of examples differ, ${facts}; give first axes of the same length`);
  }
  if (counts[0] === 0) throw new ValueError(`${op}: the sources have no examples; give at least one`);
  return { tensors, examples: counts[0]! };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || value instanceof Tensor) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  const isNdArray = "stride" in value && "shape" in value && "data" in value;
  return (prototype === Object.prototype || prototype === null) && !isNdArray;
}
