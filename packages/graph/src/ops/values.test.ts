import { type NestedArray, tensor } from "@gradtape/tensor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as g from "../index.ts";

/* What each op computes: by hand on small inputs, by law on random ones. */

const nan = Number.NaN;
const inf = Number.POSITIVE_INFINITY;
const i32 = (values: NestedArray) => tensor(values, { dtype: "int32" });
const grid = tensor([
  [1, -2, 3],
  [0, 5, -6],
]);

const table: Record<string, [() => { array(): NestedArray }, NestedArray][]> = {
  add: [
    [() => g.add([1, 2], 3), [4, 5]],
    [
      () => g.add([[1], [2]], [10, 20]),
      [
        [11, 21],
        [12, 22],
      ],
    ],
  ],
  sub: [[() => g.sub(1, [1, 2]), [0, -1]]],
  mul: [[() => g.mul(i32([2, 2 ** 30]), i32([3, 4])), [6, 0]]],
  div: [
    [() => g.div([1, -1, 0], 0), [inf, -inf, nan]],
    [() => g.div(i32([1, 7]), i32([2, 2])), [0.5, 3.5]],
  ],
  neg: [[() => g.neg([1, -0]), [-1, 0]]],
  abs: [
    [() => g.abs([-1, 2, -0]), [1, 2, 0]],
    [() => g.abs(i32([-3])), [3]],
  ],
  sign: [[() => g.sign([-3, 0, 7, nan]), [-1, 0, 1, nan]]],
  squaredDifference: [
    [
      () => g.squaredDifference([3, 1], [[1], [4]]),
      [
        [4, 0],
        [1, 9],
      ],
    ],
  ],
  square: [[() => g.square([3, -2]), [9, 4]]],
  sqrt: [[() => g.sqrt([4, 0, -1]), [2, 0, nan]]],
  maximum: [[() => g.maximum([1, nan, 3], [2, 2, nan]), [2, nan, nan]]],
  minimum: [[() => g.minimum([1, 5], 2), [1, 2]]],
  relu: [[() => g.relu([-1, 0, 2, nan]), [0, 0, 2, nan]]],
  floor: [[() => g.floor([1.5, -1.5, 2]), [1, -2, 2]]],
  pow: [[() => g.pow([2, 9, -2], [3, 0.5, 2]), [8, 3, 4]]],
  exp: [[() => g.exp([0, -inf, inf]), [1, 0, inf]]],
  log: [[() => g.log([1, 0, -1]), [0, -inf, nan]]],
  equal: [
    [() => g.equal([1, nan, 2], [1, nan, 3]), [true, false, false]],
    [() => g.equal([true], [false]), [false]],
  ],
  notEqual: [[() => g.notEqual([1, nan], [1, nan]), [false, true]]],
  less: [[() => g.less([1, 2, nan], 2), [true, false, false]]],
  lessEqual: [[() => g.lessEqual([1, 2, 3], 2), [true, true, false]]],
  greater: [[() => g.greater([1, 2, 3], 2), [false, false, true]]],
  greaterEqual: [[() => g.greaterEqual([1, 2, nan], 2), [false, true, false]]],
  logical: [
    [() => g.logicalAnd([true, true], [true, false]), [true, false]],
    [() => g.logicalOr([false, true], false), [false, true]],
    [() => g.logicalNot([true, false]), [false, true]],
  ],
  where: [
    [
      () => g.where([true, false], [1, 2], [[3], [4]]),
      [
        [1, 3],
        [1, 4],
      ],
    ],
  ],
  cast: [
    [() => g.cast([1.9, -1.9, nan, 3e9, -3e9], "int32"), [1, -1, -(2 ** 31), -(2 ** 31), -(2 ** 31)]],
    [() => g.cast([0, 0.5, nan], "bool"), [false, true, true]],
    [() => g.cast([true, false], "float64"), [1, 0]],
  ],
  reshape: [
    [
      () => g.reshape(grid, [-1, 2]),
      [
        [1, -2],
        [3, 0],
        [5, -6],
      ],
    ],
    [() => g.reshape(g.transpose(grid), [6]), [1, 0, -2, 5, 3, -6]],
  ],
  dims: [
    [() => g.expandDims([1, 2], -1), [[1], [2]]],
    [() => g.squeeze([[[1], [2]]]), [1, 2]],
    [() => g.squeeze([[[1], [2]]], { axis: 0 }), [[1], [2]]],
    [() => g.squeeze([[[1], [2]]], { axis: [] }), [1, 2]],
  ],
  transpose: [
    [
      () => g.transpose(grid),
      [
        [1, 0],
        [-2, 5],
        [3, -6],
      ],
    ],
    [
      () => g.transpose([[[1, 2]], [[3, 4]]], [1, 2, 0]),
      [
        [
          [1, 3],
          [2, 4],
        ],
      ],
    ],
  ],
  broadcastTo: [
    [
      () => g.broadcastTo([[1], [2]], [2, 2]),
      [
        [1, 1],
        [2, 2],
      ],
    ],
  ],
  slice: [
    [
      () => g.slice(grid, [0, 1], [2, -1]),
      [
        [-2, 3],
        [5, -6],
      ],
    ],
    [() => g.slice([0, 1, 2, 3, 4], [1], [2], { steps: [2] }), [1, 3]],
  ],
  pad: [
    [
      () =>
        g.pad(
          [[1, 2]],
          [
            [1, 0],
            [0, 2],
          ],
        ),
      [
        [0, 0, 0, 0],
        [1, 2, 0, 0],
      ],
    ],
  ],
  concat: [
    [() => g.concat([[1], [2, 3]], 0), [1, 2, 3]],
    [
      () => g.concat([grid, [[9], [8]]], -1),
      [
        [1, -2, 3, 9],
        [0, 5, -6, 8],
      ],
    ],
  ],
  stack: [
    [
      () =>
        g.stack(
          [
            [1, 2],
            [3, 4],
          ],
          { axis: 1 },
        ),
      [
        [1, 3],
        [2, 4],
      ],
    ],
    [() => g.unstack(grid)[1]!, [0, 5, -6]],
  ],
  matMul: [
    [() => g.matMul([[1, 2]], [[3], [4]]), [[11]]],
    [() => g.matMul([[1], [2]], [[3], [4]], { transposeA: true }), [[11]]],
    [() => g.matMul(i32([[2]]), i32([[3]])), [[6]]],
    [() => g.matMul([[[1]], [[2]]], [[5]]), [[[5]], [[10]]]],
  ],
  reductions: [
    [() => g.sum(grid), 1],
    [() => g.sum(grid, 0), [1, 3, -3]],
    [() => g.sum(grid, { axis: -1, keepDims: true }), [[2], [-1]]],
    [() => g.mean(grid, 1), [Math.fround(2 / 3), Math.fround(-1 / 3)]],
    [() => g.max(grid, 1), [3, 5]],
    [() => g.max([1, nan]), nan],
    [() => g.min(grid, [0, 1]), -6],
    [() => g.prod([2, 3, 4]), 24],
    [
      () =>
        g.any(
          [
            [true, false],
            [false, false],
          ],
          1,
        ),
      [true, false],
    ],
    [() => g.all([true, true]), true],
    [() => g.sum(tensor([], { shape: [0, 2] }), 0), [0, 0]],
    [() => g.max(tensor([], { shape: [0] })), -inf],
  ],
  argMax: [
    [() => g.argMax(grid, 1), [2, 1]],
    [() => g.argMax(grid), [0, 1, 0]],
    [() => g.argMax([1, 3, 3]), 1],
    [() => g.argMax([1, nan, 3]), 2],
    [() => g.argMax([nan, nan]), 0],
    [() => g.argMin(grid, { axis: -1 }), [1, 2]],
  ],
  gather: [
    [
      () => g.gather(grid, [1, 1]),
      [
        [0, 5, -6],
        [0, 5, -6],
      ],
    ],
    [() => g.gather(grid, 0), [1, -2, 3]],
    [() => g.gather(grid, [[2, 0]], { axis: 1 }), [[[3, 1]], [[-6, 0]]]],
    [
      () =>
        g.gather(
          grid,
          [
            [0, 2],
            [1, 1],
          ],
          { batchDims: 1 },
        ),
      [
        [1, 3],
        [5, 5],
      ],
    ],
    [() => g.gather(grid, tensor([], { shape: [0], dtype: "int32" })), []],
  ],
  segments: [
    [
      () =>
        g.unsortedSegmentSum(
          [
            [1, 2],
            [3, 4],
            [5, 6],
          ],
          [1, -1, 1],
          3,
        ),
      [
        [0, 0],
        [6, 8],
        [0, 0],
      ],
    ],
    [() => g.unique([5, 3, 5, 1]).values, [5, 3, 1]],
    [() => g.unique([5, 3, 5, 1]).positions, [0, 1, 0, 2]],
    [() => g.nonZero([0, 2, 0, nan]), [1, 3]],
  ],
  oneHot: [
    [
      () => g.oneHot([0, 2, -1], 3),
      [
        [1, 0, 0],
        [0, 0, 1],
        [0, 0, 0],
      ],
    ],
    [
      () => g.oneHot([0, 1], 2, { onValue: 5, offValue: -1, axis: 0 }),
      [
        [5, -1],
        [-1, 5],
      ],
    ],
  ],
  softmax: [
    [() => g.softmax([1000, 1000]), [0.5, 0.5]],
    [() => g.logSoftmax([0, -inf]), [0, -inf]],
    [() => g.sparseSoftmaxCrossEntropyWithLogits([1], [[0, 1000]]), [0]],
    [() => g.softmaxCrossEntropyWithLogits([[0, 1]], [[1000, 0]]), [1000]],
    [() => g.sigmoidCrossEntropyWithLogits([1, 0], [1000, -1000]), [0, 0]],
  ],
  clip: [
    [() => g.addN([[1], [2], [3]]), [6]],
    [() => g.clipByValue([-5, 0.5, 5], -1, 1), [-1, 0.5, 1]],
    [() => g.clipByNorm([3, 4], 1), [Math.fround(0.6), Math.fround(0.8)]],
    [() => g.clipByNorm([0, 0], 1), [0, 0]],
    [() => g.globalNorm([[3], null, [4]]), 5],
    [() => g.globalNorm([null]), 0],
    [() => g.clipByGlobalNorm([null, null], 1).norm, 0],
    [() => g.clipByGlobalNorm([[3], [4]], 10).clipped[1] as never, [4]],
    [() => g.clipByGlobalNorm([[inf]], 1).clipped[0] as never, [nan]],
    [() => g.scalarMul(2, [1, 2]), [2, 4]],
  ],
  constants: [
    [() => g.zerosLike([[1, 2]]), [[0, 0]]],
    [() => g.onesLike([true]), [true]],
    [() => g.stopGradient([1]), [1]],
    [() => g.identity(3), 3],
  ],
};

describe("by hand", () => {
  for (const [name, rows] of Object.entries(table)) {
    test.each(rows.map((row, i) => [i, row] as const))(`${name}, row %i`, (_, [compute, expected]) => {
      expect(compute().array()).toEqual(expected);
    });
  }
});

describe("by law", () => {
  const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 });
  const numbers = (shape: readonly number[]) =>
    fc
      .array(fc.integer({ min: -9, max: 9 }), {
        minLength: shape.reduce((n, extent) => n * extent, 1),
        maxLength: shape.reduce((n, extent) => n * extent, 1),
      })
      .map((values) => tensor(values, { shape }));
  const tensors = shapes.chain(numbers);
  const holds = <T>(arbitrary: fc.Arbitrary<T>, law: (value: T) => void) =>
    fc.assert(fc.property(arbitrary, law), { numRuns: 150 });

  test("transposing twice, reshaping there and back, change nothing", () => {
    holds(tensors, (x) => {
      expect(g.transpose(g.transpose(x)).array()).toEqual(x.array());
      expect(g.reshape(g.reshape(x, [x.size]), x.shape).array()).toEqual(x.array());
    });
  });

  test("pieces joined are the whole", () => {
    holds(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 }), tensors), ([a, b, x]) => {
      const shape = [a + b, ...x.shape];
      const whole = g.add(
        g.broadcastTo(x, shape),
        g.reshape(tensor(Array.from({ length: a + b }, (_, i) => i)), [a + b, ...x.shape.map(() => 1)]),
      );
      const rest = x.shape.map(() => 0);
      const parts = [g.slice(whole, [0, ...rest], [a, ...x.shape]), g.slice(whole, [a, ...rest], [-1, ...x.shape])];
      expect(g.concat(parts, 0).array()).toEqual(whole.array());
    });
  });

  test("a sum over all axes is the sum of the sums", () => {
    holds(tensors, (x) => {
      const all = g.sum(x).item();
      for (let axis = 0; axis < x.rank; axis++) expect(g.sum(g.sum(x, axis)).item()).toBe(all);
    });
  });

  test("adding up rows undoes picking them: <gather(t, i), u> = <t, segmentSum(u, i)>", () => {
    const cases = fc
      .tuple(fc.integer({ min: 1, max: 5 }), fc.array(fc.nat(99), { maxLength: 6 }))
      .chain(([rows, ids]) =>
        fc.tuple(numbers([rows, 2]), numbers([ids.length, 2]), fc.constant(ids.map((id) => id % rows))),
      );
    holds(cases, ([t, u, ids]) => {
      const indices = tensor(ids, { shape: [ids.length], dtype: "int32" });
      const left = g.sum(g.mul(g.gather(t, indices), u)).item();
      expect(g.sum(g.mul(t, g.unsortedSegmentSum(u, indices, t.shape[0]!))).item()).toBe(left);
    });
  });

  test("softmax rows sum to one, and do not feel a shift", () => {
    holds(numbers([3, 4]), (x) => {
      for (const row of g.sum(g.softmax(x), 1).data) expect(row).toBeCloseTo(1, 6);
      expect(g.softmax(g.add(x, 7)).data).toEqual(g.softmax(x).data);
    });
  });

  test("a product of matrices is a sum of products", () => {
    holds(fc.tuple(numbers([2, 3]), numbers([3, 4])), ([a, b]) => {
      const spread = g.mul(g.expandDims(a, -1), g.expandDims(b, 0));
      expect(g.matMul(a, b).array()).toEqual(g.sum(spread, 1).array());
    });
  });
});
