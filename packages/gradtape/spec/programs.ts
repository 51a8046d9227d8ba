import fc from "fast-check";
import * as gt from "gradtape";

/* Random programs as plain data: what a program does to a pool of tensors, step by step. */

/** One step: an op by its name, with numbers from which its operands and attributes are chosen. */
export interface Step {
  readonly op: string;
  readonly picks: readonly number[];
}

export interface Description {
  readonly shapes: readonly (readonly number[])[];
  readonly steps: readonly Step[];
  readonly seed: number;
}

type Pool = gt.Tensor[];
type Choose = (choices: number) => number;

const floats = (pool: Pool) => pool.filter(({ dtype }) => dtype === "float32" || dtype === "float64");

/** A tensor of the pool for which `fits` holds; the first float of the pool when there is none. */
function pick(pool: Pool, choose: Choose, fits: (x: gt.Tensor) => boolean = () => true): gt.Tensor {
  const candidates = floats(pool).filter(fits);
  return candidates.length === 0 ? floats(pool)[0]! : candidates[choose(candidates.length)]!;
}

const broadcasts = (a: gt.Tensor) => (b: gt.Tensor) =>
  [...a.shape].reverse().every((extent, i) => {
    const other = b.shape[b.rank - 1 - i];
    return other === undefined || other === extent || other === 1 || extent === 1;
  });

const unary = (f: (x: gt.Tensor) => gt.Tensor) => (pool: Pool, choose: Choose) => f(pick(pool, choose));
const binary = (f: (x: gt.Tensor, y: gt.Tensor) => gt.Tensor) => (pool: Pool, choose: Choose) => {
  const x = pick(pool, choose);
  return f(x, pick(pool, choose, broadcasts(x)));
};
const alongAxis = (f: (x: gt.Tensor, axis: number) => gt.Tensor) => (pool: Pool, choose: Choose) => {
  const x = pick(pool, choose, ({ rank }) => rank > 0);
  return x.rank === 0 ? x : f(x, choose(x.rank));
};
const bounded = (x: gt.Tensor) => gt.sub(gt.mul(gt.sigmoid(x), 3), 1.5);
const positive = (x: gt.Tensor) => gt.add(gt.abs(x), 0.5);

/** What steps may do. Values stay bounded, so that differences are not lost in infinities. */
export const ops: Readonly<Record<string, (pool: Pool, choose: Choose) => gt.Tensor>> = {
  add: binary(gt.add),
  sub: binary(gt.sub),
  mul: binary((x, y) => bounded(gt.mul(x, y))),
  div: binary((x, y) => gt.div(x, positive(y))),
  maximum: binary(gt.maximum),
  minimum: binary(gt.minimum),
  where: binary((x, y) => gt.where(gt.greater(x, y), x, gt.mul(y, 0.5))),
  compare: binary((x, y) => gt.cast(gt.logicalOr(gt.less(x, y), gt.equal(x, 0)), "float32")),
  whole: unary((x) => gt.cast(gt.add(gt.cast(gt.mul(x, 10), "int32"), 1), "float32")),
  neg: unary(gt.neg),
  square: unary((x) => bounded(gt.square(x))),
  relu: unary(gt.relu),
  tanh: unary(gt.tanh),
  sigmoid: unary(gt.sigmoid),
  exp: unary((x) => gt.exp(bounded(x))),
  log: unary((x) => gt.log(positive(x))),
  sqrt: unary((x) => gt.sqrt(positive(x))),
  pow: unary((x) => gt.pow(positive(x), 1.3)),
  sin: unary(gt.sin),
  softplus: unary(gt.softplus),
  stop: unary(gt.stopGradient),
  transpose: unary((x) => gt.transpose(x)),
  flatten: unary((x) => gt.reshape(x, [-1])),
  expand: (pool, choose) => {
    const x = pick(pool, choose, ({ rank }) => rank < 3);
    return gt.expandDims(x, choose(x.rank + 1));
  },
  squeeze: unary((x) => gt.squeeze(x)),
  reverse: alongAxis((x, axis) =>
    gt.concat(
      [
        gt.slice(
          x,
          x.shape.map(() => 0),
          x.shape.map((n, a) => (a === axis ? Math.min(1, n) : n)),
        ),
        x,
      ],
      axis,
    ),
  ),
  every: alongAxis((x, axis) =>
    gt.slice(
      x,
      x.shape.map(() => 0),
      x.shape.map((n, a) => (a === axis ? Math.ceil(n / 2) : n)),
      {
        steps: x.shape.map((_, a) => (a === axis ? 2 : 1)),
      },
    ),
  ),
  pad: alongAxis((x, axis) =>
    gt.pad(
      x,
      x.shape.map((_, a) => (a === axis ? ([1, 2] as const) : ([0, 0] as const))),
    ),
  ),
  sum: alongAxis((x, axis) => gt.mul(gt.sum(x, axis), 0.3)),
  sumKept: alongAxis((x, axis) => bounded(gt.sum(x, axis, { keepDims: true }))),
  total: unary((x) => bounded(gt.sum(x))),
  mean: alongAxis((x, axis) => (x.shape[axis] === 0 ? x : gt.mean(x, axis))),
  max: alongAxis((x, axis) => (x.shape[axis] === 0 ? x : gt.max(x, axis))),
  softmax: alongAxis((x, axis) => gt.softmax(x, { axis })),
  logSoftmax: alongAxis((x, axis) => gt.logSoftmax(x, { axis })),
  argMax: alongAxis((x, axis) => (x.shape[axis] === 0 ? x : gt.mul(gt.cast(gt.argMax(x, axis), "float32"), 0.1))),
  matMul: (pool, choose) => {
    const x = pick(pool, choose, ({ rank }) => rank >= 2);
    if (x.rank < 2) return x;
    return bounded(choose(2) === 0 ? gt.matMul(x, x, { transposeB: true }) : gt.matMul(x, x, { transposeA: true }));
  },
  project: (pool, choose) => {
    const x = pick(pool, choose, ({ rank }) => rank === 2);
    if (x.rank !== 2) return x;
    const n = 1 + choose(17);
    const weights = Float32Array.from({ length: x.shape[1]! * n }, (_, i) => ((i * 7) % 11) / 11 - 0.5);
    return gt.matMul(x, gt.tensor(weights, { shape: [x.shape[1]!, n] }));
  },
  gather: (pool, choose) => {
    const x = pick(pool, choose, ({ rank, shape }) => rank > 0 && shape[0]! > 0);
    if (x.rank === 0 || x.shape[0] === 0) return x;
    return gt.gather(
      x,
      [0, 1, 2, 3, 4].map((i) => (i * 3 + choose(5)) % x.shape[0]!),
    );
  },
  segments: (pool, choose) => {
    const x = pick(pool, choose, ({ rank }) => rank > 0);
    if (x.rank === 0) return x;
    return gt.unsortedSegmentSum(
      x,
      Int32Array.from({ length: x.shape[0]! }, (_, i) => ((i + choose(3)) % 4) - 1),
      3,
    );
  },
  crossEntropy: (pool, choose) => {
    const x = pick(pool, choose, ({ rank, shape }) => rank === 2 && shape[1]! > 0);
    if (x.rank !== 2 || x.shape[1] === 0) return x;
    const labels = Int32Array.from({ length: x.shape[0]! }, (_, i) => (i * 5 + 1) % x.shape[1]!);
    return gt.losses.sparseSoftmaxCrossEntropy(gt.tensor(labels), x);
  },
};

/** Runs a program on its inputs: everything that it made. */
export function interpret(
  { steps }: Description,
  inputs: readonly gt.Tensor[],
  dtype: "float32" | "float64" = "float32",
): gt.Tensor[] {
  const pool: Pool = [...inputs];
  for (const { op, picks } of steps) {
    let used = 0;
    const made = ops[op]!(pool, (choices) => picks[used++ % picks.length]! % choices);
    if (made.dtype === dtype && made.size <= 4000 && made.rank <= 4) pool.push(made);
  }
  return pool.slice(inputs.length);
}

/** The inputs of a program. */
export function inputsOf({ shapes, seed }: Description): gt.Tensor[] {
  const random = gt.generator(seed);
  return shapes.map((shape) => random.uniform([...shape], { low: -1.5, high: 1.5 }));
}

const extent = fc.constantFrom(0, 1, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33);

/** Random programs of up to `length` steps. */
export function programs(length: number): fc.Arbitrary<Description> {
  return fc.record({
    shapes: fc.array(fc.array(extent, { maxLength: 3 }), { minLength: 1, maxLength: 3 }),
    steps: fc.array(
      fc.record({
        op: fc.constantFrom(...Object.keys(ops)),
        picks: fc.array(fc.nat(30), { minLength: 3, maxLength: 3 }),
      }),
      { minLength: 1, maxLength: length },
    ),
    seed: fc.nat(1000),
  });
}
