import { readFileSync } from "node:fs";
import { defineConfig } from "rolldown";

// A package is one file for those who import it: an engine starts sooner with one file than with fifty. What it depends
// on stays outside.
const { dependencies = {} } = JSON.parse(readFileSync("package.json", "utf8"));

export default defineConfig({
  input: "src/index.ts",
  external: Object.keys(dependencies),
  output: { file: "dist/index.js", format: "esm", sourcemap: true },
});
