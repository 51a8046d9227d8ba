import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import * as gt from "gradtape";
import { writeData } from "./data.ts";
import { GROSS } from "./goals.ts";
import { jobsFor } from "./jobs.ts";
import { agreeingTimes, goalTable, judge, timeTable } from "./report.ts";
import { canPin, type Outcome, runJob } from "./run.ts";

interface Options {
  readonly python: readonly string[];
  readonly rounds?: string;
  readonly only?: string;
  readonly short: boolean;
  readonly list: boolean;
}

const folder = (name: string) => fileURLToPath(new URL(`../${name}/`, import.meta.url));

/** Installs the peers from npm where they are missing; false when that cannot be. */
function installPeers(): boolean {
  if (existsSync(`${folder("peers")}node_modules/@jax-js/jax`)) return true;
  console.log("installing the peers from npm into apps/bench/peers ...");
  const args = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--silent"];
  const { status } = spawnSync("npm", args, {
    cwd: folder("peers"),
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  return status === 0;
}

/** Which peers a Python has. */
function peersOf(path: string): string[] {
  const has = (module: string) =>
    spawnSync(path, ["-c", `import importlib.util,sys; sys.exit(importlib.util.find_spec("${module}") is None)`])
      .status === 0;
  const modules = { torch: "torch", jax: "jax", tf1: "tensorflow", numpy: "numpy" };
  return Object.entries(modules).flatMap(([peer, module]) => (has(module) ? [peer] : []));
}

function commit(): string {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
  } catch {
    return "unknown";
  }
}

function run({ python, only, short, list, rounds = short ? "1" : "3" }: Options): void {
  const pythons = python.map((path) => ({ path, peers: peersOf(path) }));
  for (const { path, peers } of pythons) console.log(`${path}: ${peers.join(", ") || "no peer found"}`);
  // NumPy of one Python is enough.
  const once = pythons.map(({ path, peers }, i) => ({
    path,
    peers: peers.filter((peer) => !pythons.slice(0, i).some((before) => before.peers.includes(peer))),
  }));
  const pattern = new RegExp(only ?? "");
  const npm = list || installPeers();
  if (!npm) console.log("the peers from npm are not measured: they could not be installed");
  const jobs = jobsFor({ pythons: once, npm, short }).filter(({ peer, workload }) =>
    pattern.test(`${peer} ${workload}`),
  );
  if (list) {
    for (const { peer, workload } of jobs) console.log(`${peer} ${workload}`);
    return;
  }
  writeData();
  const pin = canPin();
  if (short) process.env.BENCH_SHARE ??= "0.4";
  const outcomes: Outcome[] = [];
  for (let round = 1; round <= Number(rounds); round++) {
    for (const job of jobs) {
      const outcome = runJob(job, round, pin);
      outcomes.push(outcome);
      const { measurement, problem } = outcome;
      const shown =
        measurement === null
          ? `failed: ${problem}`
          : `${measurement.microseconds.toFixed(1)} us ${measurement.note ?? ""}`;
      console.log(`round ${round}  ${job.workload.padEnd(14)} ${job.peer.padEnd(20)} ${shown}`);
    }
  }
  const { times, refused } = agreeingTimes(outcomes);
  const judged = judge(times).filter(({ measured }) => !short || measured !== null);
  const machine = {
    cpu: cpus()[0]?.model,
    processors: cpus().length,
    node: process.version,
    backend: gt.backendInfo().description,
  };
  const head = `${machine.cpu}, ${machine.processors} processors, Node ${machine.node}; ${machine.backend}; commit ${commit()}; ${rounds} rounds${pin ? ", pinned" : ""}`;
  const text = [head, goalTable(judged), timeTable(times), ...refused].join("\n\n");
  console.log(`\n${text}`);
  mkdirSync(folder("results"), { recursive: true });
  writeFileSync(
    `${folder("results")}latest.json`,
    JSON.stringify({ machine, date: new Date().toISOString(), outcomes, judged }, null, 1),
  );
  writeFileSync(`${folder("results")}latest.md`, `${text}\n`);
  const gross = judged.filter(({ measured, atLeast }) => measured !== null && measured.median < GROSS * atLeast);
  for (const { workload, other } of gross) console.log(`gross regression: ${workload} against ${other}`);
  if (short && gross.length > 0) process.exitCode = 1;
}

new Command("bench")
  .description("Measures gradtape and its peers side by side, interleaved, and prints ratios.")
  .option("--python <path...>", "Pythons with torch, jax, tensorflow or numpy", [])
  .option("--rounds <n>", "how often everything is measured; 3, or 1 for a quick look")
  .option("--only <regexp>", "only jobs whose peer and workload match")
  .option("--short", "a quick look, which fails on gross regressions only", false)
  .option("--list", "say what would be measured", false)
  .action((options: Options) => run(options))
  .parse();
