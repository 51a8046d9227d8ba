import { currentGraph } from "./context.ts";
import { Graph } from "./graph.ts";

const processGraph = new Graph();

/** The graph being built; in eager mode the one of the process, in which names are given. */
export function getDefaultGraph(): Graph {
  return currentGraph() ?? processGraph;
}
