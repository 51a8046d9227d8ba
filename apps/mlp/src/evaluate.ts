import type { Batches } from "./batches.ts";
import type { Learner, TestResult } from "./learner.ts";
import { pauseKeeper } from "./loop.ts";

/** What a model makes of a whole test set: the class of every example, and the mean loss. */
export async function evaluate(learner: Learner, data: Batches): Promise<TestResult> {
  const classes = new Int32Array(data.examples);
  const pause = pauseKeeper();
  let start = 0;
  let loss = 0;
  for (const [inputs, labels] of data) {
    const result = learner.test(inputs, labels);
    classes.set(result.classes, start);
    loss += result.loss * labels.size;
    start += labels.size;
    await pause();
  }
  return { classes, loss: loss / start };
}

/** In how many places two lists agree. */
export function countEqual(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let equal = 0;
  for (let i = 0; i < a.length; i++) if (a[i] === b[i]) equal++;
  return equal;
}
