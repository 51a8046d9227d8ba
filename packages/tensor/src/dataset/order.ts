import { Generator } from "../random/generator.ts";
import { philox } from "../random/philox.ts";

/** Two 32-bit words that stand for a seed. */
export type OrderKey = readonly [number, number];

/** The order of the examples in every epoch. What it is in an epoch follows from its key and the number of the epoch. */
export class Order {
  readonly key: OrderKey;
  private readonly rows: Int32Array;
  private epoch = -1;

  constructor(key: OrderKey, examples: number) {
    this.key = key;
    this.rows = new Int32Array(examples);
  }

  /** The rows in the order of `epoch`. The array is used again for the next one. */
  of(epoch: number): Int32Array {
    if (epoch !== this.epoch) {
      // The state of a generator that has been split `epoch` times.
      const parent = Generator.fromState({ algorithm: "philox4x32-10", key: this.key, counter: epoch });
      shuffle(this.rows, parent.split().state.key);
      this.epoch = epoch;
    }
    return this.rows;
  }
}

/**
 * Fills `rows` with its indices in random order: `permutation` of the generator with this key, without the garbage that
 * its source of words makes.
 */
function shuffle(rows: Int32Array, key: OrderKey): void {
  const block = new Uint32Array(4);
  const counter: [number, number, number, number] = [0, 0, 0, 0];
  let used = 4;
  for (let i = 0; i < rows.length; i++) rows[i] = i;
  for (let last = rows.length - 1; last > 0; last--) {
    const bound = last + 1;
    // Words past the last whole multiple would make small numbers likelier.
    const limit = 2 ** 32 - (2 ** 32 % bound);
    let drawn: number;
    do {
      if (used === 4) {
        philox(block, counter, key);
        counter[0]++;
        used = 0;
      }
      drawn = block[used++]!;
    } while (drawn >= limit);
    const chosen = drawn % bound;
    const kept = rows[last]!;
    rows[last] = rows[chosen]!;
    rows[chosen] = kept;
  }
}
