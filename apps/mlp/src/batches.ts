import * as gt from "gradtape";

/** Inputs and labels, batch by batch. A batch is valid until the second one after it is drawn. */
export type Batches = gt.Dataset<readonly [gt.EagerTensor, gt.EagerTensor]>;

type Split = readonly [gt.EagerTensor, gt.EagerTensor];

// A batch that still lies on the way to a step must not be written over by the next.
const prefetch = 1;
const rowsAtOnce = 500;

/** Batches to learn from, in a new order in each epoch, all of which follow from one number drawn from `random`. */
export function trainingBatches(split: Split, batch: number, random: gt.Generator): Batches {
  const seed = Number(random.uniform([], { low: 0, high: 2 ** 31 - 1, dtype: "int32" }).item());
  return gt.dataset(split, { batch, shuffle: true, seed, prefetch });
}

/** Batches to be tested on, in order: all of one size but the last. */
export function testBatches(split: Split): Batches {
  return gt.dataset(split, { batch: rowsAtOnce, prefetch });
}
