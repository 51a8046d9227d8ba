import { describe, expect, test } from "vitest";
import {
  agreeing,
  goalTable,
  grossRegressions,
  judge,
  judgeLimits,
  limitTable,
  sizeTable,
  timesOf,
  timeTable,
} from "./report.ts";
import type { Outcome } from "./run.ts";
import { median, ratio, spread } from "./statistics.ts";

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
    expect(spread([3, undefined, 1])).toEqual({ median: 2, least: 1, most: 3 });
  });

  test("leave out rounds in which one of the two failed, and do not shift the others", () => {
    expect(ratio([1, undefined, 4], [10, 7, 8])).toEqual({ median: 6, least: 2, most: 10 });
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
  const { agreed, refused } = agreeing(outcomes);
  const times = timesOf(agreed);

  test("prints no time of a peer that computes something else", () => {
    expect(refused).toEqual(["PyTorch / mnist: no time, as it computes 0.7 where the others have 0.5001"]);
    expect([...times.keys()]).toEqual(["gradtape / mnist", "JAX / mnist"]);
  });

  test("holds us to what the others compute, and NaN to nothing", () => {
    const ours = agreeing([outcome("gradtape", "w", 1, 1, 9), outcome("a", "w", 1, 1, 2), outcome("b", "w", 1, 1, 2)]);
    expect(ours.agreed.map(({ job }) => job.peer)).toEqual(["a", "b"]);
    expect(agreeing([outcome("gradtape", "w", 1, 1, Number.NaN)]).agreed).toEqual([]);
  });

  test("says for each goal what was measured, and what was not", () => {
    const text = goalTable(judge(times));
    expect(text).toContain("| mnist | gradtape | JAX | 0.80x | 0.82x | 0.75 to 0.90 | yes |");
    expect(text).toContain("| mnist | gradtape | PyTorch | 1.30x | not measured |  |  |");
    expect(timeTable(times)).toContain("| mnist | 550 us | 450 us |");
  });

  test("shows limits and sizes", () => {
    const { measurement } = outcome("gradtape", "garbage", 1, 5);
    const judged = judgeLimits([{ ...outcomes[0]!, measurement: { ...measurement!, bytesPerStep: 16.1 } }]);
    expect(limitTable(judged)).toContain("| 16.5 bytes | 16.1 | 16.1 to 16.1 | yes |");
    expect(sizeTable([{ name: "gradtape", megabytes: 1.25, packages: 5 }])).toContain("| gradtape | 1.25 | 5 |");
  });

  test("only calls gross what is below a third of its goal", () => {
    const judged = judge(timesOf([outcome("gradtape", "mnist", 1, 500), outcome("jax-js", "mnist", 1, 550)]));
    expect(grossRegressions(judged)).toContain("gross regression: mnist, gradtape against jax-js");
    expect(grossRegressions(judge(times))).toEqual([]);
  });
});
