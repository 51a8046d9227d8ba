import { create, equals, fromBinary, toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { GraphDefSchema, type NodeInit } from "./schema.ts";
import { readText } from "./text-reader.ts";
import { writeText } from "./text-writer.ts";

const nodeWith = (attr: NodeInit["attr"]) => create(GraphDefSchema, { node: [{ name: "x", op: "Op", attr: attr! }] });

describe("a message is the same when written and read again", () => {
  test.each<[string, NodeInit["attr"]]>([
    ["texts with every byte", { s: { value: { case: "s", value: Uint8Array.from({ length: 256 }, (_, i) => i) } } }],
    ["whole numbers", { i: { value: { case: "i", value: -(2n ** 63n) } } }],
    ["flags", { b: { value: { case: "b", value: false } } }],
    ["types", { t: { value: { case: "type", value: 1 } }, unknown: { value: { case: "type", value: 77 } } }],
    [
      "numbers",
      { f: { value: { case: "f", value: Math.fround(0.1) } }, g: { value: { case: "f", value: -Infinity } } },
    ],
    ["lists", { l: { value: { case: "list", value: { i: [1n, -2n], f: [0.5], b: [true, false] } } } }],
    [
      "tensors",
      {
        v: {
          value: {
            case: "tensor",
            value: {
              dtype: 2,
              tensorShape: { dim: [{ size: 2n }] },
              doubleVal: [0.1, 1e300],
              floatVal: [Math.fround(3.4028235e38)],
            },
          },
        },
      },
    ],
    ["nothing", {}],
  ])("%s", (_, attr) => {
    const message = nodeWith(attr);
    const text = writeText(GraphDefSchema, message);
    expect(equals(GraphDefSchema, readText(GraphDefSchema, text), message)).toBe(true);
    expect(equals(GraphDefSchema, fromBinary(GraphDefSchema, toBinary(GraphDefSchema, message)), message)).toBe(true);
  });
});

test("the text form has more ways than one", () => {
  const text = `
    # a comment
    node: < name: 'a' "b"; op: "Op",
      input: ["x", 'y'] attr { key: "f" value { f: 1.5f } } attr { key: "g" value { f: -inf } }
      attr { value { list { i: [0x10, -3] } } key: "l" }
      something_new { deep: 1 list: [1, 2] } other_thing: -nan [a.b/c] { x: 1 }
    >
    versions { producer: 12 }`;
  const message = readText(GraphDefSchema, text);
  const [node] = message.node;
  expect([node!.name, node!.input, message.versions!.producer]).toEqual(["ab", ["x", "y"], 12]);
  expect(node!.attr.f!.value).toEqual({ case: "f", value: 1.5 });
  expect(node!.attr.g!.value).toEqual({ case: "f", value: Number.NEGATIVE_INFINITY });
  expect(node!.attr.l!.value).toMatchObject({ case: "list", value: { i: [16n, -3n] } });
});

test.each([
  ['node { name: "a }', /is not understood, line 1/],
  ["node { name: 3 }", /expected a text in quotes, line 1/],
  ['node {\n\nop: "a" name }', /expected ":", line 3/],
  ["node { attr { key: 3 } }", /an entry of attr has a key and a value/],
  ["versions { producer: 3.5 }", /"3.5" is not a value of its field/],
  ["versions { producer: 99999999999 }", /is not a value of its field/],
  ['versions: "no"', /versions is a message; expected "\{"/],
  ["node ".repeat(3), /expected ":"/],
  [`${"node { attr { value { list { shape {".repeat(1)}`, /it ends within a message/],
  [`${"x {".repeat(100)}`, /it nests too deep/],
])("%j is refused with its line", (text, message) => {
  expect(() => readText(GraphDefSchema, text)).toThrow(message);
});
