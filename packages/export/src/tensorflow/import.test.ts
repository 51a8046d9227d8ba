import * as gt from "@gradtape/graph";
import { InvalidArgumentError, NotImplementedError, tensor } from "@gradtape/tensor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { importGraphDef, writeGraphDef, writeGraphDefText } from "./index.ts";

const node = (name: string, op: string, inputs: readonly string[] = [], attributes = "") =>
  `node { name: "${name}" op: "${op}" ${inputs.map((input) => `input: "${input}"`).join(" ")} ${attributes} }`;
const attr = (name: string, value: string) => `attr { key: "${name}" value { ${value} } }`;
const float = attr("T", "type: DT_FLOAT");
const constant = (name: string, value: string, dtype = "DT_FLOAT") =>
  node(name, "Const", [], `${attr("dtype", `type: ${dtype}`)} ${attr("value", `tensor { dtype: ${dtype} ${value} }`)}`);
const one = constant("one", "tensor_shape {} float_val: 1");
const vector = constant("vector", "tensor_shape { dim { size: 2 } } float_val: 1 float_val: 2");
const seven = constant("seven", "tensor_shape {} int_val: 7", "DT_INT32");

describe("what is no graph, or none that can be read, is refused by one error", () => {
  const mistakes: Record<string, [data: string | Uint8Array, error: typeof InvalidArgumentError, message: RegExp]> = {
    "an empty text": ["", InvalidArgumentError, /no GraphDef or MetaGraphDef: it holds no nodes/],
    "no bytes": [new Uint8Array(), InvalidArgumentError, /it holds no nodes/],
    "some text": ["hello there", InvalidArgumentError, /the text is no graph: expected ":", line 1/],
    "bytes of something else": [Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0), InvalidArgumentError, /this is no GraphDef/],
    "a node without an op": ['node { name: "x" }', InvalidArgumentError, /node 0 has no op/],
    "a text that ends early": [one.slice(0, -8), InvalidArgumentError, /it ends within a message, line 1/],
    "a value of another kind": [
      node("x", "Neg", [], 'attr { key: "T" value { type: "no" } }'),
      InvalidArgumentError,
      /there is no DataType/,
    ],
    "an unknown op": [
      `${one}\n${node("x", "FusedBatchNormV3", ["one"], float)}`,
      NotImplementedError,
      /^importGraphDef: node "x" \(FusedBatchNormV3\): there is no such op here; name `outputs`, and only what they need is read$/m,
    ],
    "an input that does not exist": [
      node("x", "Neg", ["y"], float),
      InvalidArgumentError,
      /node "x" \(Neg\): its input "y" does not exist/,
    ],
    "an output that does not exist": [
      `${one}\n${node("x", "Neg", ["one:3"], float)}`,
      InvalidArgumentError,
      /node "x" \(Neg\): there is no output one:3/,
    ],
    "a circle": [
      `${node("a", "Neg", ["c"], float)} ${node("b", "Neg", ["a"], float)} ${node("c", "Neg", ["b"], float)}`,
      InvalidArgumentError,
      /node "a" \(Neg\): it waits for itself: a <- c <- b <- a/,
    ],
    "a circle of order alone": [
      `${node("a", "NoOp", ["^b"])} ${node("b", "NoOp", ["^a"])}`,
      InvalidArgumentError,
      /node "a" \(NoOp\): it waits for itself/,
    ],
    "two nodes of one name": [`${one} ${one}`, InvalidArgumentError, /node "one" \(Const\): another node has its name/],
    "a dtype that does not exist here": [
      constant("x", "tensor_shape {} half_val: 1", "DT_HALF"),
      InvalidArgumentError,
      /node "x" \(Const\): there is no dtype DT_HALF here/,
    ],
    "a rank that is not known": [
      node(
        "x",
        "Placeholder",
        [],
        `${attr("dtype", "type: DT_FLOAT")} ${attr("shape", "shape { unknown_rank: true }")}`,
      ),
      InvalidArgumentError,
      /node "x" \(Placeholder\): its rank is not known/,
    ],
    "bytes that do not fill a shape": [
      constant("x", 'tensor_shape { dim { size: 2 } } tensor_content: "abc"'),
      InvalidArgumentError,
      /node "x" \(Const\): its value has 3 bytes, 2 elements of DT_FLOAT take 8/,
    ],
    "a shape beyond all memory": [
      constant("x", "tensor_shape { dim { size: 100000000 } dim { size: 100000000 } }"),
      InvalidArgumentError,
      /node "x" \(Const\): a value of 10000000000000000 elements is too large/,
    ],
    "shapes that do not fit": [
      `${vector} ${constant("three", "tensor_shape { dim { size: 3 } } float_val: 1")} ${node("x", "AddV2", ["vector", "three"], float)}`,
      InvalidArgumentError,
      /node "x" \(AddV2\): add: shapes cannot be broadcast/,
    ],
    "an input too few": [
      `${one} ${node("x", "AddV2", ["one"], float)}`,
      NotImplementedError,
      /node "x" \(AddV2\): there is no form of it here for such inputs and attributes/,
    ],
    "axes that only a run knows": [
      `${vector} ${node("p", "Placeholder", [], `${attr("dtype", "type: DT_INT32")} ${attr("shape", "shape {}")}`)} ${node("x", "Sum", ["vector", "p"], float)} versions { producer: 24 }`,
      NotImplementedError,
      /node "x" \(Sum\): input 1 is computed while it runs; here it must be known before/,
    ],
    "an axis that does not exist": [
      `${vector} ${seven} ${node("x", "Sum", ["vector", "seven"], float)}`,
      InvalidArgumentError,
      /node "x" \(Sum\): .*axis 7/,
    ],
    "a variable's handle taken for a value": [
      `${one} ${node("x", "AssignVariableOp", ["one", "one"], attr("dtype", "type: DT_FLOAT"))}`,
      NotImplementedError,
      /node "x" \(AssignVariableOp\): there is no form of it here/,
    ],
  };

  test.each(Object.entries(mistakes))("%s", (_, [data, Failure, message]) => {
    expect(() => importGraphDef(data)).toThrow(Failure);
    expect(() => importGraphDef(data)).toThrow(message);
  });

  test("something that is neither text nor bytes", () => {
    expect(() => importGraphDef(3 as never)).toThrow(
      "importGraphDef: data is the number 3, expected a string or a Uint8Array",
    );
    expect(() => importGraphDef(one, { outputs: ["two"] })).toThrow('there is no node "two" in it');
  });
});

test("random numbers may be initial values, and nothing else", () => {
  const kind = `${attr("dtype", "type: DT_FLOAT")} ${attr("T", "type: DT_INT32")}`;
  const drawn = [
    constant("shape", "tensor_shape { dim { size: 1 } } int_val: 4", "DT_INT32"),
    node("drawn", "RandomStandardNormal", ["shape"], kind),
    node("scaled", "Mul", ["drawn", "one"], float),
    one,
  ];
  const set = [
    node("v", "VarHandleOp", [], `${attr("dtype", "type: DT_FLOAT")} ${attr("shape", "shape { dim { size: 4 } }")}`),
    node("v/Assign", "AssignVariableOp", ["v", "scaled"], attr("dtype", "type: DT_FLOAT")),
  ];
  const { graph, initializer } = importGraphDef([...drawn, ...set].join("\n"));
  const session = new gt.Session({ graph });
  session.run(initializer!);
  const value = session.run(graph.getCollection("variables")[0] as gt.Variable);
  expect(new Set(value.data).size).toBe(4);
  expect(() => importGraphDef([...drawn, ...set, node("noise", "Neg", ["scaled"], float)].join("\n"))).toThrow(
    'importGraphDef: node "drawn" (RandomStandardNormal): each run would draw other numbers for "noise"; only initial values may be drawn here',
  );
});

test("what is not wanted is not read", () => {
  const text = `${one} ${node("x", "Neg", ["one"], float)} ${node("y", "SaveV2", ["x"])}`;
  expect(() => importGraphDef(text)).toThrow(NotImplementedError);
  expect(Object.keys(importGraphDef(text, { outputs: ["x"] }).outputs)).toEqual(["x"]);
});

test("nodes may come in any order", () => {
  const { graph } = importGraphDef(`${node("x", "Neg", ["one"], float)} ${one}`);
  expect(new gt.Session({ graph }).run(graph.getTensorByName("x:0")).item()).toBe(-1);
});

test("a reference that was written is read after that", () => {
  const dims = attr("shape", "shape {}");
  const text = [
    one,
    node("v", "VariableV2", [], `${attr("dtype", "type: DT_FLOAT")} ${dims}`),
    node("set", "Assign", ["v", "one"], float),
    node("more", "AssignAdd", ["set", "one"], float),
    node("now", "Identity", ["more"], float),
  ].join("\n");
  const { graph } = importGraphDef(text);
  expect(new gt.Session({ graph }).run(graph.getTensorByName("now:0")).item()).toBe(2);
});

test("two handles of one shared name are one variable", () => {
  const kind = `${attr("dtype", "type: DT_FLOAT")} ${attr("shape", "shape {}")} ${attr("shared_name", 's: "shared"')}`;
  const dtype = attr("dtype", "type: DT_FLOAT");
  const text = [
    one,
    node("a", "VarHandleOp", [], kind),
    node("b", "VarHandleOp", [], kind),
    node("set", "AssignVariableOp", ["a", "one"], dtype),
    node("get", "ReadVariableOp", ["b", "^set"], dtype),
  ].join("\n");
  const { graph, variables } = importGraphDef(text);
  expect(variables.length).toBe(1);
  expect(new gt.Session({ graph }).run(graph.getTensorByName("get:0")).item()).toBe(1);
});

test("what stands for many values is looked at once", () => {
  const doubled = Array.from({ length: 60 }, (_, i) =>
    node(`d${i + 1}`, "AddV2", [`d${i}`, `d${i}`], attr("T", "type: DT_INT32")),
  );
  const zero = constant("d0", "tensor_shape {} int_val: 0", "DT_INT32");
  const { graph } = importGraphDef([vector, zero, ...doubled, node("x", "Sum", ["vector", "d60"], float)].join("\n"));
  expect(new gt.Session({ graph }).run(graph.getTensorByName("x:0")).item()).toBe(3);
});

/** A small step with a variable, an open batch, a gather and a gradient-like update. */
function sample() {
  const graph = new gt.Graph();
  return graph.asDefault(() => {
    const x = gt.placeholder("float32", [null, 2], { name: "x" });
    const ids = gt.placeholder("int32", [null], { name: "ids" });
    const w = new gt.Variable(
      tensor([
        [1, 2],
        [3, 4],
      ]),
      { name: "w" },
    );
    const y = gt.device("/job:worker/task:0", () => gt.mul(x, gt.gather(w, ids), { name: "y" }));
    const loss = gt.identity(gt.sum(gt.softmax(y)), { name: "loss" });
    const update = gt.controlDependencies([loss], () => w.scatterAdd(new gt.IndexedSlices(y, ids, [2, 2]))) as typeof x;
    return { graph, inputs: [x, ids], outputs: [loss, update] };
  });
}

describe("damaged files never end otherwise than by the documented error", () => {
  const expectDocumented = (data: string | Uint8Array) => {
    try {
      importGraphDef(data);
    } catch (error) {
      const known = error instanceof InvalidArgumentError || error instanceof NotImplementedError;
      if (!known || !(error as Error).message.startsWith("importGraphDef: ")) throw error;
      expect((error as Error).message).not.toMatch(/undefined|\[object/);
    }
  };
  const bytes = writeGraphDef(sample());
  const text = writeGraphDefText(sample());

  test("bytes changed, taken out and cut off", () => {
    const changes = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    const property = fc.property(changes, fc.boolean(), fc.nat(bytes.length), (changed, cut, end) => {
      const damaged = bytes.slice(0, cut ? end : bytes.length);
      for (const [at, value] of changed) damaged[at] = value;
      expectDocumented(damaged);
    });
    fc.assert(property, { numRuns: 1500 });
  });

  test("words of the text exchanged, taken out and cut off", () => {
    const words = text.split(/(?<=\s)/);
    const other = fc.constantFrom("{ ", "} ", '"x" ', "-1 ", "DT_STRING ", "node ", "[ ", '"', "1e99 ", "true ", "");
    const changes = fc.array(fc.tuple(fc.nat(words.length - 1), fc.oneof(other, fc.constantFrom(...words))), {
      minLength: 1,
      maxLength: 3,
    });
    const property = fc.property(changes, (changed) => {
      const damaged = [...words];
      for (const [at, word] of changed) damaged[at] = word;
      expectDocumented(damaged.join(""));
    });
    fc.assert(property, { numRuns: 500 });
  });
});
