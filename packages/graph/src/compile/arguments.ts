import {
  type DType,
  EagerTensor,
  explained,
  formatShape,
  literal,
  type Shape,
  sameShape,
  Tensor,
  type TypedData,
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

/** Arguments taken apart: values that can become tensors, and all others, which belong to the signature. */
export interface Arguments {
  readonly tensors: readonly EagerTensor[];
  /** The same as it was given: tensors, and plain numbers and lists of them. */
  readonly given: readonly unknown[];
  /** How the arguments are put together; equal for equal structures. */
  readonly structure: readonly unknown[];
}

const TENSOR = Symbol("tensor");
const PLAIN = Symbol("numbers");
const SLICES = Symbol("slices");
const LIST = Symbol("list");
const OBJECT = Symbol("object");

/** Lists and objects among arguments nest no deeper. */
const DEEPEST = 64;

/** Takes arguments apart. Throws a ValueError for a tensor of a graph, a TypeError for an unusable value. */
export function takeApart(args: readonly unknown[]): Arguments {
  const tensors: EagerTensor[] = [];
  const given: unknown[] = [];
  const structure: unknown[] = [args.length];
  const add = (value: unknown) => {
    if (value instanceof SymbolicTensor) {
      throw new ValueError(`compile: the argument ${value.name} belongs to a graph; call the function with values`);
    }
    given.push(value);
    tensors.push(value instanceof EagerTensor ? value : literal("compile", value));
  };
  const visit = (value: unknown, depth: number): void => {
    if (depth > DEEPEST)
      throw new ValueError(`compile: arguments nest more than ${DEEPEST} deep; does one hold itself?`);
    if (value instanceof IndexedSlices) {
      structure.push(SLICES, JSON.stringify(value.denseShape));
      add(sliceValues(value));
      add(sliceIndices(value));
    } else if (isStatic(value)) structure.push(value);
    else if (Array.isArray(value) && !isPlain(value)) {
      structure.push(LIST, value.length);
      for (const each of value) visit(each, depth + 1);
    } else if (isPlainObject(value)) {
      const entries = Object.entries(value);
      structure.push(OBJECT, entries.length);
      for (const [key, each] of entries) {
        structure.push(key);
        visit(each, depth + 1);
      }
    } else {
      structure.push(value instanceof Tensor ? TENSOR : PLAIN);
      add(value instanceof Convertible ? value.toTensor() : value);
    }
  };
  try {
    for (const each of args) visit(each, 0);
  } catch (error) {
    throw explained("compile", error, args);
  }
  return { tensors, given, structure };
}

/** Positions of plain numbers and lists of them among what was given. */
export function plainPositions({ given }: Pick<Arguments, "given">): number[] {
  return given.flatMap((value, i) => (value instanceof Tensor ? [] : [i]));
}

/** A plain value to the last digit, as a copy: later writes into a list do not change it. */
export function digitsOf(value: unknown): number | TypedData {
  return typeof value === "number" ? value : literal("compile", value, { dtype: "float64" }).data;
}

export function sameDigits(a: number | TypedData, b: number | TypedData): boolean {
  if (typeof a === "number" || typeof b === "number") return Object.is(a, b);
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}

/** The arguments again, with other values in the places of those that were given. */
export function putTogether(structure: readonly unknown[], values: readonly unknown[]): unknown[] {
  let at = 1;
  let next = 0;
  const build = (): unknown => {
    const token = structure[at++];
    if (token === TENSOR || token === PLAIN) return values[next++];
    if (token === SLICES) {
      const denseShape = JSON.parse(structure[at++] as string) as Shape | null;
      return new IndexedSlices(values[next++] as Tensor, values[next++] as Tensor, denseShape);
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

/** Numbers and booleans, and lists of them that are full: of the same length along each axis. */
function isPlain(value: unknown): boolean {
  const shape: number[] = [];
  for (let level = value; Array.isArray(level) && shape.length <= DEEPEST; level = level[0]) shape.push(level.length);
  const fills = (part: unknown, axis: number): boolean =>
    axis === shape.length
      ? typeof part === "number" || typeof part === "boolean"
      : Array.isArray(part) && part.length === shape[axis] && part.every((each) => fills(each, axis + 1));
  return fills(value, 0);
}

function isPlainObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

export function describeSpecs(specs: readonly ArgumentSpec[]): string {
  return specs.map(({ dtype, shape }) => `${dtype}${formatShape(shape)}`).join(", ");
}
