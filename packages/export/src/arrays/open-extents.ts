import type { Shape } from "@gradtape/tensor";

/** An extent that only a run tells. */
export interface OpenExtent {
  readonly name: string;
  /** It is at most so much, where that is known. */
  readonly bound?: number;
  /** It is so many times another open extent. */
  readonly factor?: number;
  readonly base?: number;
}

// Divisible by what extents are divided by, so that shape rules find what they would find in a run; and larger than any
// extent that is known.
const STEP = 720_720;
const FIRST = 101;

/**
 * Open extents have numbers that stand for them while a graph is told again. The rules of shapes and layouts then need
 * to know nothing of them: what they come to is seen in the numbers that result.
 */
export class OpenExtents {
  private readonly known = new Map<number, OpenExtent>();
  private next = FIRST;

  /** The number that stands for a new open extent. */
  make(name: string, bound?: number): number {
    const number = STEP * this.next;
    this.next += 2;
    this.known.set(number, { name, ...(bound !== undefined && { bound }) });
    return number;
  }

  /** The open extent that a number stands for; multiples of one are told, too. `undefined` for plain numbers. */
  get(extent: number): OpenExtent | undefined {
    return this.known.get(extent) ?? this.multiple(extent);
  }

  /** True when a number comes of an open extent. */
  isOpen(extent: number): boolean {
    return this.known.size > 0 && extent >= STEP * FIRST - STEP;
  }

  /** True when a number comes of an open extent in a way that nothing here can tell. */
  isLost(extent: number): boolean {
    return this.isOpen(extent) && this.get(extent) === undefined;
  }

  anyOpen(shape: Shape): boolean {
    return shape.some((extent) => this.isOpen(extent));
  }

  private multiple(extent: number): OpenExtent | undefined {
    for (const [base, { name, bound }] of this.known) {
      const factor = extent / base;
      // A factor that is open itself would be written as the number that stands for it.
      if (!Number.isInteger(factor) || factor < 1 || this.isOpen(factor)) continue;
      return { name: `${factor}*${name}`, base, factor, ...(bound !== undefined && { bound: bound * factor }) };
    }
    return undefined;
  }
}
