import * as gt from "gradtape";
import type { MakeExamples } from "./make.ts";

/* A number that grows along the diagonal; the noise is in the number. */
export const plane: MakeExamples = (random, count, noise) => {
  const inputs = random.uniform([count, 2], { low: -3.5, high: 3.5 });
  const height = gt.div(gt.sum(inputs, 1, { keepDims: true }), 7);
  return { inputs, targets: gt.add(height, random.normal([count, 1], { stddev: noise / 4 })) };
};
