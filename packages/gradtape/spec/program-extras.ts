import * as gt from "gradtape";

/* Calls of random programs besides single functions of the library. */

export const extras = {
  /** `x`, once both are there. */
  gated: (other: gt.Tensor, x: gt.Tensor) => gt.tuple([other, gt.identity(x)])[1],
  /** `x`, once `other` is there. */
  delayed: (other: gt.Tensor, x: gt.Tensor) => gt.controlDependencies([other], () => gt.identity(x)),
  /** The square, with its derivative by hand. */
  ownGradient: gt.customGradient((x) => ({ value: gt.square(x), gradient: (g) => gt.mul(g, gt.mul(x, 2)) })),
  concatAlong: (x: gt.Tensor, axis: number) => gt.concat([x, x], axis),
};
