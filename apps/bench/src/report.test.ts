import { describe, expect, test } from "vitest";
import { agreeingTimes, goalTable, judge, timeTable } from "./report.ts";
import type { Outcome } from "./run.ts";
import { median, ratio } from "./statistics.ts";

const outcome = (peer: string, workload: string, round: number, microseconds: number, loss?: number): Outcome => ({
  job: { peer, workload, command: [] },
  round,
  measurement: { peer, workload, microseconds, ...(loss !== undefined && { loss }) },
});

describe("ratios", () => {
  test("are taken round by round", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(ratio([1, 2, 4], [10, 10, 10])).toEqual({ median: 5, least: 2.5, most: 10 });
    expect(ratio([], [1])).toBeNull();
  });
});

describe("the report", () => {
  const outcomes = [
    outcome("gradtape", "mnist", 1, 600, 0.5),
    outcome("JAX", "mnist", 1, 450, 0.5001),
    outcome("PyTorch", "mnist", 1, 1200, 0.7),
    outcome("gradtape", "mnist", 2, 500, 0.5),
    outcome("JAX", "mnist", 2, 450, 0.5001),
    { job: { peer: "jax-js", workload: "mnist", command: [] }, round: 1, measurement: null, problem: "gone" },
  ];
  const { times, refused } = agreeingTimes(outcomes);

  test("prints no time of a peer that computes something else", () => {
    expect(refused).toEqual(["PyTorch / mnist: its loss is 0.7, ours 0.5"]);
    expect([...times.keys()]).toEqual(["gradtape / mnist", "JAX / mnist"]);
  });

  test("says for each goal what was measured, and what was not", () => {
    const text = goalTable(judge(times));
    expect(text).toContain("| mnist | gradtape | JAX | 0.80x | 0.82x | 0.75 to 0.90 | yes |");
    expect(text).toContain("| mnist | gradtape | PyTorch | 1.30x | not measured |  |  |");
    expect(timeTable(times)).toContain("| mnist | 600 us | 450 us |");
  });
});
