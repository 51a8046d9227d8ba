/** A stretch of memory, in bytes. */
interface Block {
  readonly at: number;
  readonly size: number;
}

/** Areas begin on cache lines. */
export const ALIGNMENT = 64;

const aligned = (size: number) => Math.max(1, Math.ceil(size / ALIGNMENT)) * ALIGNMENT;

/** Hands out areas of a memory, lowest first, and takes them back; neighbours that are free become one. */
export class Allocator {
  /** The free blocks below `end`, in order. */
  private readonly free: Block[] = [];
  private readonly used = new Map<number, number>();
  /** Everything from here on has never been handed out, or has been taken back. */
  end: number;

  constructor(begin: number) {
    this.end = Math.ceil(begin / ALIGNMENT) * ALIGNMENT;
  }

  /** Where an area of `size` bytes begins. The memory must reach to `end` before it is touched. */
  allocate(size: number): number {
    const wanted = aligned(size);
    const found = this.free.findIndex((block) => block.size >= wanted);
    const block = this.free[found];
    const at = block?.at ?? this.end;
    if (block === undefined) this.end += wanted;
    else if (block.size === wanted) this.free.splice(found, 1);
    else this.free[found] = { at: at + wanted, size: block.size - wanted };
    this.used.set(at, wanted);
    return at;
  }

  /** Takes back the area that begins at `at`. Throws a RangeError when there is none. */
  release(at: number): void {
    const { free } = this;
    let size = this.used.get(at);
    if (size === undefined) throw new RangeError(`Allocator: no area begins at ${at}`);
    this.used.delete(at);
    let place = this.firstBehind(at);
    const next = free[place];
    if (next !== undefined && at + size === next.at) {
      size += next.size;
      free.splice(place, 1);
    }
    const before = free[place - 1];
    if (before !== undefined && before.at + before.size === at) {
      place--;
      free.splice(place, 1);
      at = before.at;
      size += before.size;
    }
    if (at + size === this.end) this.end = at;
    else free.splice(place, 0, { at, size });
  }

  /** The place in the list of the first free block behind `at`. */
  private firstBehind(at: number): number {
    let [low, high] = [0, this.free.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.free[middle]!.at > at) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
