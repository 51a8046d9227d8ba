import { describe } from "../describe.ts";
import { ValueError } from "../errors.ts";
import { anything } from "../schema.ts";

export interface DatasetOptions {
  /** Examples in a batch. */
  batch: number;
  /** Whether each epoch has an order of its own, instead of that of the sources; false unless given. */
  shuffle?: boolean;
  /** Integer from 0 to 2^53 - 1: the same seed gives the same orders. Fresh and unpredictable when left out. */
  seed?: number | null;
  /** Epochs in a loop; 1 unless given, `Infinity` for a loop without end. */
  repeat?: number;
  /**
   * How many batches may be drawn while a batch is still in use; 0 unless given. With 0 each batch has memory of its own.
   * Else batches take turns in `prefetch + 1` places: a loop makes no garbage, and a batch is valid until `prefetch` more
   * have been drawn.
   */
  prefetch?: number;
  /** Whether examples at the end of an epoch that do not fill a batch are left out; false unless given. */
  dropRemainder?: boolean;
}

/** Options of the methods of a dataset. */
export const optionFields = {
  batch: anything,
  shuffle: anything,
  seed: anything,
  repeat: anything,
  prefetch: anything,
  dropRemainder: anything,
};

/** The options with their defaults, checked; the seed is left to the generator. */
export function checkOptions(
  op: string,
  options: DatasetOptions | undefined,
  examples: number,
): Required<DatasetOptions> {
  if (options === undefined) throw new TypeError(`${op}: expected options, got undefined; give at least { batch }`);
  const { batch, shuffle = false, seed = null, repeat = 1, prefetch = 0, dropRemainder = false } = options;
  checkWhole(op, "batch", batch, 1);
  if (repeat !== Number.POSITIVE_INFINITY) checkWhole(op, "repeat", repeat, 1);
  checkWhole(op, "prefetch", prefetch, 0);
  for (const [name, flag] of Object.entries({ shuffle, dropRemainder })) {
    if (typeof flag !== "boolean") throw new TypeError(`${op}: ${name} is ${describe(flag)}; use true or false`);
  }
  if (dropRemainder && batch > examples) {
    throw new ValueError(
      `${op}: ${examples} examples do not fill a batch of ${batch}, and the remainder is dropped; use a smaller batch`,
    );
  }
  return { batch, shuffle, seed, repeat, prefetch, dropRemainder };
}

function checkWhole(op: string, name: string, value: unknown, least: number): void {
  if (typeof value !== "number") {
    throw new TypeError(`${op}: ${name} is ${describe(value)}; use an integer of at least ${least}`);
  }
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new ValueError(`${op}: ${name} ${value} cannot be used; use an integer of at least ${least}`);
}
