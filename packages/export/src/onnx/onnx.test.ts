import { fromBinary } from "@bufbuild/protobuf";
import * as ops from "@gradtape/graph";
import { Graph, type SymbolicTensor, Variable } from "@gradtape/graph";
import { NotImplementedError, tensor } from "@gradtape/tensor";
import { describe, expect, test } from "vitest";
import type { TensorType, ValueInfoProto } from "./messages.ts";
import { writeOnnx } from "./onnx.ts";
import { ModelSchema } from "./schema.ts";

function layer() {
  const graph = new Graph();
  return graph.asDefault(() => {
    const x = ops.placeholder("float32", [null, 3], { name: "x" }) as SymbolicTensor;
    const w = new Variable(tensor([[1, 2], [3, 4], [5, 6]]), { name: "w" }); // biome-ignore format: a matrix
    const y = ops.relu(ops.add(ops.matMul(x, w), [0.5, -0.5])) as SymbolicTensor;
    return { graph, inputs: [x], outputs: [y], w };
  });
}

/** What a oneof holds. */
const held = <T>({ value }: { value: { case?: unknown; value?: unknown } }) => value.value as T;

/** A model as text. */
function textOf(bytes: Uint8Array): string {
  const { irVersion, opsetImport, graph } = decoded(bytes);
  const shown = ({ name, type }: ValueInfoProto) => {
    const { elemType, shape } = held<TensorType>(type!);
    return `${name}: ${elemType}[${shape!.dim.map((each) => held(each)).join(", ")}]`;
  };
  return [
    `ir ${irVersion}, opset ${opsetImport[0]!.version}, graph ${graph!.name}`,
    ...graph!.input.map((each) => `input ${shown(each)}`),
    ...graph!.output.map((each) => `output ${shown(each)}`),
    ...graph!.initializer.map(
      ({ name, dataType, dims, rawData }) => `constant ${name}: ${dataType}[${dims.join(", ")}] ${rawData.join(" ")}`,
    ),
    ...graph!.node.map(({ name, output, opType, input, attribute }) => {
      const attributes = attribute.map((each) => ` ${each.name}=${held(each) ?? `[${each.ints.join(", ")}]`}`);
      return `${name}: ${output.join(", ")} = ${opType}(${input.join(", ")})${attributes.join("")}`;
    }),
    "",
  ].join("\n");
}

const decoded = (bytes: Uint8Array) => fromBinary(ModelSchema, bytes);

describe("an ONNX model", () => {
  test("a layer", async () => {
    const { bytes } = writeOnnx(layer());
    await expect(textOf(bytes)).toMatchFileSnapshot("../fixtures/layer.onnx.txt");
  });

  test("says what it takes and gives, also in its metadata", () => {
    const { bytes, signature } = writeOnnx(layer());
    expect(signature).toEqual({
      state: [{ name: "w", dtype: "float32", shape: [3, 2], trainable: true }],
      inputs: [{ name: "x", dtype: "float32", shape: [null, 3] }],
      outputs: [{ name: "relu:0", dtype: "float32", shape: [null, 2] }],
    });
    const { graph, metadataProps } = decoded(bytes);
    expect(metadataProps.map(({ key, value }) => [key, JSON.parse(value)])).toEqual([
      ["gradtape.signature", signature],
    ]);
    expect(graph!.input.map(({ name }) => name)).toEqual(["w", "x"]);
    expect(graph!.output.map(({ name }) => name)).toEqual(["w:next", "relu:0"]);
  });

  test("holds the weights that are given", () => {
    const { bytes, signature } = writeOnnx(layer(), { weights: { w: tensor([[1, 2], [3, 4], [5, 6]]) } }); // biome-ignore format: a matrix
    expect(signature.state).toEqual([]);
    expect(decoded(bytes).graph!.initializer.some(({ dims }) => dims.join() === "3,2")).toBe(true);
  });

  test("the same tensor twice, and an input as an output", () => {
    const { graph, inputs, outputs } = layer();
    const { signature } = writeOnnx({ graph, inputs, outputs: [...outputs, ...outputs, ...inputs] });
    expect(signature.outputs.map(({ name }) => name)).toEqual(["relu:0", "x:0"]);
  });

  test("an op that can only be run is refused by its name and line", () => {
    const graph = new Graph();
    const [x, y] = graph.asDefault(() => {
      const x = ops.placeholder("float32", [2], { name: "x" });
      return [x, ops.checkNumerics(x, "x")] as [SymbolicTensor, SymbolicTensor];
    });
    const write = () => writeOnnx({ graph, inputs: [x], outputs: [y] });
    expect(write).toThrow(NotImplementedError);
    expect(write).toThrow(
      /^export to ONNX: checkNumerics 'checkNumerics' cannot be written: .*\n {2}built at .*onnx\.test\.ts:\d+:\d+$/,
    );
  });
});

describe("extents that are left open", () => {
  const two = (build: (x: SymbolicTensor, y: SymbolicTensor) => unknown) => {
    const graph = new Graph();
    return graph.asDefault(() => {
      const x = ops.placeholder("float32", [null, null, 2], { name: "x" }) as SymbolicTensor;
      const y = ops.placeholder("float32", [null], { name: "y" }) as SymbolicTensor;
      return { graph, inputs: [x, y], outputs: [build(x, y) as SymbolicTensor] };
    });
  };

  test("those that meet are one", () => {
    const { bytes } = writeOnnx(two((x, y) => ops.mul(ops.sum(x, [1, 2]), y)));
    const [x, y] = decoded(bytes).graph!.input;
    const extents = [x!, y!].map(({ type }) => held<TensorType>(type!).shape!.dim.map((each) => held(each)));
    expect(extents).toEqual([["x_0", "x_1", 2n], ["x_0"]]);
  });

  test("multiples of one are asked for", () => {
    const { signature } = writeOnnx(two((_, y) => ops.concat([y, y, y], 0)));
    expect(signature.outputs[0]!.shape).toEqual([null]);
  });

  test("what only a run can tell is refused", () => {
    const lost = /cannot be written: only the run tells its shape\n {2}built at .*onnx\.test\.ts:\d+:\d+$/;
    expect(() => writeOnnx(two((x) => ops.reshape(x, [-1])))).toThrow(lost);
    expect(() => writeOnnx(two((_, y) => ops.concat([y, [1, 2]], 0)))).toThrow(lost);
    expect(() => writeOnnx(two((_, y) => ops.slice(y, [1], [-1])))).toThrow(lost);
  });
});
