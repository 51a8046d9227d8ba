import {
  crc32c,
  formatShape,
  InvalidArgumentError,
  loadSafetensors,
  saveSafetensors,
  type Tensor,
  ValueError,
} from "@gradtape/tensor";

/*
 * The bytes of a checkpoint: a safetensors file of all values, whose metadata hold a manifest, as JSON, of the checksums of
 * the values and of what is not a value, and the manifest's own checksum.
 */

const FORMAT = "gradtape/checkpoint/1";

/** What a run was: its values, and the states of things that have one. */
export interface SavedRun {
  readonly values: Readonly<Record<string, Tensor>>;
  readonly states: Readonly<Record<string, unknown>>;
}

interface Manifest {
  readonly states: SavedRun["states"];
  /** The checksum of each value, over its description and its bytes. */
  readonly checksums: Readonly<Record<string, string>>;
}

/** Writes a run down: the same run gives the same bytes. Throws a ValueError for a state that JSON cannot hold. */
export function encodeRun({ values, states }: SavedRun): Uint8Array {
  const checksums = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, checksumOf(value)]));
  const manifest = JSON.stringify({ states: jsonOf(states), checksums } satisfies Manifest);
  return saveSafetensors(values, { format: FORMAT, manifest, checksum: textChecksum(manifest) });
}

/**
 * Reads a run back. Throws an InvalidArgumentError for bytes that are no checkpoint, and for a damaged one: it names the
 * value and says what is wrong.
 */
export function decodeRun(bytes: Uint8Array): SavedRun {
  // A tensor of a kind that is not read is missed below, by its name.
  const { tensors, metadata } = loadSafetensors(bytes, { onSkip() {} });
  const { format, manifest: text, checksum } = metadata;
  if (format !== FORMAT || text === undefined) {
    const names = Object.keys(tensors).slice(0, 4).join(", ");
    throw new InvalidArgumentError(
      `restore: the file is no checkpoint${names === "" ? "" : `, it holds the tensors ${names}`}; loadSafetensors reads weights alone`,
    );
  }
  if (textChecksum(text) !== checksum) throw damaged("its manifest does not have the checksum it was saved with");
  const { states, checksums } = parseManifest(text);
  for (const name of Object.keys(checksums)) {
    if (!Object.hasOwn(tensors, name)) throw damaged(`tensor ${JSON.stringify(name)} is not in it`);
  }
  for (const [name, value] of Object.entries(tensors)) {
    if (!Object.hasOwn(checksums, name) || checksumOf(value) !== checksums[name]) {
      throw damaged(
        `tensor ${JSON.stringify(name)} (${value.dtype} ${formatShape(value.shape)}) does not have the checksum it was saved with`,
      );
    }
  }
  return { values: tensors, states };
}

/** A checksum that is right does not make a manifest of any text. */
function parseManifest(text: string): Manifest {
  let manifest: Partial<Manifest> | null;
  try {
    manifest = JSON.parse(text);
  } catch {
    throw damaged("its manifest is not JSON");
  }
  const { states, checksums } = manifest ?? {};
  if (!isRecord(states) || !isRecord(checksums)) throw damaged("its manifest is not one of states and checksums");
  return { states, checksums };
}

function isRecord<T>(value: T | undefined): value is T {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function damaged(fact: string): InvalidArgumentError {
  return new InvalidArgumentError(`restore: ${fact}; the checkpoint is damaged`);
}

const hex = (checksum: number) => checksum.toString(16).padStart(8, "0");
const textChecksum = (text: string) => hex(crc32c(new TextEncoder().encode(text)));

function checksumOf({ dtype, shape, data }: Tensor): string {
  const bytes = crc32c(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return textChecksum(`${dtype} ${formatShape(shape)} ${hex(bytes)}`);
}

/** `states` as JSON will give them back; a ValueError where it would not. */
function jsonOf(states: SavedRun["states"]): SavedRun["states"] {
  for (const [path, state] of Object.entries(states)) {
    const strange = strangePart(state, path);
    if (strange !== null) throw new ValueError(`save: ${strange}, which JSON does not hold; make state plain JSON`);
  }
  return states;
}

function strangePart(value: unknown, path: string): string | null {
  if (value === null || typeof value === "string" || typeof value === "boolean") return null;
  if (typeof value === "number" && Number.isFinite(value) && !Object.is(value, -0)) return null;
  const plain =
    typeof value === "object" && (Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype);
  if (!plain) return `the state of ${path} is ${typeof value === "object" ? "no plain object" : String(value)}`;
  for (const [key, part] of Object.entries(value)) {
    const strange = strangePart(part, `${path}.${key}`);
    if (strange !== null) return strange;
  }
  return null;
}
