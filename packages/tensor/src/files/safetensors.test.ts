import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type DType, dtypes } from "../dtype.ts";
import { InvalidArgumentError, ValueError } from "../errors.ts";
import { tensor } from "../literal.ts";
import { sizeOf } from "../shape.ts";
import type { EagerTensor, Tensor } from "../tensor.ts";
import { loadSafetensors, saveSafetensors } from "./safetensors.ts";

/** A file with this header (text, or a value to be written as JSON) and `size` bytes of 1 after it. */
function file(header: unknown, size = 0): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + size).fill(1);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

const entry = (shape: unknown, begin: number, end: number, dtype: unknown = "F32") => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

const anyTensor: fc.Arbitrary<Tensor> = fc
  .tuple(fc.constantFrom(...dtypes), fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }))
  .chain(([dtype, shape]) => {
    const element: Record<DType, fc.Arbitrary<number>> = {
      float32: fc.float(),
      float64: fc.double(),
      int32: fc.integer(),
      bool: fc.integer({ min: 0, max: 1 }),
    };
    const size = sizeOf(shape);
    return fc
      .array(element[dtype], { minLength: size, maxLength: size })
      .map((values) => tensor(values, { shape, dtype }));
  });
const anyName = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.constantFrom("__proto__", "constructor", "toString", "1", "0", '"', "\\"),
);

const written = {
  weights: tensor([
    [1, -2.5, 3],
    [4, 5, 0.1],
  ]),
  "10": tensor(7, { dtype: "int32" }),
  é: tensor([0.1, 1e-300], { dtype: "float64" }),
  mask: tensor([true, false, true]),
  empty: tensor([], { shape: [0, 3] }),
  a: tensor([1]),
};
// The file that the format's reference implementation (safetensors 0.8) writes for `written`.
const reference = Buffer.from(
  [
    "gAEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJucCJ9LCLDqSI6eyJkdHlwZSI6IkY2NCIsInNoYXBlIjpbMl0sImRh",
    "dGFfb2Zmc2V0cyI6WzAsMTZdfSwiYSI6eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbMV0sImRhdGFfb2Zmc2V0cyI6WzE2LDIwXX0s",
    "ImVtcHR5Ijp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlswLDNdLCJkYXRhX29mZnNldHMiOlsyMCwyMF19LCJ3ZWlnaHRzIjp7ImR0",
    "eXBlIjoiRjMyIiwic2hhcGUiOlsyLDNdLCJkYXRhX29mZnNldHMiOlsyMCw0NF19LCIxMCI6eyJkdHlwZSI6IkkzMiIsInNoYXBl",
    "IjpbXSwiZGF0YV9vZmZzZXRzIjpbNDQsNDhdfSwibWFzayI6eyJkdHlwZSI6IkJPT0wiLCJzaGFwZSI6WzNdLCJkYXRhX29mZnNl",
    "dHMiOls0OCw1MV19fSAgICCamZmZmZm5P1nz+MIfbqUBAACAPwAAgD8AACDAAABAQAAAgEAAAKBAzczMPQcAAAABAAE=",
  ].join(""),
  "base64",
);

test("writes byte for byte what the reference implementation writes", () => {
  expect(Buffer.from(saveSafetensors(written, { format: "np" }))).toEqual(reference);
});

test("reads what the reference implementation writes", () => {
  const { tensors, metadata } = loadSafetensors(reference);
  expect(metadata).toEqual({ format: "np" });
  expect(tensors).toEqual(written);
});

test("what was saved comes back bit for bit, under any name, from any alignment", () => {
  fc.assert(
    fc.property(
      fc.dictionary(anyName, anyTensor, { noNullPrototype: true }),
      fc.dictionary(anyName, fc.string()),
      fc.nat(9),
      (tensors, notes, misalignment) => {
        const bytes = saveSafetensors(tensors, notes);
        const moved = new Uint8Array(bytes.length + misalignment).subarray(misalignment);
        moved.set(bytes);
        const loaded = loadSafetensors(moved);
        moved.fill(0xff);
        expect(Object.entries(loaded.metadata).sort()).toEqual(Object.entries(notes).sort());
        expect(Object.keys(loaded.tensors).sort()).toEqual(Object.keys(tensors).sort());
        for (const [name, value] of Object.entries(tensors)) expect(loaded.tensors[name]).toEqual(value);
        expect(Object.getPrototypeOf(loaded.tensors)).toBe(null);
        expect(Object.getPrototypeOf(loaded.metadata)).toBe(null);
      },
    ),
  );
  expect(Object.prototype).not.toHaveProperty("shape");
});

test("every tensor begins at a multiple of its element size", () => {
  fc.assert(
    fc.property(fc.dictionary(anyName, anyTensor, { noNullPrototype: true }), (tensors) => {
      const bytes = saveSafetensors(tensors);
      const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
      expect(length % 8).toBe(0);
      const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
      for (const [name, { data_offsets }] of Object.entries<ReturnType<typeof entry>>(header)) {
        expect(data_offsets[0]! % tensors[name]!.data.BYTES_PER_ELEMENT).toBe(0);
      }
    }),
  );
});

test("saves the elements a view shows, not the memory behind it", () => {
  const view = tensor(
    tensor([
      [1, 2],
      [3, 4],
      [5, 6],
    ])
      .ndarray()
      .transpose(1, 0)
      .lo(0, 1),
  ) as EagerTensor;
  expect(loadSafetensors(saveSafetensors({ view })).tensors.view!.array()).toEqual([
    [3, 5],
    [4, 6],
  ]);
});

describe("damaged files", () => {
  const huge = new Uint8Array(16).fill(0xff);
  test.each<[string, Uint8Array, string]>([
    ["empty", new Uint8Array(0), "the file has 0 bytes, fewer than the 8 of the header length"],
    ["header length beyond the file", huge, "the header claims 18446744073709551615 bytes, the file has 8"],
    ["truncated header", file({}).subarray(0, 9), "the header claims 2 bytes, the file has 1"],
    ["not JSON", file("{nonsense"), "the header is not JSON"],
    ["not UTF-8", file("{}").fill(0xff, 8), "the header is not JSON"],
    ["byte order mark", file("\ufeff{}"), "the header is not JSON"],
    ["no object", file([1]), "the header is not a JSON object"],
    ["null", file(null), "the header is not a JSON object"],
    ["name twice", file('{"a":{},"b":{},"a":{}}'), 'the header names "a" twice'],
    ["name twice in disguise", file('{"a":{},"\\u0061" :{}}'), 'the header names "\\u0061" twice'],
    ["key twice", file('{"a":{"dtype":"F32","dtype":"F64"}}'), 'the header names "dtype" twice'],
    ["metadata no object", file({ __metadata__: 5 }), "__metadata__ is not a JSON object"],
    ["metadata no text", file({ __metadata__: { a: 1 } }), 'metadata "a" is the number 1, not a string'],
    ["no description", file({ w: null }), 'tensor "w" has no description'],
    ["no shape", file({ w: { dtype: "F32", data_offsets: [0, 0] } }), 'tensor "w" has shape undefined'],
    ["negative extent", file({ w: entry([-1], 0, 4) }, 4), 'tensor "w" has shape [-1]'],
    ["fractional extent", file({ w: entry([0.5], 0, 2) }, 2), 'tensor "w" has shape [0.5]'],
    ["extent as text", file({ w: entry(["1"], 0, 4) }, 4), 'tensor "w" has shape ["1"]'],
    ["no offsets", file({ w: { dtype: "F32", shape: [] } }), 'tensor "w" has data_offsets undefined'],
    ["offsets backwards", file({ w: entry([1], 4, 0) }, 4), 'tensor "w" has data_offsets [4,0]'],
    ["offsets negative", file({ w: entry([1], -4, 0) }, 4), 'tensor "w" has data_offsets [-4,0]'],
    ["three offsets", file({ w: { ...entry([1], 0, 4), data_offsets: [0, 4, 8] } }, 4), "data_offsets [0,4,8]"],
    [
      "wrong size",
      file({ w: entry([2, 2], 0, 12) }, 12),
      'tensor "w" of shape [2, 2] and dtype F32 takes 16 bytes, not 12',
    ],
    [
      "huge shape",
      file({ w: entry([2 ** 50, 2 ** 50], 0, 8) }, 8),
      'tensor "w" of shape [1125899906842624, 1125899906842624]',
    ],
    [
      "huge offsets",
      file({ w: entry([2 ** 40], 0, 2 ** 42) }, 8),
      'tensor "w" ends at byte 4398046511104, the file has 8',
    ],
    ["beyond the file", file({ w: entry([3], 0, 12) }, 8), 'tensor "w" ends at byte 12, the file has 8'],
    ["overlap", file({ a: entry([2], 0, 8), b: entry([2], 4, 12) }, 12), 'tensor "b" overlaps another tensor'],
    ["same place", file({ a: entry([2], 0, 8), b: entry([2], 0, 8) }, 8), 'tensor "b" overlaps another tensor'],
    ["gap", file({ a: entry([1], 0, 4), b: entry([1], 8, 12) }, 12), 'tensor "b" leaves a gap before it'],
    ["gap at the front", file({ a: entry([1], 4, 8) }, 8), 'tensor "a" leaves a gap before it'],
    ["bytes left over", file({ a: entry([1], 0, 4) }, 6), "the tensors take 4 bytes, the file has 6"],
    [
      "no bool",
      file({ m: entry([1], 0, 1, "BOOL") }, 1).fill(7, -1),
      'tensor "m": element 0 is 7, which is not a bool',
    ],
  ])("%s", (_, bytes, message) => {
    expect(() => loadSafetensors(bytes)).toThrow(InvalidArgumentError);
    expect(() => loadSafetensors(bytes)).toThrow(
      `loadSafetensors: ${message}`.replace(/^.*?(?=data_offsets \[0,4)/, ""),
    );
  });

  test.each(["C64", "F8_E5M2", "f32"])("dtype %s", (dtype) => {
    const load = () => loadSafetensors(file({ w: entry([1], 0, 8, dtype) }, 8));
    expect(load).toThrow(InvalidArgumentError);
    expect(load).toThrow(
      `loadSafetensors: tensor "w": its dtype is ${JSON.stringify(dtype)}, which no tensor has; convert it to one of BOOL`,
    );
  });

  test.each([5, null])("dtype %s", (dtype) => {
    expect(() => loadSafetensors(file({ w: entry([1], 0, 8, dtype) }, 8))).toThrow(
      `loadSafetensors: tensor "w" has dtype ${dtype}, not a string`,
    );
  });

  test("whatever happens to the bytes, the answer is a file or an InvalidArgumentError", () => {
    const byte = fc.tuple(fc.nat(reference.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(byte, { minLength: 1, maxLength: 4 }), fc.nat(reference.length), (changes, length) => {
        const bytes = Uint8Array.from(reference);
        for (const [position, value] of changes) bytes[position] = value;
        for (const damaged of [bytes, bytes.subarray(0, length)]) {
          try {
            loadSafetensors(damaged);
          } catch (error) {
            expect(error).toBeInstanceOf(InvalidArgumentError);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  test("any header at all", () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), fc.nat(20), (header, size) => {
        try {
          loadSafetensors(file(header, size));
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidArgumentError);
        }
      }),
    );
  });
});

test("a shape with 0 in it needs no bytes; unknown members of a description are passed over", () => {
  const { tensors } = loadSafetensors(file({ w: { ...entry([0, 2 ** 40], 0, 0), comment: [{ a: "}" }] } }));
  expect(tensors.w!.shape).toEqual([0, 2 ** 40]);
  expect(loadSafetensors(file({})).tensors).toEqual({});
});

test("refuses to write what is no tensor, a reserved name, notes that are no text", () => {
  expect(() => saveSafetensors({ w: [1] as unknown as Tensor })).toThrow(TypeError);
  expect(() => saveSafetensors({ w: [1] as unknown as Tensor })).toThrow('saveSafetensors: "w" is an array of 1');
  expect(() => saveSafetensors({ __metadata__: tensor(1) })).toThrow(ValueError);
  expect(() => saveSafetensors({}, { epoch: 3 as unknown as string })).toThrow(TypeError);
  expect(() => loadSafetensors([] as unknown as Uint8Array)).toThrow(TypeError);
});
