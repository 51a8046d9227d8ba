import { isContiguous, type Layout, rowMajor, type Shape, sameShape, sizeOf } from "@gradtape/tensor";
import { type ArrayLanguage, type ArrayValue, Refused } from "./language.ts";

/*
 * A view is a layout: a shape, strides and an offset over the elements of a tensor. Of these one can read what was
 * done: equal strides in another order are a transposition, a multiple of a stride is a slice, and a stride of zero
 * repeats.
 */

/** How one axis of the whole is walked: `count` positions from `first` on, `step` apart. */
interface Walk {
  readonly first: number;
  readonly count: number;
  readonly step: number;
}

/** Where a layout over a tensor of `whole` extents goes. */
interface Walks {
  /** For each axis of the whole. */
  readonly walks: readonly Walk[];
  /** For each axis of the layout the axis of the whole along which it runs; `null` where it stays where it is. */
  readonly sources: readonly (number | null)[];
}

/** Reads a layout; `null` where it is no selection of positions along axes. */
function walksOf({ shape, strides, offset }: Layout, whole: Shape): Walks | null {
  const steps = rowMajor(whole).strides;
  let rest = offset;
  const begin = whole.map((_, axis) => {
    const at = Math.floor(rest / steps[axis]!);
    rest -= at * steps[axis]!;
    return at;
  });
  const walks: Walk[] = begin.map((first) => ({ first, count: 1, step: 1 }));
  const sources = shape.map((count, axis): number | null | undefined => {
    const stride = strides[axis]!;
    if (count === 1 || stride === 0) return null;
    const source = whole.findIndex((extent, a) => {
      const last = begin[a]! + ((count - 1) * stride) / steps[a]!;
      return stride > 0 && stride % steps[a]! === 0 && last < extent && walks[a]!.count === 1;
    });
    if (source < 0) return undefined;
    walks[source] = { first: begin[source]!, count, step: stride / steps[source]! };
    return source;
  });
  return sources.includes(undefined) ? null : { walks, sources: sources as (number | null)[] };
}

/** The elements of `x` through the layout that `arrange` gives them. */
export function arranged(
  language: ArrayLanguage,
  x: ArrayValue,
  arrange: (layout: Layout, shape: Shape) => Layout | null,
  shape: Shape,
): ArrayValue {
  const layout = arrange(rowMajor(x.shape), shape);
  if (layout === null) throw new Refused("its layout is unknown");
  if (sizeOf(shape) === 0) return language.filled(0, x.dtype, shape);
  if (isContiguous(layout) && layout.offset === 0 && sizeOf(shape) === sizeOf(x.shape)) {
    return sameShape(shape, x.shape) ? x : language.reshaped(x, shape);
  }
  const read = walksOf(layout, x.shape);
  if (read === null) throw new Refused("its layout is neither slice, transposition nor repetition");
  const { walks, sources } = read;
  const used = walks.flatMap((_, axis) => (sources.includes(axis) ? [axis] : []));
  const shaped = (value: ArrayValue, to: Shape) => (sameShape(value.shape, to) ? value : language.reshaped(value, to));
  const picked = slicedBy(language, x, walks);
  const order = sources.filter((axis) => axis !== null).map((axis) => used.indexOf(axis));
  const repeats = shape.some((extent, axis) => extent !== 1 && sources[axis] === null);
  const inOrder = order.every((axis, i) => axis === i);
  if (inOrder && !repeats) return shaped(picked, shape);
  const thin = shaped(
    picked,
    used.map((axis) => walks[axis]!.count),
  );
  const turned = inOrder ? thin : language.transposed(thin, order);
  if (!repeats) return shaped(turned, shape);
  const axes = sources.flatMap((source, axis) => (source === null ? [] : [axis]));
  return language.repeated(turned, shape, axes);
}

/** The positions along each axis. */
function slicedBy(language: ArrayLanguage, x: ArrayValue, walks: readonly Walk[]): ArrayValue {
  const [begin, counts, steps] = listsOf(walks);
  const everything = sameShape(counts, x.shape) && steps.every((step) => step === 1);
  return everything ? x : language.sliced(x, begin, counts, steps);
}

function listsOf(walks: readonly Walk[]): [begin: Shape, counts: Shape, steps: Shape] {
  return [walks.map(({ first }) => first), walks.map(({ count }) => count), walks.map(({ step }) => step)];
}

/** Zeros of `shape`, into which each part is laid at the region that `place` gives it. */
export function assembled(
  language: ArrayLanguage,
  parts: readonly ArrayValue[],
  place: (layout: Layout, part: number) => Layout,
  shape: Shape,
): ArrayValue {
  const whole = rowMajor(shape);
  const filling = parts.flatMap((part, i) =>
    sizeOf(part.shape) === 0 ? [] : { part, walks: walksAt(place(whole, i), shape) },
  );
  const [first, ...others] = filling;
  if (first === undefined) return language.filled(0, parts[0]!.dtype, shape);
  const axis = endToEnd(
    filling.map(({ walks }) => walks),
    shape,
  );
  if (axis === null && others.length > 0) throw new Refused("its parts lie neither end to end nor alone");
  if (others.length > 0) {
    return language.joined(
      filling.map(({ part }) => part),
      axis!,
    );
  }
  const [begin, , steps] = listsOf(first.walks);
  return axis === null ? language.embedded(first.part, shape, begin, steps) : first.part;
}

/** How a region of the same rank lies in the whole. */
function walksAt(region: Layout, whole: Shape): readonly Walk[] {
  const read = walksOf(region, whole);
  const inPlace = read?.sources.every((source, axis) => source === null || source === axis);
  if (!read || !inPlace) throw new Refused("a region of it is no slice");
  return read.walks;
}

/** The axis along which regions follow each other and fill the whole; `null` where they do not. */
function endToEnd(regions: readonly (readonly Walk[])[], whole: Shape): number | null {
  const axis = whole.findIndex((extent, a) => regions[0]![a]!.count !== extent);
  if (axis < 0) return regions.length === 1 ? 0 : null;
  let next = 0;
  for (const walks of regions) {
    const fits = walks.every(
      ({ first, count, step }, a) => step === 1 && (a === axis ? first === next : first === 0 && count === whole[a]),
    );
    if (!fits) return null;
    next += walks[axis]!.count;
  }
  return next === whole[axis] ? axis : null;
}
