import {
  add,
  concat,
  controlDependencies,
  Graph,
  IndexedSlices,
  identity,
  placeholder,
  slice,
  toGraphDef,
  unique,
  Variable,
} from "@gradtape/graph";
import { InvalidArgumentError, ones, tensor, ValueError } from "@gradtape/tensor";
import { describe, expect, test } from "vitest";
import { type ReadNode, readEvents, readMessage } from "./fixtures/event-reader.ts";
import { SummaryWriter } from "./summary-writer.ts";

function written(tell: (writer: SummaryWriter) => void) {
  const records: Uint8Array<ArrayBuffer>[] = [];
  tell(new SummaryWriter((record) => records.push(record)));
  return readEvents(Buffer.concat(records)).slice(1);
}

test("scalars are numbers, tensors and variables of one element", () => {
  const events = written((writer) => {
    writer.scalar("number", 0.5, 1);
    writer.scalar("tensor", tensor([[3]]), 2);
    writer.scalar("variable", new Variable(tensor(7, { dtype: "int32" })), 3);
    writer.scalar("not a number", Number.NaN, 4);
  });
  expect(events.map(({ step, scalar }) => [step, scalar!.tag, scalar!.value])).toEqual([
    [1, "number", 0.5],
    [2, "tensor", 3],
    [3, "variable", 7],
    [4, "not a number", Number.NaN],
  ]);
});

test("the time is that of the clock, in seconds", () => {
  const [event] = written((writer) => writer.scalar("a", 1, 0));
  expect(Math.abs(event!.wallTime - Date.now() / 1000)).toBeLessThan(60);
});

test("histograms count every element of views and variables, on either side of zero", () => {
  const steps = tensor([
    [-2, -1, 0],
    [1, 2, 1e30],
  ]);
  const [all, part] = written((writer) => {
    writer.histogram("all", new Variable(steps), 0);
    writer.histogram("part", slice(steps, [0, 1], [2, 1]), 0);
  });
  expect(all!.histogram!.facts.slice(0, 3)).toEqual([-2, Math.fround(1e30), 6]);
  expect(part!.histogram!.facts).toEqual([-1, 2, 2, 1, 5]);
  for (const { histogram } of [all!, part!]) {
    const { facts, buckets } = histogram!;
    expect(buckets.reduce((sum, [, count]) => sum + count, 0)).toBe(facts[2]);
    const ends = buckets.map(([limit]) => limit);
    expect(ends).toEqual([...ends].sort((a, b) => a - b));
    // No two empty buckets in a row.
    expect(buckets.some(([, count], i) => count === 0 && buckets[i + 1]?.[1] === 0)).toBe(false);
  }
});

test("in a browser the records are the parts of a blob", async () => {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const writer = new SummaryWriter((record) => parts.push(record));
  writer.scalar("loss", 2, 9);
  const blob = new Blob(parts, { type: "application/octet-stream" });
  expect(readEvents(new Uint8Array(await blob.arrayBuffer()))[1]!.scalar).toEqual({ tag: "loss", value: 2 });
});

describe("a graph", () => {
  const drawn = (build: () => void): Record<string, ReadNode> => {
    const graph = new Graph();
    graph.asDefault(build);
    const [event] = written((writer) => writer.graph(graph));
    return Object.fromEntries(event!.graph!.map((node) => [node.name, node]));
  };

  test("has its operations, what they read and what they wait for", () => {
    const nodes = drawn(() => {
      const x = placeholder("float32", [null, 2], { name: "x" });
      const first = identity(x, { name: "scope/first" });
      const { values, positions } = unique(placeholder("int32", [3], { name: "ids" }));
      controlDependencies([first], () => concat([positions, values], 0, { name: "last" }));
    });
    expect(nodes["scope/first"]!.inputs).toEqual(["x"]);
    expect(nodes.last!.inputs).toEqual(["unique:1", "unique", "^scope/first"]);
    expect(Object.values(nodes).map(({ name, op }) => [name, op])).toEqual([
      ["x", "placeholder"],
      ["scope/first", "identity"],
      ["ids", "placeholder"],
      ["unique", "unique"],
      ["last", "concat"],
    ]);
  });

  test("tells the shapes of tensors, open extents as -1, and their dtype", () => {
    const { x } = drawn(() => placeholder("float32", [null, 2], { name: "x" }));
    const list = readMessage(x!.attributes._output_shapes!.get(1)![0] as Uint8Array);
    const shape = readMessage(list.get(7)![0] as Uint8Array);
    expect(shape.get(2)!.map((extent) => readMessage(extent as Uint8Array).get(1)![0])).toEqual([-1, 2]);
    expect(x!.attributes.dtype!.get(6)).toEqual([1]);
  });

  test("shows variables of eager mode, under names that are free", () => {
    const w = new Variable(ones([2]), { name: "w" });
    const nodes = drawn(() => {
      const taken = placeholder("float32", [2], { name: "w" });
      add(taken, w, { name: "sum" });
    });
    expect(nodes.w!.op).toBe("placeholder");
    expect(nodes.w_1!.op).toBe("variable");
    const reads = nodes.sum!.inputs.map((name) => nodes[name]!);
    expect(reads[0]!.op).toBe("placeholder");
    expect([reads[1]!.name, ...reads[1]!.inputs]).toContain("w_1");
  });

  test("has its variables once, with the operations that set and read them", () => {
    const nodes = drawn(() => {
      const v = new Variable(ones([2]), { name: "v" });
      add(v, v, { name: "twice" });
    });
    expect(nodes.v!.op).toBe("variable");
    expect(nodes["v/Assign"]!.inputs[0]).toBe("v");
    for (const { inputs } of Object.values(nodes)) {
      for (const input of inputs) expect(nodes).toHaveProperty([input.replace(/^\^|:\d+$/g, "")]);
    }
  });

  test("keeps the elements of small constants, and the shape of large ones", () => {
    const nodes = drawn(() => {
      const x = placeholder("float32", [], { name: "x" });
      add(x, tensor([1, 2]), { name: "small" });
      add(x, ones([1000]), { name: "large" });
    });
    const held = Object.values(nodes)
      .filter(({ attributes }) => attributes.value !== undefined)
      .map(({ attributes }) => readMessage(attributes.value!.get(8)![0] as Uint8Array).get(4)?.[0]);
    expect(held.map((content) => (content as Uint8Array | undefined)?.length)).toEqual([8, undefined]);
    expect(new Float32Array(Uint8Array.from(held[0] as Uint8Array).buffer)).toEqual(Float32Array.of(1, 2));
  });
});

describe("mistakes", () => {
  const graph = new Graph();
  const [symbol, inGraph] = graph.asDefault(
    () => [placeholder("float32", [], { name: "x" }), new Variable(1)] as const,
  );
  const bad = (value: unknown) => value as never;

  test.each<[what: string, tell: (writer: SummaryWriter) => void, type: new () => Error, message: string]>([
    ["no tag", (w) => w.scalar(bad(undefined), 1, 0), TypeError, "scalar: the tag is undefined, expected a string"],
    [
      "empty tag",
      (w) => w.histogram("", [1], 0),
      ValueError,
      'histogram: the tag is empty; name what is shown, such as "loss"',
    ],
    [
      "NaN as step",
      (w) => w.scalar("a", 1, Number.NaN),
      ValueError,
      'scalar: the step of "a" is NaN, expected an integer; count the steps of the training',
    ],
    [
      "infinite step",
      (w) => w.histogram("a", [1], Infinity),
      ValueError,
      'histogram: the step of "a" is Infinity, expected an integer',
    ],
    ["half a restart", (w) => w.restart(0.5), ValueError, "restart: the step is 0.5, expected an integer"],
    ["half a step", (w) => w.scalar("a", 1, 0.5), ValueError, 'the step of "a" is 0.5, expected an integer'],
    [
      "no step",
      (w) => w.scalar("a", 1, bad(undefined)),
      TypeError,
      'scalar: the step of "a" is undefined, expected a number',
    ],
    [
      "step as text",
      (w) => w.scalar("a", 1, bad("3")),
      TypeError,
      'the step of "a" is the string "3", expected a number',
    ],
    ["two elements", (w) => w.scalar("a", [1, 2], 0), ValueError, 'scalar: "a" is '],
    ["no element", (w) => w.scalar("a", [], 0), ValueError, "expected one element; take its mean, or its histogram"],
    ["text as value", (w) => w.scalar("a", bad("1"), 0), TypeError, "scalar: cannot make a tensor of"],
    [
      "bool",
      (w) => w.scalar("a", tensor(true), 0),
      TypeError,
      'scalar: "a" has dtype bool, expected numbers; cast it to float32 first',
    ],
    ["bools", (w) => w.histogram("a", tensor([true]), 0), TypeError, 'histogram: "a" has dtype bool, expected numbers'],
    [
      "slices",
      (w) => w.histogram("a", bad(new IndexedSlices(ones([1]), [0])), 0),
      TypeError,
      "histogram: cannot make a tensor of",
    ],
    [
      "symbolic tensor",
      (w) => w.scalar("a", symbol, 0),
      TypeError,
      "scalar: x:0 belongs to a graph, it has no value of its own; pass what session.run gives for it",
    ],
    ["variable of a graph", (w) => w.histogram("a", inGraph, 0), TypeError, "histogram: Variable:0 belongs to a graph"],
    [
      "NaN in a histogram",
      (w) =>
        w.histogram(
          "w",
          [
            [1, 2],
            [Number.NaN, -Infinity],
          ],
          0,
        ),
      InvalidArgumentError,
      'histogram: "w" of shape [2, 2] has 2 of 4 elements that are not finite, the first is NaN, element 2; find the op they come from with checkNumerics',
    ],
    ["no graph", (w) => w.graph(bad(undefined)), TypeError, "graph: expected a Graph, got undefined"],
    ["a definition", (w) => w.graph(bad(toGraphDef(graph))), TypeError, "fromGraphDef makes one of a definition"],
  ])("%s", (_, tell, type, message) => {
    let caught: unknown;
    const events = written((writer) => {
      try {
        tell(writer);
      } catch (error) {
        caught = error;
      }
    });
    expect(caught).toBeInstanceOf(type);
    expect((caught as Error).message).toContain(message);
    expect(events).toEqual([]);
  });

  test("a sink that is none", () => {
    expect(() => new SummaryWriter(bad("folder"))).toThrow("SummaryWriter: sink is ");
  });
});
