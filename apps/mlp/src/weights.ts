import { createHash } from "node:crypto";
import { open, readFile, rm, stat } from "node:fs/promises";
import * as gt from "gradtape";
import { replaceFile } from "gradtape/node";
import type { Learner } from "./learner.ts";
import { Mistake, systemReason } from "./mistake.ts";
import type { RunOptions } from "./options.ts";

/** Eight hexadecimal digits that change with any bit of any weight: same seed, same fingerprint. */
function fingerprint(weights: ReadonlyMap<string, gt.Tensor>): string {
  const hash = createHash("sha256");
  for (const [name, weight] of weights) {
    const { data } = weight;
    hash.update(`${name}[${weight.shape}]`).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest("hex").slice(0, 8);
}

const temporary = (path: string) => `${path}.${process.pid}.tmp`;

function unwritable(path: string, reason: string): Mistake {
  return new Mistake(`--save ${path}: cannot be written, ${reason}; name a file in a folder you may write to`);
}

/** Finds out before a long run whether its end could be saved. */
export async function assertWritable(path: string): Promise<void> {
  const target = await stat(path).catch(() => undefined);
  if (target?.isDirectory()) throw unwritable(path, "it is a folder");
  // Renaming a file over a device would replace the device.
  if (target !== undefined && !target.isFile()) throw unwritable(path, "it is not a regular file");
  if (path === "") throw unwritable('""', "the name is empty");
  try {
    await (await open(temporary(path), "w")).close();
    await rm(temporary(path));
  } catch (error) {
    throw unwritable(path, systemReason(error));
  }
}

/** Writes the weights as safetensors. */
async function saveWeights(
  path: string,
  weights: ReadonlyMap<string, gt.Tensor>,
  metadata: Record<string, string>,
): Promise<void> {
  const bytes = gt.saveSafetensors(Object.fromEntries(weights), metadata);
  await replaceFile(path, bytes).catch((error: unknown) => {
    throw unwritable(path, systemReason(error));
  });
}

/** Fingerprints a trained model, saves it if `options` ask for that, and returns both in words. */
export async function keepWeights(
  learner: Learner,
  options: Pick<RunOptions, "save" | "seed">,
  metadata: Record<string, string>,
): Promise<{ readonly print: string; readonly text: string }> {
  const weights = learner.read();
  const print = fingerprint(weights);
  const text = `weights ${print} (seed ${options.seed})`;
  if (options.save === undefined) return { print, text };
  await saveWeights(options.save, weights, { ...metadata, seed: String(options.seed) });
  return { print, text: `${text}, saved to ${options.save}` };
}

/** Reads weights into a model; a file whose names or shapes are not the model's changes nothing. */
export async function loadWeights(path: string, learner: Learner): Promise<void> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new Mistake(`--load ${path}: cannot be read, ${systemReason(error)}; name a file that --save wrote`);
  });
  const { tensors, metadata } = parse(path, bytes);
  const differences: string[] = [];
  for (const [name, weight] of learner.weights) {
    const found = tensors[name];
    const expected = `${weight.dtype} [${weight.shape.join(", ")}]`;
    const actual = found && `${found.dtype} [${found.shape.join(", ")}]`;
    if (actual === undefined) differences.push(`${name} is missing, expected ${expected}`);
    else if (actual !== expected) differences.push(`${name} is ${actual}, expected ${expected}`);
  }
  for (const name of Object.keys(tensors)) {
    if (!learner.weights.has(name)) differences.push(`${name} is not in the model`);
  }
  if (differences.length > 0) {
    const advice = metadata.flags ? `the file was trained with ${metadata.flags}` : "use the flags it was trained with";
    throw new Mistake(`--load ${path}: does not fit the model: ${differences.join(", ")}; ${advice}`);
  }
  learner.write(tensors);
}

function parse(path: string, bytes: Uint8Array): ReturnType<typeof gt.loadSafetensors> {
  try {
    return gt.loadSafetensors(bytes);
  } catch (error) {
    const reason = (error as Error).message.split("\n").join(" ");
    throw new Mistake(`--load ${path}: not a safetensors file, ${reason}; name a file that --save wrote`);
  }
}
