import { machine } from "../wasm/machine.ts";
import { type Key, philox } from "./philox.ts";

/** Blocks that a stream makes one by one before it takes many at once. */
const FEW = 64;

/** Blocks made at once. */
const MANY = 1024;

/**
 * The blocks of random words that belong to one key: a few by JavaScript, a long run of them by the machine, a thousand at a
 * time. The words are the same.
 */
export class Blocks {
  private readonly key: Key;
  private words = new Uint32Array(4);
  private first = 0;
  private count = 0;
  private made = 0;

  constructor(key: Key) {
    this.key = key;
  }

  /** Word `word` (0 to 3) of the block of a counter. */
  read(counter: number, word: number): number {
    const at = counter - this.first;
    if (at >= 0 && at < this.count) return this.words[4 * at + word]!;
    this.make(counter);
    return this.words[word]!;
  }

  private make(counter: number): void {
    this.first = counter;
    const [low, high] = [counter >>> 0, Math.floor(counter / 2 ** 32)];
    this.made++;
    const engine = this.made > FEW ? machine() : null;
    const memory = engine?.scratch([4 * MANY]) ?? null;
    if (engine === null || memory === null) {
      this.count = 1;
      philox(this.words, [low, high, 0, 0], this.key);
      return;
    }
    const begin = memory.at[0]!;
    engine.library.philox(this.key[0], this.key[1], low, high, MANY, 4 * begin);
    if (this.words.length < 4 * MANY) this.words = new Uint32Array(4 * MANY);
    this.words.set(memory.ints.subarray(begin, begin + 4 * MANY));
    this.count = MANY;
  }
}
