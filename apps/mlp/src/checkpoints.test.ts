import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadSafetensors } from "gradtape";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Memory } from "./fixtures/memory.ts";
import { runProgram } from "./program.ts";

/** While the disk is full, checkpoint 12 is written as on a disk without space. */
const disk = vi.hoisted(() => ({ full: false }));
vi.mock("node:fs/promises", async (original) => {
  const files = await original<typeof import("node:fs/promises")>();
  const open: typeof files.open = (path, flags, mode) =>
    disk.full && /checkpoint-12\..*\.aside$/.test(String(path))
      ? files.open("/dev/full", "w")
      : files.open(path, flags, mode);
  return { ...files, open };
});

/** Runs the demo; it is asked to stop when its output holds `until`. */
async function run(parameters: string, until?: string) {
  const [output, errors, controller] = [new Memory(), new Memory(), new AbortController()];
  const environment = {};
  const write = output._write.bind(output);
  output._write = (chunk, encoding, done) => {
    write(chunk, encoding, done);
    if (until !== undefined && output.text.includes(until)) controller.abort();
  };
  const { signal } = controller;
  const exitCode = await runProgram(parameters.split(" "), { output, errors, environment, signal });
  return { exitCode, output: output.text, errors: errors.text, print: /weights (\w{8}) /.exec(output.text)?.[1] };
}

let root: string;
let count = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "checkpointed-"));
});
afterAll(() => rm(root, { recursive: true }));
const newFolder = () => join(root, String(count++));

const small = "--dataset spirals --limit 300 --epochs 6 --checkpoint-every 4 --checkpoint";
const namesRun = "names --epochs 2 --hidden 8 --samples 3 --checkpoint-every 500 --checkpoint";

describe("a run that was stopped goes on", () => {
  for (const [name, flags, until] of [
    ["the perceptron", small, "epoch 2/6"],
    ["names", namesRun, "epoch 1/2"],
  ] as const) {
    test(`${name}, to the same weights and the same report, in another mode too`, async () => {
      const whole = await run(`${flags} ${newFolder()}`);
      const folder = newFolder();
      const stopped = await run(`${flags} ${folder}`, until);
      expect(stopped.output).toMatch(/stopped after \d[\d,]* of [\d,]+ steps/);
      const resumed = await run(`${flags} ${folder} --resume --mode session`);
      expect(resumed.errors).toBe("");
      expect(resumed.output).toMatch(/resumed after [\d,]+ steps, from /);
      expect(resumed.print).toBe(whole.print);
      // The means of the epochs are those of the whole epochs, also of the one in which the run was stopped.
      const epochs = (text: string) =>
        [...text.matchAll(/epoch \d\/\d {2}loss [\d.]+ {2}accuracy [\d.]+/g)].map(String);
      expect(epochs(whole.output).slice(-epochs(resumed.output).length)).toEqual(epochs(resumed.output));
      const again = await run(`${flags} ${folder} --resume`);
      expect(again.print).toBe(whole.print);
    });
  }

  test("the file holds weights, slots, counters, and the state of the rest", async () => {
    const folder = newFolder();
    await run(`${small} ${folder} --centered`);
    const names = await readdir(folder);
    expect(names).toHaveLength(5);
    const { tensors, metadata } = loadSafetensors(await readFile(join(folder, "checkpoint-60.safetensors")));
    expect(Object.keys(tensors)).toContain("optimizer/model/dense1/kernel/mg");
    expect(tensors.globalStep!.item()).toBe(60);
    const { states } = JSON.parse(metadata.manifest!);
    expect(Object.keys(states).sort()).toEqual(["data", "settings", "tally"]);
    expect(states.tally.losses).toHaveLength(60);
  });

  test("from the one before, where the last is damaged", async () => {
    const folder = newFolder();
    const whole = await run(`${small} ${folder}`);
    const last = join(folder, "checkpoint-60.safetensors");
    const bytes = await readFile(last);
    bytes[bytes.length - 5]! ^= 4;
    await writeFile(last, bytes);
    const resumed = await run(`${small} ${folder} --resume`);
    expect(resumed.output).toMatch(/checkpoint-60.safetensors: restore: tensor "[^"]+" .* checksum it was saved with/);
    expect(resumed.output).toMatch(/resumed after 56 steps/);
    expect(resumed.print).toBe(whole.print);
  });

  test("one that has ended goes on for more epochs", async () => {
    const folder = newFolder();
    await run(`${small} ${folder}`);
    const more = await run(`${small.replace("--epochs 6", "--epochs 8")} ${folder} --resume`);
    expect(more.errors).toBe("");
    expect(more.output).toContain("planned for 6 epochs before, for 8 now; the learning rate follows the new plan");
    expect(more.output.match(/^epoch \d\/8/gm)).toEqual(["epoch 7/8", "epoch 8/8"]);
  });

  test("without a checkpoint yet it begins", async () => {
    expect((await run(`${small} ${newFolder()} --resume`)).output).toContain("no checkpoint yet, so the run begins");
  });
});

test("a full disk is told, and the run goes on; the checkpoint before stays", async () => {
  const other = newFolder();
  const first = await run(`${small} ${other}`, "epoch 1/6");
  expect(first.exitCode).toBe(0);
  disk.full = true;
  const resumed = await run(`${small} ${other} --resume`);
  disk.full = false;
  expect(resumed.output).toContain("checkpoint-12.safetensors cannot be written: ENOSPC: no space left on device");
  expect([resumed.exitCode, resumed.errors]).toEqual([0, ""]);
});

describe("mistakes", () => {
  test("wrong usage and wrong folders are one line", async () => {
    const folder = newFolder();
    await run(`${small} ${folder}`);
    for (const [parameters, exitCode, message] of [
      ["--dataset spirals --resume", 2, "--resume needs --checkpoint <folder>"],
      [`${small} ${folder} --checkpoint-every 0`, 2, "Expected a whole number of at least 1"],
      [`${small} ${folder}`, 1, "holds checkpoints of an earlier run; add --resume, or name another folder"],
      [`${small} ${folder} --resume --layers 8`, 1, "the checkpoint does not fit the run: model/dense1/kernel is"],
      [`${small} ${folder} --resume --seed 2`, 1, "the state is that of a dataset with another seed"],
      [`${small} ${folder} --resume --decay 0.8`, 1, "--resume: the run had other settings: --decay was 0.9, is 0.8"],
      [`${small} /dev/null`, 1, "--checkpoint /dev/null: CheckpointManager: /dev/null cannot be read: ENOTDIR"],
      [`${small} /proc/none`, 1, "cannot be written: ENOENT"],
    ] as const) {
      const { errors, ...result } = await run(parameters);
      expect(errors).toContain(message);
      expect(errors).toMatch(/^demo: [^\n]+\n$/);
      expect(result.exitCode).toBe(exitCode);
    }
  });
});
