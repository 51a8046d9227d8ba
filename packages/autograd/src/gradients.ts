import {
  type AggregationMethod,
  aggregate,
  asTensor,
  type Cotangent,
  constant,
  currentGraph,
  type Graph,
  IndexedSlices,
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
import {
  anything,
  boolean,
  compatible,
  defineFunction,
  RuntimeError,
  shapeMessage,
  string,
  Tensor,
  telling,
  ValueError,
  wrongAxis,
} from "@gradtape/tensor";
import { backprop, type Detours } from "./backprop.ts";
import { checkUnconnected, type Differentiable, type UnconnectedGradients } from "./endpoints.ts";
import { flatten } from "./structure.ts";

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
 * gradYs of another number or shape and for tensors of two graphs.
 */
export const gradients = defineFunction(
  "gradients",
  { ys: anything, xs: anything },
  {
    gradYs: anything,
    name: string,
    colocateGradientsWithOps: boolean,
    gateGradients: boolean,
    aggregationMethod: anything,
    stopGradients: anything,
    unconnectedGradients: anything,
  },
  addGradients,
);

function addGradients(
  ys: OneOrMany<Differentiable>,
  xs: OneOrMany<Differentiable>,
  options: GradientsOptions = {},
): (Cotangent | null)[] {
  const { name = "gradients", unconnectedGradients = "none", gradYs = null, stopGradients = null } = options;
  const graph = graphOf([...flatten(ys), ...flatten(xs)]);
  checkUnconnected("gradients", unconnectedGradients);
  const [targets, sources, constants] = telling(() => [
    nodes("ys", ys, graph),
    nodes("xs", xs, graph),
    stopGradients === null ? [] : nodes("stopGradients", stopGradients, graph),
  ]);
  const stop = new Set(constants);
  return graph.asDefault(() =>
    graph.nameScope(name, () => {
      const seeds = telling(() => seedsOf(targets, gradYs));
      const found = backprop(graph.getOperations(), targets, seeds, sources, detours(graph, stop, options));
      return found.map((gradient, i) => {
        if (gradient !== null) return gradient;
        // A target is its own gradient even where its dtype lets none flow.
        const self = targets.indexOf(sources[i]!);
        if (self >= 0) return seeds[self]!;
        return unconnectedGradients === "zero" ? written(zerosLike(sources[i] as Operand), "zeros_like") : null;
      });
    }),
  );
}

/** The graph that some of `nodes` belong to, else the one being built. */
function graphOf(nodes: readonly unknown[]): Graph {
  const owned = nodes.map((node) => (node as { graph?: Graph | null } | null)?.graph).find((each) => each);
  const graph = owned ?? currentGraph();
  if (graph) return graph;
  throw new RuntimeError(
    "gradients: there is no graph in eager mode; record with a GradientTape and ask it for the gradient",
  );
}

function detours(graph: Graph, stop: ReadonlySet<Input>, options: GradientsOptions): Detours {
  const { aggregationMethod = null, gateGradients = false, colocateGradientsWithOps = false } = options;
  return {
    stop,
    aggregate: (terms, at) =>
      aggregate(terms, aggregationMethod as AggregationMethod | null, {
        treeScope: `${producerName(at)}_gradient_sum`,
      }),
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

function nodes(what: string, given: unknown, graph: Graph): Input[] {
  return flatten(given).map((each) => {
    if (!(each instanceof Tensor) && !(each instanceof Variable)) {
      throw new TypeError(`gradients: ${what} holds ${nameOf(each)}; expected tensors or variables`);
    }
    const own = each instanceof SymbolicTensor || each instanceof Variable ? each.graph : null;
    if (own === null || own === graph) return each;
    throw new ValueError(`gradients: ys and xs must be from the same graph; ${(each as Variable).name} is not`);
  });
}

/** The cotangent of each y: as given, else ones. */
function seedsOf(targets: readonly Input[], given: unknown): Cotangent[] {
  const entries: unknown[] = given === null ? targets.map(() => null) : Array.isArray(given) ? given : [given];
  if (entries.length !== targets.length) {
    throw new ValueError(`gradients: gradYs has ${entries.length} entries for ${targets.length} ys; give one for each`);
  }
  return targets.map((target, i) => {
    const seed = entries[i];
    const name = `grad_ys_${i}`;
    if (seed === null || seed === undefined) return written(onesLike(target as Operand), name);
    const given = seed instanceof IndexedSlices ? seed : written(asTensor("gradients", seed, target.dtype), name);
    if (given.dtype !== target.dtype) {
      throw new TypeError(`gradients: gradYs[${i}] is ${given.dtype}, its y is ${target.dtype}; cast it`);
    }
    const shape = given instanceof IndexedSlices ? given.shape : given.spec.shape;
    if (shape === null || compatible(shape, target.spec.shape)) return given;
    throw new ValueError(
      shapeMessage("gradients", `gradYs[${i}] and its y have incompatible shapes`, [
        { name: "y", shape: target.spec.shape },
        { name: "gradYs", shape, wrong: wrongAxis(shape, target.spec.shape) },
      ]),
    );
  });
}

/** `tensor` in the graph being built: a plain value becomes a constant of that name. */
function written(tensor: Tensor, name: string): Tensor {
  return tensor instanceof SymbolicTensor ? tensor : constant(tensor, { name });
}
