import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Mistake, systemReason } from "../mistake.ts";
import type { Dataset } from "./dataset.ts";
import { readImages } from "./idx.ts";

/** The four files of a dataset. */
interface Files {
  readonly trainImages: string;
  readonly trainLabels: string;
  readonly testImages: string;
  readonly testLabels: string;
}

type Role = keyof Files;

// MNIST: train-images-idx3-ubyte, t10k-…, also train-images.idx3-ubyte; EMNIST: emnist-letters-test-…; QMNIST: …-idx2-int.
const fileName = /^(.*?)[-_.]?(train|t10k|test)[-_.](images|labels)[-_.]idx\d[-_.](?:ubyte|int\w*)(\.gz)?$/i;
const roles: { readonly [file: string]: Role } = {
  "train images": "trainImages",
  "train labels": "trainLabels",
  "test images": "testImages",
  "test labels": "testLabels",
};
const usual: { readonly [R in Role]: string } = {
  trainImages: "train-images-idx3-ubyte",
  trainLabels: "train-labels-idx1-ubyte",
  testImages: "t10k-images-idx3-ubyte",
  testLabels: "t10k-labels-idx1-ubyte",
};

/** The files of a folder by role, for each prefix of their names: `emnist-letters`, or nothing. */
function grouped(names: readonly string[]): Map<string, Map<Role, string>> {
  const groups = new Map<string, Map<Role, string>>();
  // Of a file that is there twice, the plain one comes first.
  for (const name of names.toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1))) {
    const [, prefix = "", split = "", kind = ""] = fileName.exec(name) ?? [];
    const role = roles[`${split === "t10k" ? "test" : split} ${kind}`.toLowerCase()];
    if (role === undefined) continue;
    const group = groups.get(prefix) ?? new Map<Role, string>();
    groups.set(prefix, group);
    if (!group.has(role)) group.set(role, name);
  }
  return groups;
}

/** The files of the dataset in `folder` whose names begin with `prefix`; of the only one where that is left out. */
function choose(folder: string, names: readonly string[], prefix: string | undefined): Files {
  const groups = grouped(names);
  if (prefix === undefined && groups.size > 1) {
    const named = [...groups.keys()].sort().map((each) => (each === "" ? "(no prefix)" : each));
    const example = join(folder, [...groups.keys()].sort().at(-1) ?? "");
    throw new Mistake(`${folder}: holds ${groups.size} datasets, ${named.join(", ")}; name one: --dataset ${example}`);
  }
  const files = groups.get(prefix ?? [...groups.keys()][0] ?? "") ?? new Map<Role, string>();
  const path = (role: Role) => {
    const name = files.get(role);
    if (name !== undefined) return join(folder, name);
    const wanted = usual[role];
    throw new Mistake(
      `${folder}: no ${prefix === undefined ? "" : `${prefix}-`}${wanted} nor ${wanted}.gz; an IDX folder holds ` +
        "{train,t10k}-images-idx3-ubyte and {train,t10k}-labels-idx1-ubyte",
    );
  };
  return {
    trainImages: path("trainImages"),
    trainLabels: path("trainLabels"),
    testImages: path("testImages"),
    testLabels: path("testLabels"),
  };
}

function checkLabels(labels: Uint8Array, classes: number, path: string, because: string): void {
  const row = labels.findIndex((label) => label >= classes);
  if (row >= 0) {
    throw new Mistake(`${path}: label ${labels[row]} at row ${row}; expected 0 to ${classes - 1}, ${because}`);
  }
}

async function list(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: unknown) => {
    throw new Mistake(`${folder}: cannot be read, ${systemReason(error)}`);
  });
}

/** True for a folder with the beginning of file names in it: `data/emnist-letters`. */
export async function isIdxPrefix(path: string): Promise<boolean> {
  const names = await readdir(dirname(path)).catch(() => []);
  return grouped(names).has(basename(path));
}

/**
 * Reads the four files of MNIST and its kin (Fashion-MNIST, KMNIST, EMNIST, QMNIST), plain or gzipped.
 *
 * @param path the folder; where it holds several datasets, with the prefix of their names: `data/emnist-letters`
 * @param classes how many classes there are; one more than the largest training label when left out
 */
export async function loadIdxFolder(path: string, name: string, classes?: number): Promise<Dataset> {
  const prefixed = await isIdxPrefix(path);
  const folder = prefixed ? dirname(path) : path;
  const files = choose(folder, await list(folder), prefixed ? basename(path) : undefined);
  const train = await readImages(files.trainImages, files.trainLabels);
  const test = await readImages(files.testImages, files.testLabels);
  if (train.shape.join() !== test.shape.join()) {
    throw new Mistake(
      `${files.testImages}: images of ${test.shape.join(" x ")}, but ${files.trainImages} has ${train.shape.join(" x ")}; expected one size`,
    );
  }
  const count = classes ?? Math.max(2, train.labels.reduce((largest, label) => Math.max(largest, label), 0) + 1);
  checkLabels(train.labels, count, files.trainLabels, `as ${name} has ${count} classes`);
  checkLabels(test.labels, count, files.testLabels, "the labels of the training file");
  return { name, classes: count, shape: train.shape, scale: 1 / 255, train, test };
}
