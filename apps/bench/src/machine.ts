import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import * as gt from "gradtape";

const here = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));

/** What the peers from npm are pinned to. */
export function npmPeers(): Readonly<Record<string, string>> {
  return JSON.parse(readFileSync(here("peers/package.json"), "utf8")).dependencies;
}

const modules = { torch: ["torch"], jax: ["jax"], tf1: ["tensorflow", "tensorflow-cpu"], numpy: ["numpy"] };

/** Which peers a Python has, with their versions. */
export function peersOf(python: string): Map<string, string> {
  const program = `
import importlib.metadata, json
found = {}
for peer, names in json.loads(${JSON.stringify(JSON.stringify(modules))}).items():
    for name in names:
        try: found[peer] = found.get(peer) or importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError: pass
print(json.dumps(found))`;
  const { stdout } = spawnSync(python, ["-c", program], { encoding: "utf8" });
  return new Map(Object.entries(JSON.parse(stdout || "{}")));
}

/** Compiles the C program that knows what the processor can do; undefined where there is no C compiler for it. */
export function compileReference(): string | undefined {
  const program = here("data/reference");
  const flags = ["-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math"];
  mkdirSync(here("data"), { recursive: true });
  const { status } = spawnSync("gcc", [...flags, here("c/reference.c"), "-o", program], { stdio: "ignore" });
  return status === 0 ? program : undefined;
}

function commit(): string {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: here("."), encoding: "utf8" }).trim();
  } catch {
    return "unknown";
  }
}

/** What everything was measured on. */
export function machine() {
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    processors: cpus().length,
    gigabytes: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    v8: process.versions.v8,
    backend: gt.backendInfo().description,
    commit: commit(),
  };
}
