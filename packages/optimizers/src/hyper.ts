import {
  asTensor,
  cast,
  constant,
  currentGraph,
  executingEagerly,
  type Operand,
  State,
  SymbolicTensor,
  TraceGraph,
  within,
} from "@gradtape/graph";
import { type DType, EagerTensor, repeated, Tensor, ValueError } from "@gradtape/tensor";

/** A hyper-parameter: a number, a tensor or variable, or a function of no arguments that returns one of these. */
export type Hyper = number | Operand | (() => number | Operand);

/** A rate given by its name. */
export interface Rate {
  readonly learningRate?: Hyper;
}

/**
 * The present value of the hyper-parameter `name`, a field of `owner`. A function is called. A plain number is rounded to
 * float32, as TensorFlow does, even where the variable is float64, unless it is asked for `exact`; a float64 tensor keeps
 * its digits. In a graph a number becomes a constant, a tensor or variable is read again by each run; a compiled function
 * reads numbers and tensors again at each step, and is traced again for a hyper-parameter of another kind.
 */
export function evaluateHyper(owner: object, name: string, { exact = false } = {}): Tensor {
  const read = () => owner[name as keyof object] as unknown;
  const graph = currentGraph();
  const value =
    graph instanceof TraceGraph && !graph.settings.isOwn(owner, name)
      ? captured(graph, name, read, exact ? "float64" : "float32")
      : called(read());
  if (value === null || value === undefined) {
    throw new ValueError(
      `${name}: the value is ${String(value)}; give a number, a tensor, or a function that returns one`,
    );
  }
  const wide = exact && typeof value === "number" ? "float64" : undefined;
  const tensor = value instanceof Tensor ? value : asTensor(name, value, wide);
  if (tensor instanceof SymbolicTensor || executingEagerly()) return tensor;
  return constant(tensor, { name: snakeCase(name) });
}

const called = (hyper: unknown): unknown => (typeof hyper === "function" ? hyper() : hyper);

/** A hyper-parameter from outside in a traced function: fed when it is a number or a tensor, else as it is. */
function captured(graph: TraceGraph, name: string, read: () => unknown, dtype: DType): unknown {
  const outside = () => {
    const plain = read();
    return typeof plain === "number" ? plain : repeated(null, () => within(null, () => called(plain)));
  };
  const value = outside();
  if (typeof value === "number") return graph.capture({ dtype, shape: [] }, true, outside, snakeCase(name));
  const inside = called(read());
  if (inside instanceof EagerTensor) return graph.capture(inside, false, outside, snakeCase(name));
  graph.guard(value instanceof State ? outside : read);
  return inside;
}

/** The names of operations are TensorFlow's: `learning_rate`. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Hyper-parameters in the dtype of the variable they are used on. */
export function castHypers(values: readonly Tensor[], dtype: DType): Tensor[] {
  return values.map((value) => cast(value, dtype));
}
