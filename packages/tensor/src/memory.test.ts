import { afterEach, describe, expect, test } from "vitest";
import { eye, fill, linspace, ones, range, zeros } from "./constructors.ts";
import { dataset } from "./dataset/dataset.ts";
import { RuntimeError, ValueError } from "./errors.ts";
import { broadcasted } from "./layout.ts";
import { allocate, checkBytes, checkRoom, memoryLimit, setMemoryLimit } from "./memory.ts";
import { randomNormal, randomPermutation, randomUniform, truncatedNormal } from "./random/draws.ts";
import { compact, EagerTensor, fromData } from "./tensor.ts";

afterEach(() => setMemoryLimit(null));

/** Calls that ask for more than a tensor may have, and the number of bytes in the message. */
const greedy: readonly (readonly [op: string, call: () => unknown, bytes: number])[] = [
  ["zeros", () => zeros([2 ** 40]), 2 ** 42],
  ["zeros", () => zeros([1e10], { dtype: "bool" }), 1e10],
  ["ones", () => ones([2 ** 20, 2 ** 20]), 2 ** 42],
  ["fill", () => fill([2 ** 31], 1), 2 ** 33],
  ["fill", () => fill([2 ** 53 - 1, 2 ** 53 - 1], true), (2 ** 53 - 1) ** 2],
  ["range", () => range(1e15), 4e15],
  ["linspace", () => linspace(0, 1, 2 ** 40, { dtype: "float64" }), 2 ** 43],
  ["eye", () => eye(2 ** 20), 2 ** 42],
  ["randomUniform", () => randomUniform([2 ** 40]), 2 ** 42],
  ["randomNormal", () => randomNormal([2 ** 40]), 2 ** 42],
  ["truncatedNormal", () => truncatedNormal([2 ** 40]), 2 ** 42],
  ["randomPermutation", () => randomPermutation(2 ** 31 - 1), 4 * (2 ** 31 - 1)],
];

describe("what a call asks for is known before it is allocated", () => {
  test.each(greedy)("%s %#", (op, call, bytes) => {
    expect(call).toThrow(ValueError);
    expect(call).toThrow(
      new RegExp(
        `^${op}: a \\w+ tensor of shape .* takes ${bytes.toString().replace("+", "\\+")} bytes, the limit is 2147483648`,
      ),
    );
  });

  test("a limit of one's own holds for all, and what just fits is made", () => {
    setMemoryLimit(4000);
    expect(memoryLimit()).toBe(4000);
    expect(zeros([1000]).size).toBe(1000);
    expect(() => zeros([1001])).toThrow("1001 elements and takes 4004 bytes, the limit is 4000");
    expect(() => allocate("float64", 501)).toThrow(ValueError);
    expect(() => checkRoom("mine", "int32", [1001])).toThrow("mine: ");
    expect(() => checkBytes("loadMine", "entry x", 4001)).toThrow(
      "loadMine: entry x takes 4001 bytes, the limit is 4000",
    );
    expect(() => checkBytes("loadMine", "entry x", 4000)).not.toThrow();
  });

  test("a limit is a number of bytes", () => {
    for (const bytes of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => setMemoryLimit(bytes)).toThrow(ValueError);
    expect(() => setMemoryLimit("1 GB" as never)).toThrow(TypeError);
  });

  test("what the engine does not give is a RuntimeError", () => {
    setMemoryLimit(2 ** 52);
    expect(() => allocate("float64", 2 ** 40)).toThrow(RuntimeError);
  });

  test("a view costs nothing, a copy of it asks", () => {
    const one = fromData("float32", [1], new Float32Array(1));
    const view = new EagerTensor("float32", broadcasted(one.layout, [2 ** 40]), one.buffer);
    expect(view.size).toBe(2 ** 40);
    expect(() => compact(view)).toThrow(ValueError);
    expect(() => view.data).toThrow(ValueError);
  });

  test("an axis without elements leaves none, whatever the others hold", () => {
    expect(zeros([...Array<number>(30).fill(2 ** 53 - 1), 0]).size).toBe(0);
  });

  test("a batch has no more rows than there are examples", () => {
    const [rows] = dataset(zeros([3, 1]), { batch: 2 ** 40, prefetch: 1 });
    expect(rows!.shape).toEqual([3, 1]);
  });
});
