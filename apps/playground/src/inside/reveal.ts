import type { Scene } from "./scene.ts";

/** What is there to see at a moment, by places in the lists of the scene. */
export interface Reveal {
  /** Nodes whose value is there, whose gradient is complete, whose variable has its new value. */
  readonly values: readonly boolean[];
  readonly gradients: readonly boolean[];
  readonly updated: readonly boolean[];
  /** Edges along which a gradient has come back. */
  readonly edges: readonly boolean[];
}

/** What is there once moment number `at` has happened. */
export function revealAt({ nodes, edges, moments }: Scene, at: number): Reveal {
  const values = nodes.map(({ kind }) => kind !== "op");
  const gradients = nodes.map(() => false);
  const updated = nodes.map(() => false);
  const flowed = edges.map(() => false);
  for (const moment of moments.slice(0, at + 1)) {
    switch (moment.kind) {
      case "forward":
        values[moment.node] = true;
        break;
      case "seed":
      case "sum":
        gradients[moment.node] = true;
        break;
      case "backward":
        for (const [i, edge] of edges.entries()) {
          if (edge.to !== moment.node || edge.gradient === null) continue;
          flowed[i] = true;
          // One term alone is the gradient; several wait to be added up.
          if (nodes[edge.from]!.terms.length === 0) gradients[edge.from] = true;
        }
        break;
      case "update":
        updated[moment.node] = true;
        break;
    }
  }
  return { values, gradients, updated, edges: flowed };
}

/** The line of the user's program to which a moment belongs, or `null`. */
export function lineAt({ moments, nodes, updates }: Scene, at: number): number | null {
  const moment = moments[at];
  if (moment === undefined || moment.kind === "begin") return null;
  return moment.kind === "update" ? updates[moment.update]!.line : nodes[moment.node]!.line;
}

/** The node that a moment is about, or `null`. */
export function nodeOf(scene: Scene, at: number): number | null {
  const moment = scene.moments[at];
  return moment === undefined || moment.kind === "begin" ? null : moment.node;
}
