import type { Given, Maker, Slot, StepFunction } from "./program-maker.ts";

/* Steps that move elements: views, products, rows picked and added, and writes to variables. */

const any = () => true;
const notScalar = ({ rank }: Slot["value"]) => rank > 0;

/** What a step does to a tensor that has at least one axis, and to one of its axes. */
const onAxis =
  (act: (m: Maker, x: Slot, axis: number, shape: readonly number[]) => unknown): StepFunction =>
  (m) => {
    const x = m.pick(notScalar);
    return x && act(m, x, m.choose(x.value.rank), x.value.shape);
  };

function permutation(m: Maker, rank: number): number[] {
  const left = Array.from({ length: rank }, (_, axis) => axis);
  return Array.from({ length: rank }, () => left.splice(m.choose(left.length), 1)[0]!);
}

const slice = onAxis((m, x, _, shape) => {
  const begin = shape.map((n) => m.choose(n));
  const left = shape.map((n, axis) => n - begin[axis]!);
  const steps = shape.map(() => m.oneOf([1, 2, 1, 3]));
  const size = left.map((n, axis) => {
    const all = Math.ceil(n / steps[axis]!);
    return m.choose(3) === 2 ? Math.ceil(all / 2) : all;
  });
  return m.call("slice", x, begin, size, { steps });
});

const reshape: StepFunction = (m) => {
  const x = m.pick(any);
  if (x === null) return null;
  const { shape, size } = x.value;
  if (size === 0) return m.call("reshape", x, [...shape].reverse());
  const divisors = [1, 2, 3, 4, 5, 8].filter((n) => size % n === 0);
  const first = m.oneOf(divisors);
  return m.call("reshape", x, m.oneOf([[-1], [first, -1], [-1, first], [first, 1, -1], [...shape].reverse()]));
};

const concat = onAxis((m, x, axis, shape) => {
  const fits = (y: Slot["value"]) =>
    y.dtype === x.value.dtype && y.rank === shape.length && y.shape.every((n, a) => a === axis || n === shape[a]);
  const parts = Array.from({ length: 1 + m.choose(2) }, () => m.pick(fits)!);
  return m.call("concat", [x, ...parts], axis);
});

const stack: StepFunction = (m) => {
  const x = m.pick(({ rank }) => rank < 4);
  if (x === null) return null;
  const { shape, dtype, rank } = x.value;
  const parts = Array.from(
    { length: m.choose(3) },
    () => m.pick((y) => y.dtype === dtype && `${y.shape}` === `${shape}`)!,
  );
  return m.call("stack", [x, ...parts], { axis: m.choose(rank + 1) });
};

const pad = onAxis((m, x, _, shape) => {
  if (x.value.dtype === "bool") return null;
  const paddings = shape.map(() => [m.oneOf([0, 1, 2]), m.oneOf([0, 0, 1, 3])]);
  return m.call("pad", x, paddings);
});

const broadcastTo: StepFunction = (m) => {
  const x = m.pick(({ rank }) => rank < 4);
  if (x === null) return null;
  const shape = x.value.shape.map((n) => (n === 1 ? m.oneOf([1, 2, 5]) : n));
  return m.call("broadcastTo", x, m.choose(2) === 0 ? [m.oneOf([2, 1, 3]), ...shape] : shape);
};

/** A product: of matrices that fit as they lie or transposed, of batches, or with the same matrix. */
const matMul: StepFunction = (m) => {
  const a = m.float(({ rank }) => rank >= 2);
  if (a === null) return null;
  const { shape, dtype, rank } = a.value;
  const transposeA = m.choose(2) === 1;
  const transposeB = m.choose(2) === 1;
  const inner = shape[rank - (transposeA ? 2 : 1)]!;
  const fits = (y: Slot["value"]) =>
    y.dtype === dtype &&
    y.rank >= 2 &&
    y.shape[y.rank - (transposeB ? 1 : 2)] === inner &&
    y.shape
      .slice(0, -2)
      .reverse()
      .every((n, i) => n === 1 || rank - 3 - i < 0 || shape[rank - 3 - i] === 1 || n === shape[rank - 3 - i]);
  const b = m.pick(fits);
  if (b !== null) return m.call("matMul", a, b, { transposeA, transposeB });
  return m.call("matMul", a, a, m.choose(2) === 0 ? { transposeB: true } : { transposeA: true });
};

/** Rows of a variable or tensor, picked by indices that repeat. */
const gather =
  (choose: (m: Maker) => Slot | null, axes: boolean): StepFunction =>
  (m) => {
    const x = choose(m);
    if (x === null) return null;
    const { shape, rank } = x.value;
    const axis = axes ? m.choose(rank) : 0;
    if (shape[axis] === 0) return null;
    const indices = m.indices(m.oneOf<readonly number[]>([[3], [], [2, 2], [5], [1], [0]]), shape[axis]! - 1);
    return axis === 0 ? m.call("gather", x, indices) : m.call("gather", x, indices, { axis });
  };

const batchGather: StepFunction = (m) => {
  const x = m.pick(({ rank, shape }) => rank >= 2 && shape[1]! > 0);
  if (x === null) return null;
  const [batch, rows] = x.value.shape as [number, number];
  return m.call("gather", x, m.indices([batch, m.oneOf([2, 1, 3])], rows - 1), { batchDims: 1 });
};

const segments = onAxis((m, x, _, shape) => {
  if (x.value.dtype === "bool") return null;
  const count = m.oneOf([3, 1, 4]);
  const depth = shape.length > 1 ? m.oneOf([1, 2]) : 1;
  return m.call("unsortedSegmentSum", x, m.indices(shape.slice(0, depth), count - 1, -1), count);
});

const oneHot: StepFunction = (m) => {
  if (m.smooth) return null;
  const x = m.pick(({ dtype, rank }) => dtype === "int32" && rank < 3);
  return x && m.call("oneHot", x, m.oneOf([3, 1, 5]));
};

/** Writes a tensor of its own shape to a variable. */
const assign =
  (method: string): StepFunction =>
  (m) => {
    const v = m.variable();
    const value = v && m.pick((y) => y.dtype === v.value.dtype && `${y.shape}` === `${v.value.shape}`);
    return value && v && m.effect(`${v.name}.${method}`, value);
  };

const scatter =
  (method: string): StepFunction =>
  (m) => {
    const v = m.variable(({ rank, shape }) => rank > 0 && shape[0]! > 0);
    if (v === null) return null;
    const { shape, dtype } = v.value;
    const fits = (y: Slot["value"]) =>
      y.dtype === dtype && y.rank === shape.length && y.shape.slice(1).every((n, i) => n === shape[i + 1]);
    const values = m.pick(fits)!;
    const indices: Given = m.indices([values.value.shape[0]!], shape[0]! - 1);
    return m.effect(`${v.name}.${method}`, m.effect("new IndexedSlices", values, indices));
  };

const read: StepFunction = (m) => {
  const v = m.variable();
  return v && m.call(`${v.name}.value`);
};

export const views: Readonly<Record<string, StepFunction>> = {
  slice,
  reshape,
  concat,
  stack,
  pad,
  broadcastTo,
  matMul,
  matMulAgain: matMul,
  transpose: onAxis((m, x) => m.call("transpose", x, permutation(m, x.value.rank))),
  transposeAll: onAxis((m, x) => m.call("transpose", x)),
  expandDims: (m) => {
    const x = m.pick(({ rank }) => rank < 4);
    return x && m.call("expandDims", x, m.choose(x.value.rank + 1));
  },
  squeeze: (m) => {
    const x = m.pick(({ shape }) => shape.includes(1));
    return x && m.call("squeeze", x);
  },
  gather: gather((m) => m.pick(notScalar), true),
  lookup: gather((m) => m.variable(notScalar), false),
  lookupAgain: gather((m) => m.variable(notScalar), false),
  batchGather,
  segments,
  oneHot,
  read,
  assign: assign("assign"),
  assignAdd: assign("assignAdd"),
  assignSub: assign("assignSub"),
  scatterAdd: scatter("scatterAdd"),
  scatterSub: scatter("scatterSub"),
  scatterUpdate: scatter("scatterUpdate"),
};
