import * as gt from "gradtape";
import type { MakeDigits } from "./make.ts";

/* Handwritten digits of 8 x 8 pixels in 17 shades, in random order. */
export const digits: MakeDigits = (random, count, images, labels) => {
  const order = gt.slice(random.permutation(labels.length), [0], [count]);
  const pixels = gt.tensor(Float32Array.from(images), { shape: [labels.length, 64] });
  const inputs = gt.div(gt.gather(pixels, order), 16);
  return { inputs, targets: gt.gather(gt.tensor(Int32Array.from(labels), { shape: [labels.length] }), order) };
};
