import * as gt from "gradtape";
import type { MakeExamples } from "./make.ts";

/* Two clouds. */
export const gauss: MakeExamples = (random, count, noise) => {
  const targets = gt.tensor(Array.from({ length: count }, (_, i) => [i % 2]));
  const centers = gt.mul(gt.sub(gt.mul(targets, 2), 1), [1.5, 1.5]);
  return { inputs: gt.add(centers, random.normal([count, 2], { stddev: 0.4 + noise })), targets };
};
