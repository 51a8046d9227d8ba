import { execFileSync } from "node:child_process";
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as gt from "gradtape";
import { afterAll, describe, expect, test } from "vitest";
import { type Installer, install } from "./installed.ts";

/* The packages as they are published: the types of a user's own package can be written down, and every map leads to a file. */

const tsc = fileURLToPath(new URL("../../../node_modules/.bin/tsc", import.meta.url));

/** Compiles a module of a user's package with declarations; what the compiler says, and the declarations. */
function compile(folder: string, text: string): { said: string; declarations: string } {
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "user", type: "module" }));
  writeFileSync(join(folder, "user.ts"), text);
  const options = { target: "ES2023", module: "NodeNext", strict: true, declaration: true, types: [], outDir: "out" };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: options, files: ["user.ts"] }));
  let said = "";
  try {
    execFileSync(tsc, ["-p", folder], { encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    said = (error as { stdout: string }).stdout;
  }
  const path = join(folder, "out", "user.d.ts");
  return { said, declarations: existsSync(path) ? readFileSync(path, "utf8") : "" };
}

/** Type arguments of the types that need some. */
const generic: Readonly<Record<string, string>> = {
  BatchOf: "<gt.Tensor>",
  Compiled: "<(x: gt.Tensor) => gt.Tensor>",
  Dataset: "<gt.Tensor>",
};

/** A module that exports everything of the library anew, member by member, so that each type has to be named. */
function exportsOfAll(): string {
  const face = readFileSync(new URL("../src/index.ts", import.meta.url), "utf8");
  const types = [...face.matchAll(/\btype (\w+)/g)].map(([, name]) => name!);
  const classes = Object.entries(gt).filter(([, value]) => typeof value === "function" && /^class\b/.test(String(value)));
  const shown = [...new Set([...types, ...classes.map(([name]) => name)])];
  return `import * as gt from "gradtape";
declare const membersOf: <T>() => { [K in keyof T]: T[K] };
export const everything = { ...gt };
export const losses = { ...gt.losses };
${shown.map((name) => `export const show${name} = membersOf<gt.${name}${generic[name] ?? ""}>();`).join("\n")}
`;
}

describe.each(["npm", "pnpm"] as Installer[])("as %s installs it", (installer) => {
  const { folder, remove } = install(["gradtape", "@gradtape/export"], installer);
  afterAll(remove);
  test("types", () => {
    const got = compile(folder, exportsOfAll());
    console.log(got.said);
  });
});
