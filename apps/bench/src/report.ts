import { type Goal, GROSS, goals, type Limit, limits } from "./goals.ts";
import type { Measurement } from "./measure.ts";
import type { Outcome } from "./run.ts";
import type { Size } from "./size.ts";
import { median, type Ratio, type Rounds, ratio, spread } from "./statistics.ts";

/** A goal with what was measured. */
export interface Judged extends Goal {
  readonly measured: Ratio | null;
}

/** A limit with what was measured. */
export interface JudgedLimit extends Limit {
  readonly measured: Ratio | null;
}

type Times = ReadonlyMap<string, Rounds>;

/** How far apart two peers may be in what they compute, as a share of it. */
const TOLERANCE = 2e-3;

const key = (peer: string, workload: string) => `${peer} / ${workload}`;
const isMeasured = ({ measurement }: Outcome) => measurement !== null;

/** The number that most peers found for a workload: the middle of what each found. */
function commonLoss(outcomes: readonly Outcome[], workload: string): number | undefined {
  const found = outcomes.flatMap(({ measurement }) =>
    measurement?.workload === workload && measurement.loss !== undefined
      ? [[measurement.peer, measurement.loss] as const]
      : [],
  );
  const byPeer = [...new Map(found).values()];
  return byPeer.length === 0 ? undefined : median(byPeer);
}

/** Outcomes of peers that compute what the others compute; the rest is told, and its times are not. */
export function agreeing(outcomes: readonly Outcome[]): {
  readonly agreed: readonly Outcome[];
  readonly refused: readonly string[];
} {
  const workloads = new Set(outcomes.map(({ job }) => job.workload));
  const common = new Map([...workloads].map((workload) => [workload, commonLoss(outcomes, workload)]));
  const refused = new Set<string>();
  const agreed = outcomes.filter(isMeasured).filter(({ measurement }) => {
    const { peer, workload, loss } = measurement!;
    const usual = common.get(workload);
    if (loss === undefined || usual === undefined) return true;
    // Written so that NaN does not agree with anything.
    const same = Math.abs(loss - usual) <= TOLERANCE * Math.max(1e-3, Math.abs(usual));
    if (!same) refused.add(`${key(peer, workload)}: no time, as it computes ${loss} where the others have ${usual}`);
    return same;
  });
  return { agreed, refused: [...refused] };
}

/** Figures by peer and workload, round by round. */
function collect(outcomes: readonly Outcome[], figure: (measurement: Measurement) => number | undefined): Times {
  const figures = new Map<string, (number | undefined)[]>();
  for (const { measurement, round } of outcomes) {
    const at = key(measurement!.peer, measurement!.workload);
    const rounds = figures.get(at) ?? [];
    rounds[round - 1] = figure(measurement!);
    figures.set(at, rounds);
  }
  return figures;
}

export const timesOf = (agreed: readonly Outcome[]): Times => collect(agreed, ({ microseconds }) => microseconds);

/** Every goal, with its ratio over the rounds. */
export function judge(times: Times): Judged[] {
  return goals.map((goal) => {
    const { workload, own = "gradtape", other, otherWorkload = workload } = goal;
    return {
      ...goal,
      measured: ratio(times.get(key(own, workload)) ?? [], times.get(key(other, otherWorkload)) ?? []),
    };
  });
}

/** Every limit, with our figure over the rounds. */
export function judgeLimits(agreed: readonly Outcome[]): JudgedLimit[] {
  return limits.map((limit) => {
    const figures = collect(agreed, (measurement) => limit.figure(measurement));
    return { ...limit, measured: spread(figures.get(key("gradtape", limit.workload)) ?? []) };
  });
}

/** What is far from where it is meant to be, in words. */
export function grossRegressions(judged: readonly Judged[]): string[] {
  return judged
    .filter(({ measured, atLeast }) => measured !== null && measured.median < GROSS * atLeast)
    .map(({ workload, own = "gradtape", other }) => `gross regression: ${workload}, ${own} against ${other}`);
}

const digits = (value: number) => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2));

/** The goals as a Markdown table. */
export function goalTable(judged: readonly Judged[]): string {
  const rows = judged.map(({ workload, own = "gradtape", other, otherWorkload, atLeast, measured }) => {
    const against = otherWorkload === undefined ? other : `${other} on ${otherWorkload}`;
    if (measured === null) return [workload, own, against, `${digits(atLeast)}x`, "not measured", "", ""];
    const spread = `${digits(measured.least)} to ${digits(measured.most)}`;
    const reached = measured.median >= atLeast ? "yes" : "no";
    return [workload, own, against, `${digits(atLeast)}x`, `${digits(measured.median)}x`, spread, reached];
  });
  return table(["workload", "", "against", "goal", "measured", "rounds", "reached"], rows);
}

/** The limits as a Markdown table. */
export function limitTable(judged: readonly JudgedLimit[]): string {
  const rows = judged.map(({ workload, what, atMost, unit, measured }) => {
    if (measured === null) return [workload, what, `${digits(atMost)} ${unit}`, "not measured", "", ""];
    const { median: middle, least, most } = measured;
    const reached = middle <= atMost ? "yes" : "no";
    return [
      workload,
      what,
      `${digits(atMost)} ${unit}`,
      digits(middle),
      `${digits(least)} to ${digits(most)}`,
      reached,
    ];
  });
  return table(["workload", "", "at most", "measured", "rounds", "reached"], rows);
}

/** Installed sizes as a Markdown table. */
export function sizeTable(sizes: readonly Size[]): string {
  const rows = sizes.map(({ name, megabytes, packages }) => [name, digits(megabytes), String(packages)]);
  return table(["npm install", "MB", "packages"], rows);
}

/** All times as a Markdown table: a row per workload, a column per peer. */
export function timeTable(times: Times): string {
  const pairs = [...times.keys()].map((each) => each.split(" / ") as [string, string]);
  const peers = [...new Set(pairs.map(([peer]) => peer))];
  const workloads = [...new Set(pairs.map(([, workload]) => workload))];
  const rows = workloads.map((workload) => [
    workload,
    ...peers.map((peer) => {
      const measured = spread(times.get(key(peer, workload)) ?? []);
      return measured === null ? "" : formatTime(measured.median);
    }),
  ]);
  return table(["median", ...peers], rows);
}

function formatTime(microseconds: number): string {
  return microseconds >= 10_000 ? `${digits(microseconds / 1000)} ms` : `${digits(microseconds)} us`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
