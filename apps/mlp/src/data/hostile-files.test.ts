import { Buffer } from "node:buffer";
import fc from "fast-check";
import { zipSync } from "fflate";
import * as gt from "gradtape";
import { describe, expect, test } from "vitest";
import { Mistake } from "../mistake.ts";
import { images, labels, parseIdx } from "./idx.ts";

/*
 * Files that somebody has damaged, or made up: a reader gives what it reads or its documented error, and allocates nothing
 * that the file is not large enough for. LONG=1 tries twenty times as many.
 */

const tries = process.env.LONG === "1" ? 100_000 : 5_000;

/** Bytes that a reader may need besides: mostly the windows of inflate, one for each array. */
const WORKSPACE = 2 ** 23;

interface Format {
  readonly read: (bytes: Uint8Array) => unknown;
  readonly error: new (...args: any[]) => Error;
  /** Files that are whole. */
  readonly whole: readonly Uint8Array[];
  /** What files begin with, so that made-up ones get beyond their first bytes. */
  readonly start: Uint8Array;
  /** Makes a damaged file one whose checksums are right. */
  readonly mend?: (bytes: Uint8Array) => Uint8Array;
}

const tensors = {
  w: gt.tensor([1, 2, 3, 4, 5, 6], { shape: [2, 3] }),
  n: gt.tensor([7, 8], { dtype: "int32" }),
  scalar: gt.tensor(0.5, { dtype: "float64" }),
  mask: gt.tensor([true, false, true]),
  none: gt.zeros([0, 4]),
};
const w = new gt.Variable(tensors.w, { name: "w" });
const optimizer = new gt.AdamOptimizer(0.1);
optimizer.minimize(() => gt.mul(w, w), { varList: [w] });
const checkpoint = new gt.Checkpoint({
  w,
  optimizer,
  random: gt.generator(1),
  data: gt.dataset(gt.tensor([1, 2, 3]), { batch: 2 }),
});
const npy = Object.values(tensors).map((each) => gt.saveNpy(each));
const idx = (rank: number, ...extents: number[]) => {
  const bytes = new Uint8Array(4 + 4 * rank + extents.reduce((product, extent) => product * extent, 1)).fill(3);
  bytes.set([0, 0, 8, rank]);
  for (const [axis, extent] of extents.entries()) new DataView(bytes.buffer).setUint32(4 + 4 * axis, extent);
  return bytes;
};

const formats: Record<string, Format> = {
  safetensors: {
    read: gt.loadSafetensors,
    error: gt.InvalidArgumentError,
    whole: [gt.saveSafetensors(tensors, { note: "x" }), gt.saveSafetensors({}), checkpoint.save()],
    start: Uint8Array.from([...new Uint8Array(8).fill(0).fill(40, 0, 1), ...Buffer.from('{"w":{')]),
  },
  checkpoint: {
    read: (bytes) => checkpoint.restore(bytes),
    error: gt.InvalidArgumentError,
    whole: [checkpoint.save()],
    start: checkpoint.save().slice(0, 20),
  },
  npy: { read: gt.loadNpy, error: gt.InvalidArgumentError, whole: npy, start: npy[0]!.slice(0, 10) },
  npz: {
    read: gt.loadNpz,
    error: gt.InvalidArgumentError,
    whole: [gt.saveNpz(tensors), gt.saveNpz({ ...tensors, zeros: gt.zeros([3000]) }, { compressed: true })],
    start: Buffer.from("PK\x03\x04"),
    mend: (bytes) => zipSync({ "a.npy": bytes }, { level: bytes.length % 2 === 0 ? 0 : 6 }),
  },
  idx: {
    read: (bytes) => parseIdx(bytes, "file", bytes.length % 2 === 0 ? labels : images),
    error: Mistake,
    whole: [idx(3, 2, 4, 4), idx(1, 5), idx(3, 0, 2, 2)],
    start: Uint8Array.of(0, 0, 8, 3),
  },
};

/** Numbers at which sizes overflow. */
const strange = [0n, 1n, 0x7fffffffn, 0xffffffffn, 1n << 31n, 1n << 53n, 1n << 60n, (1n << 64n) - 1n, 100_000_001n];

const damages: Record<string, (bytes: Uint8Array, at: number, value: number) => Uint8Array> = {
  flip: (bytes, at, value) => bytes.map((byte, i) => (i === at ? byte ^ (1 << (value % 8)) : byte)),
  put: (bytes, at, value) => bytes.map((byte, i) => (i === at ? value & 0xff : byte)),
  cut: (bytes, at) => bytes.slice(0, at),
  behead: (bytes, at) => bytes.slice(at),
  repeat: (bytes, at, value) => Buffer.concat([bytes.slice(0, at + (value % 32)), bytes.slice(at)]),
  remove: (bytes, at, value) => Buffer.concat([bytes.slice(0, at), bytes.slice(at + (value % 16))]),
  size(bytes, at, value) {
    const copy = bytes.slice();
    const wide = value % 2 === 0 ? 8 : 4;
    const view = new DataView(copy.buffer);
    const number = strange[value % strange.length]!;
    if (at + wide > copy.length) return copy;
    if (wide === 8) view.setBigUint64(at, number, true);
    else view.setUint32(at, Number(number & 0xffffffffn), value % 3 === 0);
    return copy;
  },
  /** Another number for one that stands in text. */
  number(bytes, at, value) {
    const text = Buffer.from(bytes).toString("latin1");
    const found = [...text.matchAll(/\d+/g)];
    const { index = 0, 0: digits = "" } = found[at % Math.max(1, found.length)] ?? {};
    return Buffer.from(
      `${text.slice(0, index)}${strange[value % strange.length]}${text.slice(index + digits.length)}`,
      "latin1",
    );
  },
  /** A word of the format at another place. */
  word(bytes, at, value) {
    const words = [
      "{",
      "}",
      '"',
      "[",
      ",",
      "null",
      "-1",
      "1e400",
      "__proto__",
      "'",
      "(",
      "PK\x05\x06",
      "\xff\xfe",
      "True",
    ];
    return Buffer.concat([bytes.slice(0, at), Buffer.from(words[value % words.length]!, "latin1"), bytes.slice(at)]);
  },
};

const damage = fc.record({ how: fc.constantFrom(...Object.keys(damages)), at: fc.nat(5000), value: fc.nat(1000) });

function hostile({ whole, start, mend }: Format): fc.Arbitrary<Uint8Array> {
  const damaged = fc
    .tuple(fc.constantFrom(...whole), fc.array(damage, { minLength: 1, maxLength: 4 }))
    .map(([file, all]) =>
      all.reduce(
        (bytes, { how, at, value }) => Uint8Array.from(damages[how]!(bytes, at % Math.max(1, bytes.length), value)),
        file,
      ),
    );
  const random = fc.uint8Array({ maxLength: 200 });
  const begun = random.map((bytes) => Uint8Array.from([...start, ...bytes]));
  const mended = mend === undefined ? [] : [{ weight: 3, arbitrary: fc.oneof(damagedNpy, random).map(mend) }];
  return fc.oneof(
    { weight: 8, arbitrary: damaged },
    { weight: 1, arbitrary: random },
    { weight: 1, arbitrary: begun },
    ...mended,
  );
}

const damagedNpy = fc
  .tuple(fc.constantFrom(...npy), damage)
  .map(([file, { how, at, value }]) => Uint8Array.from(damages[how]!(file, at % file.length, value)));

describe(`${tries} hostile files of each format`, () => {
  for (const [name, format] of Object.entries(formats)) {
    test(name, { timeout: 60_000 + tries * 20 }, () => {
      for (const file of format.whole) {
        const run = () => format.read(file);
        if (name !== "idx") expect(run).not.toThrow();
      }
      let refused = 0;
      fc.assert(
        fc.property(hostile(format), (bytes) => {
          const before = process.memoryUsage().arrayBuffers;
          try {
            format.read(bytes);
          } catch (error) {
            if (!(error instanceof format.error)) throw error;
            expect(error.message).toMatch(/^(loadSafetensors|restore|loadNpy|loadNpz|file): \S/);
            refused++;
          }
          const allocated = process.memoryUsage().arrayBuffers - before;
          expect(allocated).toBeLessThan(WORKSPACE + 16 * bytes.length);
        }),
        { numRuns: tries },
      );
      // The damage is not so slight that files stay whole.
      expect(refused).toBeGreaterThan(0.5 * tries);
    });
  }
});
