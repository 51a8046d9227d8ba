import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as gt from "gradtape";
import { afterAll, describe, expect, test } from "vitest";
import { type Installer, install } from "./installed.ts";

/* The packages as they are published: the types of a user's own package can be written down, and every map leads to a file. */

const tsc = fileURLToPath(new URL("../../../node_modules/.bin/tsc", import.meta.url));

/** Compiles a module of a user's package with declarations; returns the compiler's output and the declarations. */
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
  Fetched: "<gt.Tensor>",
  Mapped: "<gt.Tensor, gt.Tensor>",
  Op: "<() => gt.Tensor>",
  Structure: "<gt.Tensor>",
};

/** Types that users pass on, and whose members are internal. */
const opaque = new Set(["AlongAxis", "EagerTensor", "OpDef", "Storage"]);

/** A module that exports everything of the library again, member by member, so that each type has to be named. */
function exportsOfAll(): string {
  const face = readFileSync(new URL("../src/index.ts", import.meta.url), "utf8");
  const types = [...face.matchAll(/\btype (\w+)/g)].map(([, name]) => name!);
  const callable = Object.keys(gt).filter((name) => typeof (gt as Face)[name] === "function");
  const classes = callable.filter((name) => /^class\b/.test(String((gt as Face)[name])));
  const functions = [
    ...callable.filter((name) => !classes.includes(name)),
    ...Object.keys(gt.losses).flatMap((name) => (/^[a-z]/.test(name) ? `losses.${name}` : [])),
  ];
  const shown = [...new Set([...types, ...classes])].filter((name) => !opaque.has(name));
  return `import * as gt from "gradtape";
declare const membersOf: <T>() => { [K in keyof T]: T[K] };
declare const callOf: <A extends unknown[], R>(call: (...args: A) => R) => (...args: A) => R;
export const everything = { ...gt };
export const losses = { ...gt.losses };
${functions.map((name) => `export const call_${name.replace(".", "_")} = callOf(gt.${name});`).join("\n")}
${shown.map((name) => `export const show${name} = membersOf<gt.${name}${generic[name] ?? ""}>();`).join("\n")}
`;
}

type Face = Record<string, unknown>;

describe.each(["npm", "pnpm"] as Installer[])("as %s installs it", (installer) => {
  const { folder, remove } = install(["gradtape"], installer);
  afterAll(remove);

  test("what a user exports without a type has a type that can be written down", () => {
    const { said, declarations } = compile(folder, exportsOfAll());
    expect(said).toBe("");
    // npm shows a project also what it has not asked for, and the compiler may then name it.
    if (installer === "pnpm") expect(declarations).not.toContain("@gradtape/");
    expect(declarations.length).toBeGreaterThan(20_000);
  });

  test("Node runs it", () => {
    writeFileSync(
      join(folder, "run.mjs"),
      'import * as gt from "gradtape"; console.log(gt.add(1, 2).ndarray().get());',
    );
    expect(execFileSync(process.execPath, [join(folder, "run.mjs")], { encoding: "utf8" })).toBe("3\n");
  });

  test("the maps of declarations lead to sources that are there", () => {
    const maps = (readdirSync(folder, { recursive: true }) as string[]).filter((path) => path.endsWith(".d.ts.map"));
    expect(maps.length).toBeGreaterThan(50);
    for (const path of maps.filter((each) => each.includes("gradtape"))) {
      const map = join(folder, path);
      const { sources } = JSON.parse(readFileSync(map, "utf8")) as { sources: string[] };
      for (const source of sources) expect(existsSync(resolve(dirname(map), source)), `${path}: ${source}`).toBe(true);
    }
  });
});
