import * as gt from "gradtape";
import type { MakeExamples } from "./make.ts";

/* Two arms that wind around each other. */
export const spirals: MakeExamples = (random, count, noise) => {
  const targets = gt.tensor(Array.from({ length: count }, (_, i) => [i % 2]));
  const way = random.uniform([count, 1], { low: 0.05, high: 1 });
  const radius = gt.mul(way, 3.5);
  const angle = gt.add(gt.mul(way, 2.8 * Math.PI), gt.mul(targets, Math.PI));
  const points = gt.concat([gt.mul(radius, gt.sin(angle)), gt.mul(radius, gt.cos(angle))], 1);
  return { inputs: gt.add(points, random.normal([count, 2], { stddev: noise })), targets };
};
