import { machine } from "@gradtape/tensor";
import * as gt from "gradtape";
import { describe, expect, test } from "vitest";

/* Memory of dead values is freed while a program computes, and living values that are moved out keep their numbers. */

const MB = 2 ** 20;
const size = () => machine()!.memory.buffer.byteLength;

/** Takes back all areas of the machine, as if others needed them. */
function needAllMemory(): void {
  const { areas } = machine()!;
  areas.begin();
  areas.takeBack(areas.time);
}

function perceptron() {
  const random = gt.generator(5);
  const w = new gt.Variable(random.normal([6, 8]), { name: "w" });
  const b = new gt.Variable(gt.zeros([8]), { name: "b" });
  const table = new gt.Variable(random.normal([10, 6]), { name: "table" });
  const optimizer = new gt.AdamOptimizer(0.01);
  const offset = random.normal([4, 8]);
  const loss = (ids: gt.Tensor) =>
    gt.mean(gt.square(gt.add(gt.tanh(gt.add(gt.matMul(gt.gather(table, ids), w), b)), offset)));
  const step = (ids: gt.Tensor) => {
    let value: gt.Tensor = gt.tensor(0);
    optimizer.minimize(() => {
      value = loss(ids);
      return value;
    });
    return [value, w.value()] as const;
  };
  return { step, state: () => [w, b, table, ...optimizer.variables()].map((each) => [...each.data]) };
}

const batches = [4, 4, 2, 4, 1, 2, 4].map((rows, i) =>
  gt.tensor(
    Array.from({ length: rows }, (_, row) => (row * 7 + i) % 10),
    { dtype: "int32" },
  ),
);

describe.skipIf(machine() === null)("memory of the machine", () => {
  test("steps give the same bits when all that they have is taken back in between", () => {
    const offsets = perceptron();
    const [kept, moved] = [perceptron(), offsets];
    const steps = [kept, moved].map(({ step }) => gt.compile((ids: gt.Tensor) => step(ids)));
    for (const ids of batches.filter(({ size }) => size === 4)) {
      needAllMemory();
      const [one, other] = steps.map((step) => step(ids).map((each) => each.array()));
      expect(other).toEqual(one);
      needAllMemory();
      expect(moved.state()).toEqual(kept.state());
    }
  });

  test("a session goes on with its values when all is taken back", () => {
    const graph = new gt.Graph();
    graph.asDefault(() => {
      const w = new gt.Variable([1, 2]);
      const next = w.assignAdd([1, 1]) as gt.Tensor;
      const session = new gt.Session();
      session.run(w.initializer!);
      for (let i = 1; i <= 8; i++) {
        expect(session.run(next).array()).toEqual([1 + i, 2 + i]);
        needAllMemory();
      }
      expect(session.run(w).array()).toEqual([9, 10]);
    });
  });

  test("steps of many shapes share what they need while they run", () => {
    const w = new gt.Variable(gt.ones([64, 64]));
    const f = gt.compile((x: gt.Tensor) => gt.sum(gt.sin(gt.matMul(gt.sin(gt.matMul(x, w)), w))));
    const run = (rows: number) => f.item(gt.ones([rows, 64]));
    const first = run(16 * 1024);
    const before = size();
    for (let i = 1; i <= 10; i++) run(16 * 1024 - 64 * i);
    expect(run(16 * 1024)).toBe(first);
    expect(size() - before).toBeLessThan(8 * MB);
  });

  test("dead models, sessions and compiled functions make room without waiting", () => {
    for (let i = 0; i < 100; i++) {
      const w = new gt.Variable(gt.fill([MB], i));
      const sum = gt.compile(() => {
        w.assignAdd(gt.onesLike(w));
        return gt.slice(w, [5], [2]);
      });
      expect(sum().array()).toEqual([i + 1, i + 1]);
    }
    expect(size()).toBeLessThan(400 * MB);
  });

  test("a closed session gives its memory back at once", () => {
    const run = () => {
      const graph = new gt.Graph();
      graph.asDefault(() => {
        const w = new gt.Variable(gt.zeros([MB]));
        const next = gt.group(w.assignAdd(gt.ones([MB])) as gt.Tensor)!;
        const session = new gt.Session();
        session.run(w.initializer!);
        for (let i = 0; i < 3; i++) session.run(next);
        session.close();
      });
    };
    run();
    const before = size();
    for (let i = 0; i < 10; i++) run();
    expect(size() - before).toBeLessThan(MB);
  });
});
