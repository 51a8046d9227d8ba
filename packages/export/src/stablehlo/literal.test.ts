import { type DType, type EagerTensor, tensor } from "@gradtape/tensor";
import { describe, expect, test } from "vitest";
import { literal, numberText } from "./literal.ts";

describe("numbers", () => {
  test.each<[number, DType, string]>([
    [1, "float32", "1.0"],
    [0.1, "float32", "0.1"],
    [Math.fround(1 / 3), "float32", "0.33333334"],
    [1e-10, "float32", "1.0e-10"],
    [3.4028234663852886e38, "float32", "3.4028235e+38"],
    [1e-45, "float32", "1.0e-45"],
    [1 / 3, "float64", "0.3333333333333333"],
    [-0, "float32", "0x80000000"],
    [Number.NEGATIVE_INFINITY, "float32", "0xFF800000"],
    [Number.NaN, "float32", "0x7FC00000"],
    [Number.POSITIVE_INFINITY, "float64", "0x7FF0000000000000"],
    [-7, "int32", "-7"],
    [1, "bool", "true"],
  ])("%d as %s", (value, dtype, text) => {
    expect(numberText(value, dtype)).toBe(text);
  });

  test("float32 comes back from its digits", () => {
    const bits = new Uint32Array(1);
    const value = new Float32Array(bits.buffer);
    for (let i = 0; i < 20000; i++) {
      bits[0] = Math.imul(i, 214_013) ^ (i << 17);
      if (!Number.isFinite(value[0]!) || Object.is(value[0], -0)) continue;
      expect(Math.fround(Number(numberText(value[0]!, "float32")))).toBe(value[0]);
    }
  });
});

describe("constants", () => {
  const of = (...args: Parameters<typeof tensor>) => literal(tensor(...args) as EagerTensor);

  test("lists by shape", () => {
    expect(
      of([
        [1, 2, 3],
        [4, 5, 6.5],
      ]),
    ).toBe("dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.5]]>");
    expect(of([true, false])).toBe("dense<[true, false]>");
    expect(of(3, { dtype: "int32" })).toBe("dense<3>");
  });

  test("one number that is everywhere", () => {
    expect(of(new Float32Array(1000).fill(2))).toBe("dense<2.0>");
    expect(of(Float32Array.of(0, -0))).toBe("dense<[0.0, 0x80000000]>");
  });

  test("many numbers as their bytes, little-endian", () => {
    const many = of(Int32Array.from({ length: 17 }, (_, i) => i));
    expect(many.startsWith('dense<"0x000000000100000002000000')).toBe(true);
    expect(many.length).toBe('dense<"0x">'.length + 17 * 8);
  });
});
