import type * as gt from "gradtape";
import type { Dataset, Split } from "./dataset.ts";

const arms = 3;
const turns = 0.75;
const noise = 0.02;

function drawSpirals(count: number, random: gt.Generator): Split {
  const radii = random.uniform([count], { low: 0.05, high: 1 }).data;
  const jitter = random.normal([count, 2], { mean: 0, stddev: noise }).data;
  const features = new Float32Array(2 * count);
  const labels = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const arm = i % arms;
    const radius = radii[i]!;
    const angle = 2 * Math.PI * (turns * radius + arm / arms);
    features[2 * i] = radius * Math.cos(angle) + jitter[2 * i]!;
    features[2 * i + 1] = radius * Math.sin(angle) + jitter[2 * i + 1]!;
    labels[i] = arm;
  }
  return { features, labels };
}

/** Three spiral arms in the unit disc, a class each: the smallest problem that a straight line cannot solve. */
export function makeSpirals(random: gt.Generator): Dataset {
  return {
    name: "spirals",
    classes: arms,
    shape: [2],
    scale: 1,
    train: drawSpirals(1500, random.split()),
    test: drawSpirals(600, random.split()),
  };
}
