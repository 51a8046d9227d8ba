import { Allocator } from "./allocator.ts";

/** A stretch of memory that its owner has until others need it more. */
export class Area {
  /** Where it begins, in bytes; -1 once it has been taken back. */
  at: number;
  readonly bytes: number;
  /** The time of its last use. */
  used: number;
  /** What its owner does before the memory goes to others. It must not hold on to the owner, so that this may be collected. */
  readonly leaving: (() => void) | null;

  /** @internal */
  constructor(at: number, bytes: number, used: number, leaving: (() => void) | null) {
    this.at = at;
    this.bytes = bytes;
    this.used = used;
    this.leaving = leaving;
  }
}

/** Addresses below this are nobody's, so that 0 is no address. */
const RESERVED = 64;

/** A memory of up to this many bytes grows without asking who has not been seen for long. */
const SMALL = 2 ** 28;

/**
 * Who has which part of a memory that grows and never shrinks. Finalizers do not run while a program computes, so nothing
 * here waits for them: an area that was not used while half as much as there is was asked for is taken back before the memory
 * grows any more; and when it cannot grow, the areas that were used least recently are.
 *
 * Time is counted in bytes asked for, and steps begun.
 */
export class Areas {
  time = 0;
  /** What was used since then is in use: it stays. */
  private since = 0;
  private readonly allocator = new Allocator(RESERVED);
  private readonly leased = new Set<Area>();
  private readonly size: () => number;
  private readonly grow: (end: number) => boolean;
  private readonly returning = new FinalizationRegistry<Area>((area) => this.end(area));

  /** `size` says how large the memory is, `grow` makes it reach to an address if it can. */
  constructor(size: () => number, grow: (end: number) => boolean) {
    this.size = size;
    this.grow = grow;
  }

  /** Begins a step: what it uses stays until the next one begins. */
  begin(): void {
    this.since = ++this.time;
  }

  /** An area that may be taken back whenever it is not in use; `leaving` is called before. `null` when there is no room. */
  lease(bytes: number, leaving: (() => void) | null = null): Area | null {
    const at = this.allocate(bytes);
    if (at === null) return null;
    const area = new Area(at, bytes, this.time, leaving);
    this.leased.add(area);
    return area;
  }

  /** An area that is never taken back. */
  reserve(bytes: number): Area | null {
    const area = this.lease(bytes);
    if (area !== null) area.used = Number.POSITIVE_INFINITY;
    return area;
  }

  /** Ends a lease when `owner` is gone. */
  keepFor(owner: object, area: Area): void {
    this.returning.register(owner, area, area);
  }

  /** Gives an area back; nothing happens when that has been done. What is in it is lost. */
  end(area: Area): void {
    if (area.at < 0) return;
    this.allocator.release(area.at);
    area.at = -1;
    this.leased.delete(area);
    this.returning.unregister(area);
  }

  /** Takes back all areas that have not been used since `time`, what is in use excepted. */
  takeBack(time: number): void {
    for (const area of this.leased) if (area.used <= Math.min(time, this.since - 1)) this.evict(area);
  }

  /** Where `bytes` bytes begin; `null` when there is not so much, whoever gives way. */
  private allocate(bytes: number): number | null {
    let at = this.allocator.allocate(bytes);
    if (this.allocator.end > Math.max(SMALL, this.size())) {
      this.allocator.release(at);
      this.takeBack(this.time - Math.max(SMALL, this.size()) / 2);
      at = this.allocator.allocate(bytes);
    }
    while (!this.grow(this.allocator.end)) {
      this.allocator.release(at);
      if (!this.takeBackOldest()) return null;
      at = this.allocator.allocate(bytes);
    }
    this.time += bytes;
    return at;
  }

  /** Takes back the area that was used least recently. Answers false when all are in use. */
  private takeBackOldest(): boolean {
    let oldest: Area | null = null;
    for (const area of this.leased) {
      if (area.used < this.since && (oldest === null || area.used < oldest.used)) oldest = area;
    }
    if (oldest !== null) this.evict(oldest);
    return oldest !== null;
  }

  private evict(area: Area): void {
    area.leaving?.();
    this.end(area);
  }
}
