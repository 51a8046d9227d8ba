import * as gt from "../src/index.ts";
import { calls } from "./random-case-ops.ts";
import { type Case, decoded, type Result, results } from "./random-cases.ts";

/* The distance from TensorFlow's result that a case may have, and the documented differences beyond it. */

/** Units in the last place of the greater of the number and `scale`; a scale for all elements, or for each. */
interface Near {
  readonly ulps: number;
  readonly scale?: number | gt.Tensor;
}

/** A rule for the values and one for the gradients of an op. */
type Rule = (c: Case, result: Result) => Near;

const exact: Rule = () => ({ ulps: 0 });
const within =
  (ulps: number): Rule =>
  () => ({ ulps });

const finite = (list: readonly gt.Tensor[]) =>
  list.flatMap((x) => Array.from(x.data, Math.abs)).filter((x) => x < Number.POSITIVE_INFINITY);
const greatest = (list: readonly gt.Tensor[]) => finite(list).reduce((most, x) => Math.max(most, x), 0);

/** Of the greatest cotangent: the derivative is a difference, as 1 - y² is. */
const ofCotangent =
  (ulps: number): Rule =>
  (c) => ({ ulps, scale: greatest((c.g ?? []).map(decoded)) });

/** Of the greatest number that comes out: sums of products of functions. */
const ofCase =
  (ulps: number): Rule =>
  (c) => {
    const dense = (c.d ?? []).flatMap((each) => (each === null ? [] : typeof each === "string" ? each : each.v));
    return { ulps, scale: greatest([...c.y, ...(c.g ?? []), ...dense].map(decoded)) };
  };

/** Of the sum of the absolute terms: what the op gives for absolute operands and cotangents. */
const ofTerms =
  (ulps: number): Rule =>
  (c, result) => {
    const absolute = (text: string) => {
      const x = decoded(text);
      return x.dtype.startsWith("float") ? gt.abs(x) : x;
    };
    const sizes = results(c, c.x.map(absolute), c.g?.map(absolute));
    return { ulps, scale: sizes.find(({ name }) => name === result.name)!.value! };
  };

/** The rule of each element where operands have the shape of the result; where they were repeated, of its terms. */
const ofRepeated =
  (ulps: number, each: Near): Rule =>
  (c, { operand }) => {
    const xs = c.x.map(decoded);
    const whole = decoded(c.y[0]!).shape;
    if (operand === undefined || String(xs[operand]!.shape) === String(whole)) return each;
    const wide = xs.map((x) => gt.broadcastTo(x, whole));
    const tape = new gt.GradientTape();
    const y = tape.record(() => {
      tape.watch(wide.filter(({ dtype }) => dtype !== "bool"));
      return calls[c.op]!(wide, c.a);
    });
    const terms = gt.abs(tape.gradient(y, wide[operand]!, { outputGradients: decoded(c.g![0]!) }) as gt.Tensor);
    const adjoint = gt.grad((x: gt.Tensor) => gt.sum(gt.mul(gt.broadcastTo(x, whole), terms)))(xs[operand]!);
    return { ulps: Math.max(ulps, each.ulps), scale: adjoint as gt.Tensor };
  };

const repeated = { value: exact, gradient: ofRepeated(4, { ulps: 0 }) };
const both = (rule: Rule) => ({ value: rule, gradient: rule });

/** Ops that are not listed give TensorFlow's bits. */
const rules: { readonly [op: string]: { readonly value: Rule; readonly gradient: Rule } } = {
  sqrt: { value: exact, gradient: within(1) },
  exp: { value: within(3), gradient: within(4) },
  log: { value: within(3), gradient: within(4) },
  log1p: { value: within(3), gradient: within(4) },
  tanh: { value: within(3), gradient: ofCotangent(8) },
  sigmoid: { value: within(4), gradient: ofCotangent(8) },
  sin: { value: within(3), gradient: within(4) },
  cos: { value: within(3), gradient: within(4) },
  softplus: { value: within(4), gradient: within(4) },
  add: repeated,
  sub: repeated,
  mul: repeated,
  div: repeated,
  maximum: repeated,
  minimum: repeated,
  squaredDifference: repeated,
  where: repeated,
  pow: { value: within(3), gradient: ofRepeated(8, { ulps: 6 }) },
  whereOf: both(within(4)),
  sum: { value: ofTerms(4), gradient: exact },
  mean: { value: ofTerms(4), gradient: exact },
  prod: both(ofTerms(4)),
  broadcastTo: both(ofTerms(4)),
  unsortedSegmentSum: both(ofTerms(4)),
  matMul: both(ofTerms(8)),
  softmax: both(ofCase(4)),
  logSoftmax: both(ofCase(4)),
  softmaxCrossEntropyWithLogits: both(ofCase(4)),
  sparseSoftmaxCrossEntropyWithLogits: both(ofCase(4)),
  clipByNorm: both(ofCase(8)),
  clipByGlobalNorm: both(ofCase(16)),
  globalNorm: both(ofCase(4)),
  clipSlices: both(ofCase(4)),
  loss: both(ofCase(16)),
  lossOfRows: both(ofCase(16)),
  schedule: both(within(4)),
  optimizer: both(exact),
};

/** Reasons for which a case may differ from TensorFlow all the same: rows of the page of differences. */
export type Difference = "subnormal numbers" | "sign of zero" | "1 / sqrt(x) by vectors" | "powers in FTRL";

/** The documented difference of a result: `null` when it is as near as it must be, "wrong" when nothing explains it. */
export function differenceOf(c: Case, result: Result, expected: gt.Tensor): Difference | "wrong" | null {
  const { value } = result;
  if (value?.dtype !== expected.dtype || String(value.shape) !== String(expected.shape)) return "wrong";
  const { value: ofValue, gradient } = rules[c.op] ?? { value: exact, gradient: exact };
  const rule = result.operand === undefined ? ofValue : gradient;
  const off = Array.from(value.data, (x, i) => (Object.is(x, expected.data[i]) ? -1 : i)).filter((i) => i >= 0);
  if (off.length === 0) return null;
  const near = rule(c, result);
  const far = off.filter((i) => near.ulps === 0 || distance(value, expected, i, near.scale) > near.ulps);
  if (far.length === 0) return null;
  if (far.every((i) => value.data[i] === expected.data[i])) return "sign of zero";
  if ([...c.x.map(decoded), value].some(holdsSubnormal)) return "subnormal numbers";
  if (c.op !== "optimizer" || far.some((i) => distance(value, expected, i, greatest([expected])) > 64)) return "wrong";
  if (c.a.f === "FtrlOptimizer")
    return isSingle(c) || c.a.options.learningRatePower !== -0.5 ? "powers in FTRL" : "wrong";
  return ["AdagradOptimizer", "AdadeltaOptimizer", "RMSPropOptimizer"].includes(c.a.f) && value.data.length >= 8
    ? "1 / sqrt(x) by vectors"
    : "wrong";
}

/** Rows of one element: TensorFlow has a loop of its own for them. */
const isSingle = (c: Case) => decoded(c.x[0]!).shape[1] === 1;

/** In units in the last place; infinite where one of both is no number or infinite. */
function distance(value: gt.Tensor, expected: gt.Tensor, i: number, scale: Near["scale"] = 0): number {
  const size = typeof scale === "number" ? scale : Number(scale.data[i]);
  const [x, y] = [Number(value.data[i]), Number(expected.data[i])];
  const units = Math.abs(x - y) / unit(Math.max(Math.abs(y), size));
  return units >= 0 ? units : Number.POSITIVE_INFINITY;
}

/** The distance of the float32 numbers around `x`. */
function unit(x: number): number {
  return 2 ** (Math.max(-126, Math.floor(Math.log2(Math.max(x, 2 ** -126)))) - 23);
}

function holdsSubnormal(x: gt.Tensor): boolean {
  return x.dtype === "float32" && x.data.some((each) => each !== 0 && Math.abs(Number(each)) < 2 ** -126);
}
