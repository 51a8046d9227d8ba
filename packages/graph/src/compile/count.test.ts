import { type Tensor, tensor } from "@gradtape/tensor";
import { describe, expect, test } from "vitest";
import { Graph } from "../graph.ts";
import { mean, placeholder } from "../ops/index.ts";
import { Session } from "../session.ts";
import { kernelsOf } from "./passes.ts";

/* A mean over a batch that each run chooses counts its elements; a run knows how many there are before it begins. */

function meanOfRows() {
  const graph = new Graph();
  return graph.asDefault(() => {
    const x = placeholder("float32", [null, 3], { name: "x" });
    return { graph, x, result: mean(x, 0) };
  });
}

describe("the number of elements along an open axis", () => {
  test("is a constant of what is compiled", () => {
    const { graph, x, result } = meanOfRows();
    const operations = graph.getOperations().filter(({ name }) => name !== "x");
    expect(operations.map(({ type }) => type)).toContain("elementCount");
    const fed = new Map<Tensor, { shape: number[]; dtype: "float32" }>([[x, { shape: [4, 3], dtype: "float32" }]]);
    const { kernels } = kernelsOf({ operations, fed, fetched: [result] });
    expect(kernels.length).toBe(1);
  });

  test("is that of each run", () => {
    const { graph, x, result } = meanOfRows();
    const session = new Session({ graph });
    for (const rows of [2, 2, 2, 2, 5, 5, 5, 5]) {
      const value = tensor(
        Array.from({ length: rows }, (_, i) => [i, 2 * i, 1]),
        { dtype: "float32" },
      );
      const half = (rows - 1) / 2;
      expect([...session.run(result, [[x, value]]).data]).toEqual([half, 2 * half, 1]);
    }
  });
});
