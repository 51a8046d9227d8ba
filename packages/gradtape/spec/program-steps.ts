import * as gt from "gradtape";
import { broadcasts, isFloat, type Maker, type Slot, type StepFunction } from "./program-maker.ts";
import { views } from "./program-views.ts";

/* What the steps of random programs may do. */

/** How far from a kink programs stay that are differentiated numerically. */
const APART = 0.02;

const numbers = ({ value }: Slot): number[] => Array.from((value instanceof gt.Variable ? value.value() : value).data);

/** Whether no two of these numbers are nearly the same. */
function distinct(values: readonly number[]): boolean {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.every((x, i) => i === 0 || x - sorted[i - 1]! > APART);
}

/** Whether `x` may go through a kink at 0. */
const clear = (m: Maker, x: Slot) => !m.smooth || numbers(x).every((value) => Math.abs(value) > APART);

/** A partner for `x`: of its dtype, and of a shape that broadcasts. It may be `x` itself. */
const partner = (m: Maker, x: Slot): Slot => m.pick((y) => y.dtype === x.value.dtype && broadcasts(x.value)(y))!;

const unary =
  (f: string): StepFunction =>
  (m) => {
    const x = m.float();
    return x && m.call(f, x);
  };

/** Of numbers above zero; now and then of any. */
const ofPositive =
  (f: string): StepFunction =>
  (m) => {
    const x = m.float();
    if (x === null) return null;
    if (!m.smooth && m.choose(4) === 3) return m.call(f, x);
    const squared = m.call("square", x);
    const positive = squared && m.call("add", squared, 0.5);
    return positive && m.call(f, positive);
  };

/** A function with a kink at 0, of any number. */
const kinked =
  (f: string): StepFunction =>
  (m) => {
    const x = m.smooth ? m.float() : m.pick(({ dtype }) => dtype !== "bool");
    return x && clear(m, x) ? m.call(f, x) : null;
  };

const binary =
  (f: string): StepFunction =>
  (m) => {
    const x = m.pick(({ dtype }) => dtype !== "bool");
    return x && m.call(f, x, partner(m, x));
  };

/** The greater or lesser of two. */
const extreme =
  (f: string): StepFunction =>
  (m) => {
    const x = m.pick(({ dtype }) => dtype !== "bool");
    if (x === null) return null;
    const y = partner(m, x);
    if (!m.smooth) return m.call(f, x, y);
    const difference = m.call("sub", x, y);
    return difference && clear(m, difference) ? m.call(f, x, y) : null;
  };

const flat =
  (step: StepFunction): StepFunction =>
  (m) =>
    m.smooth ? null : step(m);

const logical = (f: string) =>
  flat((m) => {
    const x = m.pick(({ dtype }) => dtype === "bool");
    return x && m.call(f, x, partner(m, x));
  });

const compare = flat((m) => {
  const x = m.pick(() => true);
  if (x === null) return null;
  const any = ["equal", "notEqual"];
  const f = m.oneOf(x.value.dtype === "bool" ? any : ["less", "lessEqual", "greater", "greaterEqual", ...any]);
  return m.call(f, x, m.choose(3) === 2 && x.value.dtype !== "bool" ? 0 : partner(m, x));
});

/** Some axes of a rank; `null` for all. */
function someAxes(m: Maker, rank: number): number[] | null {
  if (m.choose(4) === 3) return null;
  const bits = 1 + m.choose(2 ** rank - 1);
  return Array.from({ length: rank }, (_, axis) => axis).filter((axis) => bits & (1 << axis));
}

const fold =
  (f: string, fits: (x: Slot["value"]) => boolean): StepFunction =>
  (m) => {
    const x = m.pick(fits);
    if (x === null) return null;
    const { shape } = x.value;
    const axes = shape.length === 0 ? null : someAxes(m, shape.length);
    const keepDims = m.choose(3) === 2;
    const ordered = f === "max" || f === "min";
    if (ordered && (x.value.size === 0 || (m.smooth && !distinct(numbers(x))))) return null;
    if (f === "mean" && x.value.size === 0) return null;
    return axes === null ? m.call(f, x) : m.call(f, x, axes.length === 1 ? axes[0]! : axes, { keepDims });
  };

const notBool = ({ dtype }: Slot["value"]) => dtype !== "bool";

const alongAxis =
  (f: string): StepFunction =>
  (m) => {
    const x = m.float(({ rank }) => rank > 0);
    return x && m.call(f, x, { axis: m.choose(x.value.rank) });
  };

/** Labels for rows of logits, each a class. */
const sparseLoss =
  (f: string, least: number, most: number): StepFunction =>
  (m) => {
    const x = m.float(({ rank, shape }) => rank >= least && rank <= most && shape[rank - 1]! > 0);
    if (x === null) return null;
    const { shape } = x.value;
    return m.call(f, m.indices(shape.slice(0, -1), shape[shape.length - 1]! - 1), x);
  };

/** Distributions as labels. */
const denseLoss: StepFunction = (m) => {
  const x = m.float(({ rank }) => rank === 2);
  const like = x && m.float((y) => `${y.shape}` === `${x.value.shape}` && y.dtype === x.value.dtype);
  const labels = like && m.call("softmax", like);
  return labels && m.call("softmaxCrossEntropyWithLogits", labels, x!);
};

/** Numbers that rules of simplification may stumble over. */
const special = [0, -0, 1, -1, 2, 0.5, 0.1, 3, 1e-40, 1e38, Number.POSITIVE_INFINITY, Number.NaN];
const tame = [0.5, 2, 1, -1, 0.1, 3];

const withNumber: StepFunction = (m) => {
  const x = m.float();
  if (x === null) return null;
  const f = m.oneOf(
    m.smooth ? ["add", "sub", "mul", "div"] : ["add", "sub", "mul", "div", "maximum", "minimum", "pow"],
  );
  const number = m.oneOf(m.smooth ? tame : special);
  return m.choose(2) === 1 && (!m.smooth || f !== "div") ? m.call(f, number, x) : m.call(f, x, number);
};

const float32 = ({ dtype }: Slot["value"]) => dtype === "float32";

/** Plain numbers that a step is given: as an operand, as an axis, as indices. */
const givenFactor = flat((m) => {
  const x = m.float(float32);
  const f = m.oneOf(["mul", "add", "sub", "maximum"]);
  return x && (m.choose(2) === 0 ? m.call(f, x, { ref: "k0" }) : m.call(f, { ref: "k0" }, x));
});
const givenAxis = flat((m) => {
  const x = m.pick(({ dtype, rank }) => dtype !== "bool" && rank > 1);
  return x && m.finish(m.oneOf(["sum", "concatAlong"]), x, { ref: "k1" });
});
const givenIds = flat((m) => {
  const x = m.pick(({ rank, shape }) => rank > 0 && shape[0]! > 1);
  return x && m.call("gather", x, { ref: "k2" });
});

/** One tensor after another is there. */
const waiting =
  (f: string): StepFunction =>
  (m) => {
    const x = m.pick(() => true);
    return x && m.call(f, m.pick(() => true)!, x);
  };

const div: StepFunction = (m) => {
  const x = m.float();
  if (x === null) return null;
  const y = partner(m, x);
  const squared = m.call("square", y);
  const positive = squared && m.call("add", squared, 0.5);
  return positive && m.call("div", x, positive);
};

const cast = flat((m) => {
  const x = m.pick(() => true);
  return x && m.call("cast", x, m.oneOf(["float32", "int32", "bool"]));
});

const where: StepFunction = (m) => {
  const x = m.float();
  if (x === null) return null;
  const y = partner(m, x);
  const condition = m.smooth
    ? null
    : m.pick((c) => c.dtype === "bool" && broadcasts(x.value)(c) && broadcasts(y.value)(c));
  return m.call("where", condition ?? m.choose(2) === 0, x, m.choose(4) === 3 ? 0 : y);
};

const positional = (f: string) =>
  flat((m) => {
    const x = m.pick(({ rank, shape, dtype }) => rank > 0 && dtype !== "bool" && shape.every((n) => n > 0));
    return x && m.call(f, x, m.choose(x.value.rank));
  });

const addN: StepFunction = (m) => {
  const x = m.float();
  if (x === null) return null;
  const same = () => m.float((y) => `${y.shape}` === `${x.value.shape}` && y.dtype === x.value.dtype)!;
  return m.call("addN", [x, same(), same()]);
};

export const steps: Readonly<Record<string, StepFunction>> = {
  ...Object.fromEntries(["add", "sub", "mul"].map((f) => [f, binary(f)])),
  ...Object.fromEntries(["maximum", "minimum"].map((f) => [f, extreme(f)])),
  ...Object.fromEntries(
    ["sin", "cos", "tanh", "sigmoid", "softplus", "exp", "square", "identity"].map((f) => [f, unary(f)]),
  ),
  ...Object.fromEntries(["log", "log1p", "sqrt"].map((f) => [f, ofPositive(f)])),
  ...Object.fromEntries(["relu", "abs"].map((f) => [f, kinked(f)])),
  ...Object.fromEntries(["floor", "stopGradient", "sign"].map((f) => [f, flat(unary(f))])),
  ...Object.fromEntries(["sum", "max", "min"].map((f) => [f, fold(f, notBool)])),
  ...Object.fromEntries(["mean", "prod"].map((f) => [f, fold(f, isFloat)])),
  ...Object.fromEntries(["any", "all"].map((f) => [f, flat(fold(f, ({ dtype }) => dtype === "bool"))])),
  ...Object.fromEntries(["logicalAnd", "logicalOr"].map((f) => [f, logical(f)])),
  ...Object.fromEntries(["softmax", "logSoftmax"].map((f) => [f, alongAxis(f)])),
  ...Object.fromEntries(["argMax", "argMin"].map((f) => [f, positional(f)])),
  neg: (m) => {
    const x = m.pick(notBool);
    return x && m.call("neg", x);
  },
  logicalNot: flat((m) => {
    const x = m.pick(({ dtype }) => dtype === "bool");
    return x && m.call("logicalNot", x);
  }),
  pow: (m) => {
    const x = m.float();
    const squared = x && m.call("square", x);
    const positive = squared && m.call("add", squared, 0.5);
    return positive && m.call("pow", positive, m.choose(2) === 0 ? 1.3 : partner(m, positive));
  },
  clipByNorm: (m) => {
    const x = m.float();
    return x && !m.smooth && m.call("clipByNorm", x, 1);
  },
  crossEntropy: sparseLoss("sparseSoftmaxCrossEntropyWithLogits", 1, 3),
  sparseLoss: (m) => (m.smooth ? null : sparseLoss("losses.sparseSoftmaxCrossEntropy", 2, 2)(m)),
  denseLoss,
  givenFactor,
  givenAxis,
  givenIds,
  gated: waiting("gated"),
  delayed: waiting("delayed"),
  ownGradient: unary("ownGradient"),
  compare,
  withNumber,
  withNumberAgain: withNumber,
  div,
  cast,
  where,
  addN,
  ...views,
};
