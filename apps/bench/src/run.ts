import { execFileSync, spawnSync } from "node:child_process";
import type { Job } from "./jobs.ts";
import type { Measurement } from "./measure.ts";

/** What a job came to in one round: a measurement, or why there is none. */
export interface Outcome {
  readonly job: Job;
  readonly round: number;
  readonly measurement: Measurement | null;
  readonly problem?: string;
}

const LIMIT = 180_000;

/** True when processes can be pinned to a processor. */
export function canPin(): boolean {
  try {
    execFileSync("taskset", ["-c", "0", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Runs one job in a process of its own; again, up to twice, where something else had the processor meanwhile. */
export function runJob(job: Job, round: number, pin: boolean): Outcome {
  let outcome = runOnce(job, round, pin);
  for (let again = 0; again < 2; again++) {
    const { measurement } = outcome;
    const { microseconds = 0, cpuMicroseconds = microseconds } = measurement ?? {};
    if (measurement === null || job.several || microseconds <= 1.15 * cpuMicroseconds) break;
    outcome = runOnce(job, round, pin);
  }
  return outcome;
}

function runOnce(job: Job, round: number, pin: boolean): Outcome {
  const [command, ...args] = pin && !job.several ? ["taskset", "-c", "1", ...job.command] : job.command;
  const env = { ...process.env, BENCH_T0: String(Date.now()) };
  const { stdout, stderr, error } = spawnSync(command!, args, {
    env,
    encoding: "utf8",
    timeout: LIMIT,
    maxBuffer: 2 ** 26,
  });
  const line = (stdout ?? "").split("\n").find((text) => text.startsWith("{"));
  if (line === undefined) {
    const problem = error?.message ?? (stderr ?? "").trim().split("\n").slice(-1)[0] ?? "no result";
    return { job, round, measurement: null, problem };
  }
  return { job, round, measurement: { ...JSON.parse(line), peer: job.peer } };
}
