import { expect, test } from "vitest";
import { permuted, reshaped, rowMajor, sliced } from "../layout.ts";
import { tensor } from "../literal.ts";
import { EagerTensor } from "../tensor.ts";
import { assemble, view } from "./views.ts";

const source = tensor([
  [1, 2, 3],
  [4, 5, 6],
]) as EagerTensor;

test("a view shares the memory it looks at", () => {
  const [transposed] = view((layout) => permuted(layout, [1, 0])).run([source], [{ dtype: "float32", shape: [3, 2] }]);
  expect(transposed!.buffer).toBe(source.buffer);
  expect(transposed!.array()).toEqual([
    [1, 4],
    [2, 5],
    [3, 6],
  ]);
});

test("what no strides can show is compacted first", () => {
  const transposed = new EagerTensor("float32", permuted(rowMajor([2, 3]), [1, 0]), source.buffer);
  const [flat] = view(reshaped).run([transposed], [{ dtype: "float32", shape: [6] }]);
  expect(flat!.buffer).not.toBe(source.buffer);
  expect(flat!.array()).toEqual([1, 4, 2, 5, 3, 6]);
});

test("assemble puts every input into its region and leaves zeros between", () => {
  const spec = { dtype: "float32", shape: [2, 8] } as const;
  const kernel = assemble((layout, input) => sliced(layout, [0, 4 * input + 1], [2, 3], [1, 1]));
  const mirrored = new EagerTensor("float32", sliced(rowMajor([2, 3]), [0, 2], [2, 3], [1, -1]), source.buffer);
  const [result] = kernel.run([source, mirrored], [spec]);
  expect(result!.array()).toEqual([
    [0, 1, 2, 3, 0, 3, 2, 1],
    [0, 4, 5, 6, 0, 6, 5, 4],
  ]);
});
