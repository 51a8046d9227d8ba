import { fromBinary, toBinary } from "@bufbuild/protobuf";
import * as gt from "@gradtape/graph";
import { isStatic, sizeOf, zeros } from "@gradtape/tensor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { attr, constant, float, integers, node, placeholder, versions } from "../fixtures/node-text.ts";
import { importGraphDef } from "./index.ts";
import type { GraphDef, NodeDef } from "./messages.ts";
import { GraphDefSchema } from "./schema.ts";
import { readText } from "./text-reader.ts";

/* Damaged graphs end in a documented error or in a graph that runs, within the time and the memory of a sound one. */

const ints = attr("T", "type: DT_INT32");
const dtype = attr("dtype", "type: DT_FLOAT");

/** Small graphs that between them have every kind of attribute, constant and followed shape. */
const samples: Record<string, readonly string[]> = {
  "a shape put together": [
    placeholder("x", [-1, 3]),
    node("s", "Shape", ["x"], `${float} ${attr("out_type", "type: DT_INT32")}`),
    integers("one", [1]),
    integers("open", [-1]),
    constant("axis", [0], [], "INT32"),
    node("last", "Slice", ["s", "one", "one"], `${ints} ${attr("Index", "type: DT_INT32")}`),
    node("to", "ConcatV2", ["open", "last", "axis"], `${ints} ${attr("N", "i: 2")}`),
    node("y", "Reshape", ["x", "to"], `${float} ${attr("Tshape", "type: DT_INT32")}`),
  ],
  "slices and their gradient": [
    placeholder("x", [-1, 4]),
    integers("begin", [0, -3]),
    integers("end", [0, 4]),
    integers("by", [1, 2]),
    node(
      "part",
      "StridedSlice",
      ["x", "begin", "end", "by"],
      `${float} ${attr("begin_mask", "i: 1")} ${attr("end_mask", "i: 1")}`,
    ),
    node("s", "Shape", ["x"], float),
    node("y", "StridedSliceGrad", ["s", "begin", "end", "by", "part"], `${float} ${attr("end_mask", "i: 1")}`),
  ],
  "parts and places": [
    placeholder("x", [4, 2]),
    constant("axis", [0], [], "INT32"),
    node("two", "Split", ["axis", "x"], `${float} ${attr("num_split", "i: 2")}`),
    node("rows", "Unpack", ["two:1"], `${float} ${attr("num", "i: 2")} ${attr("axis", "i: 0")}`),
    node("pair", "Pack", ["rows", "rows:1"], `${float} ${attr("N", "i: 2")} ${attr("axis", "i: 1")}`),
    integers("at", [0, 2]),
    integers("rest", [1, 3]),
    node("stitched", "DynamicStitch", ["at", "rest", "pair", "two"], `${float} ${attr("N", "i: 2")}`),
    integers("times", [2, 1]),
    node("y", "Tile", ["stitched", "times"], float),
  ],
  "a variable and an update": [
    node(
      "v",
      "VarHandleOp",
      [],
      `${dtype} ${attr("shape", "shape { dim { size: 2 } }")} ${attr("shared_name", 's: "v"')}`,
    ),
    constant("value", [1, 2], [2]),
    node("v/Assign", "AssignVariableOp", ["v", "value"], dtype),
    node("read", "ReadVariableOp", ["v", "^v/Assign"], dtype),
    constant("rate", [0.5], []),
    node("train", "ResourceApplyGradientDescent", ["v", "rate", "read"], float),
    node("y", "Identity", ["read", "^train"], float),
  ],
  numbers: [
    placeholder("x", [2, 3]),
    integers("axes", [1]),
    node("sum", "Sum", ["x", "axes"], `${float} ${attr("keep_dims", "b: true")}`),
    node("product", "MatMul", ["x", "x"], `${float} ${attr("transpose_b", "b: true")}`),
    node("biased", "BiasAdd", ["product", "bias"], `${float} ${attr("data_format", 's: "NCHW"')}`),
    constant("bias", [1, 2], [2]),
    node("thin", "Squeeze", ["sum"], `${float} ${attr("squeeze_dims", "list { i: 1 }")}`),
    node("cast", "Cast", ["thin"], `${attr("SrcT", "type: DT_FLOAT")} ${attr("DstT", "type: DT_INT32")}`),
    constant("n", [2], [], "INT32"),
    node("full", "Fill", ["axes", "n"], ints),
    node("y", "AddN", ["cast", "cast"], `${ints} ${attr("N", "i: 2")}`),
  ],
};
const texts = Object.values(samples).map((nodes) => [...nodes, versions].join("\n"));
const graphs = texts.map((text) => readText(GraphDefSchema, text));
const bytes = graphs.map((graph) => toBinary(GraphDefSchema, graph));

const documented = new Set(
  ["TypeError", "ValueError", "RuntimeError", "InvalidArgumentError", "FailedPreconditionError"].concat(
    "NotImplementedError",
  ),
);
const raw =
  /undefined|\[object|Cannot read|not a function|not iterable|call stack|Invalid (?:typed array|array|string)/;

// The allocator keeps what has gone for a while; a claim of gigabytes is more than that.
const mostBytes = 2 ** 26;

function read(data: string | Uint8Array): gt.Graph | null {
  const before = process.memoryUsage().arrayBuffers;
  try {
    return importGraphDef(data).graph;
  } catch (error) {
    const { name, message } = error as Error;
    const known = name === "InvalidArgumentError" || name === "NotImplementedError";
    if (!known || !message.startsWith("importGraphDef: ") || raw.test(message)) throw error;
    return null;
  } finally {
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(mostBytes);
  }
}

/** Runs everything in a graph that is not large. */
function runAll(graph: gt.Graph): void {
  const tensors = graph.getOperations().flatMap(({ outputs }) => outputs);
  if (tensors.some(({ spec: { shape } }) => isStatic(shape) && sizeOf(shape) > 4096)) return;
  const fed = tensors.filter(({ op }) => op.def.mustBeFed);
  const feeds = fed.map(
    (x) =>
      [
        x,
        zeros(
          x.spec.shape.map((extent) => (typeof extent === "number" ? extent : 2)),
          { dtype: x.dtype },
        ),
      ] as const,
  );
  try {
    new gt.Session({ graph }).run(tensors, feeds);
  } catch (error) {
    const { name, message } = error as Error;
    if (!documented.has(name) || raw.test(message)) throw error;
  }
}

/** Damages of one kind: reads each, and runs one of forty that are graphs still. */
function tryAll<Damage>(damages: fc.Arbitrary<Damage>, apply: (damage: Damage) => string | Uint8Array): void {
  let sound = 0;
  const property = fc.property(damages, (damage) => {
    const graph = read(apply(damage));
    if (graph !== null && sound++ % 40 === 0) runAll(graph);
  });
  fc.assert(property, { numRuns: process.env.LONG === "1" ? 100_000 : 5_000, seed: 3 });
}

const sample = fc.nat(graphs.length - 1);
const place = fc.nat(2 ** 16);

describe("damaged graphs", () => {
  test("bits, cuts and pieces of bytes exchanged", () => {
    const flips = fc.array(fc.tuple(place, fc.nat(7)), { maxLength: 3 });
    tryAll(
      fc.tuple(sample, flips, fc.option(place), fc.option(fc.tuple(place, place, fc.nat(12)))),
      ([i, bits, end, swap]) => {
        const whole = bytes[i]!;
        const damaged = whole.slice(0, end === null ? whole.length : end % whole.length);
        const at = (position: number) => position % Math.max(1, damaged.length);
        for (const [position, bit] of bits) damaged[at(position)]! ^= 1 << bit;
        if (swap !== null) damaged.copyWithin(at(swap[0]), at(swap[1]), at(swap[1]) + swap[2]);
        return damaged;
      },
    );
  });

  test("words of the text exchanged", () => {
    const words = texts.map((text) => text.split(/(?<=\s)/));
    const odd = [
      "{ ",
      "} ",
      '"x" ',
      "-1 ",
      "DT_STRING ",
      "node ",
      "[ ",
      '"',
      "1e99 ",
      "true ",
      "",
      "9223372036854775807 ",
      "2147483648 ",
    ];
    tryAll(
      fc.tuple(sample, fc.array(fc.tuple(place, place, fc.nat(odd.length)), { minLength: 1, maxLength: 3 })),
      ([i, changes]) => {
        const damaged = [...words[i]!];
        for (const [to, from, other] of changes)
          damaged[to % damaged.length] = odd[other] ?? damaged[from % damaged.length]!;
        return damaged.join("");
      },
    );
  });

  const fieldChanges = fc.array(
    fc.tuple(
      fc.nat(7),
      place,
      place,
      fc.constantFrom(-(2n ** 63n), -2n, -1n, 0n, 1n, 3n, 7n, 2n ** 31n, 2n ** 40n, 2n ** 63n - 1n),
    ),
    { minLength: 1, maxLength: 3 },
  );

  test("ops, inputs, attributes, extents and numbers exchanged", () => {
    tryAll(fc.tuple(sample, fieldChanges), ([i, changes]) => {
      const graph = fromBinary(GraphDefSchema, bytes[i]!);
      for (const change of changes) exchange(graph, change);
      return toBinary(GraphDefSchema, graph);
    });
  });

  test("nodes of other graphs among them", () => {
    const nodes = graphs.flatMap((graph) => graph.node);
    tryAll(fc.array(fc.nat(nodes.length - 1), { minLength: 1, maxLength: 12 }), (picked) =>
      toBinary(GraphDefSchema, { ...graphs[0]!, node: [...new Set(picked)].map((at) => nodes[at]!) }),
    );
  });
});

/** Changes one field of a graph. */
function exchange({ node: nodes }: GraphDef, [kind, a, b, number]: [number, number, number, bigint]): void {
  const [one, other] = [nodes[a % nodes.length]!, nodes[b % nodes.length]!];
  const values = Object.values(one.attr);
  const value = values[b % Math.max(1, values.length)]?.value;
  const tensor = value?.case === "tensor" ? value.value : null;
  const shape = value?.case === "shape" ? value.value : tensor?.tensorShape;
  if (kind === 0) [one.op, other.op] = [other.op, one.op];
  else if (kind === 1) [one.input, other.input] = [other.input, one.input];
  else if (kind === 2) Object.assign(one.attr, other.attr);
  else if (kind === 3) one.input.splice(b % (one.input.length + 1), Number(number & 1n), other.name);
  else if (kind === 4) delete one.attr[Object.keys(one.attr)[b % Math.max(1, values.length)] ?? ""];
  else if (kind === 5 && shape?.dim[0] !== undefined) shape.dim[a % shape.dim.length]!.size = number;
  else if (kind === 6 && value?.case === "i") value.value = number;
  else if (tensor !== null && tensor.intVal.length > 0)
    tensor.intVal[a % tensor.intVal.length] = Number(BigInt.asIntN(32, number));
  else renamed(one, other);
}

function renamed(one: NodeDef, other: NodeDef): void {
  one.name = other.name;
}
