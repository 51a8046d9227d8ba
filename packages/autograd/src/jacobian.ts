import { type Cotangent, densify, type Input, stack } from "@gradtape/graph";
import { fill, knownShape, sizeOf, type Tensor, tensor } from "@gradtape/tensor";

/** From the cotangents of some targets to those of some sources. */
export type Differentiator = (seeds: readonly Cotangent[]) => readonly (Cotangent | null)[];

/**
 * The derivatives of every element of `target` by each of `count` sources, one backward pass per element: a tensor
 * `[target.size] + source.shape` each, `null` where nothing connects them.
 */
export function jacobians(target: Input, differentiate: Differentiator, count: number): (Tensor | null)[] {
  const size = sizeOf(knownShape("jacobian", target.shape));
  // A target without elements is asked once too: which sources it is made from decides between nothing and null.
  const rows = Array.from({ length: Math.max(size, 1) }, (_, i) =>
    differentiate([oneWhere(target, (position) => position === i)]).map(dense),
  );
  return Array.from({ length: count }, (_, s) => {
    const row = rows.map((gradients) => gradients[s] ?? null);
    if (row.includes(null)) return null;
    const [{ shape, dtype }] = row as [Tensor];
    return size === 0 ? fill([0, ...knownShape("jacobian", shape)], 0, { dtype }) : stack(row as Tensor[]);
  });
}

/** The same for rows that do not depend on each other: `[b, target.size / b] + source.shape[1..]`, a pass per column. */
export function batchJacobian(target: Input, differentiate: Differentiator): Tensor | null {
  const each = sizeOf(knownShape("batchJacobian", target.shape).slice(1));
  const columns = Array.from({ length: each }, (_, i) =>
    dense(differentiate([oneWhere(target, (position) => position % each === i)])[0] ?? null),
  );
  return columns.length === 0 || columns.includes(null) ? null : stack(columns as Tensor[], { axis: 1 });
}

function dense(gradient: Cotangent | null): Tensor | null {
  return gradient && densify(gradient);
}

/** Ones at the row-major positions that `chosen` picks, zeros elsewhere, in the shape of `like`. */
function oneWhere(like: Input, chosen: (position: number) => boolean): Tensor {
  const { dtype } = like;
  const shape = knownShape("jacobian", like.shape);
  const flat = Array.from({ length: sizeOf(shape) }, (_, i) => (chosen(i) ? 1 : 0));
  return tensor(flat, { shape, dtype });
}
