import { Graph, layout } from "@dagrejs/dagre";
import type { Scene } from "./scene.ts";

/** Where things are drawn, in CSS pixels. */
export interface Places {
  readonly width: number;
  readonly height: number;
  /** Middles of the nodes. */
  readonly nodes: readonly { readonly x: number; readonly y: number }[];
  /** The bends of each edge, from the value to the op. */
  readonly edges: readonly (readonly { readonly x: number; readonly y: number }[])[];
}

export const nodeSize = { op: [140, 60], variable: [140, 60], input: [104, 54] } as const;

const margin = 22;

/** Lays a scene out from top to bottom: what an op takes stands above it. */
export function layOut({ nodes, edges }: Pick<Scene, "nodes" | "edges">): Places {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: "TB", nodesep: 18, edgesep: 12, ranksep: 36, marginx: margin, marginy: margin });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const [i, { kind }] of nodes.entries()) {
    const [width, height] = nodeSize[kind];
    graph.setNode(String(i), { width, height });
  }
  for (const [i, { from, to }] of edges.entries()) {
    // What ops make keeps to a straight line; variables and what comes from outside stand beside it.
    const weight = nodes[from]!.kind === "op" ? 6 : 1;
    graph.setEdge(String(from), String(to), { weight }, String(i));
  }
  layout(graph);
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return {
    width: Math.ceil(width),
    height: Math.ceil(height),
    nodes: nodes.map((_, i) => {
      const { x = 0, y = 0 } = graph.node(String(i)) as { x?: number; y?: number };
      return { x, y };
    }),
    edges: edges.map(({ from, to }, i) => {
      const label = graph.edge(String(from), String(to), String(i)) as { points?: { x: number; y: number }[] };
      return label.points ?? [];
    }),
  };
}

/** A smooth way through the bends of an edge, moved aside by `shift`. */
export function pathOf(points: readonly { readonly x: number; readonly y: number }[], shift: number): string {
  const at = points.map(({ x, y }) => `${(x + shift).toFixed(1)} ${y.toFixed(1)}`);
  if (points.length < 2) return "";
  const middle = (i: number) => {
    const [a, b] = [points[i]!, points[i + 1]!];
    return `${((a.x + b.x) / 2 + shift).toFixed(1)} ${((a.y + b.y) / 2).toFixed(1)}`;
  };
  const bends = points
    .slice(1, -1)
    .map((_, i) => `Q ${at[i + 1]} ${i === points.length - 3 ? at.at(-1) : middle(i + 1)}`);
  return points.length === 2 ? `M ${at[0]} L ${at[1]}` : `M ${at[0]} ${bends.join(" ")}`;
}
