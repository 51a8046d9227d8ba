import { stat } from "node:fs/promises";
import type * as gt from "gradtape";
import { Mistake } from "../mistake.ts";
import type { Dataset } from "./dataset.ts";
import { loadDigits } from "./digits.ts";
import { isIdxPrefix, loadIdxFolder } from "./idx-folder.ts";
import { loadMnist } from "./mnist.ts";
import { makeSpirals } from "./spirals.ts";

/** What a dataset decides about its training. */
export interface Settings {
  readonly layers: readonly number[];
  readonly batch: number;
  readonly epochs: number;
  readonly learningRate: number;
}

const images: Settings = { layers: [128, 64], batch: 128, epochs: 5, learningRate: 0.003 };

const settings: Readonly<Record<string, Settings>> = {
  digits: { ...images, batch: 32, epochs: 20, learningRate: 0.002 },
  spirals: { layers: [32, 32], batch: 32, epochs: 30, learningRate: 0.005 },
};

/** The settings a dataset is trained with unless flags say otherwise; a folder of IDX files is trained like MNIST. */
export function settingsFor(name: string): Settings {
  return settings[name] ?? images;
}

/**
 * Loads a dataset by its name, or from a folder of IDX files.
 *
 * @param random draws the examples of generated datasets
 */
export async function loadDataset(name: string, random: gt.Generator): Promise<Dataset> {
  if (name === "mnist") return loadMnist();
  if (name === "digits") return loadDigits();
  if (name === "spirals") return makeSpirals(random);
  const found = await stat(name).catch(() => undefined);
  if (found?.isDirectory() || (found === undefined && (await isIdxPrefix(name)))) return loadIdxFolder(name, name);
  const fault = found === undefined ? "no such dataset or folder" : "is a file, not a folder";
  throw new Mistake(`--dataset ${name}: ${fault}; expected mnist, digits, spirals, or a folder of IDX files`);
}
