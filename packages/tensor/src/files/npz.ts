import { type Zippable, zipSync } from "fflate";
import { describe } from "../describe.ts";
import { ValueError } from "../errors.ts";
import { boolean, instance } from "../schema.ts";
import { defineFunction } from "../signature.ts";
import { Tensor } from "../tensor.ts";
import { UnfitError } from "./elements.ts";
import { isNpy, readNpy, saveNpy } from "./npy.ts";
import { byName, type LoadOptions, loadFields, select } from "./selection.ts";
import { readZip, withWideCount } from "./zip.ts";

/* NumPy's file format for several arrays: a zip archive with an npy file for each. */

const SUFFIX = ".npy";
/** The first moment that a zip archive can name: files with the same arrays are the same bytes. */
const MODIFIED = new Date(1980, 0, 1);

export interface SaveNpzOptions {
  /** Whether the arrays are deflated, as by `numpy.savez_compressed`; false when left out. */
  readonly compressed?: boolean;
}

/** A longer archive needs 64-bit places, which are read but not written. */
const MAX_BYTES = 2 ** 32 - 1;
/** An archive of this many entries or more says their number in 64 bits. */
const MANY = 0xffff;

/**
 * The bytes of an `.npz` file with these tensors. Throws a TypeError for what is no tensor, a ValueError for an empty name
 * and for more than 4 GiB in all.
 */
export const saveNpz = defineFunction("saveNpz", { tensors: byName }, { compressed: boolean }, pack);

function pack(tensors: Record<string, Tensor>, { compressed = false }: SaveNpzOptions = {}): Uint8Array {
  const entries: Zippable = Object.create(null);
  let total = 0;
  for (const [name, value] of Object.entries(tensors)) {
    if (name === "") throw new ValueError("saveNpz: a tensor has an empty name; give it one");
    if (!(value instanceof Tensor)) {
      throw new TypeError(`saveNpz: ${JSON.stringify(name)} is ${describe(value)}; use tensors`);
    }
    const file = saveNpy(value);
    total += file.length + 2 * (name.length * 3 + 100);
    if (total > MAX_BYTES)
      throw new ValueError("saveNpz: an archive holds at most 4 GiB; use saveSafetensors, or several archives");
    entries[name + SUFFIX] = file;
  }
  const archive = zipSync(entries, { level: compressed ? 6 : 0, mtime: MODIFIED });
  const count = Object.keys(entries).length;
  return count < MANY ? archive : withWideCount(archive, count);
}

/**
 * The arrays of an `.npz` file by name, each as `loadNpy` gives it. The record has no prototype, so any name is safe in it.
 * Arrays of text, objects or dates, and files that are no arrays, are passed over with a warning; see `LoadOptions`.
 *
 * ```ts
 * const { data, indices } = loadNpz(bytes, { names: ["data", "indices"] });
 * ```
 *
 * Throws an InvalidArgumentError that names the array and its fault, and a NotFoundError for a name that the file lacks.
 * Throws a ValueError for an archive that unpacks to more than the limit (`setMemoryLimit`).
 */
export const loadNpz = defineFunction("loadNpz", { bytes: instance("a Uint8Array", Uint8Array) }, loadFields, unpack);

function unpack(bytes: Uint8Array, options: LoadOptions = {}): Record<string, Tensor> {
  const stored = readZip("loadNpz: ", bytes).map(({ name: file, contents }) => {
    const name = file.endsWith(SUFFIX) ? file.slice(0, -SUFFIX.length) : file;
    const where = `loadNpz: array ${JSON.stringify(name)}: `;
    const read = () => {
      const whole = contents();
      if (name === file && !isNpy(whole))
        throw new UnfitError(`loadNpz: ${JSON.stringify(file)} is a file, not an array`);
      return readNpy(where, whole);
    };
    return { name, read };
  });
  return select("loadNpz", stored, options);
}
