import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { writeData } from "./data.ts";
import { jobsFor } from "./jobs.ts";
import { compileReference, machine, npmPeers, peersOf } from "./machine.ts";
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
import { canPin, type Outcome, runJob } from "./run.ts";
import { measureSizes } from "./size.ts";

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

function describe({ measurement, problem, disturbed }: Outcome): string {
  if (measurement === null) return `failed: ${problem}`;
  return `${measurement.microseconds.toFixed(1)} us${disturbed ? ", disturbed" : ""}`;
}

function run({ python, only, short, list, rounds = short ? "1" : "3" }: Options): void {
  const pythons = python.map((path) => ({ path, found: peersOf(path) }));
  for (const { path, found } of pythons) console.log(`${path}: ${[...found.keys()].join(", ") || "no peer found"}`);
  // The first Python that has a peer is the one that is measured.
  const once = pythons.map(({ path, found }, i) => ({
    path,
    peers: [...found.keys()].filter((peer) => !pythons.slice(0, i).some((before) => before.found.has(peer))),
  }));
  const missing = ["torch", "jax", "tf1", "numpy"].filter((peer) => !once.some(({ peers }) => peers.includes(peer)));
  if (missing.length > 0) console.log(`not measured, as no --python has them: ${missing.join(", ")}`);
  const pattern = new RegExp(only ?? "");
  const npm = list || installPeers();
  if (!npm) console.log("the peers from npm are not measured: they could not be installed");
  const reference = compileReference();
  if (reference === undefined) console.log("the limits of the processor are not measured: they need gcc on x86");
  const jobs = jobsFor({ pythons: once, npm, short, reference }).filter(({ peer, workload }) =>
    pattern.test(`${peer} ${workload}`),
  );
  if (list) {
    for (const { peer, workload } of jobs) console.log(`${peer} ${workload}`);
    return;
  }
  writeData();
  const pin = canPin();
  if (short) process.env.BENCH_SHARE ??= "0.25";
  const outcomes: Outcome[] = [];
  for (let round = 1; round <= Number(rounds); round++) {
    for (const job of jobs) {
      if (job.once && round > 1) continue;
      const outcome = runJob(job, round, pin);
      outcomes.push(outcome);
      console.log(`round ${round}  ${job.workload.padEnd(20)} ${job.peer.padEnd(20)} ${describe(outcome)}`);
    }
  }
  const { agreed, refused } = agreeing(outcomes);
  const times = timesOf(agreed);
  const judged = judge(times).filter(({ measured }) => measured !== null || !(short || only));
  const judgedLimits = judgeLimits(agreed).filter(({ measured }) => measured !== null || !(short || only));
  const sizes = npm && !short && pattern.test("size") ? measureSizes(npmPeers()) : [];
  const on = machine();
  const versions = Object.assign({ ...npmPeers() }, ...pythons.map(({ found }) => Object.fromEntries(found)));
  const text = [
    `${on.cpu}, ${on.processors} processors, ${on.gigabytes} GB, Node ${on.node}; ${on.backend}; commit ${on.commit}; ` +
      `${rounds} rounds${pin ? ", pinned" : ""}`,
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(", "),
    goalTable(judged),
    limitTable(judgedLimits),
    timeTable(times),
    ...(typeof sizes === "string" ? [sizes] : sizes.length > 0 ? [sizeTable(sizes)] : []),
    ...refused,
  ].join("\n\n");
  console.log(`\n${text}`);
  mkdirSync(folder("results"), { recursive: true });
  // Commands are left out: their paths are nobody's business.
  const raw = outcomes.map(({ job: { command: _, ...job }, ...rest }) => ({ ...job, ...rest }));
  const everything = {
    machine: on,
    versions,
    date: new Date().toISOString(),
    outcomes: raw,
    judged,
    judgedLimits,
    sizes,
  };
  writeFileSync(`${folder("results")}latest.json`, JSON.stringify(everything, null, 1));
  writeFileSync(`${folder("results")}latest.md`, `${text}\n`);
  const gross = grossRegressions(judged);
  for (const line of gross) console.log(line);
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
