import * as gt from "gradtape";
import type { MakeExamples } from "./make.ts";

/* Two hills and two hollows; the noise is in the height. */
export const hills: MakeExamples = (random, count, noise) => {
  const inputs = random.uniform([count, 2], { low: -3.5, high: 3.5 });
  const bump = (center = [0, 0]) => gt.exp(gt.neg(gt.sum(gt.square(gt.sub(inputs, center)), 1, { keepDims: true })));
  const height = gt.sub(gt.add(bump([-1.8, 1.6]), bump([1.7, -1.2])), gt.add(bump([1.6, 1.8]), bump([-1.5, -1.7])));
  return { inputs, targets: gt.add(height, random.normal([count, 1], { stddev: noise / 4 })) };
};
