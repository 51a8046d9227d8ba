import * as gt from "gradtape";
import { expect, test } from "vitest";

/* NaN and infinities in compiled steps are traced to the op that made them. */

function makeStep() {
  const w = new gt.Variable([1, 2], { name: "w" });
  const optimizer = new gt.RMSPropOptimizer(0.1);
  const step = gt.compile(
    (x: gt.Tensor) => {
      let loss!: gt.Tensor;
      optimizer.minimize(() => {
        loss = gt.sum(gt.log(gt.mul(w, x)));
        return loss;
      });
      return loss;
    },
    { checkNumerics: true },
  );
  return { w, optimizer, step };
}

test("the first op, its operands, the step and the line; variables as they were before the step", () => {
  const { w, optimizer, step } = makeStep();
  step(gt.tensor([1, 1]));
  step.item(gt.tensor([1, 1]));
  const before = [w.data, optimizer.getSlot(w, "rms")!.data];
  expect(() => step(gt.tensor([1, 0]))).toThrow(
    /checkNumerics: log .*made 1 Inf out of finite values[\s\S]*in step 3[\s\S]*built at .*compile-numerics\.test\.ts:13/,
  );
  expect([w.data, optimizer.getSlot(w, "rms")!.data]).toEqual(before);
  expect(Number.isFinite(step.item(gt.tensor([1, 1])))).toBe(true);
});

test("without the option a NaN goes its way", () => {
  const f = gt.compile((x: gt.Tensor) => gt.sqrt(x));
  expect(f(gt.tensor([-1])).item()).toBeNaN();
});

test("an index that names no row tells the line, also in a session's module", () => {
  const table = new gt.Variable(gt.ones([3, 2]), { name: "table" });
  const f = gt.compile((ids: gt.Tensor) => gt.gather(table, ids));
  expect(() => f(gt.tensor([3], { dtype: "int32" }))).toThrow(
    /gather: indices\[0\] = 3 is out of range.*\n {2}built at .*compile-numerics\.test\.ts:\d+:\d+ as gather/,
  );
});
