import { type Goal, goals } from "./goals.ts";
import type { Outcome } from "./run.ts";
import { type Ratio, ratio } from "./statistics.ts";

/** A goal with what was measured. */
export interface Judged extends Goal {
  readonly measured: Ratio | null;
}

type Times = ReadonlyMap<string, readonly number[]>;

const key = (peer: string, workload: string) => `${peer} / ${workload}`;

/** Microseconds by peer and workload, round by round; nothing from peers whose loss is another than ours. */
export function agreeingTimes(outcomes: readonly Outcome[]): {
  readonly times: Times;
  readonly refused: readonly string[];
} {
  const times = new Map<string, number[]>();
  const refused = new Set<string>();
  const ours = new Map<string, number>();
  for (const { measurement } of outcomes) {
    if (measurement?.peer === "gradtape" && measurement.loss !== undefined)
      ours.set(measurement.workload, measurement.loss);
  }
  for (const { measurement } of outcomes) {
    if (measurement === null) continue;
    const { peer, workload, loss, microseconds } = measurement;
    const own = ours.get(workload);
    if (loss !== undefined && own !== undefined && Math.abs(loss - own) > 1e-3 * Math.max(1, Math.abs(own))) {
      refused.add(`${key(peer, workload)}: its loss is ${loss}, ours ${own}`);
      continue;
    }
    const list = times.get(key(peer, workload)) ?? [];
    times.set(key(peer, workload), [...list, microseconds]);
  }
  return { times, refused: [...refused] };
}

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

/** All times as a Markdown table: a row per workload, a column per peer. */
export function timeTable(times: Times): string {
  const pairs = [...times.keys()].map((each) => each.split(" / ") as [string, string]);
  const peers = [...new Set(pairs.map(([peer]) => peer))];
  const workloads = [...new Set(pairs.map(([, workload]) => workload))];
  const rows = workloads.map((workload) => [
    workload,
    ...peers.map((peer) => {
      const list = times.get(key(peer, workload));
      return list === undefined ? "" : formatTime([...list].sort((a, b) => a - b)[list.length >> 1]!);
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
