import * as gt from "gradtape";
import { describe, expect, test } from "vitest";
import { expectError, numbers } from "./support.ts";

/** A tape that has recorded `f` of `x`, and the result. */
function recorded(x: gt.Tensor, f: (x: gt.Tensor) => gt.Tensor, options: gt.TapeOptions = {}) {
  const tape = new gt.GradientTape(options);
  const y = tape.record(() => {
    tape.watch(x);
    return f(x);
  });
  return { tape, y };
}

const a = gt.tensor([
  [1, 2, 3],
  [4, 5, 6],
]);

describe("§11.2 jacobian", () => {
  test("§11.2 of a linear map is its matrix", () => {
    const x = gt.tensor([1, 1, 1]);
    const { tape, y } = recorded(x, (at) => gt.reshape(gt.matMul(a, gt.reshape(at, [3, 1])), [2]));
    expect(tape.jacobian(y, x)!.array()).toEqual(a.array());
  });

  test("§11.2 shape target + source, whatever their ranks, in the structure of the sources", () => {
    const s = gt.tensor(2);
    const tape = new gt.GradientTape();
    const y = tape.record(() => {
      tape.watch([a, s]);
      return gt.mul(gt.sum(a, 1), s);
    });
    const { byMatrix, rest } = tape.jacobian(y, { byMatrix: a, rest: [s] });
    expect(byMatrix!.array()).toEqual([
      [
        [2, 2, 2],
        [0, 0, 0],
      ],
      [
        [0, 0, 0],
        [2, 2, 2],
      ],
    ]);
    expect(rest[0]!.array()).toEqual([6, 15]);
  });

  test("§11.2 row i is the gradient of element i", () => {
    const x = gt.tensor([0.5, -1, 2]);
    const f = (at: gt.Tensor) => gt.softmax(gt.mul(at, at));
    const { tape, y } = recorded(x, f);
    const rows = tape.jacobian(y, x)!.array() as number[][];
    rows.forEach((row, i) => {
      const one = recorded(x, (at) => gt.slice(f(at), [i], [1]));
      expect(row).toEqual(numbers(one.tape.gradient(one.y, x)));
    });
  });

  test("§11.2 sparse parts are densified", () => {
    const table = gt.tensor([[1], [2], [3]]);
    const { tape, y } = recorded(table, (at) => gt.reshape(gt.gather(at, [2, 0]), [2]));
    const result = tape.jacobian(y, table)!;
    expect(result).toBeInstanceOf(gt.Tensor);
    expect(result.array()).toEqual([
      [[0], [0], [1]],
      [[1], [0], [0]],
    ]);
  });

  test("§11.2 a target without elements gives none, a target without connection null or zeros", () => {
    const x = gt.tensor([1, 2]);
    const empty = recorded(x, (at) => gt.slice(at, [0], [0]));
    expect(empty.tape.jacobian(empty.y, x)!.shape).toEqual([0, 2]);
    const apart = recorded(x, () => gt.tensor([1, 2, 3]), { persistent: true });
    expect(apart.tape.jacobian(apart.y, x)).toBeNull();
    const zeros = apart.tape.jacobian(apart.y, x, { unconnectedGradients: "zero" })!;
    expect([zeros.shape, new Set(numbers(zeros))]).toEqual([[3, 2], new Set([0])]);
  });

  test("§11.2 uses the tape up", () => {
    const x = gt.tensor([1, 2]);
    const { tape, y } = recorded(x, gt.square);
    tape.jacobian(y, x);
    expectError(() => tape.jacobian(y, x), gt.RuntimeError, /persistent/);
  });

  test("§11.2 experimentalUsePfor: false needs a persistent tape, else a RuntimeError", () => {
    const x = gt.tensor([1, 2]);
    const once = recorded(x, gt.square);
    expectError(
      () => once.tape.jacobian(once.y, x, { experimentalUsePfor: false }),
      gt.RuntimeError,
      /persistent: true/,
    );
    const often = recorded(x, gt.square, { persistent: true });
    const options = { experimentalUsePfor: false, parallelIterations: 3 };
    expect(numbers(often.tape.jacobian(often.y, x, options))).toEqual([2, 0, 0, 4]);
  });

  test("§11.2 a bad unconnectedGradients is a ValueError that quotes it", () => {
    const x = gt.tensor([1, 2]);
    const { tape, y } = recorded(x, gt.square);
    expectError(() => tape.jacobian(y, x, { unconnectedGradients: "nil" as never }), gt.ValueError, "nil");
  });
});

describe("§11.2 batchJacobian", () => {
  test("§11.2 shape [b] + target[1..] + source[1..]: the diagonal blocks of the Jacobian", () => {
    const f = (x: gt.Tensor) => gt.stack([gt.mul(x, x), gt.mul(x, 3)], { axis: 2 });
    const batch = recorded(a, f);
    const blocks = batch.tape.batchJacobian(batch.y, a);
    expect(blocks.shape).toEqual([2, 3, 2, 3]);
    const whole = recorded(a, f);
    const all = whole.tape.jacobian(whole.y, a)!.array() as number[][][][][];
    expect(blocks.array()).toEqual(all.map((block, row) => block.map((each) => each.map((by) => by[row]))));
  });

  test("§11.2 both need rank 2 or more: a ValueError", () => {
    const v = gt.tensor([1, 2]);
    for (const [x, f] of [
      [v, (at: gt.Tensor) => gt.reshape(at, [2, 1])],
      [a, (at: gt.Tensor) => gt.sum(at, 1)],
    ] as const) {
      const { tape, y } = recorded(x, f);
      expectError(() => tape.batchJacobian(y, x), gt.ValueError, /rank 2/);
    }
  });

  test("§11.2 another first dimension is a ValueError that gives both shapes", () => {
    const { tape, y } = recorded(a, (x) => gt.transpose(x));
    expectError(() => tape.batchJacobian(y, a), gt.ValueError, "[3, 2]", "[2, 3]");
  });

  test("§11.2 unconnected: zeros", () => {
    const { tape } = recorded(a, (x) => x);
    const result = tape.batchJacobian(gt.ones([2, 4]), a);
    expect([result.shape, new Set(numbers(result))]).toEqual([[2, 4, 3], new Set([0])]);
  });

  test("§11.2 uses the tape up", () => {
    const { tape, y } = recorded(a, gt.square);
    tape.batchJacobian(y, a);
    expectError(() => tape.gradient(y, a), gt.RuntimeError, /persistent/);
  });
});
