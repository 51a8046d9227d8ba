import * as op from "@gradtape/graph";
import { InvalidArgumentError, NotImplementedError, type Tensor } from "@gradtape/tensor";
import type { Given } from "./given.ts";
import { between, cut, cutFromEnd, reversed, zerosOf } from "./layout.ts";
import { type Dim, dimsOf, isExtent, type ShapeValue, sameDim } from "./shape-value.ts";

/* Slices as Python writes them: `x[1:-1, ::2, ..., None, 3]`. */

/** The walk along one axis. The fields `between`, `tail` and `drop` cut the axis first. */
interface Course {
  /** Take only the elements between open positions; an end of `null` is that of the axis. */
  readonly between: { readonly from: Dim; readonly to: Dim | null } | null;
  /** Take only so many elements of the end, when only a run knows where they begin; 0 takes all. */
  readonly tail: number;
  /** Leave out so many elements of the end, when only a run knows where it is. */
  readonly drop: number;
  /** The first position in what is left: the lowest one also when it walks back. */
  readonly first: number;
  /** The number of elements; -1 for all that are left. */
  readonly count: number;
  /** From one element to the next, 1 or more. */
  readonly step: number;
  /** Walk back: the whole axis before it is cut, or what has been cut out. */
  readonly back: "whole" | "piece" | null;
}

const whole: Course = { between: null, tail: 0, drop: 0, first: 0, count: -1, step: 1, back: null };

/** A strided slice, axis by axis. */
interface Plan {
  readonly courses: readonly Course[];
  /** Axes of the whole that the result lacks. */
  readonly gone: readonly number[];
  /** Axes of the result, of extent 1, that the whole lacks. */
  readonly added: readonly number[];
}

/** One part of a slice along an axis of an extent. */
interface Part<Place = number> {
  readonly begin: Place | null;
  readonly end: Place | null;
  readonly stride: number;
  readonly single: boolean;
}

const steps = (from: number, to: number, stride: number) => Math.max(0, Math.ceil((to - from) / stride));

const isKnown = (part: Part<Dim>): part is Part =>
  [part.begin, part.end].every((place) => place === null || typeof place === "number");

function courseOf({ end, ...rest }: Part<Dim>, extent: Dim, axis: number): Course {
  const full = end !== null && rest.stride > 0 && sameDim(end, extent);
  const part = { ...rest, end: full ? null : end };
  if (part.stride === 0) throw new InvalidArgumentError(`its stride along axis ${axis} is 0`);
  if (isKnown(part)) return typeof extent === "number" ? courseIn(part, extent, axis) : openCourse(part, axis);
  // An extent is never negative; other numbers may count from the end.
  const counts = [part.begin, part.end].every((place) => place === null || isExtent(place));
  if (!counts || part.stride < 0) throw mixed(axis);
  const from = part.begin ?? 0;
  if (part.single) return { ...whole, between: { from, to: null }, count: 1 };
  return { ...whole, between: { from, to: part.end }, step: part.stride };
}

const mixed = (axis: number) => new NotImplementedError(`which part of axis ${axis} it takes is known only to a run`);

function courseIn({ begin, end, stride, single }: Part, extent: number, axis: number): Course {
  const counted = (at: number) => (at < 0 ? at + extent : at);
  if (single) {
    const first = counted(begin ?? 0);
    if (first < 0 || first >= extent)
      throw new InvalidArgumentError(`index ${begin} is outside of axis ${axis}, which has extent ${extent}`);
    return { ...whole, first, count: 1 };
  }
  const [least, most] = stride > 0 ? [0, extent] : [-1, extent - 1];
  const clamped = (at: number) => Math.min(Math.max(counted(at), least), most);
  const first = begin === null ? (stride > 0 ? least : most) : clamped(begin);
  const stop = end === null ? (stride > 0 ? most : least) : clamped(end);
  const count = steps(first, stop, stride);
  if (stride > 0) return { ...whole, first: count === 0 ? 0 : first, count, step: stride };
  return { ...whole, first: count === 0 ? 0 : first + (count - 1) * stride, count, step: -stride, back: "piece" };
}

function openCourse({ begin, end, stride, single }: Part, axis: number): Course {
  if (single) {
    const at = begin ?? 0;
    return at < 0 ? { ...whole, tail: -at, count: 1 } : { ...whole, first: at, count: 1 };
  }
  if (stride < 0) {
    if (begin === null && end === null) return { ...whole, step: -stride, back: "whole" };
    throw mixed(axis);
  }
  const step = stride;
  if (begin !== null && begin < 0) {
    if (end !== null && end >= 0) throw mixed(axis);
    return { ...whole, tail: -begin, count: steps(begin, end ?? 0, stride), step };
  }
  const first = begin ?? 0;
  if (end === null) return { ...whole, first, step };
  return end < 0 ? { ...whole, first, drop: -end, step } : { ...whole, first, count: steps(first, end, stride), step };
}

/** Reads begin, end and strides (inputs 1 to 3) and the masks. */
function planOf(given: Given, shape: readonly Dim[]): Plan {
  const [begins, ends] = [given.shape(1).dims, given.shape(2).dims];
  const strides = given.numbers(3);
  if (begins.length !== strides.length || ends.length !== strides.length)
    throw new InvalidArgumentError("its begin, end and strides differ in length");
  const bits = (name: string) => given.int(`${name}_mask`);
  const has = (mask: number, i: number) => ((mask >> i) & 1) === 1;
  const [open, news, singles] = [bits("ellipsis"), bits("new_axis"), bits("shrink_axis")];
  const ellipsis = strides.findIndex((_, i) => has(open, i));
  const named = strides.filter((_, i) => i !== ellipsis && !has(news, i)).length;
  if (named > shape.length) throw new InvalidArgumentError(`it names ${named} axes, its operand has ${shape.length}`);
  const courses: Course[] = [];
  const gone: number[] = [];
  const added: number[] = [];
  let place = 0;
  const skip = (count: number) => {
    for (let i = 0; i < count; i++) courses.push(whole);
    place += count;
  };
  for (const [i, stride] of strides.entries()) {
    if (i === ellipsis) skip(shape.length - named);
    else if (has(news, i)) added.push(place++);
    else {
      const axis = courses.length;
      const single = has(singles, i);
      const begin = has(bits("begin"), i) ? null : begins[i]!;
      const end = has(bits("end"), i) ? null : ends[i]!;
      courses.push(courseOf({ begin, end, stride, single }, shape[axis]!, axis));
      if (single) gone.push(axis);
      else place++;
    }
  }
  skip(shape.length - courses.length);
  return { courses, gone, added };
}

const axesWhere = (courses: readonly Course[], is: (course: Course) => boolean) =>
  courses.flatMap((course, axis) => (is(course) ? [axis] : []));

export function stridedSlice(given: Given): Tensor {
  let x = given.x(0);
  const { courses, gone, added } = planOf(given, dimsOf(x));
  for (const [axis, { between: part, tail, drop, back }] of courses.entries()) {
    if (part !== null) x = between(x, axis, part.from, part.to);
    if (tail > 0) x = cutFromEnd(x, axis, tail, "end");
    if (drop > 0) x = cutFromEnd(x, axis, drop, "rest");
    if (back === "whole") x = reversed(x, axis);
  }
  const [first, count] = [courses.map((course) => course.first), courses.map((course) => course.count)];
  const step = courses.map((course) => course.step);
  if (first.some((at) => at > 0) || count.some((n) => n >= 0) || step.some((by) => by > 1))
    x = op.slice(x, first, count, { steps: step });
  for (const axis of axesWhere(courses, ({ back }) => back === "piece")) x = reversed(x, axis);
  if (gone.length > 0) x = op.squeeze(x, { axis: gone });
  return added.reduce<Tensor>((y, axis) => op.expandDims(y, axis), x);
}

/** The gradient of a strided slice: what came out, laid into zeros of the shape of the whole. */
export function stridedSliceGradient(given: Given): Tensor {
  const to = given.shape(0);
  const { courses, gone, added } = planOf(given, to.dims);
  const late = axesWhere(courses, ({ tail }) => tail > 0);
  const loose = courses.findIndex(({ between: part }) => part !== null && part.from !== 0);
  if (loose >= 0) throw mixed(loose);
  let g = given.x(4);
  if (added.length > 0) g = op.squeeze(g, { axis: [...added] });
  g = gone.reduce<Tensor>((y, axis) => op.expandDims(y, axis), g);
  if (g.rank !== to.dims.length)
    throw new InvalidArgumentError(`its operand has ${g.rank} axes, the slice ${to.dims.length}`);
  for (const axis of axesWhere(courses, ({ back }) => back === "piece")) g = reversed(g, axis);
  for (const axis of late) g = embeddedAtEnd(g, axis, courses[axis]!, to);
  const first = courses.map((course, axis) => (late.includes(axis) ? 0 : course.first));
  const step = courses.map((course, axis) => (late.includes(axis) ? 1 : course.step));
  const laid =
    to.known !== null
      ? op.embed(g, to.dims as number[], first, { steps: step })
      : op.embedLike(g, to.ruler(), first, step);
  return axesWhere(courses, ({ back }) => back === "whole").reduce(reversed, laid);
}

/** `g` among zeros along one axis, where it ends `tail` elements before the end. */
function embeddedAtEnd(g: Tensor, axis: number, { tail, first, step }: Course, to: ShapeValue): Tensor {
  const count = g.spec.shape[axis];
  if (step > 1 || typeof count !== "number") throw mixed(axis);
  const zeros = (extent: Dim) => zerosOf(g, dimsOf(g).with(axis, extent));
  const before = dimsOf(cut(to.ruler(), axis, tail))[axis]!;
  const parts = [zeros(before), ...(first > 0 ? [zeros(first)] : []), g];
  const after = tail - first - count;
  return op.concat(after > 0 ? [...parts, zeros(after)] : parts, axis);
}
