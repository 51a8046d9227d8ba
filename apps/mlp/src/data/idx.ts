import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { Mistake, systemReason } from "../mistake.ts";
import type { Dataset, Split } from "./dataset.ts";

/** The content of an IDX file of bytes. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

const unsignedByte = 0x08;

/**
 * Reads the IDX format: two zero bytes, a type code, the rank, one big-endian 32-bit extent per axis, then the elements.
 * Only unsigned bytes are read, as in MNIST.
 *
 * @param source names the bytes in error messages
 * @param rank the rank the caller needs: 3 for images, 1 for labels
 */
export function parseIdx(bytes: Uint8Array, source: string, rank: number): IdxArray {
  const wanted = rank === 1 ? "labels (rank 1)" : `images (rank ${rank})`;
  if (bytes.length < 4) {
    throw new Mistake(`${source}: ${bytes.length} bytes are too few for an IDX header; the file is truncated`);
  }
  const [zero0, zero1, type, actualRank] = bytes as unknown as [number, number, number, number];
  if (zero0 !== 0 || zero1 !== 0) {
    const magic = Buffer.from(bytes.subarray(0, 4)).toString("hex");
    throw new Mistake(`${source}: not an IDX file, magic 0x${magic}; expected 0x0000080${rank}, ${wanted} of bytes`);
  }
  if (type !== unsignedByte) {
    const code = type.toString(16).padStart(2, "0");
    throw new Mistake(`${source}: IDX element type 0x${code}; expected 0x08, unsigned bytes, so convert the file`);
  }
  if (actualRank !== rank) {
    throw new Mistake(`${source}: IDX rank ${actualRank}; expected ${wanted}, so check that the files are not swapped`);
  }
  const header = 4 + 4 * rank;
  if (bytes.length < header) {
    throw new Mistake(`${source}: truncated in its header, ${bytes.length} bytes; expected at least ${header}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const expected = header + shape.reduce((product, extent) => product * extent, 1);
  if (bytes.length !== expected) {
    const fault = bytes.length < expected ? "truncated" : "too long";
    throw new Mistake(
      `${source}: ${fault}, ${bytes.length} bytes; its header says [${shape.join(", ")}], which takes ${expected}`,
    );
  }
  if (shape.includes(0))
    throw new Mistake(`${source}: empty, shape [${shape.join(", ")}]; expected at least one entry`);
  return { shape, data: new Uint8Array(bytes.buffer, bytes.byteOffset + header, bytes.length - header) };
}

/** Reads an IDX file, gzipped if its name ends in `.gz`. */
export async function readIdx(path: string, rank: number): Promise<IdxArray> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new Mistake(`${path}: cannot be read, ${systemReason(error)}`);
  });
  if (!path.endsWith(".gz")) return parseIdx(bytes, path, rank);
  const plain = await promisify(gunzip)(bytes).catch((error: Error) => {
    throw new Mistake(`${path}: not a whole gzip file, ${error.message}; fetch it again or rename it if it is plain`);
  });
  return parseIdx(plain, path, rank);
}

/** Reads an image file and its label file, and checks that they belong together. */
export async function readImages(
  imagePath: string,
  labelPath: string,
): Promise<Split & { readonly shape: readonly number[] }> {
  // One after the other, so that of several mistakes always the same is told.
  const images = await readIdx(imagePath, 3);
  const labels = await readIdx(labelPath, 1);
  if (images.shape[0] !== labels.shape[0]) {
    throw new Mistake(
      `${imagePath}: ${images.shape[0]} images, but ${labels.shape[0]} labels in ${labelPath}; expected as many of each`,
    );
  }
  return { features: images.data, labels: labels.data, shape: images.shape.slice(1) };
}

async function findFile(folder: string, name: string): Promise<string> {
  for (const path of [join(folder, name), join(folder, `${name}.gz`)]) {
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  throw new Mistake(
    `${folder}: no ${name} nor ${name}.gz; an IDX folder holds {train,t10k}-images-idx3-ubyte and {train,t10k}-labels-idx1-ubyte`,
  );
}

function checkLabels(labels: Uint8Array, classes: number, path: string, because: string): void {
  const row = labels.findIndex((label) => label >= classes);
  if (row >= 0) {
    throw new Mistake(`${path}: label ${labels[row]} at row ${row}; expected 0 to ${classes - 1}, ${because}`);
  }
}

/**
 * Reads the four standard MNIST files, plain or gzipped, from a folder.
 *
 * @param classes how many classes there are; by default one more than the largest training label
 */
export async function loadIdxFolder(folder: string, name: string, classes?: number): Promise<Dataset> {
  const trainImages = await findFile(folder, "train-images-idx3-ubyte");
  const trainLabels = await findFile(folder, "train-labels-idx1-ubyte");
  const testImages = await findFile(folder, "t10k-images-idx3-ubyte");
  const testLabels = await findFile(folder, "t10k-labels-idx1-ubyte");
  const train = await readImages(trainImages, trainLabels);
  const test = await readImages(testImages, testLabels);
  if (train.shape.join() !== test.shape.join()) {
    throw new Mistake(
      `${testImages}: images of ${test.shape.join(" x ")}, but ${trainImages} has ${train.shape.join(" x ")}; expected one size`,
    );
  }
  const count = classes ?? Math.max(2, train.labels.reduce((largest, label) => Math.max(largest, label), 0) + 1);
  checkLabels(train.labels, count, trainLabels, `as ${name} has ${count} classes`);
  checkLabels(test.labels, count, testLabels, "the labels of the training file");
  return { name, classes: count, shape: train.shape, scale: 1 / 255, train, test };
}
