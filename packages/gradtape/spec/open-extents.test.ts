import { verify } from "@gradtape/graph";
import * as gt from "gradtape";
import { describe, expect, expectTypeOf, test } from "vitest";
import { more } from "./handover-rows.ts";

/* Open extents: the static shapes are those of TensorFlow, the values those of a run with fixed extents. */

/** Returns the static shape of what `build` makes from placeholders of these shapes, and its value in a run. */
function built(
  shapes: readonly gt.TensorShape[],
  values: readonly gt.TensorLike[],
  build: (...xs: gt.Tensor[]) => gt.Tensor,
): { shape: gt.TensorShape; value: gt.NestedArray } {
  const graph = new gt.Graph();
  return graph.asDefault(() => {
    const xs = shapes.map((shape) => gt.placeholder("float32", shape));
    const y = build(...xs);
    verify(graph);
    const session = new gt.Session({ graph });
    return {
      shape: y.shape,
      value: session
        .run(
          y,
          xs.map((x, i) => [x, values[i]!] as const),
        )
        .array(),
    };
  });
}

const matrix = [
  [1, 2, 3],
  [4, 5, 6],
];
const around: [number, number][] = [
  [0, 0],
  [1, 1],
];
const open = [null, 3];
const sumOfSquares = (y: gt.Tensor) => gt.sum(gt.square(y));
const gradient = (y: gt.Tensor, x: gt.Tensor) => gt.gradients(y, [x])[0] as gt.Tensor;

test.each<[string, gt.TensorShape, (x: gt.Tensor) => gt.Tensor, gt.TensorShape]>([
  ["pad of a known axis", open, (x) => gt.pad(x, around), [null, 5]],
  ["pad of the open axis", open, (x) => gt.pad(x, [...around].reverse()), [null, 3]],
  ["gradient of pad", open, (x) => gradient(sumOfSquares(gt.pad(x, [...around].reverse())), x), [null, 3]],
  ["slice to the end", open, (x) => gt.slice(x, [1, 0], [-1, 2]), [null, 2]],
  ["slice of the whole", open, (x) => gt.slice(x, [0, 1], [-1, 1]), [null, 1]],
  ["slice of a known size", open, (x) => gt.slice(x, [1, 0], [1, 2]), [1, 2]],
  ["gradient of slice", open, (x) => gradient(sumOfSquares(gt.slice(x, [1, 0], [-1, 2])), x), [null, 3]],
  ["squeeze by axis", [null, 3], (x) => gt.squeeze(gt.expandDims(x, 1), { axis: 1 }), [null, 3]],
  ["expandDims", open, (x) => gt.expandDims(x, 0), [1, null, 3]],
  ["stack", open, (x) => gt.stack([x, x], { axis: 1 }), [null, 2, 3]],
  ["unstack", open, (x) => gt.unstack(x, { axis: 1 })[2]!, [null]],
  ["concat along the open axis", open, (x) => gt.concat([x, x], 0), [null, 3]],
  ["reshape to one axis", open, (x) => gt.reshape(x, [-1]), [null]],
  ["transpose", open, (x) => gt.transpose(x), [3, null]],
  ["prod over the known axis", open, (x) => gt.prod(x, 1), [null]],
  ["gradient of prod", open, (x) => gradient(gt.sum(gt.prod(x, 1)), x), [null, 3]],
  ["oneHot", open, (x) => gt.oneHot(gt.argMax(x, 1), 3), [null, 3]],
  ["matMul", open, (x) => gt.matMul(x, x, { transposeB: true }), [null, null]],
  ["mean over the open axis", open, (x) => gt.mean(x, 0), [3]],
  [
    "labels smoothed over open classes",
    [null, null],
    (x) =>
      gt.losses.softmaxCrossEntropy(
        [
          [0, 0, 1],
          [1, 0, 0],
        ],
        x,
        { labelSmoothing: 0.1 },
      ),
    [],
  ],
])("%s", (_, shape, build, expected) => {
  const [fixed, left] = [[2, 3], shape].map((each) => built([each], [matrix], build));
  expect(left!.shape).toEqual(expected);
  expect(left!.value).toEqual(fixed!.value);
});

test.each<[string, (x: gt.Tensor) => unknown, RegExp]>([
  ["squeeze without an axis", (x) => gt.squeeze(x), /^squeeze: only a run tells which axes of shape \[\?, 3\]/],
  [
    "slice by an open size",
    (x) => gt.slice(x, [0, 0], [x.shape[0] as number, 2]),
    /^slice: size \[\?, 2\] has an extent that is no integer; write -1/,
  ],
  ["unstack of the open axis", (x) => gt.unstack(x), /^unstack: axis 0 of \[\?, 3\] must have a known extent/],
  [
    "gradient of prod over the open axis",
    (x) => gt.gradients(gt.prod(x, 0), [x]),
    /^prod: the gradient needs the extents/,
  ],
])("%s is refused", (_, build, message) => {
  const building = (x: gt.Tensor) => {
    build(x);
    return x;
  };
  expect(() => built([open], [matrix], building)).toThrow(message);
});

describe("ops without a derivative", () => {
  test.each(Object.entries(more))("%s", (_, { f, inputs }) => {
    const listOf = (result: gt.Tensor | readonly gt.Tensor[]) => (result instanceof gt.Tensor ? [result] : result);
    const graph = new gt.Graph();
    const results = graph.asDefault(() => {
      const holders = inputs.map(({ dtype, shape }) => gt.placeholder(dtype, [null, ...shape.slice(1)]));
      const outputs = listOf(f(...holders));
      verify(graph);
      const session = new gt.Session({ graph });
      return session.run(
        outputs,
        holders.map((holder, i) => [holder, inputs[i]!] as const),
      );
    });
    const expected = listOf(f(...inputs));
    expect(results.map(({ shape, data }) => [shape, data])).toEqual(expected.map(({ shape, data }) => [shape, data]));
  });
});

test("the type of a shape says that extents may be open", () => {
  const x: gt.Tensor = gt.neg(1);
  expectTypeOf(x.shape).toEqualTypeOf<readonly (number | null)[]>();
  expectTypeOf(gt.zeros([2]).shape).toEqualTypeOf<readonly number[]>();
  expectTypeOf(gt.tensor([2]).size).toEqualTypeOf<number>();
});
