import { rowMajor } from "@gradtape/tensor";
import { describe, expect, test } from "vitest";
import type { Kernel } from "./fuse.ts";
import type { Node } from "./node.ts";
import { type Area, planMemory } from "./plan.ts";
import { Buffers, type Value, whole } from "./values.ts";
import { verifyKernels, verifyNodes, verifyOrder, verifyPlan } from "./verify.ts";

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

describe("nodes and kernels are held to that order", () => {
  const check = { kind: "bulk", form: { kind: "unique" } } as const;
  const node = (inputs: readonly Value[], outputs: readonly Value[]): Node => {
    return { id: 0, operations: [], work: check, inputs, outputs, writes: [], counts: null };
  };
  const kernel = (reads: readonly Value[], makes: readonly Value[]): Kernel => {
    return { nodes: [], loops: null, product: null, bulk: null, reads, makes, counts: null };
  };

  test("nodes", () => {
    verifyNodes("ordering", [node([fed], [a]), node([a], [b])], [b]);
    expect(() => verifyNodes("ordering", [node([a], [b]), node([fed], [a])], [b])).toThrow(
      `compile: after ordering: stage 0 reads t${a.buffer.id} before it is made`,
    );
  });

  test("kernels", () => {
    verifyKernels([kernel([fed], [a]), kernel([a], [b])], [b]);
    expect(() => verifyKernels([kernel([fed], [a])], [b])).toThrow(
      `compile: after fusing: a result reads t${b.buffer.id} before it is made`,
    );
  });
});

describe("plans", () => {
  const area = (what: string, at: number, bytes: number, first: number, last: number): Area => {
    return { what, at, bytes, first, last };
  };

  test("what planMemory makes is legal, work areas among it", () => {
    const kernels = [stage([fed], [a]), stage([a], [b])].map(({ reads, makes }): Kernel => {
      return { nodes: [], loops: null, product: null, bulk: null, reads, makes, counts: null };
    });
    const areas = planMemory(kernels, [fed.buffer], [b], [100, 200]).areas();
    expect(areas.map(({ what }) => what)).toEqual([
      ...[fed, a, b].map(({ buffer }) => `buffer ${buffer.id}`),
      "the work area of kernel 0",
      "the work area of kernel 1",
    ]);
    verifyPlan(areas);
    const work = areas.at(-1)!;
    const moved = [...areas.slice(0, -1), { ...work, at: areas[2]!.at }];
    expect(() => verifyPlan(moved)).toThrow(/buffer \d and the work area of kernel 1 overlap while both are needed/);
  });

  test.each<[string, Area[], RegExp | null]>([
    ["one after the other in one place", [area("x", 0, 64, 0, 1), area("y", 0, 64, 2, 3)], null],
    ["side by side", [area("x", 0, 64, 0, 3), area("y", 64, 64, 0, 3)], null],
    ["of no bytes", [area("x", 0, 64, 0, 3), area("y", 0, 0, 0, 3)], null],
    ["the same place", [area("x", 0, 64, 0, 2), area("y", 0, 64, 2, 3)], /x and y overlap/],
    ["reaching into the next", [area("x", 0, 65, 0, 3), area("y", 64, 64, 1, 2)], /x and y overlap/],
    ["around another", [area("x", 64, 64, 1, 2), area("y", 0, 256, 0, 3)], /[xy] and [xy] overlap/],
    [
      "a third of many",
      [area("x", 0, 64, 0, 9), area("y", 64, 64, 0, 4), area("z", 128, 64, 0, 9), area("w", 100, 64, 5, 6)],
      /z and w overlap/,
    ],
  ])("%s", (_, areas, message) => {
    if (message === null) verifyPlan(areas);
    else expect(() => verifyPlan(areas)).toThrow(message);
  });
});
