import * as gt from "gradtape";

/** Runs `body` while a new graph is being built; its result, which the graph joins. */
export function inGraph<T>(body: (graph: gt.Graph) => T): T & { readonly graph: gt.Graph } {
  const graph = new gt.Graph();
  return { ...graph.asDefault(() => body(graph)), graph } as T & { readonly graph: gt.Graph };
}

/** A session on a graph whose variables are initialized. */
export function sessionOn(graph: gt.Graph): gt.Session {
  const session = new gt.Session({ graph });
  graph.asDefault(() => session.run(gt.globalVariablesInitializer()));
  return session;
}

/** The elements of what a session computes for a tensor or variable. */
export function fetched(session: gt.Session, fetch: gt.Tensor | gt.Variable): number[] {
  return Array.from((session.run(fetch) as gt.Tensor).data);
}

/** The names of the operations that `body` adds to a graph. */
export function namesAddedBy(graph: gt.Graph, body: () => unknown): string[] {
  const before = graph.getOperations().length;
  graph.asDefault(body);
  return graph
    .getOperations()
    .slice(before)
    .map(({ name }) => name);
}

/** The names of what an operation waits for. */
export function waitsFor(operation: gt.Operation): string[] {
  return operation.controlInputs.map(({ name }) => name);
}

/** The name of a tensor or of the values of slices. */
export function nameOf(tensor: unknown): string {
  return (tensor as { readonly name: string }).name;
}

/** The operation that makes a tensor. */
export function opOf(tensor: unknown): gt.Operation {
  return (tensor as { readonly op: gt.Operation }).op;
}

/** What a session computes for gradients, densified. */
export function densified(graph: gt.Graph, found: readonly Found[], feeds: gt.Feeds = []): (number[] | null)[] {
  const session = sessionOn(graph);
  return found.map((each) => {
    if (each === null) return null;
    const got = session.run(each, feeds) as gt.Tensor | gt.IndexedSlices;
    return Array.from((got instanceof gt.Tensor ? got : got.toTensor()).data);
  });
}

type Found = gt.Tensor | gt.IndexedSlices | null;
