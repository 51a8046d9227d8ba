import * as gt from "gradtape";
import type { ReadExamples } from "./make.ts";

/* Points of one's own, in random order: three 16-bit integers each, x, y and the target; lengths in units of 1/8192. */
export const own: ReadExamples = (random, packed) => {
  const [kind, bytes] = [packed[0], Uint8Array.from(atob(packed.slice(2)), (letter) => letter.charCodeAt(0))];
  const numbers = gt.tensor(Float32Array.from(new Int16Array(bytes.buffer)), { shape: [bytes.length / 6, 3] });
  const rows = gt.gather(numbers, random.permutation(bytes.length / 6));
  const inputs = gt.div(gt.slice(rows, [0, 0], [-1, 2]), 8192);
  const targets = gt.slice(rows, [0, 2], [-1, 1]);
  if (kind === "r") return { inputs, targets: gt.div(targets, 8192) };
  return { inputs, targets: kind === "2" ? targets : gt.cast(gt.squeeze(targets, { axis: 1 }), "int32") };
};
