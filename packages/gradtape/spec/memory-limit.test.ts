import * as gt from "gradtape";
import { afterEach, describe, expect, test } from "vitest";

afterEach(() => gt.setMemoryLimit(null));

const row = () => gt.ones([1, 2 ** 20]);
const column = () => gt.ones([2 ** 20, 1]);

/** Ops whose result is far larger than their operands: name, call, shape of the result. */
const growing: readonly (readonly [op: string, call: () => unknown, shape: string])[] = [
  ["add", () => gt.add(row(), column()), "1048576, 1048576"],
  ["matMul", () => gt.matMul(column(), row()), "1048576, 1048576"],
  ["oneHot", () => gt.oneHot(gt.tensor([1, 2], { dtype: "int32" }), 1e9), "2, 1000000000"],
  ["embed", () => gt.pad(gt.ones([1]), [[0, 2 ** 32]]), "4294967297"],
  ["concat", () => gt.concat([gt.broadcastTo(1, [2 ** 29]), gt.broadcastTo(1, [2 ** 29])], 0), "1073741824"],
  ["cast", () => gt.cast(gt.broadcastTo(true, [2 ** 30]), "float32"), "1073741824"],
  [
    "unsortedSegmentSum",
    () => gt.unsortedSegmentSum(gt.ones([1]), gt.tensor([0], { dtype: "int32" }), 2 ** 31),
    "2147483648",
  ],
  ["gather", () => gt.gather(gt.ones([1, 2 ** 20]), gt.zeros([2 ** 12], { dtype: "int32" })), "4096, 1048576"],
];

describe("an op that asks for more than a tensor may have is refused before it runs", () => {
  test.each(growing)("%s", (op, call, shape) => {
    expect(call).toThrow(gt.ValueError);
    expect(call).toThrow(`${op}: a float32 tensor of shape [${shape}]`);
    expect(call).toThrow(/\n {2}at .*memory-limit\.test\.ts:/);
  });

  test("what is only looked at costs nothing", () => {
    const wide = gt.broadcastTo(gt.ones([1]), [2 ** 40]);
    expect(gt.slice(wide, [5], [3]).array()).toEqual([1, 1, 1]);
    expect(() => wide.data).toThrow(gt.ValueError);
    expect(() => gt.reshape(gt.broadcastTo(gt.ones([2, 1]), [2, 2 ** 40]), [-1])).toThrow(gt.ValueError);
  });

  test("eager, session and compiled refuse the same, every time, with the line that built the op", () => {
    const x = gt.ones([1, 300]);
    const outer = (v: gt.Tensor) => gt.sum(gt.mul(v, gt.transpose(v)));
    gt.setMemoryLimit(300 * 300 * 4 - 1);
    const fault = /mul: a float32 tensor of shape \[300, 300\] has 90000 elements and takes 360000 bytes/;
    expect(() => outer(x)).toThrow(fault);
    const step = gt.compile(outer);
    for (let i = 0; i < 3; i++) expect(() => step(x)).toThrow(fault);
    const graph = new gt.Graph();
    const y = graph.asDefault(() => outer(gt.placeholder("float32", [1, 300], { name: "x" })));
    const session = new gt.Session({ graph });
    for (let i = 0; i < 4; i++) {
      expect(() => session.run(y, [["x:0", x]])).toThrow(fault);
      expect(() => session.run(y, [["x:0", x]])).toThrow(/built at .*memory-limit\.test\.ts/);
    }
    gt.setMemoryLimit(300 * 300 * 4);
    expect(gt.sum(x).item()).toBe(300);
    expect([outer(x), step(x), session.run(y, [["x:0", x]])].map((each) => each.item())).toEqual([90000, 90000, 90000]);
  });

  test("variables and their slots are asked for like tensors", () => {
    const w = new gt.Variable(gt.ones([1000]));
    const optimizer = new gt.AdamOptimizer(0.1);
    gt.setMemoryLimit(3999);
    expect(() => optimizer.minimize(() => gt.sum(w))).toThrow(gt.ValueError);
    expect(w.data.every((each) => each === 1)).toBe(true);
    gt.setMemoryLimit(null);
    optimizer.minimize(() => gt.sum(w));
    expect(w.data[0]).toBeCloseTo(0.9);
  });
});
