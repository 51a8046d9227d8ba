import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { weightsOf, writeOnnx, writeStableHlo } from "@gradtape/export";
import * as gt from "gradtape";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { batchOf, calmPrograms, names, perceptron, randomStep, type Step, takeStep } from "../handover-models.ts";
import { refused, tableRows } from "../handover-rows.ts";
import { caseOfRow, distance, type Values } from "../handover-support.ts";

/*
 * The runners of examples/handover on the real engines, beside our own session: ENGINES=1, and ENGINES_JAX names a
 * Python that has jax, onnx, onnxruntime and safetensors (python3 when left out).
 */

const STEPS = 20;
const NEAR = 1e-5;

const python = process.env.ENGINES_JAX ?? "python3";
const runner = (name: string) => fileURLToPath(new URL(`../../../../examples/handover/${name}`, import.meta.url));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "handover-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string) => join(folder, name);

/** What a step is handed over as; our own losses and variables after all steps. */
interface Handed {
  readonly losses: readonly number[];
  readonly weights: Values;
}

function handOver(step: Step): Handed {
  const { handover, session, batches } = step;
  writeFileSync(file("step.mlir"), writeStableHlo(handover).text);
  writeFileSync(file("step.onnx"), writeOnnx(handover).bytes);
  writeFileSync(file("weights.safetensors"), gt.saveSafetensors(weightsOf(handover, session)));
  writeFileSync(file("batches.safetensors"), gt.saveSafetensors(batches));
  const losses = Array.from(
    { length: STEPS },
    (_, i) => takeStep(step, batchOf(batches, i))["loss:0"]!.item() as number,
  );
  return { losses, weights: weightsOf(handover, session) };
}

const args = (script: string, step: string, ...more: string[]) => [
  ...[runner(script), file(step), file("weights.safetensors"), file("batches.safetensors")],
  ...[
    "--steps",
    String(STEPS),
    "--state",
    file("trained.safetensors"),
    "--out",
    file("weights-only.safetensors"),
    ...more,
  ],
];

function run(script: string, step: string, env: Record<string, string> = {}): string {
  rmSync(file("trained.safetensors"), { force: true });
  return execFileSync(python, args(script, step), {
    encoding: "utf8",
    env: { ...process.env, JAX_PLATFORMS: "cpu", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

const lossesIn = (output: string) =>
  [...output.matchAll(/^step \d+ (.*)$/gm)].map(([, json]) => JSON.parse(json!)["loss:0"] as number);

/** The weights have come home, and all is as it is here. */
function expectSame({ losses, weights }: Handed, output: string): void {
  const there = lossesIn(output);
  expect(there.length).toBe(STEPS);
  losses.forEach((loss, i) => {
    expect(Math.abs(there[i]! - loss) / Math.max(1, Math.abs(loss)), `loss ${i}`).toBeLessThan(NEAR);
  });
  const { tensors } = gt.loadSafetensors(new Uint8Array(readFileSync(file("trained.safetensors"))));
  for (const [name, weight] of Object.entries(weights)) {
    expect(distance(tensors[name]!, weight), name).toBeLessThan(NEAR);
  }
}

const engines = [
  ["JAX", "run_stablehlo.py", "step.mlir"],
  ["ONNX Runtime", "run_onnx.py", "step.onnx"],
] as const;

const mnist = () => perceptron({ batch: 64, layers: [784, 128, 64, 10], count: 5 });
const firstNames = () => names({ batch: 32, layers: [64], table: [28, 10], context: 4, count: 5 });
const falls = (losses: readonly number[]) => expect(losses[STEPS - 1]).toBeLessThan(losses[0]!);

describe("on the engines themselves", () => {
  test.each(engines)("%s trains the perceptron of MNIST's size", { timeout: 120_000 }, (_, script, step) => {
    const handed = handOver(mnist());
    expectSame(handed, run(script, step));
    falls(handed.losses);
  });

  test.each(engines)("%s trains the model of names", { timeout: 120_000 }, (_, script, step) => {
    const handed = handOver(firstNames());
    expectSame(handed, run(script, step));
    falls(handed.losses);
  });

  test("JAX splits the batch among four devices", { timeout: 120_000 }, () => {
    const handed = handOver(firstNames());
    const output = run("run_stablehlo.py", "step.mlir", { XLA_FLAGS: "--xla_force_host_platform_device_count=4" });
    expect(output).toMatch(/^4 devices, 1 processes, [1-9]\d* all-reduces$/m);
    expectSame(handed, output);
    console.log(output);
  });

  test("JAX splits the batch among two processes of two devices", { timeout: 120_000 }, async () => {
    const handed = handOver(mnist());
    const env = { ...process.env, JAX_PLATFORMS: "cpu", XLA_FLAGS: "--xla_force_host_platform_device_count=2" };
    const started = [0, 1].map((process) => {
      const more = ["--processes", "2", "--process", String(process), "--coordinator", "127.0.0.1:9931"];
      const child = spawn(python, args("run_stablehlo.py", "step.mlir", ...more), { env });
      let output = "";
      child.stdout.on("data", (text) => {
        output += text;
      });
      return new Promise<string>((resolve, reject) => {
        child.on("exit", (code) => (code === 0 ? resolve(output) : reject(new Error(`process ${process}: ${code}`))));
      });
    });
    const outputs = await Promise.all(started);
    for (const output of outputs) expect(output).toMatch(/^4 devices, 2 processes, [1-9]\d* all-reduces$/m);
    expectSame(handed, outputs[0]!);
    falls(lossesIn(outputs[1]!));
    console.log(outputs[0]);
  });

  const programs = calmPrograms({ seed: 7, count: 20, steps: STEPS });

  test.each(programs.map((program, i) => [i, program] as const))(
    "random graph %i",
    { timeout: 120_000 },
    (_, program) => {
      const handed = handOver(randomStep(program, STEPS));
      for (const [, script, step] of engines) expectSame(handed, run(script, step));
    },
  );
});

describe("every op", () => {
  const rows = tableRows.filter(({ name }) => refused[name] === undefined);

  test("on XLA", { timeout: 300_000 }, () => {
    const cases = rows.map(({ row, order }) => caseOfRow(row, { order }));
    cases.forEach(({ handover, feeds }, i) => {
      writeFileSync(file(`${i}.mlir`), writeStableHlo(handover).text);
      writeFileSync(file(`${i}.safetensors`), gt.saveSafetensors(feeds));
    });
    rmSync(file("step.mlir"), { force: true });
    const script = fileURLToPath(new URL("./run_stablehlo_cases.py", import.meta.url));
    execFileSync(python, [script, folder], { env: { ...process.env, JAX_PLATFORMS: "cpu" } });
    cases.forEach(({ results }, i) => {
      const { tensors } = gt.loadSafetensors(new Uint8Array(readFileSync(file(`${i}.out.safetensors`))));
      for (const [name, expected] of Object.entries(results)) {
        expect(distance(tensors[name]!, expected), `${rows[i]!.label}: ${name}`).toBeLessThan(NEAR);
      }
    });
  });

  test("by the checker of ONNX", { timeout: 120_000 }, () => {
    const files = rows.map(({ row, order }, i) => {
      writeFileSync(file(`${i}.onnx`), writeOnnx(caseOfRow(row, { order }).handover).bytes);
      return file(`${i}.onnx`);
    });
    for (const make of [mnist, firstNames]) {
      files.push(file(`${make.name}.onnx`));
      writeFileSync(files[files.length - 1]!, writeOnnx(make().handover).bytes);
    }
    const check = "import onnx, sys; [onnx.checker.check_model(f, full_check=True) for f in sys.argv[1:]]";
    execFileSync(python, ["-c", check, ...files]);
  });
});
