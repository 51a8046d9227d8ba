import { zipSync } from "fflate";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { InvalidArgumentError, NotFoundError } from "../errors.ts";
import { tensor } from "../literal.ts";
import peers from "./fixtures/peers.json" with { type: "json" };
import { loadNpy, saveNpy } from "./npy.ts";
import { loadNpz, saveNpz } from "./npz.ts";
import { loadSafetensors } from "./safetensors.ts";

/* Files as NumPy, SciPy, PyTorch and people write them. */

const bytes = (base64: string) => Uint8Array.from(Buffer.from(base64, "base64"));
const warn = vi.spyOn(console, "warn");
beforeEach(() => {
  warn.mockImplementation(() => {});
});
afterEach(() => {
  warn.mockReset();
});

describe("npy", () => {
  test.each(Object.entries(peers.spellings))("element type %s", (descr, file) => {
    expect(loadNpy(bytes(file)).data.map(Number)).toEqual(
      loadNpy(bytes(file)).data.map((_, i) => (/\?|bool/.test(descr) ? 1 : i + 1)),
    );
  });

  test.each([
    ["records", "records of the fields id, w, of which no tensor is made; save each field as an array of its own"],
    ["text", "<U3 (text), of which no tensor is made"],
    ["bytes", "|S3 (bytes of text), of which"],
    ["dates", "<M8[D] (dates), of which"],
    ["durations", "<m8[s] (durations), of which"],
    ["complex", "<c16 (complex numbers), of which"],
    ["objects", "|O (Python objects), of which"],
    ["long", "<f16 (floats of another size), of which"],
  ] as const)("%s are named", (name, words) => {
    expect(() => loadNpy(bytes(peers.unfit[name]))).toThrow(`loadNpy: its elements are ${words}`);
    expect(() => loadNpy(bytes(peers.unfit[name]))).toThrow(InvalidArgumentError);
  });

  test("an integer beyond int32 is named", () => {
    expect(() => loadNpy(bytes(peers.unfit.large))).toThrow("element 0 is 1099511627776, which is not an int32");
  });

  test("an archive is named", () => {
    expect(() => loadNpy(saveNpz({ a: tensor(1) }))).toThrow("as npz archives do: use loadNpz");
  });
});

describe("npz", () => {
  test("of a sparse matrix its text is passed over, with a warning", () => {
    const { data, indices, indptr, shape, format } = loadNpz(bytes(peers.sparse));
    expect([data, indices, indptr, shape].map((each) => each?.array())).toEqual([
      [2.5, 1],
      [1, 0],
      [0, 1, 2],
      [2, 2],
    ]);
    expect(format).toBeUndefined();
    expect(warn.mock.calls).toEqual([
      [
        'loadNpz: 1 of 5 arrays were passed over:\n  array "format": its elements are |S3 (bytes of text), of which no ' +
          "tensor is made; convert them to one of bool, float16, float32, float64, int8, int16, int32, int64, uint8, uint16, uint32, uint64",
      ],
    ]);
  });

  test("a listener takes the place of the warning", () => {
    const skipped: string[] = [];
    const loaded = loadNpz(bytes(peers.texts), { onSkip: (name, reason) => skipped.push(`${name}: ${reason}`) });
    expect(Object.keys(loaded)).toEqual(["w"]);
    expect(skipped.map((text) => text.replace(/, of which.*/, ""))).toEqual([
      'name: loadNpz: array "name": its elements are <U1 (text)',
      'day: loadNpz: array "day": its elements are <M8[D] (dates)',
    ]);
    expect(warn).not.toHaveBeenCalled();
  });

  test("folders and other files are no arrays", () => {
    expect(loadNpz(bytes(peers.mixed))["weights/w"]?.array()).toEqual([1, 2]);
    expect(warn.mock.calls[0]?.[0]).toContain('"README.md" is a file, not an array');
  });

  test("names pick some arrays, which must be there and fit", () => {
    expect(Object.keys(loadNpz(bytes(peers.sparse), { names: ["indices", "data"] }))).toEqual(["indices", "data"]);
    expect(warn).not.toHaveBeenCalled();
    expect(() => loadNpz(bytes(peers.sparse), { names: ["format"] })).toThrow(InvalidArgumentError);
    const missing = () => loadNpz(bytes(peers.sparse), { names: ["dat"] });
    expect(missing).toThrow(NotFoundError);
    expect(missing).toThrow('there is no "dat"; the file holds "indices", "indptr", "format", "shape", "data"');
  });

  test("where nothing fits, that is an error", () => {
    expect(() => loadNpz(zipSync({ "a.npy": bytes(peers.unfit.text) }))).toThrow('array "a": its elements are <U3');
  });

  test("sizes in 64 bits are read", () => expect(loadNpz(bytes(peers.streamed)).a?.array()).toEqual([3, 4]));

  test("more arrays than 16 bits count", () => {
    for (const count of [65_534, 65_535, 65_536, 70_000]) {
      const tensors = Object.fromEntries(Array.from({ length: count }, (_, i) => [`t${i}`, tensor(i)]));
      const loaded = loadNpz(saveNpz(tensors));
      expect([Object.keys(loaded).length, loaded[`t${count - 1}`]?.item()]).toEqual([count, count - 1]);
    }
  });

  test("entries that overlap are refused before they are unpacked", () => {
    const file = saveNpy(tensor(new Float32Array(250_000)));
    const archive = Buffer.from(zipSync({ "a.npy": file, "b.npy": file }));
    const directory = archive.indexOf(Buffer.from("PK\x01\x02", "latin1"));
    const second = archive.indexOf(Buffer.from("PK\x01\x02", "latin1"), directory + 1);
    archive.copy(archive, second + 42, directory + 42, directory + 46); // b lies where a lies
    expect(() => loadNpz(archive)).toThrow('entry "b.npy" begins at byte 0, within another entry');
  });

  test("a claim that its bytes cannot give is refused", () => {
    const archive = Buffer.from(zipSync({ "a.npy": saveNpy(tensor([1, 2])) }));
    const directory = archive.indexOf(Buffer.from("PK\x01\x02", "latin1"));
    archive.writeUInt32LE(0xfffffff0, directory + 24);
    expect(() => loadNpz(archive)).toThrow("of which 4294967280 do not come as the directory says");
  });
});

describe("safetensors", () => {
  test("a model of PyTorch: halves and integers are widened", () => {
    const { tensors } = loadSafetensors(bytes(peers.state.file));
    const values = Object.entries(tensors).map(([name, value]) => [name, [...value.data]]);
    expect(Object.fromEntries(values)).toEqual(
      Object.fromEntries(Object.entries(peers.state.values).map(([name, list]) => [name, list.map(Number)])),
    );
    expect(tensors["conv.weight"]).toMatchObject({ dtype: "float32", shape: [1, 2] });
    expect(tensors["bn.num_batches_tracked"]).toMatchObject({ dtype: "int32", shape: [] });
  });

  test("a tensor of eight-bit floats is passed over by itself", () => {
    expect(Object.keys(loadSafetensors(bytes(peers.narrow)).tensors).sort()).toEqual(
      Object.keys(peers.state.values).sort(),
    );
    expect(warn.mock.calls[0]?.[0]).toContain('tensor "scaled": its dtype is "F8_E4M3", which no tensor has');
    const named = () => loadSafetensors(bytes(peers.narrow), { names: ["scaled"] });
    expect(named).toThrow(InvalidArgumentError);
  });

  test("a long name of escapes and deep nesting", () => {
    const file = (text: string) => {
      const header = Buffer.from(text);
      const whole = new Uint8Array(8 + header.length);
      new DataView(whole.buffer).setBigUint64(0, BigInt(header.length), true);
      whole.set(header, 8);
      return whole;
    };
    const name = "\\n".repeat(2_000_000);
    expect(
      Object.keys(loadSafetensors(file(`{"${name}":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}`)).tensors),
    ).toHaveLength(1);
    const deep = `{"w":{"dtype":"F32","shape":${"[".repeat(100_000)}${"]".repeat(100_000)},"data_offsets":[0,0]}}`;
    expect(() => loadSafetensors(file(deep))).toThrow(InvalidArgumentError);
  });
});
