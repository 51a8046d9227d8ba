import {
  asTensor,
  cast,
  constant,
  currentGraph,
  executingEagerly,
  type Operand,
  SymbolicTensor,
  TraceGraph,
  within,
} from "@gradtape/graph";
import { type DType, Tensor, ValueError } from "@gradtape/tensor";

/** A hyper-parameter: a number, a tensor or variable, or a function of no arguments that returns one of these. */
export type Hyper = number | Operand | (() => number | Operand);

/**
 * The present value of a hyper-parameter, which `read` tells. A function is called. A plain number is rounded to float32,
 * as TensorFlow does, even where the variable is float64, unless it is asked for `exact`; a float64 tensor keeps its
 * digits. In a graph a number becomes a constant, a tensor or variable is read again by each run; a compiled function
 * reads numbers again at each step, too.
 */
export function evaluateHyper(name: string, read: () => unknown, { exact = false } = {}): Tensor {
  const present = () => {
    const hyper = read();
    return typeof hyper === "function" ? hyper() : hyper;
  };
  const graph = currentGraph();
  if (graph instanceof TraceGraph) {
    const outside = () => {
      const plain = read();
      return typeof plain === "number" ? plain : within(null, present);
    };
    if (typeof outside() === "number") return graph.capture(exact ? "float64" : "float32", outside, snakeCase(name));
  }
  const value = present();
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

/** The names of operations are TensorFlow's: `learning_rate`. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Hyper-parameters in the dtype of the variable they are used on. */
export function castHypers(values: readonly Tensor[], dtype: DType): Tensor[] {
  return values.map((value) => cast(value, dtype));
}
