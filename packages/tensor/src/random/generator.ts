import { describe, formatRecord } from "../describe.ts";
import { ValueError } from "../errors.ts";
import { Printable } from "../printable.ts";
import { anything, isPlainObject } from "../schema.ts";
import type { Shape } from "../shape.ts";
import { defineFunction, defineMethods } from "../signature.ts";
import type { EagerTensor } from "../tensor.ts";
import { Blocks } from "./blocks.ts";
import * as distributions from "./distributions.ts";
import type { Key } from "./philox.ts";
import { checkDraw, repeatedBy } from "./repetition.ts";

/** Where a generator stands, as plain JSON. */
export interface GeneratorState {
  readonly algorithm: "philox4x32-10";
  /** Two 32-bit words, low word first: the seed, or what `split` derived. */
  readonly key: readonly [number, number];
  /** Number of blocks of four words used so far. */
  readonly counter: number;
}

/**
 * A source of reproducible random tensors: the same seed and the same calls give the same bits, on every machine.
 * `generator(seed)` makes one. Each draw starts on a fresh block of Philox4x32-10, so `state` is a key and a counter.
 */
export class Generator extends Printable {
  #key: Key;
  #counter: number;
  readonly #madeBy = repeatedBy();

  static {
    const { uniformFields, normalFields } = distributions;
    defineMethods("Generator", Generator, {
      restore: [{ state: anything }],
      uniform: [{ shape: anything }, uniformFields],
      normal: [{ shape: anything }, normalFields],
      truncatedNormal: [{ shape: anything }, normalFields],
      permutation: [{ n: anything }],
      split: [{}],
    });
  }

  private constructor(key: Key, counter: number) {
    super();
    this.#key = key;
    this.#counter = counter;
  }

  override toString(): string {
    const { algorithm, key, counter } = this.state;
    return `<Generator ${algorithm} key=${key} counter=${counter}>`;
  }

  /** A generator that goes on where the one with `state` stood. Throws a ValueError for what is not such a state. */
  static fromState(state: GeneratorState): Generator {
    const { key, counter } = checkState("Generator.fromState", state);
    return new Generator([key[0], key[1]], counter);
  }

  /** Goes on where the generator with `state` stood. Throws a ValueError for what is not such a state. */
  restore(state: GeneratorState): void {
    const { key, counter } = checkState("restore", state);
    this.#key = [key[0], key[1]];
    this.#counter = counter;
  }

  /** A copy of where the generator stands now; `restore` and `Generator.fromState` take it up again. */
  get state(): GeneratorState {
    return { algorithm: "philox4x32-10", key: [this.#key[0], this.#key[1]], counter: this.#counter };
  }

  /** Values uniformly distributed over [low, high); integers for dtype int32. */
  uniform(shape: Shape, options: distributions.UniformOptions = {}): EagerTensor {
    return distributions.uniform("uniform", this.words(), shape, options);
  }

  /** Normally distributed values. */
  normal(shape: Shape, options: distributions.NormalOptions = {}): EagerTensor {
    return distributions.normal("normal", this.words(), shape, options);
  }

  /** Normally distributed values, those further than two `stddev` from `mean` drawn again. */
  truncatedNormal(shape: Shape, options: distributions.NormalOptions = {}): EagerTensor {
    return distributions.truncatedNormal("truncatedNormal", this.words(), shape, options);
  }

  /** The integers 0 to `n` - 1 in random order, as int32. */
  permutation(n: number): EagerTensor {
    return distributions.permutation("permutation", this.words(), n);
  }

  /** A child with a stream of its own. What the child draws does not touch this generator, nor the other way round. */
  split(): Generator {
    const word = this.words();
    return new Generator([word(), word()], 0);
  }

  /** Random 32-bit words, beginning with a fresh block. */
  words(): () => number {
    checkDraw(this.#madeBy);
    const blocks = new Blocks(this.#key);
    let counter = 0;
    let used = 4;
    return () => {
      if (used === 4) {
        counter = this.#counter++;
        used = 0;
      }
      return blocks.read(counter, used++);
    };
  }
}

function checkState(op: string, state: GeneratorState): GeneratorState {
  const { algorithm, key, counter } = (isPlainObject(state) ? state : {}) as GeneratorState;
  const words = Array.isArray(key) && key.length === 2 && key.every((word) => word === word >>> 0);
  if (algorithm === "philox4x32-10" && words && Number.isSafeInteger(counter) && counter >= 0) return state;
  throw new ValueError(
    `${op}: not the state of a generator: ${isPlainObject(state) ? formatRecord(state) : describe(state)}; use one that \`state\` gave`,
  );
}

/** A generator that starts from `seed`, an integer from 0 to 2^53 - 1. */
export const generator = defineFunction(
  "generator",
  { seed: anything },
  undefined,
  (seed: number): Generator => seeded("generator", seed),
);

/** `generator`, speaking in the name of `op`; without a seed a fresh, unpredictable one. */
export function seeded(op: string, seed: number | null | undefined): Generator {
  const fresh = seed === null || seed === undefined;
  if (fresh) checkDraw(null);
  const key = fresh ? crypto.getRandomValues(new Uint32Array(2)) : words(op, seed);
  return Generator.fromState({ algorithm: "philox4x32-10", key: [key[0]!, key[1]!], counter: 0 });
}

function words(op: string, seed: number): Key {
  if (typeof seed !== "number") throw new TypeError(`${op}: a seed is a number, got ${describe(seed)}`);
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new ValueError(`${op}: ${seed} is not a seed; use an integer from 0 to 2^53 - 1`);
  }
  return [seed >>> 0, Math.floor(seed / 2 ** 32)];
}
