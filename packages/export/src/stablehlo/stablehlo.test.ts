import * as ops from "@gradtape/graph";
import { Graph, type SymbolicTensor, Variable } from "@gradtape/graph";
import { tensor } from "@gradtape/tensor";
import { describe, expect, test } from "vitest";
import { writeStableHlo } from "./stablehlo.ts";

/** The lines of the function for what `build` makes of a matrix `[2, 3]` of float32. */
function linesOf(build: (x: SymbolicTensor) => unknown): string[] {
  const graph = new Graph();
  return graph.asDefault(() => {
    const x = ops.placeholder("float32", [2, 3], { name: "x" }) as SymbolicTensor;
    const outputs = [build(x)].flat() as SymbolicTensor[];
    const { text } = writeStableHlo({ graph, inputs: [x], outputs });
    const lines = text.split("\n").map((line) => line.trim());
    return lines.slice(4, -4).map((line) => line.replace(/ loc\(".*"\)$/, ""));
  });
}

describe("views are read off their layouts", () => {
  test.each<[string, (x: SymbolicTensor) => unknown, string[]]>([
    [
      "transpose",
      (x) => ops.transpose(x),
      ["%0 = stablehlo.transpose %arg0, dims = [1, 0] : (tensor<2x3xf32>) -> tensor<3x2xf32>"],
    ],
    ["reshape", (x) => ops.reshape(x, [3, 2]), ["%0 = stablehlo.reshape %arg0 : (tensor<2x3xf32>) -> tensor<3x2xf32>"]],
    [
      "slice",
      (x) => ops.slice(x, [0, 0], [2, 2], { steps: [1, 2] }),
      ["%0 = stablehlo.slice %arg0 [0:2, 0:3:2] : (tensor<2x3xf32>) -> tensor<2x2xf32>"],
    ],
    [
      "a row of it, repeated",
      (x) => ops.broadcastTo(ops.slice(x, [1, 0], [1, 3]), [4, 3]),
      [
        "%0 = stablehlo.slice %arg0 [1:2, 0:3] : (tensor<2x3xf32>) -> tensor<1x3xf32>",
        "%1 = stablehlo.reshape %0 : (tensor<1x3xf32>) -> tensor<3xf32>",
        "%2 = stablehlo.broadcast_in_dim %1, dims = [1] : (tensor<3xf32>) -> tensor<4x3xf32>",
      ],
    ],
    [
      "embed",
      (x) => ops.embed(x, [4, 8], [1, 2], { steps: [1, 2] }),
      [
        "%0 = stablehlo.constant dense<0.0> : tensor<f32>",
        "%1 = stablehlo.pad %arg0, %0, low = [1, 2], high = [1, 1], interior = [0, 1] : (tensor<2x3xf32>, tensor<f32>) -> tensor<4x8xf32>",
      ],
    ],
    [
      "concat of a tensor and itself",
      (x) => ops.concat([x, x], 1),
      ["%0 = stablehlo.concatenate %arg0, %arg0, dim = 1 : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x6xf32>"],
    ],
  ])("%s", (_, build, lines) => {
    expect(linesOf(build)).toEqual(lines);
  });
});

describe("what is written", () => {
  test("functions go by their names, and what nobody needs is left out", () => {
    const lines = linesOf((x) => {
      ops.tanh(x);
      return ops.sigmoid(ops.exp(x));
    });
    expect(lines).toEqual([
      "%0 = stablehlo.exponential %arg0 : tensor<2x3xf32>",
      "%1 = stablehlo.logistic %0 : tensor<2x3xf32>",
    ]);
  });

  test("a function that StableHLO lacks is spelled out", () => {
    const lines = linesOf((x) => ops.softplus(x));
    expect(lines.some((line) => line.includes("log_plus_one"))).toBe(true);
  });

  test("operations are named", () => {
    const graph = new Graph();
    const { text } = graph.asDefault(() => {
      const v = new Variable(tensor([1, 2]), { name: "v" });
      const y = ops.neg(v, { name: "below" }) as SymbolicTensor;
      return writeStableHlo({ graph, inputs: [], outputs: [y] });
    });
    expect(text).toContain('stablehlo.negate %arg0 : tensor<2xf32> loc("below")');
    expect(text).toContain("return %arg0, %0 : tensor<2xf32>, tensor<2xf32>");
  });
});
