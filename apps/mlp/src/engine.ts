import * as gt from "gradtape";

/** How the functions of a model are run. The bits are the same. */
export type Mode = "compiled" | "session" | "eager";

export const modes: readonly Mode[] = ["compiled", "session", "eager"];

/** What is known of a tensor that a function takes; the number of its rows is open. */
export interface InputSpec {
  readonly dtype: gt.DType;
  readonly shape: readonly [null, ...number[]];
}

/** What a function gives: tensors by name, and operations to be run with them (`null` where they have been). */
export type Results = { readonly [name: string]: gt.Tensor | gt.Operation | null };

type Compute<R> = (...inputs: gt.Tensor[]) => R;

/** A way to run functions of tensors that read and update variables. */
export interface Engine {
  /** What has the values of the variables; `null` where they have them themselves. */
  readonly session: gt.Session | null;
  /** Calls `make`, which makes variables, where `prepare` can use them. */
  build<T>(make: () => T): T;
  /** `compute` as this engine runs it, for inputs like these. */
  prepare<R extends Results>(compute: Compute<R>, inputs: readonly InputSpec[]): Compute<R>;
  /** Gives the variables their first values, when all functions are prepared. */
  start(): void;
  read(variable: gt.Variable): gt.Tensor;
  assign(variable: gt.Variable, value: gt.Tensor): void;
}

/** Each op runs when its function is called. */
const eager: Engine = {
  session: null,
  build: (make) => make(),
  prepare: (compute) => compute,
  start() {},
  read: (variable) => gt.identity(variable),
  assign(variable, value) {
    variable.assign(value);
  },
};

/** Each function becomes one WebAssembly module for each signature. */
const compiled: Engine = { ...eager, prepare: (compute) => gt.compile(compute) };

/** As in TensorFlow 1: a graph is built first, with placeholders for the inputs, and a session runs parts of it. */
function makeSessionEngine(): Engine {
  const graph = new gt.Graph();
  const session = new gt.Session({ graph });
  return {
    session,
    build: (make) => graph.asDefault(make),
    prepare<R extends Results>(compute: Compute<R>, inputs: readonly InputSpec[]): Compute<R> {
      return graph.asDefault(() => {
        const placeholders = inputs.map(({ dtype, shape }) => gt.placeholder(dtype, shape));
        const fetches = compute(...placeholders);
        return (...values) => {
          const feeds = placeholders.map((placeholder, i) => [placeholder, values[i]!] as const);
          const results: Results = session.run(fetches, feeds);
          return results as R;
        };
      });
    },
    start() {
      session.run(graph.asDefault(() => gt.globalVariablesInitializer()));
    },
    read: (variable) => session.run(variable),
    assign(variable, value) {
      graph.asDefault(() => {
        const next = gt.placeholder(variable.dtype, variable.shape);
        session.run(variable.assign(next) as gt.Tensor, [[next, value]]);
      });
    },
  };
}

/** A new engine of this kind. */
export function makeEngine(mode: Mode): Engine {
  if (mode === "session") return makeSessionEngine();
  return mode === "eager" ? eager : compiled;
}

/** The engine in a few words. */
export function describeEngine(mode: Mode): string {
  return `${mode}, ${gt.backendInfo().description}`;
}
