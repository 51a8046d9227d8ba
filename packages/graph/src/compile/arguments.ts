import {
  type DType,
  EagerTensor,
  formatShape,
  literal,
  type Shape,
  sameShape,
  Tensor,
  ValueError,
} from "@gradtape/tensor";
import { Convertible } from "../operand.ts";
import { SymbolicTensor } from "../operation.ts";
import { IndexedSlices, sliceIndices, sliceValues } from "../ops/gather.ts";
import { State } from "../state.ts";

/** The shape and dtype of a tensor that is fed. */
export interface ArgumentSpec {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** Arguments taken apart: the tensors to be fed, and everything else, which belongs to the signature. */
export interface Arguments {
  readonly tensors: readonly EagerTensor[];
  /** How the arguments are put together; equal for equal structures. */
  readonly structure: readonly unknown[];
}

const TENSOR = Symbol("tensor");
const SLICES = Symbol("slices");
const LIST = Symbol("list");
const OBJECT = Symbol("object");

/** Takes arguments apart. Throws a ValueError for a tensor of a graph. */
export function takeApart(args: readonly unknown[]): Arguments {
  const tensors: EagerTensor[] = [];
  const structure: unknown[] = [args.length];
  const feed = (tensor: Tensor) => {
    if (tensor instanceof SymbolicTensor) {
      throw new ValueError(`compile: the argument ${tensor.name} belongs to a graph; call the function with values`);
    }
    tensors.push(tensor as EagerTensor);
  };
  const visit = (value: unknown): void => {
    if (value instanceof IndexedSlices) {
      structure.push(SLICES, JSON.stringify(value.denseShape));
      feed(sliceValues(value));
      feed(sliceIndices(value));
    } else if (isStatic(value)) structure.push(value);
    else if (Array.isArray(value) && value.some(holdsTensors)) {
      structure.push(LIST, value.length);
      value.forEach(visit);
    } else if (isPlainObject(value)) {
      const entries = Object.entries(value);
      structure.push(OBJECT, entries.length);
      for (const [key, each] of entries) {
        structure.push(key);
        visit(each);
      }
    } else {
      structure.push(TENSOR);
      feed(
        value instanceof Tensor ? value : literal("compile", value instanceof Convertible ? value.toTensor() : value),
      );
    }
  };
  args.forEach(visit);
  return { tensors, structure };
}

/** The arguments again, with other tensors in the places of those that were fed. */
export function putTogether(structure: readonly unknown[], tensors: readonly Tensor[]): unknown[] {
  let at = 1;
  let next = 0;
  const build = (): unknown => {
    const token = structure[at++];
    if (token === TENSOR) return tensors[next++];
    if (token === SLICES) {
      const denseShape = JSON.parse(structure[at++] as string) as Shape | null;
      return new IndexedSlices(tensors[next++]!, tensors[next++]!, denseShape);
    }
    if (token === LIST) return Array.from({ length: structure[at++] as number }, build);
    if (token !== OBJECT) return token;
    const entries = Array.from(
      { length: structure[at++] as number },
      () => [structure[at++] as string, build()] as const,
    );
    return Object.fromEntries(entries);
  };
  return Array.from({ length: structure[0] as number }, build);
}

export function sameStructure(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  return true;
}

/** True when each argument is a tensor of the given shape and dtype. Makes no garbage. */
export function fitsTensors(args: readonly unknown[], specs: readonly ArgumentSpec[]): args is EagerTensor[] {
  if (args.length !== specs.length) return false;
  for (let i = 0; i < args.length; i++) {
    const value = args[i];
    const spec = specs[i]!;
    if (!(value instanceof EagerTensor) || value.dtype !== spec.dtype || !sameShape(value.shape, spec.shape))
      return false;
  }
  return true;
}

function isStatic(value: unknown): boolean {
  if (value === null || value === undefined || value instanceof State) return true;
  return typeof value === "boolean" || typeof value === "string" || typeof value === "function";
}

function holdsTensors(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(holdsTensors);
  return value instanceof Tensor || value instanceof Convertible || isPlainObject(value);
}

function isPlainObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

export function describeSpecs(specs: readonly ArgumentSpec[]): string {
  return specs.map(({ dtype, shape }) => `${dtype}${formatShape(shape)}`).join(", ");
}
