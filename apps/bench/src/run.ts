import { execFileSync, spawnSync } from "node:child_process";
import { cpus } from "node:os";
import type { Job } from "./jobs.ts";
import type { Measurement } from "./measure.ts";

/** What a job came to in one round: a measurement, or why there is none. */
export interface Outcome {
  readonly job: Job;
  readonly round: number;
  readonly measurement: Measurement | null;
  readonly problem?: string;
  /** Something else had the processor every time. */
  readonly disturbed?: boolean;
}

const LIMIT = 400_000;

/** The processor that jobs are pinned to: the first one has the interrupts. */
const LAST = String(cpus().length - 1);

/** True when processes can be pinned to a processor. */
export function canPin(): boolean {
  try {
    execFileSync("taskset", ["-c", LAST, "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Runs one job in a process of its own; again, up to twice, where something else had the processor meanwhile. */
export function runJob(job: Job, round: number, pin: boolean): Outcome {
  let outcome = runOnce(job, round, pin);
  for (let again = 0; again < 2 && isDisturbed(outcome); again++) outcome = runOnce(job, round, pin);
  return isDisturbed(outcome) ? { ...outcome, disturbed: true } : outcome;
}

function isDisturbed({ job, measurement }: Outcome): boolean {
  if (measurement === null || job.several) return false;
  const { microseconds, cpuMicroseconds = microseconds } = measurement;
  return microseconds > 1.15 * cpuMicroseconds;
}

function runOnce(job: Job, round: number, pin: boolean): Outcome {
  const [command, ...args] = pin && !job.several ? ["taskset", "-c", LAST, ...job.command] : job.command;
  const env = { ...process.env, BENCH_T0: String(Date.now()), ...(job.cold && { BENCH_COLD: "1" }) };
  const { stdout, stderr, error } = spawnSync(command!, args, {
    env,
    encoding: "utf8",
    timeout: LIMIT,
    maxBuffer: 2 ** 26,
  });
  const line = (stdout ?? "").split("\n").find((text) => text.startsWith("{"));
  if (line === undefined) {
    const lines = (stderr ?? "").trim().split("\n");
    const problem = error?.message ?? lines.findLast((text) => /error/i.test(text)) ?? lines.at(-1) ?? "no result";
    return { job, round, measurement: null, problem };
  }
  return { job, round, measurement: { ...JSON.parse(line), peer: job.peer, workload: job.workload } };
}
