import { allocate } from "../memory.ts";
import { sizeOf } from "../shape.ts";
import { type EagerTensor, fromData } from "../tensor.ts";
import { type Rows, type Words, wordsOf } from "./rows.ts";

/** The tensors of a batch, and their memory. */
interface Filled<B> {
  readonly rows: number;
  readonly batch: B;
  readonly tensors: readonly EagerTensor[];
  readonly words: readonly Words[];
}

interface Slot<B> {
  readonly whole: Filled<B>;
  /** The beginning of `whole`, for a batch of fewer rows. */
  short: Filled<B> | null;
}

/** Where batches are put: in `slots` places one after the other and over again, or in new memory each if there are none. */
export class Ring<B> {
  private readonly sources: readonly Rows[];
  private readonly pack: (tensors: readonly EagerTensor[]) => B;
  private readonly batch: number;
  private readonly slots: Slot<B>[] = [];
  private readonly length: number;
  private next = 0;

  constructor(sources: readonly Rows[], pack: (tensors: readonly EagerTensor[]) => B, batch: number, slots: number) {
    this.sources = sources;
    this.pack = pack;
    this.batch = batch;
    this.length = slots;
  }

  /** A batch of the `rows` rows that stand from `first` on in `order`. */
  fill(order: Int32Array | null, first: number, rows: number): B {
    const { sources } = this;
    const filled = this.length === 0 ? this.make(rows) : this.take(rows);
    for (let i = 0; i < sources.length; i++) sources[i]!.copy(filled.words[i]!, order, first, rows);
    return filled.batch;
  }

  private take(rows: number): Filled<B> {
    const { slots, next } = this;
    if (next === slots.length) slots.push({ whole: this.make(this.batch), short: null });
    this.next = next + 1 === this.length ? 0 : next + 1;
    const slot = slots[next]!;
    if (rows === this.batch) return slot.whole;
    if (slot.short?.rows !== rows) slot.short = this.make(rows, slot.whole);
    return slot.short;
  }

  private make(rows: number, whole?: Filled<B>): Filled<B> {
    const tensors = this.sources.map(({ dtype, shape }, i) => {
      const size = rows * sizeOf(shape);
      const data = whole === undefined ? allocate(dtype, size) : whole.tensors[i]!.buffer.subarray(0, size);
      return fromData(dtype, [rows, ...shape], data);
    });
    return { rows, tensors, words: tensors.map(({ buffer }) => wordsOf(buffer)), batch: this.pack(tensors) };
  }
}
