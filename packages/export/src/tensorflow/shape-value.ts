import { cast, concat, constant, elementCount, expandDims } from "@gradtape/graph";
import { broadcastShapes, type Extent, isStatic, type PartialShape, type Shape, type Tensor } from "@gradtape/tensor";

/**
 * A shape that TensorFlow computes while it runs. Here shapes are known beforehand up to open extents, each of which is
 * that of some tensor; so what is told by such vectors there is told by tensors of that shape.
 */
export class ShapeValue {
  readonly shape: PartialShape;
  /** Tensors that broadcast to it together, besides what is known of it. */
  readonly likes: readonly Tensor[];
  /** It is one extent, as a scalar. */
  readonly single: boolean;

  constructor(shape: PartialShape, likes: readonly Tensor[], single = false) {
    this.shape = shape;
    this.likes = likes;
    this.single = single;
  }

  static of(x: Tensor): ShapeValue {
    return new ShapeValue(x.spec.shape, [x]);
  }

  /** The shape to which both broadcast. */
  broadcast(other: ShapeValue): ShapeValue {
    const shape = broadcastShapes("shape", [this.shape, other.shape]);
    return new ShapeValue(shape, [...new Set([...this.likes, ...other.likes])]);
  }

  /** The extents that are known, or `null`. */
  get known(): Shape | null {
    return isStatic(this.shape) ? this.shape : null;
  }

  /** A vector of int32 that holds it while a run lasts. */
  materialize(): Tensor {
    if (this.single) return this.extent(this.shape[0]!, 0);
    return concat(
      this.shape.map((extent, axis) => expandDims(this.extent(extent, axis), 0)),
      0,
    );
  }

  private extent(extent: Extent, axis: number): Tensor {
    if (typeof extent === "number") return constant(extent, { dtype: "int32" });
    if (extent === null) return countOf(this.likes[0]!);
    const like = this.likes.find(({ spec }) => spec.shape.includes(extent)) ?? this.likes[0]!;
    const at = like.spec.shape.includes(extent) ? like.spec.shape.indexOf(extent) : axis;
    return countOf(like, [at]);
  }
}

/** How many elements there are along `axes` (all when left out), as int32. */
function countOf(x: Tensor, axes?: readonly number[]): Tensor {
  const count = elementCount(x.dtype === "int32" ? x : cast(x, "int32"), axes);
  return typeof count === "number" ? constant(count, { dtype: "int32" }) : count;
}
