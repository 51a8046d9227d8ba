import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { defineConfig } from "rolldown";

// A package is one file for those who import it: an engine starts sooner with one file than with fifty. What it depends
// on stays outside, but for ndarray: it is CommonJS, which a browser without a bundler cannot read. Its licence travels in
// ndarray.txt.
const { dependencies = {}, exports } = JSON.parse(readFileSync("package.json", "utf8"));
const entries: string[] = Object.values<Record<string, string>>(exports).map((entry) => entry["@gradtape/source"]!);
const modules = Object.keys(dependencies).filter((name) => name !== "ndarray");
const outside = new RegExp(`^(node:|(${modules.join("|")})(/|$))`);

export default defineConfig({
  input: Object.fromEntries(entries.map((path) => [basename(path, ".ts"), path])),
  external: outside,
  output: { dir: "dist", cleanDir: true, format: "esm", sourcemap: true, chunkFileNames: "[name].js" },
});
