import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { images as imageFile, labels as labelFile, parseIdx, readIdx } from "./idx.ts";
import { loadIdxFolder } from "./idx-folder.ts";

/** The bytes of an IDX file. */
function idx(shape: readonly number[], values: readonly number[]): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header[2] = 8;
  header[3] = shape.length;
  shape.forEach((extent, axis) => {
    header.writeUInt32BE(extent, 4 + 4 * axis);
  });
  return Buffer.concat([header, Buffer.from(values)]);
}

const images = (count: number) => idx([count, 2, 2], Array<number>(4 * count).fill(7));

describe("parseIdx", () => {
  test("reads images and labels", () => {
    expect(parseIdx(idx([1, 2, 3], [1, 2, 3, 4, 5, 6]), "a", imageFile)).toEqual({
      shape: [1, 2, 3],
      data: Uint8Array.of(1, 2, 3, 4, 5, 6),
    });
    expect([...parseIdx(idx([3], [9, 0, 255]), "a", labelFile).data]).toEqual([9, 0, 255]);
  });

  const good = idx([2, 1, 1], [1, 2]);
  const changed = (place: number, value: number) => Buffer.from(good.map((byte, i) => (i === place ? value : byte)));
  test.each<[string, Uint8Array, string]>([
    ["an empty file", Buffer.alloc(0), "f: 0 bytes are too few for an IDX header; the file is truncated"],
    [
      "another format",
      Buffer.from("\x89PNG\r\n", "latin1"),
      "f: not an IDX file, magic 0x89504e47; expected 0x00000803, images",
    ],
    ["other elements", changed(2, 0x0d), "f: IDX element type 0x0d; expected 0x08, unsigned bytes"],
    ["labels for images", idx([1], [1]), "f: IDX rank 1; expected images (rank 3), so check that the files"],
    ["half a header", good.subarray(0, 10), "f: truncated in its header, 10 bytes; expected at least 16"],
    ["too few bytes", good.subarray(0, 17), "f: truncated, 17 bytes; its header says [2, 1, 1], which takes 18"],
    ["too many bytes", Buffer.concat([good, good]), "f: too long, 36 bytes; its header says [2, 1, 1], which takes 18"],
    ["no images", idx([0, 28, 28], []), "f: empty, shape [0, 28, 28]; expected at least one entry"],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => parseIdx(bytes, "f", imageFile)).toThrow(message);
  });
});

describe("files", () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "idx-"));
  });
  afterAll(() => rm(root, { recursive: true }));

  const standard: Record<string, Buffer> = {
    "train-images-idx3-ubyte": images(3),
    "train-labels-idx1-ubyte": idx([3], [0, 2, 1]),
    "t10k-images-idx3-ubyte": images(2),
    "t10k-labels-idx1-ubyte": idx([2], [2, 0]),
  };
  async function folder(name: string, changes: Record<string, Buffer | undefined>): Promise<string> {
    const path = join(root, name);
    await mkdir(path, { recursive: true });
    for (const [file, bytes] of Object.entries({ ...standard, ...changes })) {
      if (bytes !== undefined) await writeFile(join(path, file), bytes);
    }
    return path;
  }

  test("a folder is read, plain and gzipped", async () => {
    const path = await folder("good", {
      "train-images-idx3-ubyte": undefined,
      "train-images-idx3-ubyte.gz": gzipSync(images(3)),
    });
    const dataset = await loadIdxFolder(path, "mine");
    expect(dataset).toMatchObject({ name: "mine", classes: 3, shape: [2, 2] });
    expect([...dataset.train.labels]).toEqual([0, 2, 1]);
    expect(dataset.train.features).toHaveLength(12);
    expect(dataset.test.labels).toHaveLength(2);
  });

  test.each<[string, Record<string, Buffer | undefined>, RegExp]>([
    [
      "missing",
      { "t10k-labels-idx1-ubyte": undefined },
      /missing: no t10k-labels-idx1-ubyte nor .*\.gz; an IDX folder/,
    ],
    ["count", { "train-labels-idx1-ubyte": idx([2], [0, 1]) }, /train-images.*: 3 images, but 2 labels in .*train-lab/],
    ["size", { "t10k-images-idx3-ubyte": idx([2, 1, 1], [0, 0]) }, /t10k-images.*: images of 1 x 1, but .* has 2 x 2/],
    ["range", { "t10k-labels-idx1-ubyte": idx([2], [1, 3]) }, /t10k-labels.*: label 3 at row 1; expected 0 to 2, the/],
  ])("a folder with a wrong %s is refused", async (name, changes, message) => {
    await expect(folder(name, changes).then((path) => loadIdxFolder(path, "mine"))).rejects.toThrow(message);
  });

  const renamed = async (name: string, files: Record<string, Buffer>) => {
    const path = join(root, name);
    await mkdir(path, { recursive: true });
    for (const [file, bytes] of Object.entries(files)) await writeFile(join(path, file), bytes);
    return path;
  };
  const letters = {
    "emnist-letters-train-images-idx3-ubyte.gz": gzipSync(images(3)),
    "emnist-letters-train-labels-idx1-ubyte.gz": gzipSync(idx([3], [1, 2, 1])),
    "emnist-letters-test-images-idx3-ubyte.gz": gzipSync(images(2)),
    "emnist-letters-test-labels-idx1-ubyte.gz": gzipSync(idx([2], [2, 1])),
  };

  test("names with a dot, and gzip under a plain name", async () => {
    const path = await renamed("dotted", {
      "train-images.idx3-ubyte": gzipSync(images(3)),
      "train-labels.idx1-ubyte": idx([3], [0, 2, 1]),
      "t10k-images.idx3-ubyte": images(2),
      "t10k-labels.idx1-ubyte": idx([2], [2, 0]),
    });
    expect(await loadIdxFolder(path, "mine")).toMatchObject({ classes: 3, shape: [2, 2] });
  });

  test("EMNIST: of several datasets one is named", async () => {
    const path = await renamed("emnist", letters);
    expect(await loadIdxFolder(path, "mine")).toMatchObject({ classes: 3 });
    await renamed("emnist", { "emnist-digits-train-images-idx3-ubyte": images(1) });
    await expect(loadIdxFolder(path, "mine")).rejects.toThrow(
      `holds 2 datasets, emnist-digits, emnist-letters; name one: --dataset ${join(path, "emnist-letters")}`,
    );
    expect(await loadIdxFolder(join(path, "emnist-letters"), "mine")).toMatchObject({ classes: 3 });
    await expect(loadIdxFolder(join(path, "emnist-digits"), "mine")).rejects.toThrow(/no emnist-digits-train-labels/);
  });

  test("QMNIST: the class is the first of eight integers", async () => {
    const rows = (...classes: number[]) => {
      const bytes = Buffer.alloc(12 + 32 * classes.length);
      bytes.set([0, 0, 0x0c, 2]);
      bytes.writeUInt32BE(classes.length, 4);
      bytes.writeUInt32BE(8, 8);
      for (const [row, label] of classes.entries()) bytes.writeInt32BE(label, 12 + 32 * row);
      return bytes;
    };
    const files = {
      "qmnist-train-images-idx3-ubyte": images(3),
      "qmnist-train-labels-idx2-int": rows(0, 2, 1),
      "qmnist-test-images-idx3-ubyte": images(2),
      "qmnist-test-labels-idx2-int": rows(2, 0),
    };
    const { train } = await loadIdxFolder(await renamed("qmnist", files), "mine");
    expect([...train.labels]).toEqual([0, 2, 1]);
    const path = await renamed("qmnist", { "qmnist-test-labels-idx2-int": rows(2, 256) });
    await expect(loadIdxFolder(path, "mine")).rejects.toThrow("label 256 at row 1; expected 0 to 255");
  });

  test("no more is unpacked than the header asks for, and that has a limit", async () => {
    const path = join(root, "bomb");
    await writeFile(path, gzipSync(Buffer.concat([images(1), Buffer.alloc(2 ** 24)])));
    await expect(readIdx(path, imageFile)).rejects.toThrow(/too long, \d{2,6} bytes; its header says \[1, 2, 2\]/);
    await writeFile(path, gzipSync(idx([2 ** 20, 2 ** 10, 2 ** 10], [])));
    await expect(readIdx(path, imageFile)).rejects.toThrow("takes 1099511627792 bytes; at most 2147483648 are read");
  });

  test("labels beyond the known classes are refused", async () => {
    const path = await folder("classes", {});
    await expect(loadIdxFolder(path, "mine", 2)).rejects.toThrow(
      /label 2 at row 1; expected 0 to 1, as mine has 2 classes/,
    );
  });

  test("a broken gzip file and a missing file are refused", async () => {
    const path = join(root, "broken.gz");
    await writeFile(path, gzipSync(images(3)).subarray(0, 20));
    await expect(readIdx(path, imageFile)).rejects.toThrow(
      /broken\.gz: not a whole gzip file, unexpected end of file; fetch/,
    );
    await expect(readIdx(join(root, "none"), imageFile)).rejects.toThrow(
      /none: cannot be read, no such file or folder/,
    );
  });
});
