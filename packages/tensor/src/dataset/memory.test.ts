import { PerformanceObserver } from "node:perf_hooks";
import { setTimeout } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { zeros } from "../constructors.ts";
import { dataset } from "./dataset.ts";

/* A loop over used memory makes no garbage. LONG=1 draws 100,000 batches. */

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

test("a loop with prefetch makes no garbage", { timeout: 300_000 }, async () => {
  let scavenges = 0;
  const observer = new PerformanceObserver((list) => {
    scavenges += list.getEntries().length;
  });
  const labels = zeros([20_000], { dtype: "int32" });
  const sources = [zeros([20_000, 100]), labels] as const;
  const data = dataset(sources, { batch: 64, shuffle: true, seed: 1, prefetch: 2, repeat: Number.POSITIVE_INFINITY });
  let seen = 0;
  const draw = (batches: number) => {
    let left = batches;
    for (const [x, y] of data) {
      seen += x.shape[0]! + y.shape[0]!;
      if (--left === 0) return;
    }
  };
  const batches = process.env.LONG ? 100_000 : 10_000;
  draw(batches / 2);
  collect();
  await setTimeout(20);
  observer.observe({ entryTypes: ["gc"] });
  const before = process.memoryUsage().heapUsed;
  draw(batches);
  const grown = process.memoryUsage().heapUsed - before;
  await setTimeout(20);
  observer.disconnect();
  expect(seen).toBeGreaterThan(0);
  // The generator makes a little with each new order; a batch that made any would make megabytes.
  expect(scavenges).toBeLessThan(batches / 500);
  collect();
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(200_000);
  if (process.env.LONG) console.info(`${batches} batches: ${scavenges} collections, heap ${grown} bytes larger`);
});
