import fc from "fast-check";
import { zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { type DType, dtypes } from "../dtype.ts";
import { InvalidArgumentError } from "../errors.ts";
import { tensor } from "../literal.ts";
import { sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import numpy from "./fixtures/numpy.json" with { type: "json" };
import { loadNpy, saveNpy } from "./npy.ts";
import { loadNpz, saveNpz } from "./npz.ts";

const element: Record<DType, fc.Arbitrary<number>> = {
  float32: fc.float(),
  float64: fc.double(),
  int32: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  bool: fc.integer({ min: 0, max: 1 }),
};
const anyTensor: fc.Arbitrary<Tensor> = fc
  .tuple(fc.constantFrom(...dtypes), fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }))
  .chain(([dtype, shape]) => {
    const size = sizeOf(shape);
    return fc.array(element[dtype], { minLength: size, maxLength: size }).map((v) => tensor(v, { shape, dtype }));
  });
const bitsOf = ({ dtype, shape, data }: Tensor) => [dtype, shape, [...new Uint8Array(data.buffer)]];

const bytes = (base64: string) => Uint8Array.from(Buffer.from(base64, "base64"));

/** An npy file with this header, of a version, and `size` bytes of 1 after it. */
function file(header: string, size: number, version = 1): Uint8Array {
  const start = version === 1 ? 10 : 12;
  const made = new Uint8Array(start + header.length + size).fill(1);
  made.set([0x93, ...Buffer.from("NUMPY"), version, 0]);
  const view = new DataView(made.buffer);
  if (version === 1) view.setUint16(8, header.length, true);
  else view.setUint32(8, header.length, true);
  made.set(Buffer.from(header, "latin1"), start);
  return made;
}
const header = (descr: string, shape: string, order = "False") =>
  `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`;

describe("npy", () => {
  test("what is saved is loaded, to the bit", () => {
    fc.assert(
      fc.property(anyTensor, (value) => {
        expect(bitsOf(loadNpy(saveNpy(value)))).toEqual(bitsOf(value));
      }),
    );
  });

  for (const [name, { npy, dtype, shape, data }] of Object.entries(numpy.npy)) {
    test(`NumPy's file: ${name}`, () => {
      const loaded = loadNpy(bytes(npy));
      expect([loaded.dtype, loaded.shape, [...loaded.data]]).toEqual([dtype, shape, data.map(Number)]);
    });
  }

  test("files are those of NumPy, byte by byte", () => {
    for (const name of ["float32", "float64 scalar", "bool", "empty"] as const) {
      const { npy, dtype, shape, data } = numpy.npy[name];
      const value = tensor(data.map(Number), { shape, dtype: dtype as DType });
      expect(Buffer.from(saveNpy(value)).toString("base64")).toBe(npy);
    }
  });

  test("the numbers of a tensor are its own, whatever becomes of the bytes", () => {
    const saved = saveNpy(tensor([1, 2]));
    const loaded = loadNpy(saved);
    saved.fill(0);
    expect(loaded.array()).toEqual([1, 2]);
  });

  test.each([
    ["no bytes", new Uint8Array(0), "does not begin as npy files do"],
    ["another format", Buffer.from("PK\x03\x04 and so on and on"), "does not begin as npy files do"],
    ["a version to come", file(header("<f4", "()"), 4, 4), "format version 4"],
    ["a long header", file(header("<f4", "()"), 0).subarray(0, 30), "its header claims"],
    ["no dict", file("[1, 2]", 0), "its header is not a dict"],
    ["an open dict", file("{'descr': '<f4', ", 0), "its header is not a dict"],
    ["a missing entry", file("{'descr': '<f4', 'shape': (), }", 4), "its header is not a dict"],
    ["an entry twice", file("{'descr': '<f4', 'descr': '<f4', 'shape': (), }", 4), "its header is not a dict"],
    ["a wrong entry", file(header("<f4", "4"), 4), "its header is not a dict"],
    ["a strange extent", file(header("<f4", "(1, 99999999999999999)"), 4), "a shape of integers"],
    ["objects", bytes(numpy.object), "its elements are |O"],
    ["text", file(header("<U3", "(1,)"), 12), "its elements are <U3"],
    ["too few bytes", file(header("<f4", "(3,)"), 8), "shape [3] of <f4 takes 12 bytes, the file has 8"],
    ["a claim of 2^60 elements", file(header("<f4", "(1073741824, 1073741824)"), 8), "takes 4611686018427388000 bytes"],
    ["a large int64", file(header("<i8", "(1,)"), 8), "element 0 is 72340172838076670, which is not an int32"],
    ["a bool of 3", saveNpy(tensor([true])).map((byte, i, all) => (i === all.length - 1 ? 3 : byte)), "element 0 is 3"],
  ])("%s", (_, damaged, message) => {
    const load = () => loadNpy(Uint8Array.from(damaged as Uint8Array));
    expect(load).toThrow(InvalidArgumentError);
    expect(load).toThrow(message as string);
  });

  test("values of another kind are refused", () => {
    expect(() => saveNpy([1] as never)).toThrow(TypeError);
    expect(() => loadNpy("file" as never)).toThrow(/loadNpy: .*expected a Uint8Array/);
  });
});

describe("npz", () => {
  test("what is saved is loaded, deflated or not", () => {
    const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 5 }).filter((name) => !name.endsWith(".npy")));
    fc.assert(
      fc.property(
        names,
        fc.array(anyTensor, { minLength: 10, maxLength: 10 }),
        fc.boolean(),
        (all, values, compressed) => {
          const tensors = Object.fromEntries(all.slice(0, 10).map((name, i) => [name, values[i]!]));
          const loaded = loadNpz(saveNpz(tensors, { compressed }));
          expect(
            Object.entries(loaded)
              .map(([name, value]) => [name, bitsOf(value)])
              .sort(),
          ).toEqual(
            Object.entries(tensors)
              .map(([name, value]) => [name, bitsOf(value)])
              .sort(),
          );
        },
      ),
    );
  });

  test("NumPy's files", () => {
    const plain = loadNpz(bytes(numpy.npz));
    expect(Object.entries(plain).map(([name, value]) => [name, value.dtype, value.array()])).toEqual([
      ["a", "int32", [0, 1, 2]],
      ["b", "float32", 2],
    ]);
    const compressed = loadNpz(bytes(numpy.compressed));
    expect([compressed.a!.shape, compressed["x/y"]!.array()]).toEqual([[10, 10], [true]]);
  });

  const saved = saveNpz({ a: tensor([1, 2, 3]), b: tensor([4]) });
  const altered = (change: (bytes: Uint8Array) => void) => {
    const copy = saved.slice();
    change(copy);
    return copy;
  };
  const places = (text: string) =>
    [...Buffer.from(saved).toString("latin1").matchAll(new RegExp(text, "g"))].map(({ index }) => index);
  test.each([
    ["no bytes", new Uint8Array(0), "no directory"],
    ["a cut", saved.subarray(0, -1), "no directory"],
    ["a changed element", altered((copy) => copy.fill(9, 160, 161)), 'entry "a.npy" does not have the checksum'],
    [
      "a name twice",
      altered((copy) => copy.fill(0x61, places("b.npy")[1], places("b.npy")[1]! + 1)),
      'two entries "a.npy"',
    ],
    ["an entry that is no array", zipSync({ text: new Uint8Array(9) }), '"text" is a file, not an array'],
  ])("%s", (_, damaged, message) => {
    expect(() => loadNpz(damaged)).toThrow(InvalidArgumentError);
    expect(() => loadNpz(damaged)).toThrow(message);
  });

  test("no arrays", () => expect(Object.keys(loadNpz(saveNpz({})))).toEqual([]));

  test("values of another kind are refused", () => {
    expect(() => saveNpz({ "": tensor(1) })).toThrow("saveNpz: a tensor has an empty name");
    expect(() => saveNpz({ a: 1 } as never)).toThrow('saveNpz: "a" is');
    expect(() => loadNpz(5 as never)).toThrow(TypeError);
  });
});
