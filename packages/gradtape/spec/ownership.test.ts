import * as gt from "gradtape";
import { describe, expect, test } from "vitest";

/* A result belongs to the caller: no later write, step, feed or restore changes it, and writing into it changes
 * nothing else. */

const initial = [
  [1, 2],
  [3, 4],
];

interface Model {
  readonly w: gt.Variable;
  readonly optimizer: gt.Optimizer;
  readonly checkpoint: gt.Checkpoint;
}

function makeModel(): Model {
  const w = new gt.Variable(initial, { name: "w" });
  return { w, optimizer: new gt.MomentumOptimizer(0.1, 0.9), checkpoint: new gt.Checkpoint({ w }) };
}

const closed = gt.tensor([
  [5, 6],
  [7, 8],
]);

/** Results that a step may return. */
const results: Record<string, (w: gt.Variable, x: gt.Tensor) => gt.Tensor[]> = {
  "a variable's value": (w) => [w.value()],
  "its value before and after a write": (w) => {
    const before = w.value();
    w.assignAdd(gt.ones([2, 2]));
    return [before, w.value()];
  },
  "views of it": (w) => [gt.transpose(w.value()), gt.reshape(w.value(), [4]), gt.slice(w.value(), [1, 0], [1, 2])],
  "one value twice": (w) => {
    const value = w.value();
    return [value, value];
  },
  "an argument, and a view of it": (_, x) => [x, gt.transpose(x)],
  "a constant, and a view of it": () => [gt.constant(initial), gt.transpose(closed), closed],
  "something computed": (w, x) => [gt.mul(w, x)],
};

/** Events that may come later. */
const events: Record<string, (model: Model) => void> = {
  assign: ({ w }) => void w.assign(gt.fill([2, 2], 9)),
  assignAdd: ({ w }) => void w.assignAdd(gt.ones([2, 2])),
  "rows written": ({ w }) =>
    void w.scatterUpdate(new gt.IndexedSlices(gt.tensor([[9, 9]]), gt.tensor([1], { dtype: "int32" }))),
  "an eager step": ({ w, optimizer }) => void optimizer.minimize(() => gt.sum(gt.square(w))),
  "a compiled step": ({ w, optimizer }) => void gt.compile(() => optimizer.minimize(() => gt.sum(gt.square(w))))(),
  "a compiled assignment": ({ w }) => void gt.compile(() => void w.assign(gt.fill([2, 2], 9)))(),
  "a value read in between": ({ w }) => {
    w.value();
    w.assign(gt.fill([2, 2], 9));
  },
  "a checkpoint restored": ({ w, checkpoint }) => {
    const bytes = checkpoint.save();
    w.assign(gt.fill([2, 2], 9));
    checkpoint.restore(bytes);
    w.assignAdd(gt.ones([2, 2]));
  },
};

const numbers = (tensors: readonly gt.Tensor[]) => tensors.map((each) => each.array());
const cases = Object.keys(results).flatMap((kind) => Object.keys(events).map((event) => [kind, event] as const));

describe("a result stays what it is", () => {
  test.each(cases)("eagerly and compiled: %s, then %s", (kind, event) => {
    for (const wrap of [(step: never) => step, gt.compile] as (<F>(step: F) => F)[]) {
      const model = makeModel();
      const step = wrap((x: gt.Tensor) => results[kind]!(model.w, x));
      const x = gt.tensor(initial);
      const first = step(x);
      const second = step(x);
      const seen = [numbers(first), numbers(second)];
      for (let i = 0; i < 2; i++) {
        events[event]!(model);
        expect([numbers(first), numbers(second)]).toEqual(seen);
        step(
          gt.tensor([
            [0, 0],
            [i, 0],
          ]),
        );
        expect([numbers(first), numbers(second)]).toEqual(seen);
      }
    }
  });

  test.each(Object.keys(results))("in a session, as operations and as a module: %s", (kind) => {
    const graph = new gt.Graph();
    const built = graph.asDefault(() => {
      const w = new gt.Variable(initial);
      const x = gt.placeholder("float32", [2, 2]);
      return { w, x, made: results[kind]!(w, x).map((each) => gt.identity(each)), write: w.assignAdd(gt.ones([2, 2])) };
    });
    const { w, x, made, write } = built;
    const session = new gt.Session({ graph });
    session.run(w.initializer!);
    const kept: gt.Tensor[][] = [];
    const seen: unknown[] = [];
    for (let i = 0; i < 5; i++) {
      const feeds = [
        [
          x,
          gt.tensor([
            [i, 1],
            [2, 3],
          ]),
        ],
      ] as const;
      kept.push([...(session.run([...made], feeds) as gt.Tensor[]), session.run(w)]);
      seen.push(numbers(kept[i]!));
      session.run(write as gt.Tensor);
    }
    expect(kept.map(numbers)).toEqual(seen);
  });
});

test.each(Object.keys(results))("numbers written into a compiled result change nothing else: %s", (kind) => {
  const run = (spoil: boolean) => {
    const { w } = makeModel();
    const step = gt.compile((x: gt.Tensor) => results[kind]!(w, x));
    const seen: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      const x = gt.tensor(initial);
      const [first, ...others] = step(x);
      if (spoil) (first!.data as Float32Array).fill(99);
      seen.push(numbers(others), w.array(), x.array(), closed.array());
    }
    return seen;
  };
  expect(run(true)).toEqual(run(false));
});

test("what is done to an ndarray after a call changes no result; only `tensor` shares its memory", () => {
  const source = gt.tensor(initial).ndarray();
  const w = new gt.Variable(source);
  const shared = gt.tensor(source);
  const fromShared = new gt.Variable(shared);
  const view = gt.transpose(source);
  const constant = gt.constant(source);
  const compiled = gt.compile((x: gt.TensorLike) => gt.transpose(x))(source);
  const graph = new gt.Graph();
  const x = graph.asDefault(() => gt.placeholder("float32", [2, 2]));
  const fetched = new gt.Session({ graph }).run(x, [[x, source]]);
  source.set(0, 0, 99);
  for (const each of [w, fromShared, view, constant, compiled, fetched])
    expect((each.array() as number[][])[0]![0]).toBe(1);
  expect((shared.array() as number[][])[0]![0]).toBe(99);
});
