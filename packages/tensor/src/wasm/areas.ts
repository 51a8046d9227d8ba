import { Allocator } from "./allocator.ts";

/** A stretch of memory that its owner has until others need it more. */
export class Area {
  /** The address at which it begins, in bytes; -1 when it has no place. */
  at = -1;
  readonly bytes: number;
  /** The time of its last use. */
  used = 0;

  constructor(bytes: number) {
    this.bytes = bytes;
  }

  /** Called before the memory goes to others. An area does not know its owner, so that a dead one may be collected. */
  leave(): void {}
}

/** No area lies below this address, so that 0 is no address. */
const RESERVED = 64;

/** A memory of up to this many bytes grows without taking back unused areas. */
const SMALL = 2 ** 28;

/**
 * The areas of a memory that grows and never shrinks. Finalizers do not run while a program computes, so nothing here
 * waits for them. Before the memory grows, an area is taken back when half of the present size was asked for since its
 * last use. When the memory cannot grow, the areas that were used least recently are taken back.
 *
 * Time is counted in bytes asked for, and steps that asked.
 */
export class Areas {
  time = 0;
  /** Counts areas that were given and taken back. As long as it stays the same, all areas stay in their places. */
  changes = 0;
  /** Areas used since this time are in use and stay. */
  private since = 0;
  private readonly allocator = new Allocator(RESERVED);
  private readonly leased = new Set<Area>();
  private readonly size: () => number;
  private readonly grow: (end: number) => boolean;
  private readonly returning = new FinalizationRegistry<Area>((area) => this.end(area));

  /** `size` returns the size of the memory; `grow` makes it reach to an address if it can. */
  constructor(size: () => number, grow: (end: number) => boolean) {
    this.size = size;
    this.grow = grow;
  }

  /** Begins a step: what it uses stays until the next one begins. */
  begin(): void {
    this.since = ++this.time;
  }

  /** Gives `area` a place, until others need it while it is not in use. Answers false when there is no room. */
  lease(area: Area): boolean {
    const at = this.allocate(area.bytes);
    if (at === null) return false;
    area.at = at;
    area.used = this.time;
    this.leased.add(area);
    this.changes++;
    return true;
  }

  /** Gives `area` a place for good. */
  reserve(area: Area): boolean {
    const found = this.lease(area);
    area.used = Number.POSITIVE_INFINITY;
    return found;
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
    this.changes++;
    this.leased.delete(area);
    this.returning.unregister(area);
  }

  /** Takes back all areas that have not been used since `time`, what is in use excepted. */
  takeBack(time: number): void {
    for (const area of this.leased) if (area.used <= Math.min(time, this.since - 1)) this.evict(area);
  }

  /** The address of `bytes` free bytes; `null` when there is not so much, even if areas are taken back. */
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
    area.leave();
    this.end(area);
  }
}
