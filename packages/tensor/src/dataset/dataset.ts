import { Printable } from "../printable.ts";
import { seeded } from "../random/generator.ts";
import { anything } from "../schema.ts";
import { defineFunction, defineMethods } from "../signature.ts";
import { checkOptions, type DatasetOptions, optionFields } from "./options.ts";
import { Order, type OrderKey } from "./order.ts";
import { Ring } from "./ring.ts";
import { Rows } from "./rows.ts";
import { type BatchOf, readSources, type SourceList, type Sources } from "./sources.ts";
import { checkState, type DatasetState } from "./state.ts";

/**
 * Batches of examples, in order or in a new random order for each epoch; `dataset(...)` makes one.
 *
 * A dataset is a place in an endless row of epochs, and whatever draws a batch moves it. A `for` loop goes on from there,
 * to the end of the epoch (of the `repeat`th one, counted from epoch 0). So a loop that is left early is finished by the
 * next one, and of two loops at once each batch goes to one.
 */
export class Dataset<B> extends Printable implements Iterable<B> {
  /** How many examples there are. */
  readonly examples: number;
  /** How many batches an epoch has. */
  readonly size: number;
  private readonly batch: number;
  private readonly repeat: number;
  /** With fewer rows left than these an epoch is over. */
  private readonly least: number;
  /** Whether a seed was asked for, so that no other will do. */
  private readonly fixed: boolean;
  private readonly ring: Ring<B>;
  private order: Order | null;

  static {
    defineMethods("Dataset", Dataset, { restore: [{ state: anything }] });
  }

  private epoch = 0;
  private position = 0;

  /** @internal */
  constructor({ tensors, examples, pack }: SourceList, given: DatasetOptions) {
    const { batch, shuffle, seed, repeat, prefetch, dropRemainder } = checkOptions("dataset", given, examples);
    super();
    const { key } = seeded("dataset", seed).state;
    this.examples = examples;
    this.size = dropRemainder ? Math.floor(examples / batch) : Math.ceil(examples / batch);
    this.batch = batch;
    this.repeat = repeat;
    this.least = dropRemainder ? batch : 1;
    this.fixed = seed !== null;
    this.order = shuffle ? new Order(key, examples) : null;
    const rows = tensors.map((tensor) => new Rows(tensor, shuffle));
    const whole = Math.min(batch, examples);
    this.ring = new Ring(rows, pack as (tensors: readonly unknown[]) => B, whole, prefetch === 0 ? 0 : prefetch + 1);
  }

  override toString(): string {
    return `<Dataset of ${this.examples} examples, ${this.size} batches: epoch ${this.epoch}, example ${this.position}>`;
  }

  /** Where the next batch begins, as plain JSON; `restore` goes on from there, in another process too. */
  get state(): DatasetState {
    const { epoch, position, examples, order } = this;
    return { epoch, position, examples, key: order === null ? null : [order.key[0], order.key[1]] };
  }

  /**
   * Goes on where the dataset with `state` stood: the next batches are those it would have given. Without a `seed` of its
   * own the dataset takes over that of the state. The batch size may be another: the order of the examples is the same.
   *
   * Throws a ValueError for a state of another number of examples, another `shuffle` or another seed.
   */
  restore(state: DatasetState): void {
    checkState("restore", state, this.state, this.fixed);
    const { epoch, position, key } = state;
    if (key !== null && !sameKey(key, this.order!.key)) this.order = new Order([key[0], key[1]], this.examples);
    this.epoch = epoch;
    this.position = position;
    this.settle();
  }

  /** A loop from here to the end of the epoch, or of as many epochs as `repeat` says. */
  [Symbol.iterator](): IterableIterator<B> {
    const end = (Math.floor(this.epoch / this.repeat) + 1) * this.repeat;
    return new Loop(() => (this.epoch < end ? this.draw() : null));
  }

  private draw(): B {
    const { epoch, position, examples } = this;
    const rows = Math.min(this.batch, examples - position);
    const batch = this.ring.fill(this.order === null ? null : this.order.of(epoch), position, rows);
    this.position = position + rows;
    this.settle();
    return batch;
  }

  private settle(): void {
    if (this.examples - this.position >= this.least) return;
    this.epoch++;
    this.position = 0;
  }
}

/** Hands out batches in one and the same result object, so that a loop makes no garbage. */
class Loop<B> implements IterableIterator<B> {
  private readonly draw: () => B | null;
  private readonly result: { done: boolean; value: B | undefined } = { done: false, value: undefined };

  constructor(draw: () => B | null) {
    this.draw = draw;
  }

  next(): IteratorResult<B> {
    const { result } = this;
    const batch = result.done ? null : this.draw();
    result.done = batch === null;
    result.value = batch ?? undefined;
    return result as IteratorResult<B>;
  }

  [Symbol.iterator](): this {
    return this;
  }
}

function sameKey(a: OrderKey, b: OrderKey): boolean {
  return a[0] === b[0] && a[1] === b[1];
}

/**
 * Batches over `sources`: tensors or what a tensor can be made from, whose first axis counts examples. From a list come
 * lists of tensors, from an object objects, from one tensor tensors.
 *
 * ```ts
 * const data = dataset({ x: images, y: labels }, { batch: 64, shuffle: true, seed: 7, prefetch: 2 });
 * for (const { x, y } of data) step(x, y); // one epoch
 * ```
 *
 * The order of an epoch follows from the seed and its number alone, not from the batch size. Typed arrays and nested arrays
 * are copied, tensors are not.
 *
 * Throws a ValueError for sources of different lengths and for options that cannot be used.
 */
export const dataset = defineFunction(
  "dataset",
  { sources: anything },
  optionFields,
  <const S extends Sources>(sources: S, options: DatasetOptions): Dataset<BatchOf<S>> =>
    new Dataset<BatchOf<S>>(readSources("dataset", sources), options),
);
