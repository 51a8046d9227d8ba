import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type Handover,
  weightsOf,
  writeGraphDef,
  writeGraphDefText,
  writeOnnx,
  writeStableHlo,
} from "@gradtape/export";
import * as gt from "gradtape";
import { replaceFile } from "gradtape/node";
import { type Batches, trainingBatches } from "./batches.ts";
import { rowTensors } from "./characters.ts";
import { loadDataset, settingsFor } from "./data/catalog.ts";
import { exampleSize, splitTensors } from "./data/dataset.ts";
import { alphabet, characterRows, loadNames } from "./data/names.ts";
import { buildStep, type StepGraph } from "./handover.ts";
import { Mistake, systemReason } from "./mistake.ts";
import { type Model, makeCharacterModel, makePerceptron } from "./model.ts";
import type { OptimizerOptions } from "./optimizer.ts";
import { counted } from "./terminal/format.ts";
import type { Screen } from "./terminal/screen.ts";

export const formats = ["graphdef", "stablehlo", "onnx"] as const;
export const handoverModels = ["perceptron", "names"] as const;

/** What the user of `demo export` decides. */
export interface ExportOptions extends Omit<OptimizerOptions, "learningRate"> {
  readonly format: (typeof formats)[number];
  /** The folder that is written. */
  readonly out: string;
  readonly model: (typeof handoverModels)[number];
  /** Data of a perceptron. */
  readonly dataset: string;
  readonly layers?: readonly number[];
  readonly learningRate?: number;
  readonly batch?: number;
  /** How many batches are written, and how many steps the rate is planned for. */
  readonly steps: number;
  readonly seed: number;
  /** Weights to begin with. */
  readonly load?: string;
}

/** A model, what it reads, and batches to learn from. */
interface Task {
  readonly inputs: Parameters<typeof buildStep>[0]["inputs"];
  readonly learningRate: number;
  readonly data: Batches;
  makeModel(): Model;
}

/** A file that is part of a handover. */
type Files = { readonly [name: string]: string | Uint8Array };

/** Each format as files; those that want static shapes get the batch as it is. */
const writers: {
  readonly [F in ExportOptions["format"]]: { readonly rows: boolean; write(handover: Handover): Files };
} = {
  graphdef: {
    rows: false,
    write: (handover) => ({ "step.meta": writeGraphDef(handover), "step.pbtxt": writeGraphDefText(handover) }),
  },
  stablehlo: { rows: true, write: (handover) => ({ "step.mlir": writeStableHlo(handover).text }) },
  onnx: { rows: false, write: (handover) => ({ "step.onnx": writeOnnx(handover).bytes }) },
};

async function perceptronTask(options: ExportOptions, [initial, order, drawn]: readonly gt.Generator[]): Promise<Task> {
  const dataset = await loadDataset(options.dataset, drawn!.split());
  const { layers, batch, learningRate } = { ...settingsFor(dataset.name), ...options };
  const size = exampleSize(dataset);
  const split = splitTensors(dataset, dataset.train);
  return {
    inputs: { dtype: "float32", shape: [null, size] },
    learningRate,
    data: trainingBatches(split, Math.min(batch, dataset.train.labels.length), order!),
    makeModel: () => makePerceptron([size, ...layers, dataset.classes], initial!),
  };
}

function namesTask(
  { batch = 64, learningRate = 0.003 }: ExportOptions,
  [initial, order]: readonly gt.Generator[],
): Task {
  const context = 5;
  const rows = characterRows(loadNames().train, context);
  return {
    inputs: { dtype: "int32", shape: [null, context] },
    learningRate,
    data: trainingBatches(rowTensors(rows, context), batch, order!),
    makeModel: () => makeCharacterModel({ tokens: alphabet.length, context, embedding: 16, hidden: 128 }, initial!),
  };
}

/** A tensor that stays when its batch is drawn over. */
function copyOf({ data, shape, dtype }: gt.EagerTensor): gt.EagerTensor {
  return gt.tensor(data.slice(), { shape, dtype });
}

/** The first whole batches, one after the other along a new first axis. */
function stackBatches(data: Batches, steps: number) {
  const taken: (readonly [gt.EagerTensor, gt.EagerTensor])[] = [];
  while (taken.length < steps) {
    const before = taken.length;
    for (const [inputs, labels] of data) {
      if (taken.length === steps) break;
      if (taken.length > 0 && labels.size !== taken[0]![1].size) continue;
      taken.push([copyOf(inputs), copyOf(labels)]);
    }
    if (taken.length === before) break;
  }
  return { inputs: gt.stack(taken.map(([inputs]) => inputs)), labels: gt.stack(taken.map(([, labels]) => labels)) };
}

async function beginningWeights(path: string, step: StepGraph, session: gt.Session): Promise<void> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new Mistake(`--load ${path}: cannot be read, ${systemReason(error)}; name a file that --save wrote`);
  });
  const { tensors } = readTensors("--load", path, bytes);
  assignWeights(`--load ${path}`, step.graph, session, step.weights, tensors);
}

/** Reads a safetensors file; what is wrong with it is the user's mistake. */
export function readTensors(flag: string, path: string, bytes: Uint8Array) {
  try {
    return gt.loadSafetensors(bytes);
  } catch (error) {
    const reason = (error as Error).message.split("\n").join(" ");
    throw new Mistake(`${flag} ${path}: not a safetensors file, ${reason}`);
  }
}

/** Sets those variables of which `tensors` has a value, and says which it lacks. */
export function assignWeights(
  what: string,
  graph: gt.Graph,
  session: gt.Session,
  variables: ReadonlyMap<string, gt.Variable>,
  tensors: Readonly<Record<string, gt.Tensor>>,
): void {
  const fitting = [...variables].filter(([name]) => tensors[name] !== undefined);
  if (fitting.length === 0) throw new Mistake(`${what}: holds none of ${[...variables.keys()].join(", ")}`);
  graph.asDefault(() => {
    for (const [name, variable] of fitting) {
      const value = tensors[name]!;
      if (value.dtype !== variable.dtype || String(value.shape) !== String(variable.shape)) {
        throw new Mistake(
          `${what}: ${name} is ${value.dtype} [${value.shape}], expected ${variable.dtype} [${variable.shape}]`,
        );
      }
      const next = gt.placeholder(variable.dtype, variable.shape);
      session.run(variable.assign(next) as gt.Tensor, [[next, value]]);
    }
  });
}

/** Writes a training step for another engine, with the weights it begins with and batches to learn from. */
export async function exportStep(options: ExportOptions, screen: Screen): Promise<void> {
  const seeds = gt.generator(options.seed);
  const generators = [seeds.split(), seeds.split(), seeds.split()];
  const task = options.model === "names" ? namesTask(options, generators) : await perceptronTask(options, generators);
  const batches = stackBatches(task.data, options.steps);
  const writer = writers[options.format];
  const rows = writer.rows ? batches.labels.shape[1]! : null;
  const optimizer = { ...options, learningRate: options.learningRate ?? task.learningRate };
  const step = buildStep({ optimizer, steps: options.steps, inputs: task.inputs, rows }, task.makeModel);
  using session = new gt.Session({ graph: step.graph });
  session.run(step.init);
  if (options.load !== undefined) await beginningWeights(options.load, step, session);

  const handover = { graph: step.graph, inputs: [step.inputs, step.labels], outputs: [step.loss, step.train] };
  const weights = weightsOf(handover, session);
  const files: Files = {
    ...writer.write(handover),
    "weights.safetensors": gt.saveSafetensors(weights),
    "batches.safetensors": gt.saveSafetensors(batches),
  };
  const losses = Array.from({ length: options.steps }, (_, i) => {
    const [inputs, labels] = [batches.inputs, batches.labels].map((each) => gt.gather(each, i));
    const [loss] = session.run(
      [step.loss, step.train],
      [
        [step.inputs, inputs!],
        [step.labels, labels!],
      ],
    );
    return loss;
  });
  const expected = { losses: gt.stack(losses as gt.Tensor[]), ...weightsOf(handover, session) };
  await writeFiles(options.out, { ...files, "expected.safetensors": gt.saveSafetensors(expected) });

  const { length } = step.graph.getOperations();
  screen.line(`${options.model}: a step of ${counted(length, "operation")} for ${options.format}, in ${options.out}:`);
  for (const [name, what] of Object.entries(describeFiles(files, weights, options)))
    screen.line(`  ${name.padEnd(22)}${what}`);
  screen.line(`  ${"expected.safetensors".padEnd(22)}losses and variables of the same steps, run here`);
}

function describeFiles(files: Files, weights: Readonly<Record<string, gt.Tensor>>, { steps }: ExportOptions) {
  const known: { readonly [name: string]: string } = {
    "weights.safetensors": `${counted(Object.keys(weights).length, "variable")} as they begin`,
    "batches.safetensors": `${counted(steps, "batch").replace(/batchs$/, "batches")}, stacked: inputs and labels`,
    "step.pbtxt": "the same as text",
  };
  return Object.fromEntries(Object.keys(files).map((name) => [name, known[name] ?? "the step"]));
}

/** Everything is made before anything is written, and each file takes its place whole. */
async function writeFiles(folder: string, files: Files): Promise<void> {
  const unwritable = (error: unknown) => {
    throw new Mistake(`--out ${folder}: cannot be written, ${systemReason(error)}; name a folder you may write to`);
  };
  await mkdir(folder, { recursive: true }).catch(unwritable);
  for (const [name, content] of Object.entries(files)) {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await replaceFile(join(folder, name), bytes).catch(unwritable);
  }
}
