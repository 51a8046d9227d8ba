import * as gt from "gradtape";
import type { MakeExamples } from "./make.ts";

/* Four squares; those across from each other are of one class. */
export const xor: MakeExamples = (random, count, noise) => {
  const drawn = random.uniform([count, 2], { low: -3.2, high: 3.2 });
  const points = gt.add(drawn, gt.mul(gt.sign(drawn), 0.3));
  const targets = gt.cast(gt.greater(gt.prod(points, 1, { keepDims: true }), 0), "float32");
  return { inputs: gt.add(points, random.normal([count, 2], { stddev: noise })), targets };
};
