import { type EagerTensor, Tensor } from "@gradtape/tensor";
import type { Graph } from "./graph.ts";
import { nameOf } from "./operand.ts";
import { Operation, type SymbolicTensor } from "./operation.ts";
import { IndexedSlices, sliceIndices, sliceValues } from "./ops/gather.ts";
import { Variable } from "./variable.ts";

/** What a session can be asked for: tensors, variables, operations, slices, their names, and lists or objects of these. */
export type Fetch =
  | Tensor
  | Variable
  | Operation
  | IndexedSlices
  | string
  | null
  | readonly Fetch[]
  | { readonly [key: string]: Fetch };

/** What comes back for a fetch: a tensor for a tensor or variable, `null` for an operation, slices for slices. */
export type Fetched<F> = F extends Operation | null
  ? null
  : F extends IndexedSlices
    ? IndexedSlices
    : F extends Tensor | Variable | string
      ? EagerTensor
      : F extends readonly unknown[]
        ? { -readonly [I in keyof F]: Fetched<F[I]> }
        : F extends object
          ? { -readonly [K in keyof F]: Fetched<F[K]> }
          : never;

/** A leaf of what must be computed: a tensor, the state of a variable, or an operation to be run. */
export type Wanted = Tensor | Variable | Operation;

/** What a structure of fetches needs, and how the results go back into its shape. */
export interface FetchPlan {
  readonly wanted: readonly Wanted[];
  readonly pack: (result: (wanted: Wanted) => Tensor | null) => unknown;
}

/** Reads a structure of fetches. A TypeError for a thing that cannot be fetched, a NotFoundError for an unknown name. */
export function planFetches(graph: Graph, fetches: unknown): FetchPlan {
  const wanted: Wanted[] = [];
  const leaf = (each: Wanted): FetchPlan["pack"] => {
    wanted.push(each);
    return (result) => result(each);
  };
  const plan = (fetch: any): FetchPlan["pack"] => {
    if (fetch instanceof Tensor || fetch instanceof Variable || fetch instanceof Operation) return leaf(fetch);
    if (typeof fetch === "string") return leaf(byName(graph, fetch));
    if (fetch instanceof IndexedSlices) {
      const [values, indices] = [leaf(sliceValues(fetch)), leaf(sliceIndices(fetch))];
      return (result) => new IndexedSlices(values(result) as Tensor, indices(result) as Tensor, fetch.denseShape);
    }
    if (fetch === null) return () => null;
    if (Array.isArray(fetch)) {
      const parts = fetch.map(plan);
      return (result) => parts.map((part) => part(result));
    }
    if (typeof fetch === "object" && Object.getPrototypeOf(fetch) === Object.prototype) {
      const parts = Object.entries(fetch).map(([key, value]) => [key, plan(value)] as const);
      return (result) => Object.fromEntries(parts.map(([key, part]) => [key, part(result)]));
    }
    throw new TypeError(
      `Session.run: cannot fetch ${nameOf(fetch)}; fetch tensors, variables, operations, IndexedSlices or their names`,
    );
  };
  const pack = plan(fetches);
  return { wanted, pack };
}

function byName(graph: Graph, name: string): Operation | SymbolicTensor {
  return name.includes(":") ? graph.getTensorByName(name) : graph.getOperationByName(name);
}
