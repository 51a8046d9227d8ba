import {
  aggregate,
  asTensor,
  type Cotangent,
  executingEagerly,
  type Graph,
  type Input,
  nameOf,
  type Operand,
  type Operation,
  onesLike,
  SymbolicTensor,
  tuple,
  Variable,
  zerosLike,
} from "@gradtape/graph";
import { compatible, formatShape, RuntimeError, Tensor, ValueError } from "@gradtape/tensor";
import { backprop, type Detours } from "./backprop.ts";
import { flatten } from "./structure.ts";
import { checkUnconnected, type Differentiable, type UnconnectedGradients } from "./tape.ts";

type OneOrMany<T> = T | readonly T[];

export interface GradientsOptions {
  /** The gradient of each y itself; ones where missing or `null`. As many as there are ys. */
  readonly gradYs?: OneOrMany<Operand | null> | null;
  /** The name scope of all that is added. */
  readonly name?: string;
  /** Record on each gradient operation that it belongs beside the operation it differentiates. */
  readonly colocateGradientsWithOps?: boolean;
  /** Let the gradients that one operation gives for several inputs wait for each other. */
  readonly gateGradients?: boolean;
  /** How terms are added; AggregationMethod.DEFAULT when left out. */
  readonly aggregationMethod?: number | null;
  /** Taken as constants: the gradient does not look behind them. */
  readonly stopGradients?: OneOrMany<Differentiable> | null;
  /** `"none"` (default) gives `null` where nothing connects, `"zero"` gives zeros. */
  readonly unconnectedGradients?: UnconnectedGradients;
}

/**
 * Adds to the graph what computes the gradients of the sum of `ys` with respect to each of `xs`; a list as long as `xs`:
 * tensors, IndexedSlices for gathered tables, `null` where nothing connects.
 *
 * Throws a RuntimeError in eager mode, a LookupError for an operation on the way without a gradient, a ValueError for
 * gradYs of another number or shape.
 */
export function gradients(
  ys: OneOrMany<Differentiable>,
  xs: OneOrMany<Differentiable>,
  options: GradientsOptions = {},
): (Cotangent | null)[] {
  const { name = "gradients", unconnectedGradients = "none", gradYs = null, stopGradients = null } = options;
  checkUnconnected(unconnectedGradients);
  const targets = nodes("ys", ys);
  const sources = nodes("xs", xs);
  const graph = [...targets, ...sources].map((node) => (node as { graph?: Graph | null }).graph).find((each) => each);
  if (executingEagerly() && !graph) {
    throw new RuntimeError(
      "gradients: there is no graph in eager mode; record with a GradientTape and ask it for the gradient",
    );
  }
  if (!graph) throw new ValueError("gradients: none of ys and xs belongs to a graph");
  return graph.asDefault(() =>
    graph.nameScope(name, () => {
      const seeds = seedsOf(targets, gradYs);
      const stop = new Set(stopGradients === null ? [] : nodes("stopGradients", stopGradients));
      const found = backprop(graph.getOperations(), targets, seeds, sources, detours(graph, stop, options));
      return found.map((gradient, i) => {
        if (gradient !== null) return gradient;
        // A target is its own gradient even where its dtype lets none flow.
        const self = targets.indexOf(sources[i]!);
        if (self >= 0) return seeds[self]!;
        return unconnectedGradients === "zero" ? zerosLike(sources[i] as Operand) : null;
      });
    }),
  );
}

function detours(graph: Graph, stop: ReadonlySet<Input>, options: GradientsOptions): Detours {
  const { aggregationMethod = null, gateGradients = false, colocateGradientsWithOps = false } = options;
  return {
    stop,
    aggregate: (terms, at) =>
      graph.nameScope(`${producerName(at)}_gradient_sum`, () => aggregate(terms, aggregationMethod as never)),
    around(record, body) {
      const operation = record as Operation;
      const scoped = () => graph.nameScope(`${operation.name}_grad`, body);
      return colocateGradientsWithOps ? graph.colocateWith(operation, scoped) : scoped();
    },
    gate(cotangents) {
      if (!gateGradients || cotangents.filter((each) => each !== null).length < 2) return cotangents;
      return tuple(cotangents as (Tensor | null)[]);
    },
  };
}

function producerName(at: Input): string {
  return at instanceof SymbolicTensor ? at.op.name : (at as Variable).opName;
}

function nodes(what: string, given: unknown): Input[] {
  return flatten(given).map((each) => {
    if (each instanceof Tensor || each instanceof Variable) return each;
    throw new TypeError(`gradients: ${what} holds ${nameOf(each)}; expected tensors or variables`);
  });
}

function seedsOf(targets: readonly Input[], given: unknown): Tensor[] {
  // A list stands for the ys one by one, except where it can only be the value for a single y.
  const entries: unknown[] =
    given === null ? targets.map(() => null) : isListOf(given, targets.length) ? given : [given];
  if (entries.length !== targets.length) {
    throw new ValueError(`gradients: gradYs has ${entries.length} entries for ${targets.length} ys; give one for each`);
  }
  return targets.map((target, i) => {
    const seed = entries[i];
    if (seed === null || seed === undefined) return onesLike(target as Operand);
    const tensor = asTensor("gradients", seed, target.dtype);
    if (tensor.dtype !== target.dtype) {
      throw new TypeError(`gradients: gradYs[${i}] is ${tensor.dtype}, its y is ${target.dtype}; cast it`);
    }
    if (compatible(tensor.spec.shape, target.spec.shape)) return tensor;
    throw new ValueError(
      `gradients: gradYs[${i}] and its y have incompatible shapes;\n` +
        `  y      ${formatShape(target.spec.shape)}\n  gradYs ${formatShape(tensor.spec.shape)}`,
    );
  });
}

function isListOf(given: unknown, count: number): given is unknown[] {
  if (!Array.isArray(given)) return false;
  return count !== 1 || given.length === 1 || given.every((each) => each === null || each instanceof Tensor);
}
