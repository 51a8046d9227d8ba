import { median } from "./statistics.ts";
import { settings } from "./workloads.ts";

/** What one process found out. */
export interface Measurement {
  readonly peer: string;
  readonly workload: string;
  /** Median microseconds of one step or op. */
  readonly microseconds: number;
  /** CPU time of the same; much less than `microseconds` means that something else had the processor. */
  readonly cpuMicroseconds?: number;
  /** What all peers must agree on: the loss at a fixed step, or the checksum of an op's result. */
  readonly loss?: number;
  /** From the start of the process to the end of the first step. */
  readonly firstStepMilliseconds?: number;
  /** The first step alone: recording, emitting and compiling are in it. */
  readonly firstCallMilliseconds?: number;
  /** What a steady step leaves to the garbage collector. */
  readonly bytesPerStep?: number;
  /** An epoch through a dataset over its steps alone. */
  readonly overSteps?: number;
}

const cpu = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** A part of the usual time, for a quick look. */
const share = Number(process.env.BENCH_SHARE ?? 1);

/** Times steps of training in chunks; parameters are reset outside of the time, so that all peers see the same part. */
export function timeSteps(
  step: () => number,
  reset: () => void,
  check: number,
  { warm = 1200 * share, budget = 2000 * share } = {},
): Omit<Measurement, "peer" | "workload"> {
  reset();
  const called = performance.now();
  let loss = step();
  const firstCallMilliseconds = performance.now() - called;
  const firstStepMilliseconds = Date.now() - Number(process.env.BENCH_T0 ?? performance.timeOrigin);
  if (process.env.BENCH_COLD) return { microseconds: 1000 * firstStepMilliseconds, loss, firstCallMilliseconds };
  for (let i = 1; i < check; i++) loss = step();
  let since = check;
  const run = (count: number) => {
    if (since + count > settings.stepsBetweenResets) {
      reset();
      since = 0;
    }
    since += count;
    const [time, used] = [performance.now(), cpu()];
    for (let i = 0; i < count; i++) step();
    return [(performance.now() - time) / count, (cpu() - used) / count] as const;
  };
  const began = performance.now();
  let fastest = Number.POSITIVE_INFINITY;
  while (performance.now() - began < warm) fastest = Math.min(fastest, run(fastest > 20 ? 1 : 25)[0]);
  const count = Math.max(1, Math.min(settings.stepsBetweenResets, Math.round((150 * share) / fastest)));
  const chunks: (readonly [number, number])[] = [];
  const end = performance.now() + budget;
  while (performance.now() < end || chunks.length < 3) chunks.push(run(count));
  return {
    microseconds: 1000 * median(chunks.map(([time]) => time)),
    cpuMicroseconds: 1000 * median(chunks.map(([, used]) => used)),
    loss,
    firstStepMilliseconds,
  };
}

/** Asks for so many ops, is told the milliseconds of one of them, and in the end knows the median. */
function* opChunks({ warm = 400 * share, budget = 800 * share } = {}): Generator<number, OpTime, number> {
  const began = performance.now();
  let fastest = Number.POSITIVE_INFINITY;
  do fastest = Math.min(fastest, yield 1);
  while (performance.now() - began < warm);
  const count = Math.max(1, Math.round((30 * share) / fastest));
  const chunks: number[] = [];
  const end = performance.now() + budget;
  while (performance.now() < end || chunks.length < 3) chunks.push(yield count);
  return { microseconds: 1000 * median(chunks) };
}

type OpTime = Pick<Measurement, "microseconds">;

/** Times something that has no state. */
export function timeOp(op: () => unknown, pace?: { readonly warm: number; readonly budget: number }): OpTime {
  const chunks = opChunks(pace);
  let asked = chunks.next();
  while (!asked.done) {
    const time = performance.now();
    for (let i = 0; i < asked.value; i++) op();
    asked = chunks.next((performance.now() - time) / asked.value);
  }
  return asked.value;
}

/** The same for an op whose result has to be waited for. */
export async function timeWaitedOp(op: () => Promise<unknown>): Promise<OpTime> {
  const chunks = opChunks();
  let asked = chunks.next();
  while (!asked.done) {
    const time = performance.now();
    for (let i = 0; i < asked.value; i++) await op();
    asked = chunks.next((performance.now() - time) / asked.value);
  }
  return asked.value;
}

/** One number that tells two results apart: peers that compute the same agree on it. */
export function checksum(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! * ((i % 7) - 2);
  return sum / values.length;
}
