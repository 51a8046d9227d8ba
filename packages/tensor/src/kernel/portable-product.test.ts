import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { DType } from "../dtype.ts";
import { allocate } from "../memory.ts";
import { generator } from "../random/generator.ts";
import type { Matrix } from "./matrix.ts";

const [m, n, k] = [6, 9, 7];

beforeEach(() => vi.resetModules());
afterEach(() => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
});

/** A product of tails in every direction, by a module that has made no tile yet. */
async function product(dtype: DType): Promise<readonly number[]> {
  const { portableProduct } = await import("./portable-product.ts");
  const [a, b] = [1, 2].map((seed) => {
    const numbers = generator(seed).normal([m * n * k]).data;
    return allocate(dtype, numbers.length).map((_, i) => numbers[i]! * 2 ** (dtype === "int32" ? 28 : 0));
  });
  const left: Matrix = { buffer: a!, offset: 3, rowStride: 1, columnStride: m };
  const right: Matrix = { buffer: b!, offset: 1, rowStride: 2 * n, columnStride: 2 };
  const buffer = allocate(dtype, m * n);
  portableProduct(dtype, m, n, k)(left, right, { buffer, offset: 0, rowStride: n, columnStride: 1 });
  return [...buffer];
}

function refuse(): never {
  throw new EvalError("Code generation from strings disallowed for this context");
}

test.each<DType>(["float32", "float64", "int32"])("%s: the same bits where text may not become code", async (dtype) => {
  vi.stubEnv("GRADTAPE_EVAL", "1");
  const printed = await product(dtype);
  const forbidden = vi.fn(refuse);
  vi.resetModules();
  vi.stubGlobal("Function", forbidden);
  expect(await product(dtype)).toEqual(printed);
  expect(forbidden).toHaveBeenCalled();
  expect(new Set(printed).size).toBeGreaterThan(10);
});
