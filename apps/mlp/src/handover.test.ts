import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as gt from "gradtape";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Memory } from "./fixtures/memory.ts";
import { runProgram } from "./program.ts";

async function run(...parameters: string[]) {
  const [output, errors] = [new Memory(), new Memory()];
  const { signal } = new AbortController();
  const exitCode = await runProgram(parameters, { output, errors, environment: {}, signal });
  return { exitCode, output: output.text, errors: errors.text };
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "handover-"));
});
afterAll(() => rm(folder, { recursive: true }));

const at = (...names: string[]) => join(folder, ...names);
const small = ["--dataset", "spirals", "--layers", "8", "--steps", "4"];
const load = async (path: string) => gt.loadSafetensors(new Uint8Array(await readFile(path))).tensors;

describe("export", () => {
  test.each([
    ["graphdef", ["step.meta", "step.pbtxt"]],
    ["stablehlo", ["step.mlir"]],
    ["onnx", ["step.onnx"]],
  ])("to %s writes the step, weights, batches, and what to expect", async (format, steps) => {
    const { exitCode, output, errors } = await run("export", "--format", format, "--out", at(format), ...small);
    expect([exitCode, errors]).toEqual([0, ""]);
    const others = ["batches.safetensors", "expected.safetensors", "weights.safetensors"];
    expect((await readdir(at(format))).sort()).toEqual([...steps, ...others].sort());
    for (const name of [...steps, ...others]) expect(output).toContain(name);
    const batches = await load(at(format, "batches.safetensors"));
    expect([batches.inputs!.shape, batches.labels!.shape]).toEqual([
      [4, 32, 2],
      [4, 32],
    ]);
    const { losses } = await load(at(format, "expected.safetensors"));
    expect(losses!.shape).toEqual([4]);
  });

  test("of the model of names, beginning with given weights", async () => {
    const flags = ["export", "--format", "graphdef", "--model", "names", "--steps", "2", "--out", at("names")];
    expect((await run(...flags)).errors).toBe("");
    const { embedding } = await load(at("names", "expected.safetensors"));
    const again = await run(...flags.slice(0, -1), at("again"), "--load", at("names", "expected.safetensors"));
    expect(again.errors).toBe("");
    expect((await load(at("again", "weights.safetensors"))).embedding!.data).toEqual(embedding!.data);
  });

  test.each([
    [["--format", "caffe"], 2, /Allowed choices are graphdef, stablehlo, onnx/],
    [[], 2, /required option '--format <name>' not specified/],
    [["--format", "onnx"], 2, /required option '--out <folder>' not specified/],
    [["--format", "onnx", "--steps", "0"], 2, /Expected a whole number/],
    [["--format", "onnx", "--out", "/tmp/none", "--load", "nowhere"], 1, /--load nowhere: cannot be read/],
  ])("%j is a mistake", async (flags, code, message) => {
    const { exitCode, errors } = await run("export", ...flags, ...small.slice(0, flags.includes("--steps") ? 4 : 6));
    expect(exitCode).toBe(code);
    expect(errors).toMatch(message);
    expect(errors.trim().split("\n").length).toBe(1);
  });

  test("into something that is no folder is a mistake", async () => {
    await writeFile(at("file"), "");
    const { exitCode, errors } = await run("export", "--format", "graphdef", "--out", at("file"), ...small);
    expect([exitCode, errors]).toEqual([1, expect.stringMatching(/--out .*file: cannot be written/)]);
  });
});

describe("import", () => {
  test.each(["step.meta", "step.pbtxt"])("of %s runs to the bits that the export has written", async (name) => {
    await run("export", "--format", "graphdef", "--out", at("home"), ...small);
    const flags = ["--batches", at("home", "batches.safetensors"), "--save", at("after.safetensors")];
    const { exitCode, output } = await run("import", at("home", name), ...flags);
    expect(exitCode).toBe(0);
    expect(output).toMatch(/input {5}inputs {2}float32\[\?, 2\]/);
    expect(output).toMatch(/variable {2}dense1\/kernel:0 {2}float32\[2, 8\]\n/);
    expect(output).toMatch(/step 3 {2}loss:0 [\d.]+/);
    const expected = await load(at("home", "expected.safetensors"));
    const after = await load(at("after.safetensors"));
    for (const [weight, value] of Object.entries(after)) expect(value.data, weight).toEqual(expected[weight]!.data);
    const told = [...output.matchAll(/step \d+ {2}loss:0 (\S+)/g)].map(([, loss]) => Number(loss));
    expect(told).toEqual([...expected.losses!.data]);
  });

  test("weights that were trained elsewhere come home", async () => {
    await run("export", "--format", "graphdef", "--out", at("home"), ...small);
    const weights = ["--weights", at("home", "expected.safetensors")];
    const { output } = await run("import", at("home", "step.meta"), ...weights, "--save", at("kept.safetensors"));
    expect(output).toMatch(/13 variables from .*expected.safetensors, 0 as initialized/);
    const expected = await load(at("home", "expected.safetensors"));
    const kept = await load(at("kept.safetensors"));
    for (const [weight, value] of Object.entries(kept)) expect(value.data, weight).toEqual(expected[weight]!.data);
  });

  test("what cannot be read is one line", async () => {
    await writeFile(at("damaged.meta"), new Uint8Array(await readFile(at("home", "step.meta"))).slice(0, 1000));
    await writeFile(at("foreign.pbtxt"), 'node { name: "x" op: "LSTMBlockCell" }');
    const cases: [string[], RegExp][] = [
      [[at("nowhere.pb")], /nowhere\.pb: cannot be read, no such file/],
      [[at("damaged.meta")], /damaged\.meta: this is no GraphDef or MetaGraphDef: /],
      [[at("foreign.pbtxt")], /foreign\.pbtxt: node "x" \(LSTMBlockCell\): there is no such op here/],
      [[at("home", "step.meta"), "--batches", at("home", "step.meta")], /--batches .*: not a safetensors file/],
      [
        [at("home", "step.meta"), "--batches", at("home", "weights.safetensors")],
        /holds nothing for the input inputs, labels/,
      ],
      [[at("home", "step.meta"), "--outputs", "accuracy"], /there is no node "accuracy" in it/],
    ];
    for (const [flags, message] of cases) {
      const { exitCode, errors } = await run("import", ...flags);
      expect(exitCode).toBe(1);
      expect(errors).toMatch(message);
      expect(errors.trim().split("\n").length).toBe(1);
    }
  });
});
