import * as gt from "gradtape";
import type { MakeExamples } from "./make.ts";

/* Words 0 to 39, the first seen often and the last hardly ever. Every other word is of class 1. */
export const words: MakeExamples = (random, count, noise) => {
  const drawn = random.uniform([count]);
  const inputs = gt.cast(gt.floor(gt.mul(gt.mul(drawn, drawn), gt.mul(drawn, 40))), "int32");
  const classOfWord = gt.tensor(Array.from({ length: 40 }, (_, i) => [i % 2]));
  const flipped = gt.cast(gt.less(random.uniform([count, 1]), noise / 2), "float32");
  return { inputs, targets: gt.abs(gt.sub(gt.gather(classOfWord, inputs), flipped)) };
};
