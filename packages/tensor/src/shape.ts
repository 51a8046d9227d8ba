import { describe, formatExtent, formatList, formatShape, shown } from "./describe.ts";
import { ValueError } from "./errors.ts";

export { formatExtent, formatShape } from "./describe.ts";

/** The extent of a tensor along each axis; `[]` is a scalar. */
export type Shape = readonly number[];

/**
 * An extent in a graph: a number, or a symbol for one that is open until a run. Each open extent of a tensor has a
 * symbol of its own, so two tensors of one batch are known to agree. `null` is an open extent without a symbol yet.
 */
export type Extent = number | symbol | null;

/** The shape of a tensor as its users see it: `null` stands for an extent that only a run knows. */
export type TensorShape = readonly (number | null)[];

/** A shape in a graph. */
export type PartialShape = readonly Extent[];

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const extent of shape) size *= extent;
  return Number.isNaN(size) ? 0 : size; // no elements, however many the other axes would hold
}

/** True when no extent is left open. */
export function isStatic(shape: PartialShape): shape is Shape {
  for (const extent of shape) if (typeof extent !== "number") return false;
  return true;
}

/** `shape`, of which every extent must be known. Throws a ValueError where one is open. */
export function knownShape(op: string, shape: PartialShape): Shape {
  if (isStatic(shape)) return shape;
  throw new ValueError(`${op}: shape ${formatShape(shape)} has an extent that only a run tells; all are needed here`);
}

/** True when the shapes are the same in every run. */
export function sameShape(a: PartialShape, b: PartialShape): boolean {
  return a.length === b.length && a.every((extent, axis) => extent !== null && extent === b[axis]);
}

/** True when some run could give both shapes: equal ranks, and extents that are equal or open. */
export function compatible(a: PartialShape, b: PartialShape): boolean {
  if (a.length !== b.length) return false;
  for (let axis = 0; axis < a.length; axis++) if (!compatibleExtents(a[axis]!, b[axis]!)) return false;
  return true;
}

/** True when some run could give both extents. */
export function compatibleExtents(a: Extent, b: Extent): boolean {
  return typeof a !== "number" || typeof b !== "number" || a === b;
}

/** The most axes that a tensor can have, as in TensorFlow. */
export const MAX_RANK = 254;

/** Checks that `shape` is a list of extents: integers, none negative. */
export function checkShape(op: string, shape: unknown): Shape {
  if (!Array.isArray(shape)) throw new TypeError(`${op}: a shape is an array of extents, got ${describe(shape)}`);
  if (shape.length > MAX_RANK) throw new ValueError(`${op}: a shape of ${shape.length} axes; the most are ${MAX_RANK}`);
  for (const extent of shape) {
    if (!Number.isSafeInteger(extent) || extent < 0) {
      throw new ValueError(`${op}: ${shown(extent)} in shape ${formatList(shape)} is not an extent; use integers >= 0`);
    }
  }
  return shape;
}

/** `axis` counted from the front: -1 is the last of `rank` axes. */
export function normalizeAxis(op: string, axis: number, rank: number): number {
  if (!Number.isInteger(axis)) throw new TypeError(`${op}: axis ${shown(axis)} is not an integer`);
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
 * Throws a ValueError that shows the shapes under each other (by `names`, where given) and marks the offending axis.
 */
export function broadcastShapes(
  op: string,
  shapes: readonly PartialShape[],
  names: readonly string[] = [],
): PartialShape {
  const common = commonShape(shapes);
  if (typeof common !== "number") return common;
  const operands = shapes.map((shape, i) => ({ name: names[i] ?? "", shape, wrong: shape.length + common }));
  throw new ValueError(
    shapeMessage(op, `shapes cannot be broadcast, they differ on axis ${common}`, operands, {
      advice: broadcastAdvice(operands),
      align: "last",
    }),
  );
}

/** The shape to which all `shapes` stretch, or the axis (counted from the end) on which they do not. */
export function commonShape(shapes: readonly PartialShape[]): PartialShape | number {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  const common: Extent[] = [];
  for (let axis = -rank; axis < 0; axis++) {
    const extents = shapes.map((shape) => shape[axis + shape.length]).filter((extent) => extent !== undefined);
    const fixed = extents.find((extent) => typeof extent === "number" && extent !== 1);
    if (fixed !== undefined) {
      if (!extents.every((extent) => extent === 1 || compatibleExtents(extent, fixed))) return axis;
      common.push(fixed);
      continue;
    }
    const [open, ...others] = new Set(extents.filter((extent) => extent !== 1));
    common.push(open === undefined ? 1 : others.length === 0 ? open : null);
  }
  return common;
}

/** What would most likely make shapes fit. */
function broadcastAdvice(operands: readonly Shown[]): string {
  const general = "make the extents equal or 1 (expandDims, reshape, transpose)";
  const [small, large] = [...operands].sort((a, b) => a.shape.length - b.shape.length);
  if (operands.length !== 2 || small === undefined || large === undefined) return general;
  const fits = (shape: PartialShape) => typeof commonShape([shape, large.shape]) !== "number";
  const { shape, name } = small;
  if (shape.length > 1 && fits([...shape.slice(0, -2), ...shape.slice(-2).reverse()])) return "is a transpose missing?";
  if (large.shape.length !== shape.length + 1 || !fits([...shape, 1])) return general;
  return `last axes meet; if ${name || "the smaller one"} runs along the batch, write expandDims(${name || "x"}, -1)`;
}

/** An operand as messages show it. */
export interface Shown {
  readonly name: string;
  readonly shape: PartialShape;
  /** The axis that does not fit, counted from the front. */
  readonly wrong?: number | undefined;
}

export interface ShapeMessageOptions {
  /** What to do about it. */
  readonly advice?: string | undefined;
  /** At which axis the shapes stand under each other; the first when left out. */
  readonly align?: "first" | "last";
}

/** The form of every message about shapes: `op: problem; advice`, then the operands under each other. */
export function shapeMessage(
  op: string,
  problem: string,
  operands: readonly Shown[],
  { advice, align = "first" }: ShapeMessageOptions = {},
): string {
  return `${op}: ${problem}${advice === undefined ? "" : `; ${advice}`}\n${alignShapes(operands, align)}`;
}

/** Shapes under each other, a line each, with carets under the axes that do not fit. */
export function alignShapes(operands: readonly Shown[], align: "first" | "last" = "first"): string {
  const rank = Math.max(0, ...operands.map(({ shape }) => shape.length));
  const leading = ({ shape }: Shown) => (align === "last" ? rank - shape.length : 0);
  const cells = operands.map(({ shape }) => shape.map(formatExtent));
  const widths = Array.from({ length: rank }, (_, column) =>
    Math.max(...operands.map((each, i) => cells[i]![column - leading(each)]?.length ?? 0)),
  );
  const names = Math.max(0, ...operands.map(({ name }) => name.length));
  const margin = names === 0 ? "  " : `  ${" ".repeat(names)} `;
  const before = (column: number) => widths.slice(0, column).reduce((sum, width) => sum + width + 2, 0);
  const marks = operands.map((each) => {
    if (each.wrong === undefined || each.wrong < 0 || each.wrong >= each.shape.length) return "";
    const column = each.wrong + leading(each);
    return `${margin}${" ".repeat(1 + before(column))}${"^".repeat(widths[column]!)}`;
  });
  return operands
    .flatMap((each, i) => {
      const shift = leading(each);
      const shown = cells[i]!.map((cell, axis) => cell.padStart(widths[axis + shift]!)).join(", ");
      const line = `${margin.length === 2 ? margin : `  ${each.name.padEnd(names)} `}${" ".repeat(before(shift))}[${shown}]`;
      // One line of carets serves all operands above it that are wrong in the same place.
      return marks[i] === "" || marks[i] === marks[i + 1] ? [line] : [line, marks[i]!];
    })
    .join("\n");
}

/** The first axis of `shape` that it cannot have if it is to be `wanted`; `undefined` where only axes are missing. */
export function wrongAxis(shape: PartialShape, wanted: PartialShape): number | undefined {
  const axis = shape.findIndex((extent, i) => i >= wanted.length || !compatibleExtents(extent, wanted[i]!));
  return axis < 0 ? undefined : axis;
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
