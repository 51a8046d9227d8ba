import { anything } from "../schema.ts";
import type { Shape } from "../shape.ts";
import { defineFunction } from "../signature.ts";
import type { EagerTensor } from "../tensor.ts";
import * as distributions from "./distributions.ts";
import { seeded } from "./generator.ts";

export interface Seed {
  /** Integer from 0 to 2^53 - 1: the same seed gives the same bits. Fresh and unpredictable when left out. */
  seed?: number | null;
}

/** Values uniformly distributed over [low, high): [0, 1) unless told otherwise; integers for dtype int32. */
export const randomUniform = defineFunction(
  "randomUniform",
  { shape: anything },
  { seed: anything, ...distributions.uniformFields },
  (shape: Shape, { seed, ...options }: Seed & distributions.UniformOptions = {}): EagerTensor =>
    distributions.uniform("randomUniform", seeded("randomUniform", seed).words(), shape, options),
);

/** Normally distributed values, of mean 0 and standard deviation 1 unless told otherwise. */
export const randomNormal = defineFunction(
  "randomNormal",
  { shape: anything },
  { seed: anything, ...distributions.normalFields },
  (shape: Shape, { seed, ...options }: Seed & distributions.NormalOptions = {}): EagerTensor =>
    distributions.normal("randomNormal", seeded("randomNormal", seed).words(), shape, options),
);

/** Normally distributed values, those further than two standard deviations from the mean drawn again. */
export const truncatedNormal = defineFunction(
  "truncatedNormal",
  { shape: anything },
  { seed: anything, ...distributions.normalFields },
  (shape: Shape, { seed, ...options }: Seed & distributions.NormalOptions = {}): EagerTensor =>
    distributions.truncatedNormal("truncatedNormal", seeded("truncatedNormal", seed).words(), shape, options),
);

/** The integers 0 to `n` - 1 in random order, as int32. */
export const randomPermutation = defineFunction(
  "randomPermutation",
  { n: anything },
  { seed: anything },
  (n: number, { seed }: Seed = {}): EagerTensor =>
    distributions.permutation("randomPermutation", seeded("randomPermutation", seed).words(), n),
);
