import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, expect, test } from "vitest";

const program = fileURLToPath(new URL("../dist/main.js", import.meta.url));

beforeAll(() => {
  if (!existsSync(program)) throw new Error(`${program} is missing; run the build first`);
});

const children = new Set<ReturnType<typeof start>["child"]>();
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  children.clear();
});

function start(...parameters: string[]) {
  const child = spawn(process.execPath, [program, ...parameters], { stdio: ["ignore", "pipe", "pipe"] });
  children.add(child);
  const texts = { output: "", errors: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    texts.output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    texts.errors += text;
  });
  const ended = new Promise<number | null>((resolve) => {
    child.on("close", resolve);
  });
  return { child, texts, ended };
}

test("a piped run writes plain lines and ends with 0", async () => {
  const { texts, ended } = start("--dataset", "spirals", "--epochs", "3");
  expect(await ended).toBe(0);
  expect(texts.errors).toBe("");
  expect(texts.output).not.toContain("\x1b");
  expect(texts.output).toMatch(/weights [0-9a-f]{8} \(seed 1\)\n$/);
});

test("every mode, on one thread or two, ends with the same weights", async () => {
  const runs = ["eager", "session", "compiled", "compiled --threads 2"].map((mode) =>
    start(..."--dataset digits --limit 500 --epochs 2 --layers 256 --mode".split(" "), ...mode.split(" ")),
  );
  expect(await Promise.all(runs.map(({ ended }) => ended))).toEqual([0, 0, 0, 0]);
  const prints = runs.map(({ texts }) => /weights ([0-9a-f]{8}) /.exec(texts.output)?.[1]);
  expect(prints).toEqual(Array(4).fill(prints[0]));
  expect(runs[3]!.texts.output).toContain("2 threads");
});

test("a mistake is one line on stderr and ends with 1, wrong usage with 2", async () => {
  const mistake = start("--", "--dataset", "none");
  expect(await mistake.ended).toBe(1);
  expect(mistake.texts).toEqual({
    output: "",
    errors:
      "demo: --dataset none: no such dataset or folder; expected mnist, digits, spirals, or a folder of IDX files\n",
  });
  const usage = start("--batch", "many");
  expect(await usage.ended).toBe(2);
  expect(usage.texts.errors).toMatch(/^demo: [^\n]+\n$/);
});

test("Ctrl-C ends with 130 and leaves the weights behind", async () => {
  const folder = await mkdtemp(join(tmpdir(), "mlp-"));
  try {
    const file = join(folder, "weights.safetensors");
    const { child, texts, ended } = start("--dataset", "spirals", "--epochs", "100000", "--save", file);
    // Once: a second signal would not wait for the weights.
    child.stdout.on("data", () => {
      if (!child.killed && /epoch +1\//.test(texts.output)) child.kill("SIGINT");
    });
    expect(await ended).toBe(130);
    expect(texts.errors).toBe("");
    expect(texts.output).toMatch(/stopped after [\d,]+ of [\d,]+ steps; weights [0-9a-f]{8} \(seed 1\), saved to /);
    expect(await readdir(folder)).toEqual(["weights.safetensors"]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a reader that goes away ends the run", async () => {
  const { child, texts, ended } = start("--dataset", "spirals", "--epochs", "100000");
  child.stdout.once("data", () => child.stdout.destroy());
  expect(await ended).toBe(141);
  expect(texts.errors).toBe("");
});
