import * as gt from "gradtape";
import type { MakeExamples } from "./make.ts";

/* A disc, and a ring around it. */
export const circle: MakeExamples = (random, count, noise) => {
  const targets = gt.tensor(Array.from({ length: count }, (_, i) => [i % 2]));
  const radius = gt.add(gt.mul(gt.sqrt(random.uniform([count, 1])), 1.4), gt.mul(targets, 2));
  const angle = random.uniform([count, 1], { high: 2 * Math.PI });
  const points = gt.concat([gt.mul(radius, gt.cos(angle)), gt.mul(radius, gt.sin(angle))], 1);
  return { inputs: gt.add(points, random.normal([count, 2], { stddev: noise })), targets };
};
