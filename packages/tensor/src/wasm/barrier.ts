import {
  drop,
  i32,
  i64,
  ifElse,
  instruction,
  type Local,
  leave,
  load,
  op,
  type Statement,
  type Value,
  type WasmFunction,
  type WasmModule,
  whileDo,
} from "./assembler.ts";

/*
 * How threads wait for each other. Each has a counter on a cache line of its own, which it raises when it arrives; it has
 * passed when all other counters have come as far.
 */

/** Cells of the control block, in bytes from its beginning. */
export const control = {
  /** Raised by the first thread to start a step. */
  go: 0,
  /** Which module to run, where its bytes lie and how many there are. */
  job: 4,
  bytesAt: 8,
  bytesLength: 12,
  /** Not 0 when a thread has failed. */
  failed: 16,
  /** The counter of thread t lies at `counters + t * 64`. */
  counters: 64,
  size: (threads: number) => 64 * (1 + threads),
};

/**
 * A wait that does not end within about a millisecond turns from looking all the time to looking ten thousand times a
 * second. Not earlier: two threads that keep falling asleep look idle to the system, which then leaves both on one processor.
 */
const SPINS = 1_000_000;
const NANOSECONDS = 100_000;

/**
 * Adds `barrier(thread)`, which gives 0 when all `threads` have arrived, 1 when one has failed or has not come within
 * `seconds`. `sleeps` where a thread may be put to sleep.
 */
export function addBarrier(
  module: WasmModule,
  { at, threads, seconds, sleeps }: { at: number; threads: number; seconds: number; sleeps: boolean },
): WasmFunction {
  const barrier = module.function(["i32"], "i32");
  const [thread] = barrier.params as [Local];
  const [own, target, other, spins] = Array.from({ length: 4 }, () => barrier.local("i32")) as [
    Local,
    Local,
    Local,
    Local,
  ];
  const most = SPINS + Math.ceil((seconds * 1e9) / NANOSECONDS);
  const atomicLoad = (address: Value) => instruction("i32.atomic.load", [address]) as Value;
  const arrived = op("i32.ge_s", op("i32.sub", atomicLoad(other.get()), target.get()), i32(0));
  const sleep = instruction("memory.atomic.wait32", [
    other.get(),
    load("i32.load", other.get()),
    i64(NANOSECONDS),
  ]) as Value;
  const wait: Statement[] = [
    spins.set(op("i32.add", spins.get(), i32(1))),
    ifElse(op("i32.gt_s", spins.get(), i32(SPINS)), [
      ifElse(atomicLoad(i32(at + control.failed)), [leave(i32(1))]),
      ifElse(op("i32.gt_s", spins.get(), i32(sleeps ? most : 2 ** 31 - 2)), [leave(i32(1))]),
      ...(sleeps ? [drop(sleep)] : []),
    ]),
  ];
  const counter = (t: number) => at + control.counters + 64 * t;
  barrier.define(
    [
      own.set(op("i32.add", i32(counter(0)), op("i32.shl", thread.get(), i32(6)))),
      target.set(op("i32.add", load("i32.load", own.get()), i32(1))),
      instruction("i32.atomic.store", [own.get(), target.get()]) as Statement,
      ...Array.from({ length: threads }, (_, t) => [
        other.set(i32(counter(t))),
        spins.set(i32(0)),
        whileDo(op("i32.eqz", arrived), wait),
      ]).flat(),
    ],
    i32(0),
  );
  return barrier;
}
