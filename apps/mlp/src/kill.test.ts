import { spawn } from "node:child_process";
import { watch } from "node:fs";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as gt from "gradtape";
import { afterAll, beforeAll, expect, test } from "vitest";

/*
 * A run that is killed at any moment, also while it saves, and resumed, ends with the very weights of one that was not.
 * LONG=1 kills a hundred times.
 */

const program = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const kills = process.env.LONG === "1" ? 100 : 8;
const random = gt.generator(Number(process.env.SEED ?? 1));

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "killed-"));
});
afterAll(() => rm(root, { recursive: true }));

/** When to kill: after some milliseconds, or when a checkpoint is begun for so many times. */
type Moment = { readonly milliseconds: number } | { readonly saves: number };

/** Calls `kill` at a moment; the result ends the waiting. */
function at(moment: Moment, folder: string, kill: () => void): () => void {
  if ("milliseconds" in moment) {
    const timer = setTimeout(kill, moment.milliseconds);
    return () => clearTimeout(timer);
  }
  const begun = new Set<string>();
  const watcher = watch(folder, (_, name) => {
    if (name?.endsWith(".aside") && begun.add(name).size === moment.saves) kill();
  });
  return () => watcher.close();
}

/** Runs the demo, and kills it at a moment. */
async function run(folder: string, mode: string, moment?: Moment) {
  await mkdir(folder, { recursive: true });
  const flags = `--dataset digits --limit 320 --epochs 8 --layers 32 --centered --momentum 0.5 --mode ${mode}`;
  const saving = ["--checkpoint", folder, "--checkpoint-every", "1", "--resume"];
  const child = spawn(process.execPath, [program, ...flags.split(" "), ...saving], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const settle = moment && at(moment, folder, () => child.kill("SIGKILL"));
  const began = performance.now();
  const signal = await new Promise((resolve) => child.on("close", (_, signal) => resolve(signal)));
  settle?.();
  const print = /weights ([0-9a-f]{8}) /.exec(output)?.[1];
  return { output, print, killed: signal === "SIGKILL", milliseconds: performance.now() - began };
}

test(`${kills} kills, and the same weights each time`, { timeout: 30_000 + kills * 10_000 }, async () => {
  const whole = await run(join(root, "whole"), "compiled");
  expect(whole.print, whole.output).toBeDefined();
  let killed = 0;
  let whileSaving = 0;
  for (let trial = 0; killed < kills; trial++) {
    const folder = join(root, String(trial));
    const mode = ["compiled", "eager", "session"][trial % 3]!;
    const share = Number(random.uniform([], { low: 0.1, high: 1 }).item());
    const moment = trial % 2 === 0 ? { milliseconds: share * whole.milliseconds } : { saves: Math.ceil(share * 80) };
    const first = await run(folder, mode, moment);
    if (!first.killed) continue;
    killed++;
    const left = await readdir(folder);
    if (left.some((name) => name.endsWith(".aside"))) whileSaving++;
    const resumed = await run(folder, mode);
    expect(resumed.output).not.toContain("damaged");
    expect(resumed.print, `${JSON.stringify(moment)}: ${resumed.output}`).toBe(whole.print);
    expect((await readdir(folder)).filter((name) => name.endsWith(".aside"))).toEqual([]);
    await rm(folder, { recursive: true });
  }
  console.info(`${killed} kills, ${whileSaving} of them while a checkpoint was being written`);
});
