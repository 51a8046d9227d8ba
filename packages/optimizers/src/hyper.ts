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
import { type DType, EagerTensor, Tensor, ValueError } from "@gradtape/tensor";

/** A hyper-parameter: a number, a tensor or variable, or a function of no arguments that returns one of these. */
export type Hyper = number | Operand | (() => number | Operand);

/**
 * The present value of a hyper-parameter, which `read` tells. A function is called. A plain number is rounded to float32,
 * as TensorFlow does, even where the variable is float64, unless it is asked for `exact`; a float64 tensor keeps its
 * digits. In a graph a number becomes a constant, a tensor or variable is read again by each run; a compiled function
 * reads numbers and tensors again at each step, and is traced again for a hyper-parameter of another kind.
 */
export function evaluateHyper(name: string, read: () => unknown, { exact = false } = {}): Tensor {
  const present = () => {
    const hyper = read();
    return typeof hyper === "function" ? hyper() : hyper;
  };
  const graph = currentGraph();
  const value = graph instanceof TraceGraph ? captured(graph, name, read, present, exact) : present();
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

/** What a hyper-parameter is in a traced function: fed where it comes from outside, else what it was made into. */
function captured(
  graph: TraceGraph,
  name: string,
  read: () => unknown,
  present: () => unknown,
  exact: boolean,
): unknown {
  graph.setting(name, read);
  const outside = () => {
    const plain = read();
    return typeof plain === "number" ? plain : within(null, present);
  };
  const number = { dtype: exact ? "float64" : "float32", shape: [] } as const;
  const value = outside();
  if (typeof value === "number") return graph.capture(number, true, outside, snakeCase(name));
  const inside = present();
  if (inside instanceof EagerTensor) return graph.capture(inside, false, outside, snakeCase(name));
  // A tensor of this very graph is what the function has set itself.
  if (!(inside instanceof SymbolicTensor) || typeof read() === "function")
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
