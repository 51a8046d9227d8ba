import {
  broadcastLike,
  broadcastTo,
  cast,
  constant,
  currentGraph,
  elementCount,
  expandDims,
  mul,
  reshape,
  slice,
  stack,
  sum,
} from "@gradtape/graph";
import {
  type EagerTensor,
  type Extent,
  InvalidArgumentError,
  literal,
  NotImplementedError,
  type PartialShape,
  type Shape,
  sameShape,
  type Tensor,
} from "@gradtape/tensor";

/** A count that only a run knows: an extent of a tensor, or an int32 scalar. Equal names mean equal counts in each run. */
interface Count {
  readonly name: string;
  /** The tensor and the axis that has this extent; `null` for a number that the graph computes in another way. */
  readonly axis: { readonly of: Tensor; readonly at: number } | null;
  /** The count as an int32 scalar. */
  scalar(): Tensor;
}

/** A product of counts, times a number. */
export interface OpenNumber {
  readonly factor: number;
  /** Sorted by name. */
  readonly counts: readonly Count[];
}

/** A number within a shape that a graph computes. */
export type Dim = number | OpenNumber;

const isOpen = (dim: Dim): dim is OpenNumber => typeof dim !== "number";

/** Two dims with the same key are equal in each run. */
const keyOf = (dim: Dim): string =>
  isOpen(dim) ? [dim.factor, ...dim.counts.map(({ name }) => name)].join("*") : `${dim}`;

export const sameDim = (a: Dim, b: Dim): boolean => keyOf(a) === keyOf(b);

/** True for an extent, and for a known number that is not negative. */
export const isExtent = (dim: Dim): boolean =>
  isOpen(dim) ? dim.factor > 0 && dim.counts.every(({ axis }) => axis !== null) : dim >= 0;

function openNumber(factor: number, counts: readonly Count[]): Dim {
  if (factor === 0 || counts.length === 0) return factor;
  return { factor, counts: [...counts].sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

const partsOf = (dim: Dim): OpenNumber => (isOpen(dim) ? dim : { factor: dim, counts: [] });

/** `a / b`, rounded down; `null` when only a run can compute it. */
function quotient(a: Dim, b: Dim): Dim | null {
  if (!isOpen(a) && !isOpen(b)) return b === 0 ? null : Math.floor(a / b);
  const [over, under] = [partsOf(a), partsOf(b)];
  const rest = [...over.counts];
  for (const { name } of under.counts) {
    const at = rest.findIndex((each) => each.name === name);
    if (at < 0) return null;
    rest.splice(at, 1);
  }
  const factor = over.factor / under.factor;
  return Number.isInteger(factor) ? openNumber(factor, rest) : null;
}

type Arithmetic = (a: Dim, b: Dim) => Dim | null;

const both =
  (numbers: (a: number, b: number) => number, open: Arithmetic): Arithmetic =>
  (a, b) =>
    isOpen(a) || isOpen(b) ? open(a, b) : numbers(a, b);

/** Arithmetic on dims, by the ops of TensorFlow; `null` where the result is no product of counts. */
export const dimArithmetic: { readonly [op: string]: Arithmetic } = (() => {
  const times: Arithmetic = (a, b) => {
    const [one, other] = [partsOf(a), partsOf(b)];
    return openNumber(one.factor * other.factor, [...one.counts, ...other.counts]);
  };
  const plus = both(
    (a, b) => a + b,
    (a, b) => (a === 0 ? b : b === 0 ? a : null),
  );
  // An extent is at least 0. A sum divided by max(extent, 1) has no terms when the extent is 0.
  const most = both(Math.max, (a, b) => {
    if (sameDim(a, b)) return a;
    if (!isOpen(a)) return a <= 1 ? b : null;
    return !isOpen(b) && b <= 1 ? a : null;
  });
  return {
    Mul: times,
    Add: plus,
    AddV2: plus,
    Sub: both(
      (a, b) => a - b,
      (a, b) => (sameDim(a, b) ? 0 : b === 0 ? a : null),
    ),
    FloorDiv: quotient,
    Maximum: most,
    Minimum: both(Math.min, (a, b) => (sameDim(a, b) ? a : a === 0 || b === 0 ? 0 : null)),
  };
})();

export const product = (dims: readonly Dim[]): Dim => dims.reduce<Dim>((a, b) => dimArithmetic.Mul!(a, b)!, 1);

/** `a / b` where it is a whole number in each run, or `null`. */
export const ratio = quotient;

/** The extents of a tensor. */
export function dimsOf(x: Tensor): Dim[] {
  return x.spec.shape.map((extent, at): Dim => {
    if (typeof extent === "number") return extent;
    const name = extent?.description ?? `${(x as { readonly name?: string }).name}/${at}`;
    return openNumber(1, [{ name, axis: { of: x, at }, scalar: () => count(x, at) }]);
  });
}

function count(x: Tensor, at: number): Tensor {
  return apart(() => {
    const found = elementCount(x.dtype === "int32" ? x : cast(x, "int32"), [at]);
    return typeof found === "number" ? constant(found, { dtype: "int32" }) : found;
  });
}

/** A number that the graph computes: an int32 scalar. */
export function computed(scalar: Tensor): Dim {
  return openNumber(1, [{ name: `=${(scalar as { readonly name?: string }).name}`, axis: null, scalar: () => scalar }]);
}

/** Operations that wait for nothing: others may use what they make. */
function apart<T>(make: () => T): T {
  const graph = currentGraph();
  return graph === null ? make() : graph.controlDependencies(null, make);
}

/** An output of a node that is no tensor here: other nodes use it, and no run computes it. */
export abstract class Followed {
  private readonly what: string;

  constructor(what: string) {
    this.what = what;
  }

  /** The value as a tensor. Throws a NotImplementedError where there is none. */
  tensor(): Tensor {
    throw new NotImplementedError(`an input is ${this.what}, which is no tensor here`);
  }
}

/**
 * Numbers that a graph of TensorFlow computes while it runs, some of which are extents that only the run knows. All other
 * extents are known here before a run, so the numbers are followed instead of computed.
 */
export class ShapeValue extends Followed {
  /** The numbers in row-major order. */
  readonly dims: readonly Dim[];
  /** The shape in which they stand: `[]` for one number, `[n]` for a shape of n extents. */
  readonly at: Shape;
  private computed: Tensor | null = null;

  constructor(dims: readonly Dim[], at: Shape = [dims.length]) {
    super("a shape");
    this.dims = dims;
    this.at = at;
  }

  /** As a shape: extents of tensors as they are there, `null` for other numbers that only a run knows. */
  get shape(): PartialShape {
    return this.dims.map((dim): Extent => {
      if (!isOpen(dim)) return dim;
      const [first, ...more] = dim.counts;
      const axis = dim.factor === 1 && more.length === 0 ? first!.axis : null;
      return axis && axis.of.spec.shape[axis.at]!;
    });
  }

  /** The numbers, when all of them are known before a run. */
  get known(): EagerTensor | null {
    if (this.dims.some(isOpen)) return null;
    return literal("importGraphDef", Int32Array.from(this.dims as number[], int32), { shape: [...this.at] });
  }

  /** The numbers as int32, which a run computes. */
  override tensor(): Tensor {
    this.computed ??= apart(() => {
      const scalars = this.dims.map((dim) => {
        const { factor, counts } = partsOf(dim);
        const [first, ...more] = counts.map((each) => each.scalar());
        if (first === undefined) return constant(int32(factor), { dtype: "int32" });
        const all = more.reduce<Tensor>((x, y) => mul(x, y), first);
        return factor === 1 ? all : mul(all, constant(int32(factor), { dtype: "int32" }));
      });
      return this.at.length === 0 ? scalars[0]! : reshape(stack(scalars), this.at);
    });
    return this.computed;
  }

  /** A tensor that has this shape. Throws a NotImplementedError for an extent that no tensor has. */
  ruler(): Tensor {
    return this.found() ?? apart(() => this.newRuler());
  }

  /** A tensor of the graph that has this shape, or `null`. */
  found(): Tensor | null {
    const { shape } = this;
    const likes = this.dims.flatMap((dim) => partsOf(dim).counts.flatMap(({ axis }) => axis?.of ?? []));
    return likes.find((like) => sameShape(like.spec.shape, shape)) ?? null;
  }

  private newRuler(): Tensor {
    const rank = this.dims.length;
    const sides = this.dims.map((dim, axis) =>
      Array.from({ length: rank - axis - 1 }).reduce<Tensor>((x) => expandDims(x, -1), lengthOf(dim)),
    );
    const [first, ...others] = sides;
    return first === undefined ? constant(0) : broadcastLike(first, ...others);
  }
}

function int32(number: number): number {
  if ((number | 0) === number) return number;
  throw new InvalidArgumentError(`importGraphDef: ${number}, a number of a shape, is not an int32`);
}

/** A vector of `dim` elements. */
function lengthOf(dim: Dim): Tensor {
  if (!isOpen(dim)) return broadcastTo(constant(0, { dtype: "int32" }), [dim]);
  const { factor, counts } = dim;
  if (factor !== 1 || counts.length > 1) {
    const each = counts.map((one) => openNumber(1, [one]));
    return reshape(new ShapeValue([factor, ...each]).ruler(), [-1]);
  }
  const { axis } = counts[0]!;
  if (axis === null)
    throw new NotImplementedError("an extent is a number that the graph computes; here it must be that of a tensor");
  const { of, at } = axis;
  const { shape } = of.spec;
  if (shape.length === 1) return of;
  const others = shape.map((_, i) => i).filter((i) => i !== at);
  if (others.some((i) => typeof shape[i] !== "number" || shape[i] === 0)) {
    // Also where these extents are 0.
    return sum(broadcastLike(constant(0, { dtype: "int32" }), of), others);
  }
  const first = slice(
    of,
    shape.map(() => 0),
    shape.map((_, i) => (i === at ? -1 : 1)),
  );
  return reshape(first, [-1]);
}

/** Numbers that are followed: a constant, when no run has to compute one. */
export function followed(dims: readonly Dim[], at: Shape = [dims.length]): ShapeValue | EagerTensor {
  const value = new ShapeValue(dims, at);
  return value.known ?? value;
}
