import type { DType } from "../dtype.ts";
import { input, index as position, type Scalar } from "./scalar.ts";

/**
 * The meaning of a kernel: outputs as expressions of inputs. Without folds it maps elements to elements. With folds
 * some axes are walked row by row: an operand of level "element" varies along the row, one of level "row" has one
 * value for all of it.
 */
export interface Program {
  readonly inputs: readonly Operand[];
  readonly outputs: readonly Scalar[];
  readonly levels: readonly Level[];
  /** Printed loops by stride pattern, kept so that each is printed once. */
  readonly printed: Map<string, unknown>;
}
export type Level = "element" | "row";
interface Operand {
  readonly type: DType;
  readonly level: Level;
}

/** Builds a program: `body` receives one scalar per input and returns the outputs. */
export function program(
  types: readonly DType[],
  body: (...inputs: Scalar[]) => Scalar | readonly Scalar[],
  levels: readonly Level[] = types.map(() => "element" as const),
): Program {
  const made = body(...types.map((type, i) => input(i, type)));
  const outputs = "op" in made ? [made] : made;
  const inputs = types.map((type, i) => ({ type, level: levels[i]! }));
  return { inputs, outputs, levels: outputs.map((output) => levelOf(output, inputs)), printed: new Map() };
}

/** "element" when a node differs along the row: it reads an element or its position outside of a fold. */
export function levelOf(node: Scalar, inputs: Program["inputs"], known = new Map<Scalar, Level>()): Level {
  let level = known.get(node);
  if (level === undefined) {
    const varies =
      node === position ||
      (node.op === "input" && inputs[node.value!]!.level === "element") ||
      (node.op !== "fold" && node.args.some((arg) => levelOf(arg, inputs, known) === "element"));
    level = varies ? "element" : "row";
    known.set(node, level);
  }
  return level;
}

/** True when a program treats the inner axes otherwise than the outer ones: it folds, or has values by row. */
export function hasRows({ inputs, outputs, printed }: Program): boolean {
  const known = printed.get("has rows") as boolean | undefined;
  if (known !== undefined) return known;
  const visited = new Set<Scalar>();
  const special = (node: Scalar): boolean => {
    if (visited.has(node)) return false;
    visited.add(node);
    return node.op === "fold" || node.op === "index" || node.op === "extent" || node.args.some(special);
  };
  const found = inputs.some(({ level }) => level === "row") || outputs.some(special);
  printed.set("has rows", found);
  return found;
}

/** The folds below `nodes`, grouped so that each group needs only the groups before it. */
export function foldStages(nodes: readonly Scalar[]): Scalar[][] {
  const stages: Scalar[][] = [];
  const depths = new Map<Scalar, number>();
  const depthOf = (node: Scalar): number => {
    const known = depths.get(node);
    if (known !== undefined) return known;
    let depth = Math.max(0, ...node.args.map(depthOf));
    if (node.op === "fold") {
      const stage = stages[depth] ?? [];
      stages[depth] = [...stage, node];
      depth++;
    }
    depths.set(node, depth);
    return depth;
  };
  nodes.forEach(depthOf);
  return stages;
}
