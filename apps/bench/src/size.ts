import { execFileSync } from "node:child_process";
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** What `npm install` of something puts on a disk. */
export interface Size {
  readonly name: string;
  readonly megabytes: number;
  readonly packages: number;
}

const root = fileURLToPath(new URL("../../..", import.meta.url));
const windows = process.platform === "win32";
const run = (command: string, args: readonly string[], cwd: string) =>
  execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], shell: windows });

const folderOf = (name: string) => path.join(root, "packages", name.replace("@gradtape/", ""));

/** A package of this repository and those of them it depends on. */
function withDependencies(name: string, known = new Set<string>()): Set<string> {
  if (known.has(name)) return known;
  known.add(name);
  const { dependencies = {} } = JSON.parse(readFileSync(path.join(folderOf(name), "package.json"), "utf8"));
  for (const [other, version] of Object.entries<string>(dependencies))
    if (version.startsWith("workspace:")) withDependencies(other, known);
  return known;
}

/** Our packages as they would be published, packed into a folder; they have to be built before. */
function packOurs(folder: string): string[] {
  for (const name of withDependencies("gradtape"))
    run("npx", ["-y", "pnpm@10", "pack", "--pack-destination", folder], folderOf(name));
  return readdirSync(folder).map((file) => path.join(folder, file));
}

/** Installs something into an empty folder, without install scripts, and weighs it. */
function weigh(name: string, what: readonly string[]): Size {
  const folder = mkdtempSync(path.join(tmpdir(), "bench-size-"));
  try {
    writeFileSync(path.join(folder, "package.json"), "{}");
    run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", ...what], folder);
    const lock = JSON.parse(readFileSync(path.join(folder, "package-lock.json"), "utf8"));
    return {
      name,
      megabytes: bytesIn(path.join(folder, "node_modules")) / 2 ** 20,
      packages: Object.keys(lock.packages).filter(Boolean).length,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function bytesIn(folder: string): number {
  const sizes = readdirSync(folder, { withFileTypes: true }).map((entry) => {
    const full = path.join(folder, entry.name);
    return entry.isDirectory() ? bytesIn(full) : lstatSync(full).size;
  });
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}

/** Installed sizes of this library and of peers (`name@version` each), or why they are not known. */
export function measureSizes(peers: Readonly<Record<string, string>>): Size[] | string {
  const packed = mkdtempSync(path.join(tmpdir(), "bench-pack-"));
  try {
    const ours = weigh("gradtape", packOurs(packed));
    const others = Object.entries(peers).map(([name, version]) => weigh(name, [`${name}@${version}`]));
    return [ours, ...others];
  } catch (error) {
    return `installed sizes are not measured: ${String((error as Error).message).split("\n")[0]}`;
  } finally {
    rmSync(packed, { recursive: true, force: true });
  }
}
