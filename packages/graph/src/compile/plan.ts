import { Allocator, elementBytes } from "@gradtape/tensor";
import type { Kernel } from "./fuse.ts";
import type { Buffer, Value } from "./values.ts";

/** Areas begin on cache lines. */
const ALIGNMENT = 64;

/** Something that needs memory from one kernel to another, both included. */
export interface Lifetime {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

/** Where things lie in an arena, and how large it is. */
export interface Arena {
  readonly offsets: readonly number[];
  readonly bytes: number;
  /** What it would be if nothing shared memory. */
  readonly naive: number;
}

const aligned = (bytes: number) => Math.max(1, Math.ceil(bytes / ALIGNMENT)) * ALIGNMENT;

/** For more lifetimes than this the search for the lowest places would take most of the time. */
const MANY = 2000;

/**
 * Lays lifetimes into one arena, the largest first, each at the lowest place that is free as long as it lives. Many are laid
 * out in the order of their beginnings instead, each where there is room at that moment.
 */
export function layOut(lifetimes: readonly Lifetime[]): Arena {
  return lifetimes.length > MANY ? byBeginning(lifetimes) : bySize(lifetimes);
}

function byBeginning(lifetimes: readonly Lifetime[]): Arena {
  const allocator = new Allocator(0);
  const offsets = new Array<number>(lifetimes.length).fill(0);
  const order = lifetimes.map((_, i) => i).sort((a, b) => lifetimes[a]!.first - lifetimes[b]!.first || a - b);
  const endings = [...order].sort((a, b) => lifetimes[a]!.last - lifetimes[b]!.last);
  let ended = 0;
  let bytes = 0;
  for (const i of order) {
    while (lifetimes[endings[ended]!]!.last < lifetimes[i]!.first) allocator.release(offsets[endings[ended++]!]!);
    offsets[i] = allocator.allocate(lifetimes[i]!.bytes);
    bytes = Math.max(bytes, allocator.end);
  }
  return { offsets, bytes, naive: naiveBytes(lifetimes) };
}

const naiveBytes = (lifetimes: readonly Lifetime[]) => lifetimes.reduce((sum, { bytes }) => sum + aligned(bytes), 0);

function bySize(lifetimes: readonly Lifetime[]): Arena {
  const offsets = new Array<number>(lifetimes.length).fill(0);
  const placed: { readonly from: number; readonly to: number; readonly lifetime: Lifetime }[] = [];
  const largestFirst = lifetimes
    .map((lifetime, i) => ({ lifetime, i }))
    .sort((a, b) => b.lifetime.bytes - a.lifetime.bytes || a.i - b.i);
  for (const { lifetime, i } of largestFirst) {
    const size = aligned(lifetime.bytes);
    const busy = placed
      .filter((other) => lifetime.first <= other.lifetime.last && other.lifetime.first <= lifetime.last)
      .sort((a, b) => a.from - b.from);
    let from = 0;
    for (const other of busy) {
      if (other.from - from >= size) break;
      from = Math.max(from, other.to);
    }
    offsets[i] = from;
    placed.push({ from, to: from + size, lifetime });
  }
  return {
    offsets,
    bytes: placed.reduce((end, { to }) => Math.max(end, to), 0),
    naive: naiveBytes(lifetimes),
  };
}

/** The memory of a step: where each buffer lies, variables and constants excepted, which have places of their own. */
export interface MemoryPlan {
  readonly arena: Arena;
  readonly lifetimes: ReadonlyMap<Buffer, Lifetime>;
  offsetOf(buffer: Buffer): number;
  /** Where the work area of a kernel begins. */
  workOf(kernel: number): number;
  /** Everything that has a place: buffers and work areas. */
  areas(): Area[];
}

/** A part of the arena, as long as it is taken. */
export interface Area extends Lifetime {
  readonly what: string;
  readonly at: number;
}

export const bytesOf = ({ dtype, size }: Buffer): number => size * elementBytes(dtype);

/**
 * Plans the memory of `kernels`: what is `always` there lives throughout, results to the end, the rest from its maker to
 * its last reader. `work` is how many bytes each kernel needs for itself.
 */
export function planMemory(
  kernels: readonly Kernel[],
  always: readonly Buffer[],
  fetched: readonly Value[],
  work: readonly number[],
): MemoryPlan {
  const end = kernels.length;
  const spans = new Map<Buffer, { first: number; last: number }>();
  const touch = (buffer: Buffer, at: number) => {
    if (buffer.kind === "state" || buffer.kind === "constant") return;
    const span = spans.get(buffer);
    if (span === undefined) spans.set(buffer, { first: at, last: at });
    else span.last = Math.max(span.last, at);
  };
  for (const buffer of always) {
    touch(buffer, 0);
    touch(buffer, end);
  }
  kernels.forEach(({ reads, makes, counts }, i) => {
    for (const { buffer } of makes) touch(buffer, i);
    if (counts !== null) touch(counts.cell, i);
    for (const { buffer, count } of reads) {
      touch(buffer, i);
      if (count !== null) touch(count.cell, i);
    }
  });
  for (const { buffer, count } of fetched) {
    touch(buffer, end);
    if (count !== null) touch(count.cell, end);
  }
  const lifetimes = new Map([...spans].map(([buffer, span]) => [buffer, { bytes: bytesOf(buffer), ...span }] as const));
  const areas = work.map((bytes, i): Lifetime => ({ bytes, first: i, last: i }));
  const arena = layOut([...lifetimes.values(), ...areas]);
  const offsets = new Map([...lifetimes.keys()].map((buffer, i) => [buffer, arena.offsets[i]!]));
  return {
    arena,
    lifetimes,
    offsetOf: (buffer) => offsets.get(buffer)!,
    workOf: (kernel) => arena.offsets[lifetimes.size + kernel]!,
    areas() {
      const buffers = [...lifetimes].map(([{ id }, lifetime]) => ({ what: `buffer ${id}`, ...lifetime }));
      const works = areas.map((area, i) => ({ what: `the work area of kernel ${i}`, ...area }));
      return [...buffers, ...works].map((area, i) => ({ ...area, at: arena.offsets[i]! }));
    },
  };
}
