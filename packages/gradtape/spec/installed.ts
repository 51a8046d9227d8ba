import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/* The packages as users have them: what is published of each, in the folders that npm or pnpm makes. */

const packages = fileURLToPath(new URL("../..", import.meta.url));

interface Manifest {
  readonly name: string;
  readonly files: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly publishConfig?: Readonly<Record<string, unknown>>;
}

/** An installer, each with its own way to put packages into `node_modules`. */
export type Installer = "npm" | "pnpm";

const folderOf = (name: string) => join(packages, name.replace("@gradtape/", ""));
const manifestOf = (name: string): Manifest => JSON.parse(readFileSync(join(folderOf(name), "package.json"), "utf8"));
const isOurs = (name: string) => name === "gradtape" || name.startsWith("@gradtape/");

/** Copies what is published of a package, with the manifest that is published. */
function publish(name: string, to: string): void {
  const { publishConfig, ...manifest } = manifestOf(name);
  mkdirSync(to, { recursive: true });
  for (const entry of manifest.files) {
    const [part] = entry.split("/");
    if (part === undefined || part.startsWith("!")) continue;
    cpSync(join(folderOf(name), part), join(to, part), {
      recursive: true,
      filter: (path) => part !== "src" || !/\.test\.ts$|\bfixtures\b/.test(path.slice(packages.length)),
    });
  }
  writeFileSync(join(to, "package.json"), JSON.stringify({ ...manifest, ...publishConfig }));
}

/** A package with those of ours that it needs, itself among them. */
function withDependencies(name: string, found = new Set<string>()): Set<string> {
  found.add(name);
  for (const each of Object.keys(manifestOf(name).dependencies ?? {})) {
    if (isOurs(each) && !found.has(each)) withDependencies(each, found);
  }
  return found;
}

function link(to: string, at: string): void {
  mkdirSync(dirname(at), { recursive: true });
  symlinkSync(to, at, "dir");
}

/** A folder in which the packages are installed; `remove` deletes it. */
export function install(names: readonly string[], installer: Installer): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), `gradtape-${installer}-`));
  const modules = join(folder, "node_modules");
  for (const name of new Set(names.flatMap((each) => [...withDependencies(each)]))) {
    // pnpm shows a project what it asked for only; npm puts everything side by side.
    const store = join(modules, ".pnpm", `${name.replace("/", "+")}@0.1.0`, "node_modules");
    const home = installer === "npm" ? join(modules, name) : join(store, name);
    publish(name, home);
    if (installer === "pnpm" && names.includes(name)) link(home, join(modules, name));
    for (const other of Object.keys(manifestOf(name).dependencies ?? {})) {
      const outside = join(folderOf(name), "node_modules", other);
      const at = installer === "npm" ? join(modules, other) : join(store, other);
      if (!isOurs(other)) cpSync(outside, at, { recursive: true, dereference: true });
      else if (installer === "pnpm") {
        link(join(modules, ".pnpm", `${other.replace("/", "+")}@0.1.0`, "node_modules", other), at);
      }
    }
  }
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
