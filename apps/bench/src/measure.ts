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
  /** The loss at the step that all peers agree on. */
  readonly loss?: number;
  /** From the start of the process to the end of the first step. */
  readonly firstStepMilliseconds?: number;
  readonly note?: string;
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
): Pick<Measurement, "microseconds" | "cpuMicroseconds" | "loss" | "firstStepMilliseconds"> {
  reset();
  let loss = step();
  const firstStepMilliseconds = Date.now() - Number(process.env.BENCH_T0 ?? performance.timeOrigin);
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

/** Times something that has no state. */
export function timeOp(
  op: () => unknown,
  { warm = 400 * share, budget = 800 * share } = {},
): { readonly microseconds: number } {
  const began = performance.now();
  let fastest = Number.POSITIVE_INFINITY;
  do {
    const time = performance.now();
    op();
    fastest = Math.min(fastest, performance.now() - time);
  } while (performance.now() - began < warm);
  const count = Math.max(1, Math.round(30 / fastest));
  const chunks: number[] = [];
  const end = performance.now() + budget;
  while (performance.now() < end || chunks.length < 3) {
    const time = performance.now();
    for (let i = 0; i < count; i++) op();
    chunks.push((performance.now() - time) / count);
  }
  return { microseconds: 1000 * median(chunks) };
}
