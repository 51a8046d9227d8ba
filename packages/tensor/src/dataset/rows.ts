import type { TypedData } from "../dtype.ts";
import { type Shape, sizeOf } from "../shape.ts";
import type { EagerTensor } from "../tensor.ts";

/** Elements as bits, so that copying them cannot change a NaN and compiles to one loop for all dtypes. */
export type Words = Int32Array | Uint8Array;

/** The memory of `data` as words: as many to an element whatever the element is worth. */
export function wordsOf(data: TypedData): Words {
  if (data instanceof Uint8Array) return data;
  return new Int32Array(data.buffer, data.byteOffset, data.byteLength / 4);
}

// From here on a call of `set` is faster than a loop. It needs a view of each row, which weighs about 100 bytes.
const LONG = 64;

/** The examples of one source, and how they are brought into a batch. */
export class Rows {
  readonly dtype: EagerTensor["dtype"];
  /** Shape of one example. */
  readonly shape: Shape;
  private readonly words: Words;
  private readonly width: number;
  /** One view of each row, made once: a view made for each copy would be garbage. */
  private readonly views: readonly Words[] | null;
  /** The views of neighbouring rows that have been copied in one piece, by their first row. */
  private readonly pieces = new Map<number, Words>();

  constructor(source: EagerTensor, shuffled: boolean) {
    const [examples, ...shape] = source.shape as [number, ...number[]];
    const { data } = source;
    this.dtype = source.dtype;
    this.shape = shape;
    this.words = wordsOf(data);
    this.width = sizeOf(shape) * (this.words.length / Math.max(1, data.length));
    const { words, width } = this;
    this.views =
      shuffled && width >= LONG
        ? Array.from({ length: examples }, (_, row) => words.subarray(row * width, (row + 1) * width))
        : null;
  }

  /** Copies `count` rows, beginning with the one at `first` of `order` (of the source where there is none). */
  copy(target: Words, order: Int32Array | null, first: number, count: number): void {
    const { words, width, views } = this;
    if (order === null) target.set(this.piece(first, count));
    else if (views !== null) copyViews(target, views, width, order, first, count);
    else copyWords(target, words, width, order, first, count);
  }

  private piece(first: number, count: number): Words {
    const { words, width, pieces } = this;
    let piece = pieces.get(first);
    if (piece?.length !== count * width) {
      piece = words.subarray(first * width, (first + count) * width);
      pieces.set(first, piece);
    }
    return piece;
  }
}

function copyViews(
  target: Words,
  views: readonly Words[],
  width: number,
  order: Int32Array,
  first: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) target.set(views[order[first + i]!]!, i * width);
}

function copyWords(target: Words, words: Words, width: number, order: Int32Array, first: number, count: number): void {
  for (let i = 0, to = 0; i < count; i++) {
    let from = order[first + i]! * width;
    const end = to + width;
    for (const fours = end - 3; to < fours; to += 4, from += 4) {
      target[to] = words[from]!;
      target[to + 1] = words[from + 1]!;
      target[to + 2] = words[from + 2]!;
      target[to + 3] = words[from + 3]!;
    }
    while (to < end) target[to++] = words[from++]!;
  }
}
