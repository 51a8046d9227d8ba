/* Other formats that people have in files of the same names. */

interface Format {
  readonly name: string;
  /** The beginning of the file, from `at` on: bytes, or text. */
  readonly begins: readonly number[] | string;
  readonly at?: number;
}

const binary: readonly Format[] = [
  { name: "an HDF5 file, as Keras writes (.h5)", begins: [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a] },
  { name: "a TensorFlow Lite model", begins: "TFL3", at: 4 },
  {
    name: "a zip archive (a .keras model, a .npz file, a zipped SavedModel); unpack it first",
    begins: "PK\u0003\u0004",
  },
  { name: "gzip; unpack it first", begins: [0x1f, 0x8b] },
  { name: "bzip2; unpack it first", begins: "BZh" },
  { name: "xz; unpack it first", begins: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0] },
  { name: "a tar archive; unpack it first", begins: "ustar", at: 257 },
  { name: "an npy array", begins: [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59] },
  { name: "a TensorBoard event file", begins: "brain.Event:", at: 23 },
  { name: "a safetensors file; loadSafetensors reads it", begins: '{"', at: 8 },
  { name: "a pickle of Python (PyTorch writes such files)", begins: [0x80, 0x02] },
  { name: "a pickle of Python (PyTorch writes such files)", begins: [0x80, 0x04] },
  { name: "text in UTF-16; save it as UTF-8", begins: [0xff, 0xfe] },
  { name: "a PNG image", begins: [0x89, 0x50, 0x4e, 0x47] },
  ...Array.from({ length: 12 }, (_, i) => ({ name: "an ONNX model", begins: [0x08, i + 3] })),
];

const text: readonly Format[] = [
  { name: "JSON (a TensorFlow.js or Keras model, or what toGraphDef returns, which fromGraphDef reads)", begins: "{" },
  { name: "JSON", begins: '["' },
  { name: "a pointer of Git LFS; the file itself was not fetched", begins: "version https://git-lfs" },
  { name: "a page in HTML", begins: "<!doctype" },
  { name: "a page in HTML", begins: "<html" },
  { name: "the list of a folder of checkpoints, without a graph", begins: "model_checkpoint_path" },
  { name: "an ONNX model as text", begins: "ir_version" },
  { name: "MLIR (StableHLO or another dialect)", begins: "module" },
];

// The last bytes of the table in which TensorFlow's checkpoints keep names (.index, and .ckpt of the first version).
const tableEnd = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];

const codes = (begins: Format["begins"]) =>
  typeof begins === "string" ? Array.from(begins, (c) => c.charCodeAt(0)) : begins;

/** The name of the format of a file that is another than a graph of TensorFlow, or `null`. */
export function otherFormat(data: string | Uint8Array): string | null {
  if (typeof data === "string") {
    const begun = data.slice(0, 4096).trimStart().toLowerCase();
    return text.find(({ begins }) => begun.startsWith(begins as string))?.name ?? null;
  }
  const holds = (bytes: readonly number[], at: number) => bytes.every((byte, i) => data[at + i] === byte);
  if (holds(tableEnd, data.length - tableEnd.length))
    return "a checkpoint of TensorFlow, which holds weights and no graph";
  return binary.find(({ begins, at = 0 }) => holds(codes(begins), at))?.name ?? null;
}

/** True for the bytes of a SavedModel: its version, then its first MetaGraphDef. */
export const isSavedModel = (bytes: Uint8Array) => bytes[0] === 0x08 && bytes[1] === 1 && bytes[2] === 0x12;
