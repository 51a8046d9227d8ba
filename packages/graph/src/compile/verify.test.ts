import { rowMajor } from "@gradtape/tensor";
import { describe, expect, test } from "vitest";
import { Buffers, type Value, whole } from "./values.ts";
import { verifyOrder } from "./verify.ts";

/* Each rule of a legal order has an order that breaks just it. */

const buffers = new Buffers();
const fed = whole(buffers.make("fed", "float32", 4), [4]);
const constant = whole(buffers.make("constant", "float32", 4), [4]);
const [a, b] = [0, 1].map(() => whole(buffers.make("temporary", "float32", 4), [4])) as [Value, Value];
const state = whole(buffers.make("state", "float32", 4), [4]);
const version = (number: number): Value => ({ ...state, version: number });
const stage = (reads: readonly Value[], makes: readonly Value[]) => ({ reads, makes });

describe("legal orders", () => {
  test.each<[string, ReturnType<typeof stage>[], Value[]]>([
    ["nothing", [], []],
    ["a chain", [stage([fed, constant], [a]), stage([a], [b])], [b, fed]],
    ["a variable read, written and read", [stage([version(0)], [a]), stage([a], [version(1)])], [version(1)]],
    ["two versions at once, of which the last is kept", [stage([version(0)], [version(2)])], [version(2)]],
    ["a part", [stage([fed], [a])], [{ ...a, layout: { shape: [2], strides: [2], offset: 1 } }]],
    ["no elements", [], [{ ...fed, layout: rowMajor([0], 9) }]],
  ])("%s", (_, stages, fetched) => verifyOrder("a pass", stages, fetched));
});

describe("orders that break a rule", () => {
  test.each<[string, ReturnType<typeof stage>[], Value[], string]>([
    [
      "read before it is made",
      [stage([a], [b]), stage([fed], [a])],
      [],
      `stage 0 reads t${a.buffer.id} before it is made`,
    ],
    ["fetched and never made", [], [a], `a result reads t${a.buffer.id} before it is made`],
    ["made twice", [stage([fed], [a]), stage([fed], [a])], [], `stage 1 makes t${a.buffer.id} a second time`],
    ["a constant written", [stage([fed], [constant])], [], `stage 0 writes the constant ${constant.buffer.id}`],
    ["an argument written", [stage([], [fed])], [], "stage 0 writes the fed 0"],
    [
      "an old value read after it is gone",
      [stage([], [version(1)]), stage([version(0)], [a])],
      [],
      "stage 1 reads version 0 of undefined, which is at version 1",
    ],
    ["a value to come", [stage([version(1)], [a])], [], "stage 0 reads version 1 of undefined, which is at version 0"],
    [
      "an earlier version written later",
      [stage([], [version(2)]), stage([], [version(1)])],
      [],
      "stage 1 writes version 1 of undefined too late",
    ],
    ["past the end", [stage([{ ...fed, layout: rowMajor([5]) }], [a])], [], "stage 0 reads past the end of buffer 0"],
    [
      "past the end by its strides",
      [],
      [{ ...fed, layout: { shape: [2], strides: [4], offset: 0 } }],
      "a result reads past the end of buffer 0",
    ],
  ])("%s", (_, stages, fetched, message) => {
    expect(() => verifyOrder("a pass", stages, fetched)).toThrow(`compile: after a pass: ${message}`);
  });
});
