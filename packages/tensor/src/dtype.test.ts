import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesPerElement, checkDType, type DType, dtypeOfArray, dtypes, isFloating, toElement } from "./dtype.ts";
import { ValueError } from "./errors.ts";
import { allocate } from "./memory.ts";

const anyDType = fc.constantFrom(...dtypes);

test("arrays are zero, of the length asked for, and as wide as their dtype says", () => {
  fc.assert(
    fc.property(anyDType, fc.nat(50), (dtype, length) => {
      const data = allocate(dtype, length);
      expect([...data]).toEqual(Array(length).fill(0));
      expect(data.byteLength).toBe(length * bytesPerElement(dtype));
    }),
  );
});

test("a typed array tells its dtype; bytes do not, they may be anything", () => {
  const known = dtypes.map((dtype) => [dtype, dtypeOfArray(allocate(dtype, 1))]);
  expect(known).toEqual([
    ["float32", "float32"],
    ["float64", "float64"],
    ["int32", "int32"],
    ["bool", null],
  ]);
  for (const other of [new Int8Array(1), new Uint32Array(1), new BigInt64Array(1), [1]]) {
    expect(dtypeOfArray(other)).toBe(null);
  }
});

test("gradients flow through floats alone", () => {
  expect(dtypes.filter(isFloating)).toEqual(["float32", "float64"]);
});

test.each(["int64", "Float32", "", 5, null, undefined, ["float32"], "toString", "__proto__"])(
  "%s is no dtype",
  (name) => {
    expect(() => checkDType("op", name)).toThrow(ValueError);
    expect(() => checkDType("op", name)).toThrow(
      /^op: unknown dtype .*; expected one of float32, float64, int32, bool$/,
    );
  },
);

describe("toElement", () => {
  test("gives what the typed array would hold, or refuses", () => {
    fc.assert(
      fc.property(
        anyDType,
        fc.oneof(fc.double(), fc.integer(), fc.boolean(), fc.constantFrom(0, 1)),
        (dtype, value) => {
          const stored = allocate(dtype, 1);
          stored[0] = Number(value);
          const fits = dtype === "float32" || stored[0] === Number(value) || Object.is(stored[0], Number(value));
          const allowed = fits && (dtype !== "bool" || value === 0 || value === 1 || typeof value === "boolean");
          if (allowed) expect(toElement("op", dtype, value) + 0).toBe(stored[0]! + 0);
          else expect(() => toElement("op", dtype, value)).toThrow(TypeError);
        },
      ),
    );
  });

  test.each<[DType, number, string]>([
    ["int32", 0.5, "op: 0.5 is not an int32; round it, or use dtype float32 or float64"],
    ["int32", 2 ** 31, "op: 2147483648 is not an int32"],
    ["int32", Number.NaN, "op: NaN is not an int32"],
    ["bool", 2, "op: 2 is not a bool; use true, false, 1 or 0"],
  ])("%s refuses %s", (dtype, value, message) => {
    expect(() => toElement("op", dtype, value)).toThrow(message);
  });
});
