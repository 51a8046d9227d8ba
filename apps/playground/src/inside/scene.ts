import type * as gt from "gradtape";

/* One step as the page draws it: plain data that a worker sends. */

/** The elements of a value in row-major order. */
export type Elements = ArrayLike<number> & Iterable<number>;

/** What the finite elements of a value are like. */
export interface Shown {
  /** `null` for an extent that a graph leaves open. */
  readonly shape: readonly (number | null)[];
  readonly dtype: string;
  readonly least: number;
  readonly most: number;
  readonly mean: number;
  /** Elements that are no finite numbers. */
  readonly nan: number;
  readonly infinite: number;
  /** How many elements fall into equal parts of the range. */
  readonly counts: readonly number[];
  /** At most 20 by 20 elements, evenly picked. */
  readonly picture: Cells;
  /** The leading elements. */
  readonly sample: Cells;
  /** The rows that are there, where the value is IndexedSlices. */
  readonly slices: SliceRows | null;
}

/** Elements in rows and columns. */
export interface Cells {
  readonly rows: number;
  readonly columns: number;
  readonly values: readonly number[];
}

/** The leading rows of slices, and how many there are in all. */
export interface SliceRows {
  readonly indices: readonly number[];
  readonly rows: readonly (readonly number[])[];
  readonly count: number;
  readonly width: number;
}

export type NodeKind = "variable" | "input" | "op";

/** A value that was there, or an op that ran. */
export interface SceneNode {
  readonly kind: NodeKind;
  readonly title: string;
  /** Attributes of an op, in words. */
  readonly about: string;
  /** Line of the user's program, where there is one. */
  readonly line: number | null;
  /** Whether the op was itself called by the gradient rule of another one. */
  readonly derivativeOf: string | null;
  readonly isTarget: boolean;
  readonly values: readonly Shown[];
  /** The gradient of each value, `null` where none flows. */
  readonly gradients: readonly (Shown | null)[];
  /** The terms that were added up to the gradient of the first value, where there are several. */
  readonly terms: readonly Shown[];
}

/** A value goes into an op; backwards the op hands on a gradient. Nodes by their place in the list. */
export interface SceneEdge {
  readonly from: number;
  readonly to: number;
  readonly output: number;
  readonly input: number;
  readonly gradient: Shown | null;
}

/** What happens next. */
export type Moment =
  | { readonly kind: "begin" }
  | { readonly kind: "forward"; readonly node: number }
  /** The walk backwards begins: the gradient of the target by itself. */
  | { readonly kind: "seed"; readonly node: number }
  /** Gradient terms that met at a value are added up. */
  | { readonly kind: "sum"; readonly node: number }
  /** An op is differentiated; `rule` names the ops that this called. */
  | { readonly kind: "backward"; readonly node: number; readonly rule: readonly string[] }
  | { readonly kind: "update"; readonly node: number; readonly update: number };

/** A variable's update with everything its formulas need. */
export interface SceneUpdate {
  readonly variable: string;
  /** The op that made it: `applyRMSProp`. */
  readonly op: string;
  /** Line of the user's program, where there is one. */
  readonly line: number | null;
  readonly shape: readonly number[];
  readonly dtype: string;
  /** What the inputs of the op are called. */
  readonly names: readonly string[];
  /** The formula of each state, the variable first. */
  readonly formulas: readonly gt.Formula[];
  /** Elements of the states before and after, in the order of the formulas. */
  readonly before: readonly Elements[];
  readonly after: readonly Elements[];
  /** The other inputs but the indices: numbers, and the gradient as the last. */
  readonly given: readonly Elements[];
  /** The rows that are updated, in this order, by the rows of the gradient; `null` for a dense update. */
  readonly rows: readonly number[] | null;
}

/** A step, or a program as far as one walk backwards tells it. */
export interface Scene {
  readonly title: string;
  readonly nodes: readonly SceneNode[];
  readonly edges: readonly SceneEdge[];
  readonly moments: readonly Moment[];
  readonly updates: readonly SceneUpdate[];
  /** What is left out because there is too much of it, in words; empty when all is there. */
  readonly leftOut: string;
}
