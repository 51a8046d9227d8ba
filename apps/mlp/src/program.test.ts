import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Memory } from "./fixtures/memory.ts";
import { runProgram } from "./program.ts";

async function run(
  parameters: string,
  given: { tty?: boolean; environment?: NodeJS.ProcessEnv; signal?: AbortSignal } = {},
) {
  const output = new Memory(given.tty);
  const errors = new Memory();
  const { environment = {}, signal = new AbortController().signal } = given;
  const exitCode = await runProgram(parameters.split(" "), { output, errors, environment, signal });
  return { exitCode, output: output.text, errors: errors.text };
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mlp-"));
  await writeFile(join(folder, "text"), "no weights here, just words that go on for a while");
  await mkdir(join(folder, "empty"));
});
afterAll(() => rm(folder, { recursive: true }));

const small = "--dataset spirals --limit 300 --epochs 2";
const print = (text: string) => /weights ([0-9a-f]{8}) /.exec(text)?.[1];

describe("help", () => {
  test("of the program shows both commands and the flags of the default one", async () => {
    const { exitCode, output, errors } = await run("--help");
    expect(exitCode).toBe(0);
    expect(errors).toBe("");
    for (const part of [
      "train",
      "names",
      "--dataset",
      "--layers",
      "--learning-rate",
      "--centered",
      "--seed",
      "--save",
    ]) {
      expect(output).toContain(part);
    }
  });

  test("of the character model", async () => {
    const { exitCode, output } = await run("names --help");
    expect(exitCode).toBe(0);
    expect(output).toContain("--temperature");
  });
});

describe("wrong usage ends with 2 and one line", () => {
  test.each([
    ["--batch zero", "option '--batch <rows>' argument 'zero' is invalid. Expected a whole number of at least 1."],
    ["--batch 0", "Expected a whole number of at least 1."],
    ["--epochs -1", "argument '-1' is invalid. Expected a whole number of at least 0"],
    ["--epochs 1.5", "Expected a whole number"],
    [
      "--layers 128,,64",
      "Expected sizes of hidden layers like 128,64, each from 1 to 16384, at most 32 of them, or none.",
    ],
    ["--layers 99999", "each from 1 to 16384"],
    ["--learning-rate 0", "Expected a number above 0."],
    ["--learning-rate fast", "Expected a number above 0."],
    ["--decay 1", "Expected a number at least 0 and below 1."],
    ["--epsilon 0", "Expected a number above 0."],
    ["--schedule steep", "Allowed choices are cosine, constant."],
    ["--seed abc", "Expected a whole number of at least 0"],
    ["--sed 3", "unknown option '--sed' (Did you mean --seed?)"],
    ["--save", "option '--save <file>' argument missing"],
    ["name", "unknown command 'name'; expected train, names, export or import"],
    ["names --context 0", "Expected a whole number from 1 to 16."],
    ["names --temperature -1", "Expected a number above 0."],
  ])("%s", async (parameters, message) => {
    const { exitCode, output, errors } = await run(parameters);
    expect(errors).toContain(message);
    expect(errors).toMatch(/^demo: [^\n]+ee demo --help\.?\n$/);
    expect(output).toBe("");
    expect(exitCode).toBe(2);
  });
});

describe("a mistake ends with 1 and one line", () => {
  test.each([
    ["--dataset mnits", "--dataset mnits: no such dataset or folder; expected mnist, digits, spirals, or a folder"],
    ["--dataset FOLDER/text", "is a file, not a folder; expected mnist"],
    ["--dataset FOLDER/empty", "empty: no train-images-idx3-ubyte nor train-images-idx3-ubyte.gz; an IDX folder holds"],
    [`${small} --save FOLDER/none/w`, "w: cannot be written, no such file or folder; name a file in a folder you may"],
    [`${small} --save FOLDER`, "cannot be written, it is a folder"],
    [`${small} --save FOLDER/text/w`, "cannot be written, a part of the path is not a folder"],
    [`${small} --save /dev/null`, "--save /dev/null: cannot be written, it is not a regular file"],
    [`${small} --save `, '--save "": cannot be written, the name is empty'],
    [`${small} --load FOLDER/none`, "none: cannot be read, no such file or folder; name a file that --save wrote"],
    [`${small} --load FOLDER/text`, "text: not a safetensors file,"],
    [
      `${small} --summaries FOLDER/text`,
      "text: cannot be written, a part of the path is not a folder; name a folder you may write",
    ],
    [`names --load FOLDER/text`, "text: not a safetensors file,"],
    [`${small} --learning-rate 1e30`, "so the training diverged; try a smaller --learning-rate or a larger --epsilon"],
  ])("%s", async (parameters, message) => {
    const { exitCode, errors } = await run(parameters.replace("FOLDER", folder));
    expect(errors).toContain(message);
    expect(errors).toMatch(/^demo: [^\n]+\n$/);
    expect(exitCode).toBe(1);
    expect((await readdir(folder)).sort()).toEqual(["empty", "text"]);
  });
});

describe("training", () => {
  test.each([
    "--dataset digits --limit 200 --epochs 12 --momentum 0.5 --centered",
    "--dataset spirals --limit 100 --epochs 10",
    "names --epochs 10 --hidden 4 --embedding 2 --samples 3",
  ])("no line is wider than 80 columns: %s", async (parameters) => {
    const { output, errors } = await run(parameters);
    expect(errors).toBe("");
    expect(output.split("\n").filter((line) => line.length > 80)).toEqual([]);
  });

  test("learns the spirals, piped: plain lines, one for every epoch", async () => {
    const { exitCode, output, errors } = await run("--dataset spirals");
    expect(errors).toBe("");
    expect(exitCode).toBe(0);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
    expect(output).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
    expect(output.match(/^epoch +\d+\/30 /gm)).toHaveLength(30);
    expect(Number(/test accuracy ([\d.]+) % after/.exec(output)?.[1])).toBeGreaterThan(97);
    expect(output).toContain("predicted class over the plane");
  });

  test("learns the digits", async () => {
    const { output } = await run("train --dataset digits --epochs 8");
    expect(Number(/test accuracy ([\d.]+) % after/.exec(output)?.[1])).toBeGreaterThan(94);
    expect(output).toContain("some test examples");
    expect(output).toMatch(/true +0 +1 +2/);
  });

  test("gives the same bits for the same seed, others for another", async () => {
    const [first, second, other] = [await run(small), await run(small), await run(`${small} --seed 2`)];
    expect(print(first.output)).toBeDefined();
    expect(print(second.output)).toBe(print(first.output));
    expect(print(other.output)).not.toBe(print(first.output));
  });

  test("saves weights that load again, and refuses them for another model", async () => {
    const file = join(folder, "spirals.safetensors");
    try {
      const saved = await run(`${small} --save ${file}`);
      expect(saved.output).toContain(`saved to ${file}`);
      expect(await readdir(folder)).toContain("spirals.safetensors");
      const loaded = await run(`${small} --epochs 0 --load ${file} --seed 5`);
      expect(print(loaded.output)).toBe(print(saved.output));
      const refused = await run(`${small} --layers 32,16 --load ${file}`);
      expect(refused.exitCode).toBe(1);
      expect(refused.errors).toContain(
        "does not fit the model: dense2/kernel is float32 [32, 32], expected float32 [32, 16], dense2/bias is float32 [32], " +
          "expected float32 [16], dense3/kernel is float32 [32, 3], expected float32 [16, 3]; " +
          "the file was trained with --dataset spirals --layers 32,32",
      );
      const fewer = await run(`${small} --layers none --load ${file}`);
      expect(fewer.errors).toContain("dense2/kernel is not in the model");
    } finally {
      await rm(file, { force: true });
    }
  });

  test("stops when asked, and saves what it learned", async () => {
    const file = join(folder, "stopped.safetensors");
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 150);
    try {
      const { output } = await run(`--dataset spirals --epochs 5000 --save ${file}`, { signal: controller.signal });
      expect(output).toMatch(/stopped after [\d,]+ of [\d,]+ steps; weights [0-9a-f]{8} \(seed 1\), saved to /);
      expect(await readdir(folder)).toContain("stopped.safetensors");
    } finally {
      await rm(file, { force: true });
    }
  });

  test("on a terminal there is a progress bar, and NO_COLOR takes the colours", async () => {
    // Steps that take most of the time: nothing is shown while the test set is run.
    const slow = `${small} --epochs 60 --mode eager`;
    const colored = (await run(slow, { tty: true })).output;
    expect(colored).toMatch(/epoch +\d+\/60 .*█+.*accuracy .*\/s/);
    expect(colored).toContain("\x1b[36m");
    const plain = (await run(slow, { tty: true, environment: { NO_COLOR: "1" } })).output;
    expect(plain).toContain("█");
    expect(plain).not.toContain("\x1b[36m");
    expect(print(plain)).toBe(print(colored));
  });
});

describe("names", () => {
  test("beats the unigram entropy and makes up the same names for the same seed", async () => {
    const first = await run("names --epochs 1 --hidden 48 --samples 6");
    expect(first.errors).toBe("");
    const [, loss, entropy] = /held-out loss ([\d.]+) against a unigram entropy of ([\d.]+)/.exec(first.output) ?? [];
    expect(Number(loss)).toBeLessThan(Number(entropy) - 0.4);
    const second = await run("names --epochs 1 --hidden 48 --samples 6");
    const samples = (text: string) =>
      text.slice(text.indexOf("made-up names"), text.indexOf("held-out loss", text.indexOf("made-up")));
    expect(samples(second.output)).toBe(samples(first.output));
    expect(print(second.output)).toBe(print(first.output));
  });
});
