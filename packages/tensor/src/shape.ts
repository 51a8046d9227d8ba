import { ValueError } from "./errors.ts";

/** The extent of a tensor along each axis; `[]` is a scalar. */
export type Shape = readonly number[];

/**
 * An extent in a graph: a number, or one that only a run will tell. Such an extent has a name (`"?1"`) once it belongs
 * to a tensor, so that two tensors of the same batch are known to agree; `null` is an extent nobody has named yet.
 */
export type Extent = number | string | null;

/** A shape in a graph. */
export type PartialShape = readonly Extent[];

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const extent of shape) size *= extent;
  return size;
}

/** True when no extent is left open. */
export function isStatic(shape: PartialShape): shape is Shape {
  return shape.every((extent) => typeof extent === "number");
}

/** `[2, ?, 3]`: a shape as messages and printed graphs show it. */
export function formatShape(shape: PartialShape): string {
  return `[${shape.map((extent) => (typeof extent === "number" ? extent : "?")).join(", ")}]`;
}

/** True when the shapes are the same in every run. */
export function sameShape(a: PartialShape, b: PartialShape): boolean {
  return a.length === b.length && a.every((extent, axis) => extent !== null && extent === b[axis]);
}

/** True when some run could give both shapes: equal ranks, and extents that are equal or open. */
export function compatible(a: PartialShape, b: PartialShape): boolean {
  return a.length === b.length && a.every((extent, axis) => compatibleExtents(extent, b[axis]!));
}

/** True when some run could give both extents. */
export function compatibleExtents(a: Extent, b: Extent): boolean {
  return typeof a !== "number" || typeof b !== "number" || a === b;
}

/** Checks that `shape` is a list of extents: integers, none negative. */
export function checkShape(op: string, shape: unknown): Shape {
  if (!Array.isArray(shape)) throw new TypeError(`${op}: a shape is an array of extents, got ${String(shape)}`);
  for (const extent of shape) {
    if (!Number.isInteger(extent) || extent < 0) {
      throw new ValueError(`${op}: ${extent} in shape [${shape.join(", ")}] is not an extent; use integers >= 0`);
    }
  }
  return shape;
}

/** `axis` counted from the front: -1 is the last of `rank` axes. */
export function normalizeAxis(op: string, axis: number, rank: number): number {
  if (!Number.isInteger(axis)) throw new TypeError(`${op}: axis ${String(axis)} is not an integer`);
  if (axis < -rank || axis >= rank) {
    const range = rank === 0 ? "a scalar has no axes" : `expected ${-rank} to ${rank - 1}`;
    throw new ValueError(`${op}: axis ${axis} is out of range for rank ${rank}; ${range}`);
  }
  return axis < 0 ? axis + rank : axis;
}

/** Axes sorted and counted from the front; `null` means every axis. Repeated axes are refused. */
export function normalizeAxes(op: string, axes: number | readonly number[] | null | undefined, rank: number): number[] {
  if (axes === null || axes === undefined) return Array.from({ length: rank }, (_, axis) => axis);
  const list = (typeof axes === "number" ? [axes] : [...axes]).map((axis) => normalizeAxis(op, axis, rank));
  if (new Set(list).size !== list.length) throw new ValueError(`${op}: axes [${list.join(", ")}] repeat an axis`);
  return list.sort((a, b) => a - b);
}

/**
 * The shape to which all `shapes` stretch: aligned at the last axis, extents equal or one of them 1.
 * Throws a ValueError that shows the shapes under each other and marks the offending axis.
 */
export function broadcastShapes(op: string, shapes: readonly PartialShape[]): PartialShape {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const extents = shapes.map((shape) => shape[axis - rank + shape.length]).filter((extent) => extent !== undefined);
    const fixed = extents.find((extent) => typeof extent === "number" && extent !== 1);
    if (fixed !== undefined) {
      if (extents.every((extent) => extent === 1 || compatibleExtents(extent, fixed))) return fixed;
      throw new ValueError(broadcastMessage(op, shapes, axis - rank));
    }
    const [open, ...others] = new Set(extents.filter((extent) => extent !== 1));
    return open === undefined ? 1 : others.length === 0 ? open : null;
  });
}

function broadcastMessage(op: string, shapes: readonly PartialShape[], axis: number): string {
  return [
    `${op}: shapes cannot be broadcast, they differ on axis ${axis};`,
    alignShapes(shapes, axis),
    "make the extents equal or 1 (expandDims, reshape, transpose)",
  ].join("\n");
}

/** Shapes right-aligned under each other with `axis` (counted from the end) marked by carets. */
export function alignShapes(shapes: readonly PartialShape[], axis: number): string {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  const cells = shapes.map((shape) => [
    ...Array<string>(rank - shape.length).fill(""),
    ...shape.map((extent) => (typeof extent === "number" ? String(extent) : "?")),
  ]);
  const widths = Array.from({ length: rank }, (_, a) => Math.max(...cells.map((row) => row[a]!.length)));
  const lines = cells.map((row) => `  ${row.map((cell, a) => cell.padStart(widths[a]!)).join("  ")}`);
  const marks = widths.map((width, a) => (a === rank + axis ? "^".repeat(width) : " ".repeat(width))).join("  ");
  return [...lines, `  ${marks}`.trimEnd()].join("\n");
}

/** The shape left after reducing `axes` (sorted, from the front); kept as extents of 1 when `keepDims`. */
export function reducedShape(shape: PartialShape, axes: readonly number[], keepDims: boolean): PartialShape {
  if (keepDims) return shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
  return shape.filter((_, axis) => !axes.includes(axis));
}

/** The axes of `to` along which a tensor of shape `from` is repeated when it is broadcast, counted in `to`. */
export function broadcastAxes(from: PartialShape, to: PartialShape): number[] {
  const lead = to.length - from.length;
  return to.flatMap((extent, axis) => (axis < lead || (from[axis - lead] === 1 && extent !== 1) ? [axis] : []));
}
