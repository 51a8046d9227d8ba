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
  private free: Block[] = [];
  private readonly used = new Map<number, number>();
  /** Everything from here on has never been handed out, or has been taken back. */
  end: number;

  constructor(begin: number) {
    this.end = aligned(begin);
  }

  /** Where an area of `size` bytes begins. The memory must reach to `end` before it is touched. */
  allocate(size: number): number {
    const wanted = aligned(size);
    const found = this.free.findIndex((block) => block.size >= wanted);
    const block = this.free[found];
    const at = block?.at ?? this.end;
    if (block === undefined) this.end += wanted;
    else this.free.splice(found, 1, ...(block.size === wanted ? [] : [{ at: at + wanted, size: block.size - wanted }]));
    this.used.set(at, wanted);
    return at;
  }

  /** Takes back the area that begins at `at`. Throws a RangeError when there is none. */
  release(at: number): void {
    const size = this.used.get(at);
    if (size === undefined) throw new RangeError(`Allocator: no area begins at ${at}`);
    this.used.delete(at);
    const next = this.free.findIndex((block) => block.at > at);
    this.free.splice(next < 0 ? this.free.length : next, 0, { at, size });
    this.free = this.free.reduce<Block[]>((merged, block) => {
      const last = merged[merged.length - 1];
      if (last !== undefined && last.at + last.size === block.at)
        merged[merged.length - 1] = { at: last.at, size: last.size + block.size };
      else merged.push(block);
      return merged;
    }, []);
    const last = this.free[this.free.length - 1];
    if (last !== undefined && last.at + last.size === this.end) {
      this.free.pop();
      this.end = last.at;
    }
  }
}
