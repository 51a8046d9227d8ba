import { create, toBinary } from "@bufbuild/protobuf";
import * as gt from "@gradtape/graph";
import { InvalidArgumentError, NotImplementedError, type Tensor, tensor, ValueError, zeros } from "@gradtape/tensor";
import { describe, expect, test } from "vitest";
import { attr, constant, float, integers, node, placeholder, versions } from "../fixtures/node-text.ts";
import { type ImportOptions, importGraphDef, writeGraphDef } from "./index.ts";
import { MetaGraphDefSchema, type MetaGraphInit, SavedModelSchema } from "./schema.ts";
import { readText } from "./text-reader.ts";

type Feeds = readonly (readonly [string, Parameters<typeof gt.constant>[0]])[];

/** The value of `y` in nodes. */
function run(nodes: readonly string[], feeds: Feeds = [], options: ImportOptions = {}): Tensor {
  const { graph } = importGraphDef([...nodes, versions].join("\n"), { outputs: ["y"], ...options });
  return new gt.Session({ graph }).run(graph.getTensorByName("y:0"), feeds);
}

describe("forms of ops", () => {
  test("a bias of channels that come second", () => {
    const images = [placeholder("x", [1, 2, 2, 2]), constant("b", [1, 10], [2])];
    const form = `${float} ${attr("data_format", 's: "NCHW"')}`;
    const y = run([...images, node("y", "BiasAdd", ["x", "b"], form)], [["x:0", zeros([1, 2, 2, 2])]]);
    expect([...y.data]).toEqual([1, 1, 1, 1, 10, 10, 10, 10]);
    const g = run([placeholder("x", [1, 2, 2, 2]), node("y", "BiasAddGrad", ["x"], form)], [["x:0", y]]);
    expect([...g.data]).toEqual([4, 40]);
    const short = [placeholder("x", [1, 2, 2, 3]), constant("b", [1], [1]), node("y", "BiasAdd", ["x", "b"], float)];
    expect(() => run(short)).toThrow(
      /BiasAdd\): its bias of shape \[1\] does not have one number for each of 3 channels/,
    );
  });

  test("exp(x) - 1 of small numbers", () => {
    const y = run([placeholder("x", [6]), node("y", "Expm1", ["x"], float)], [["x:0", [1e-8, -1e-8, 0, 1, 100, -100]]]);
    const wanted = [1e-8, -1e-8, 0, Math.expm1(1), Number.POSITIVE_INFINITY, -1];
    y.data.forEach((value, i) => {
      expect(value === wanted[i] || Math.abs(value / wanted[i]! - 1) < 1e-6, `${value} for ${wanted[i]}`).toBe(true);
    });
  });

  test("a shape put together by Slice and ConcatV2", () => {
    const ints = attr("T", "type: DT_INT32");
    const nodes = [
      placeholder("x", [-1, 3]),
      node("s", "Shape", ["x"], `${float} ${attr("out_type", "type: DT_INT32")}`),
      integers("one", [1]),
      integers("open", [-1]),
      constant("axis", [0], [], "INT32"),
      node("last", "Slice", ["s", "one", "one"], `${ints} ${attr("Index", "type: DT_INT32")}`),
      node("to", "ConcatV2", ["open", "last", "axis"], `${ints} ${attr("N", "i: 2")}`),
      node("y", "Reshape", ["x", "to"], `${float} ${attr("Tshape", "type: DT_INT32")}`),
    ];
    const value = [
      [1, 2, 3],
      [4, 5, 6],
    ];
    expect(run(nodes, [["x:0", value]]).array()).toEqual(value);
  });

  test("a shape may be fetched", () => {
    const shape = node("y", "Shape", ["x"], `${float} ${attr("out_type", "type: DT_INT32")}`);
    expect(run([placeholder("x", [-1, 3]), shape], [["x:0", zeros([2, 3])]]).array()).toEqual([2, 3]);
    const text = `tensor { dtype: DT_STRING tensor_shape {} string_val: "a" }`;
    const word = node("y", "Const", [], `${attr("dtype", "type: DT_STRING")} ${attr("value", text)}`);
    expect(() => run([word])).toThrow('importGraphDef: "y" is no tensor and no operation here');
  });

  test("shapes that need no run are numbers", () => {
    const both = [
      placeholder("x", [2, 1]),
      placeholder("z", [3]),
      ...["x", "z"].map((of) => node(`s${of}`, "Shape", [of], float)),
    ];
    const nodes = [...both, node("to", "BroadcastArgs", ["sx", "sz"], attr("T", "type: DT_INT32"))];
    expect(run([...nodes, node("y", "Identity", ["to"], attr("T", "type: DT_INT32"))]).array()).toEqual([2, 3]);
    expect(run([...nodes, node("y", "Size", ["to"], attr("T", "type: DT_INT32"))]).item()).toBe(2);
  });

  test("axes of extent 1 go, and an open extent that turns out to be 1 is a mistake", () => {
    const nodes = [placeholder("x", [-1, 1, 2]), node("y", "Squeeze", ["x"], float)];
    expect(run(nodes, [["x:0", zeros([3, 1, 2])]]).shape).toEqual([3, 2]);
    expect(() => run(nodes, [["x:0", zeros([1, 1, 2])]])).toThrow(
      'Squeeze "y": an open extent is 1, and its axis would go; name squeeze_dims',
    );
  });

  test("assertions that shapes do not decide stop a run", () => {
    const text = `tensor { dtype: DT_STRING tensor_shape {} string_val: "x is negative" }`;
    const nodes = [
      placeholder("x", []),
      constant("zero", [0], []),
      node("why", "Const", [], `${attr("dtype", "type: DT_STRING")} ${attr("value", text)}`),
      node("positive", "Greater", ["x", "zero"], float),
      node("assert", "Assert", ["positive", "why"], attr("T", "list { type: DT_STRING }")),
      node("y", "Neg", ["x", "^assert"], float),
    ];
    expect(run(nodes, [["x:0", 2]]).item()).toBe(-2);
    expect(() => run(nodes, [["x:0", -2]])).toThrow('Assert "assert": x is negative');
    const taken = [nodes[2]!, node("y", "Identity", ["why"], attr("T", "type: DT_STRING"))];
    expect(() => run(taken)).toThrow(/node "y" \(Identity\): an input is a text, which is no tensor here/);
  });

  test("places outside of a tensor are refused, also those that lead back into it", () => {
    const at = (row: number, column: number) => [
      constant("x", [1, 2, 3, 4, 5, 6], [2, 3]),
      constant("at", [row, column], [1, 2], "INT32"),
      node("y", "GatherNd", ["x", "at"], `${attr("Tparams", "type: DT_FLOAT")} ${attr("Tindices", "type: DT_INT32")}`),
    ];
    expect(run(at(1, 2)).array()).toEqual([6]);
    expect(() => run(at(0, 4))).toThrow(InvalidArgumentError);
    expect(() => run(at(1, -1))).toThrow(InvalidArgumentError);
  });

  test("places that leave a gap are refused", () => {
    const nodes = [integers("at", [0, 2, 2]), integers("values", [5, 6, 7])];
    const stitched = node(
      "y",
      "DynamicStitch",
      ["at", "values"],
      `${attr("T", "type: DT_INT32")} ${attr("N", "i: 1")}`,
    );
    expect(() => run([...nodes, stitched])).toThrow(/it leaves rows that nothing is put into/);
    expect(run([integers("at", [1, 0, 1]), nodes[1]!, stitched]).array()).toEqual([6, 7]);
  });

  test("names that differ in case alone", () => {
    const nodes = ["add", "Add"].map((name, i) => node(name, "Add", [i === 0 ? "x" : "add", "x"], float));
    expect(
      run([placeholder("x", [1]), ...nodes, node("y", "Identity", ["Add"], float)], [["x:0", [1]]]).array(),
    ).toEqual([3]);
  });

  test("what reads a reference has the value of the moment of use", () => {
    const nodes = [
      constant("one", [1], []),
      node("v", "Variable", [], `${attr("dtype", "type: DT_FLOAT")} ${attr("shape", "shape {}")}`),
      node("read", "Identity", ["v"], float),
      node("set", "Assign", ["v", "one"], float),
      node("more", "AssignAdd", ["v", "one", "^set"], float),
      node("y", "Neg", ["read", "^more"], float),
    ];
    expect(run(nodes).item()).toBe(-2);
  });
});

describe("old placeholders", () => {
  const nodes = [placeholder("x", []), constant("w", [1, 1], [2, 1]), node("y", "MatMul", ["x", "w"], float)].join(
    "\n",
  );

  test("have an unknown shape, which may be given", () => {
    expect(() => importGraphDef(nodes)).toThrow(
      /node "x" \(Placeholder\): its rank is not known; .* \{ shapes: \{ "x": \[null, …\] \} \}/,
    );
    const { graph } = importGraphDef(nodes, { shapes: { x: [null, 2] } });
    expect(new gt.Session({ graph }).run(graph.getTensorByName("y:0"), [["x:0", [[1, 2]]]]).array()).toEqual([[3]]);
    expect(() => importGraphDef(nodes, { shapes: { w: [2] } })).toThrow(ValueError);
    expect(() => importGraphDef(nodes, { shapes: { x: [-1] } })).toThrow(
      "give placeholders lists of extents, null where open",
    );
  });

  test("have no axes where the graph is new enough to say so", () => {
    expect(importGraphDef(`${placeholder("x", [])} ${versions}`).inputs.x!.shape).toEqual([]);
  });
});

describe("what a few bytes say of gigabytes", () => {
  const heap = () => process.memoryUsage().arrayBuffers;
  const extents = "dim { size: 65536 } dim { size: 32767 }";

  test.each([
    ["a constant of one number", `tensor { dtype: DT_FLOAT tensor_shape { ${extents} } float_val: 1 }`],
    ["a constant of zeros", `tensor { dtype: DT_FLOAT tensor_shape { ${extents} } }`],
    ["a constant of two numbers", `tensor { dtype: DT_FLOAT tensor_shape { ${extents} } float_val: 1 float_val: 2 }`],
  ])("%s is refused, or costs nothing", (_, value) => {
    const text = node("x", "Const", [], `${attr("dtype", "type: DT_FLOAT")} ${attr("value", value)}`);
    const before = heap();
    try {
      importGraphDef(text);
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidArgumentError);
    }
    expect(heap() - before).toBeLessThan(2 ** 24);
  });

  test.each<[string, readonly string[]]>([
    ["Fill", [integers("to", [65536, 32767]), constant("one", [1], []), node("y", "Fill", ["to", "one"], float)]],
    [
      "Range",
      [
        ...[0, 2 ** 30, 1].map((value, i) => constant(`n${i}`, [value], [], "INT32")),
        node("y", "Range", ["n0", "n1", "n2"], attr("Tidx", "type: DT_INT32")),
      ],
    ],
    ["Unpack", [placeholder("x", [2 ** 30]), node("y", "Unpack", ["x"], `${float} ${attr("num", `i: ${2 ** 30}`)}`)]],
    [
      "Split",
      [
        placeholder("x", [2 ** 30]),
        constant("axis", [0], [], "INT32"),
        node("y", "Split", ["axis", "x"], `${float} ${attr("num_split", `i: ${2 ** 30}`)}`),
      ],
    ],
    ["Tile", [constant("x", [1, 2], [2]), integers("times", [2 ** 30]), node("y", "Tile", ["x", "times"], float)]],
    ["ReverseV2", [placeholder("x", [2 ** 30]), integers("axis", [0]), node("y", "ReverseV2", ["x", "axis"], float)]],
  ])("%s is read without making it, or refused", (_, nodes) => {
    const before = heap();
    try {
      importGraphDef([...nodes, versions].join("\n"));
    } catch (error) {
      expect((error as Error).message).toMatch(/^importGraphDef: node "y"/);
    }
    expect(heap() - before).toBeLessThan(2 ** 25);
  });
});

describe("collections and containers", () => {
  const kind = (shape: string) => `${attr("dtype", "type: DT_FLOAT")} ${attr("shape", shape)}`;
  const graph = [
    node("v", "VarHandleOp", [], kind("shape { dim { size: 2 } }")),
    node("y", "ReadVariableOp", ["v"], attr("dtype", "type: DT_FLOAT")),
  ];
  const meta = readText(MetaGraphDefSchema, `graph_def { ${graph.join("\n")} ${versions} }`);
  const bytesOf = (...lists: [string, string][]) =>
    lists.map(([first, second]) =>
      new TextEncoder().encode(
        `\n${String.fromCharCode(first.length)}${first}\u0012${String.fromCharCode(second.length)}${second}`,
      ),
    );
  const withCollections = (collectionDef: MetaGraphInit["collectionDef"]) =>
    toBinary(
      MetaGraphDefSchema,
      create(MetaGraphDefSchema, { graphDef: meta.graphDef, collectionDef } as MetaGraphInit),
    );
  const list = (...value: Uint8Array[]) => ({ kind: { case: "bytesList", value: { value } } }) as const;

  test("bytes that are no VariableDef are passed over", () => {
    const [cond, variable] = bytesOf(["cond/cond_text", "cond/pred_id"], ["v:0", ""]);
    const bytes = withCollections({
      cond_context: list(cond!),
      trainable_variables: list(variable!),
      own: list(Uint8Array.of(255, 1)),
    } as never);
    const { variables, graph } = importGraphDef(bytes);
    expect(variables.map(({ name, trainable }) => [name, trainable])).toEqual([["v:0", true]]);
    expect(graph.getAllCollectionKeys()).toEqual(["variables", "trainable_variables"]);
  });

  test("a SavedModel is read by its first MetaGraphDef", () => {
    const bytes = toBinary(
      SavedModelSchema,
      create(SavedModelSchema, { savedModelSchemaVersion: 1n, metaGraphs: [meta] } as never),
    );
    expect(importGraphDef(bytes).variables.map(({ name }) => name)).toEqual(["v:0"]);
    const text = `saved_model_schema_version: 1 meta_graphs { graph_def { ${graph.join("\n")} ${versions} } }`;
    expect(importGraphDef(text).variables.map(({ name }) => name)).toEqual(["v:0"]);
    expect(() => importGraphDef("saved_model_schema_version: 1")).toThrow(
      /this is a SavedModel, and no graph can be read from it/,
    );
    expect(() => importGraphDef(Uint8Array.of(8, 1, 0x12, 8, 0x0a, 4, 0x22, 2, 0xff, 0xfe, 0x12, 0))).toThrow(
      /this is a SavedModel/,
    );
  });
});

const ascii = (text: string) => new TextEncoder().encode(text);

test.each<[string, string | Uint8Array, RegExp]>([
  ["Keras", Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a, 0), /an HDF5 file, as Keras writes/],
  ["TensorFlow Lite", ascii("\u001c\0\0\0TFL3\u0014\0"), /a TensorFlow Lite model/],
  ["ONNX", ascii("\u0008\u0007\u0012\u0007pytorch"), /an ONNX model/],
  ["zip", ascii("PK\u0003\u0004\u0014"), /a zip archive/],
  ["gzip", Uint8Array.of(0x1f, 0x8b, 8, 0), /gzip; unpack it first/],
  [
    "a checkpoint",
    Uint8Array.of(0, 0, 2, 1, 0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb),
    /a checkpoint of TensorFlow/,
  ],
  ["the state of a checkpoint", 'model_checkpoint_path: "model-1"', /a folder of checkpoints/],
  ["safetensors", ascii('\u0020\0\0\0\0\0\0\0{"w":{}}'), /a safetensors file/],
  ["JSON", '{"format": "gradtape/graph/1"}', /JSON .* fromGraphDef reads/],
  [
    "an event file",
    Uint8Array.from([24, ...Array(20).fill(0), 0x1a, 13, ...ascii("brain.Event:2")]),
    /an event file|TensorBoard event file/,
  ],
  ["a pointer of Git LFS", ascii("version https://git-lfs.github.com/spec/v1\noid"), /a pointer of Git LFS/],
  ["HTML", "<!DOCTYPE html><html>", /a page in HTML/],
  ["StableHLO", "module @main {}", /MLIR/],
])("%s is named for what it is", (_, data, message) => {
  expect(() => importGraphDef(data)).toThrow(InvalidArgumentError);
  expect(() => importGraphDef(data)).toThrow(message);
});

test("what only `outputs` leaves out is named with that advice", () => {
  const nodes = [constant("x", [1], []), node("y", "Neg", ["x"], float), node("save", "SaveV2", ["x"])].join("\n");
  expect(() => importGraphDef(nodes)).toThrow(NotImplementedError);
  expect(() => importGraphDef(nodes)).toThrow(/\(SaveV2\): there is no such op here; name `outputs`/);
  expect(importGraphDef(nodes, { outputs: ["y"] }).outputs.y).toBeDefined();
  const choice = [constant("x", [1], []), node("y", "Switch", ["x", "x"], float)].join("\n");
  expect(() => importGraphDef(choice)).toThrow(
    /\(Switch\): conditionals, loops and functions are not read; name `outputs`/,
  );
  expect(() => importGraphDef(choice, { outputs: ["y"] })).toThrow(
    /\(Switch\): conditionals, loops and functions are not read$/m,
  );
});

test("reading is linear in nodes, in inputs and in users of a node", () => {
  // Counted in steps of the reader: a quadratic one would not end.
  const count = 8_000;
  const wide = [
    placeholder("x", [2]),
    ...Array.from({ length: count }, (_, i) => node(`n${i}`, "Neg", ["x"], float)),
    node(
      "y",
      "AddN",
      Array.from({ length: count }, (_, i) => `n${i}`),
      `${float} ${attr("N", `i: ${count}`)}`,
    ),
    node(
      "z",
      "NoOp",
      Array.from({ length: count }, (_, i) => `^n${i}`),
    ),
    versions,
  ];
  expect(importGraphDef(wide.join("\n")).graph.getOperationByName("z").controlInputs.length).toBe(count);
  const value = tensor(
    Float32Array.from({ length: 100_000 }, (_, i) => Math.fround(i / 7)),
    { shape: [100_000] },
  );
  const text = constant("y", [...value.data], [100_000]);
  expect([...run([text]).data.slice(-3)]).toEqual([...value.data.slice(-3)]);
});

test("a number of a shape that is no int32 is refused", () => {
  const size = node("y", "Size", ["x"], float);
  expect(() => run([placeholder("x", [65536, 65536]), size])).toThrow(
    /4294967296, a number of a shape, is not an int32/,
  );
});

test("options are checked", () => {
  const graph = [constant("y", [1], []), versions].join("\n");
  for (const options of [{ output: ["y"] }, { outputs: "y" }, { narrow: 1 }, { shapes: { y: [1] } }, 7]) {
    expect(() => importGraphDef(graph, options as never)).toThrow(/^importGraphDef: /);
  }
  const handover = { graph: new gt.Graph(), inputs: [], outputs: [] };
  expect(() => writeGraphDef(handover, { content: "nodes" as never })).toThrow(/^writeGraphDef: .*content/);
  expect(() => writeGraphDef(handover, { variable: "reference" } as never)).toThrow(/^writeGraphDef: .*variable/);
});
