import { type Zippable, zipSync } from "fflate";
import { describe } from "../describe.ts";
import { ValueError } from "../errors.ts";
import { Tensor } from "../tensor.ts";
import { readNpy, saveNpy } from "./npy.ts";
import { readZip } from "./zip.ts";

/* NumPy's file format for several arrays: a zip archive with an npy file for each. */

const SUFFIX = ".npy";
/** The first moment that a zip archive can name: files with the same arrays are the same bytes. */
const MODIFIED = new Date(1980, 0, 1);

export interface SaveNpzOptions {
  /** Whether the arrays are deflated, as by `numpy.savez_compressed`; false when left out. */
  readonly compressed?: boolean;
}

/**
 * The bytes of an `.npz` file with these tensors. Throws a TypeError for what is no tensor, a ValueError for an empty name.
 */
export function saveNpz(tensors: Record<string, Tensor>, { compressed = false }: SaveNpzOptions = {}): Uint8Array {
  const entries: Zippable = Object.create(null);
  for (const [name, value] of Object.entries(tensors)) {
    if (name === "") throw new ValueError("saveNpz: a tensor has an empty name; give it one");
    if (!(value instanceof Tensor)) {
      throw new TypeError(`saveNpz: ${JSON.stringify(name)} is ${describe(value)}; use tensors`);
    }
    entries[name + SUFFIX] = saveNpy(value);
  }
  return zipSync(entries, { level: compressed ? 6 : 0, mtime: MODIFIED });
}

/**
 * The arrays of an `.npz` file by name, each as `loadNpy` gives it. The record has no prototype, so any name is safe in it.
 * Throws an InvalidArgumentError that names the array and says what is wrong with it.
 */
export function loadNpz(bytes: Uint8Array): Record<string, Tensor> {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`loadNpz: expected a Uint8Array, got ${describe(bytes)}`);
  const tensors: Record<string, Tensor> = Object.create(null);
  for (const [file, contents] of readZip("loadNpz: ", bytes)) {
    const name = file.endsWith(SUFFIX) ? file.slice(0, -SUFFIX.length) : file;
    tensors[name] = readNpy(`loadNpz: array ${JSON.stringify(name)}: `, contents);
  }
  return tensors;
}
