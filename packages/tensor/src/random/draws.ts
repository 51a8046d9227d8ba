import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import * as distributions from "./distributions.ts";
import { seeded } from "./generator.ts";

export interface Seed {
  /** Integer from 0 to 2^53 - 1: the same seed gives the same bits. Fresh and unpredictable when left out. */
  seed?: number | null;
}

/** Values uniformly distributed over [low, high): [0, 1) unless told otherwise; integers for dtype int32. */
export function randomUniform(shape: Shape, { seed, ...options }: Seed & distributions.UniformOptions = {}): Tensor {
  return distributions.uniform("randomUniform", seeded("randomUniform", seed).words(), shape, options);
}

/** Normally distributed values, of mean 0 and standard deviation 1 unless told otherwise. */
export function randomNormal(shape: Shape, { seed, ...options }: Seed & distributions.NormalOptions = {}): Tensor {
  return distributions.normal("randomNormal", seeded("randomNormal", seed).words(), shape, options);
}

/** Normally distributed values, those further than two standard deviations from the mean drawn again. */
export function truncatedNormal(shape: Shape, { seed, ...options }: Seed & distributions.NormalOptions = {}): Tensor {
  return distributions.truncatedNormal("truncatedNormal", seeded("truncatedNormal", seed).words(), shape, options);
}

/** The integers 0 to `n` - 1 in random order, as int32. */
export function randomPermutation(n: number, { seed }: Seed = {}): Tensor {
  return distributions.permutation("randomPermutation", seeded("randomPermutation", seed).words(), n);
}
