import {
  add,
  cast,
  cos,
  div,
  exp,
  gather,
  log,
  matMul,
  mul,
  neg,
  sigmoid,
  sin,
  square,
  stopGradient,
  sub,
  sum,
} from "@gradtape/graph";
import { generator, type Tensor, tensor } from "@gradtape/tensor";
import { describe, expect, test } from "vitest";
import { type CheckedFunction, checkGradients } from "./check.ts";
import { customGradient } from "./functional.ts";

/* The checker is itself checked: what is right passes, what is wrong is caught, at both orders. */

const random = generator(3);
const x = random.uniform([5], { low: 0.5, high: 2, dtype: "float64" });
const wide = (value: number) => tensor(value, { dtype: "float64" });

/** The value of `f` with the derivative of `g`, multiplied by the cotangent. */
const claimed = (f: (x: Tensor) => Tensor, g: (x: Tensor) => Tensor) =>
  customGradient((at) => ({ value: f(at), gradient: (upstream) => mul(upstream, g(at)) })) as CheckedFunction;

describe("right derivatives pass", () => {
  test.each<[string, CheckedFunction, Tensor[]]>([
    ["of an op", sin as CheckedFunction, [x]],
    [
      "of a function of two",
      (a, b) => div(mul(a!, b!), add(a!, b!)),
      [x, random.uniform([5], { low: 0.5, high: 2, dtype: "float64" })],
    ],
    ["of a claim that is true", claimed(sin, cos), [x]],
    ["of several results", (a) => [square(a!), exp(a!)], [x]],
    [
      "of matrices",
      (a, b) => matMul(a!, b!),
      [random.normal([2, 3], { dtype: "float64" }), random.normal([3, 2], { dtype: "float64" })],
    ],
    ["where the gradient is slices", (a) => gather(a!, [0, 3, 0]), [x]],
    ["where there is no connection, and none is needed", () => wide(2), [x]],
    ["of a scalar", (a) => mul(a!, mul(a!, a!)), [wide(0.7)]],
    ["of no elements", square as CheckedFunction, [tensor([], { dtype: "float64" })]],
  ])("%s", (_, f, inputs) => {
    checkGradients(f, inputs);
  });

  test("up to order 3, when asked for", () => {
    checkGradients((a) => sigmoid(mul(a!, a!)), [x], { order: 3, tolerance: 1e-5 });
  });
});

describe("wrong derivatives are caught", () => {
  test.each<[string, CheckedFunction]>([
    ["another function", claimed(sin, sin)],
    ["the wrong sign", claimed(sin, (at) => neg(cos(at)))],
    ["wrong by 0.1 %", claimed(sin, (at) => mul(1.001, cos(at)))],
    ["wrong by 0.1 % in the other direction", claimed(exp, (at) => mul(0.999, exp(at)))],
    [
      "zero instead of one",
      claimed(
        (at) => mul(1, at),
        (at) => sub(at, at),
      ),
    ],
    ["right for a cotangent of one only", customGradient((at) => ({ value: sin(at), gradient: () => cos(at) }))],
    ["NaN", claimed(sin, (at) => log(neg(at)))],
    ["no gradient where there is one", customGradient((at) => ({ value: sin(at), gradient: () => null }))],
    [
      "wrong in one element of five",
      claimed(square, (at) => mul(mul(2, at), tensor([1, 1, 1.01, 1, 1], { dtype: "float64" }))),
    ],
  ])("of order 1: %s", (_, f) => {
    expect(() => checkGradients(f, [x], { order: 1 })).toThrow(/order 1/);
    expect(() => checkGradients(f, [x])).toThrow(/order 1/);
  });

  test("of order 1, in the second of two arguments", () => {
    const product = customGradient((a, b) => ({
      value: mul(a!, b!),
      gradient: (g) => [mul(g, b!), mul(g, mul(1.001, a!))],
    }));
    expect(() => checkGradients(product, [x, x], { order: 1 })).toThrow(/order 1/);
  });

  /** sin with the right derivative, itself with a derivative that is claimed. */
  const secondOrder = (second: (at: Tensor) => Tensor) => claimed(sin, claimed(cos, second) as (at: Tensor) => Tensor);

  test.each<[string, CheckedFunction]>([
    ["the wrong sign", secondOrder(sin)],
    ["wrong by 0.1 %", secondOrder((at) => mul(-1.001, sin(at)))],
    ["zero", secondOrder((at) => sub(at, at))],
    [
      "no second derivative",
      customGradient((at) => ({ value: exp(at), gradient: (g) => mul(g, stopGradient(exp(at))) })),
    ],
  ])("of order 2, where order 1 is right: %s", (_, f) => {
    checkGradients(f, [x], { order: 1 });
    expect(() => checkGradients(f, [x])).toThrow(/order 2/);
  });

  test("true claims pass at order 2", () => {
    checkGradients(
      secondOrder((at) => neg(sin(at))),
      [x],
    );
  });

  test("the message says by how much, and how much is allowed", () => {
    const off = claimed(
      (at) => mul(3, at),
      (at) => add(mul(0, at), 4),
    );
    expect(() => checkGradients(off, [wide(1)])).toThrow(
      /order 1 is -?[\d.]+, differences give -?[\d.]+; .*allowed is/,
    );
  });
});

describe("options", () => {
  test("a looser tolerance forgives", () => {
    const off = claimed(sin, (at) => mul(1.001, cos(at)));
    expect(() => checkGradients(off, [x], { order: 1, tolerance: 1e-2 })).not.toThrow();
  });

  test("the same seed asks the same question; the answer does not hang on the seed", () => {
    const off = claimed(exp, (at) => mul(1.001, exp(at)));
    for (let seed = 0; seed < 20; seed++) {
      expect(() => checkGradients(off, [x], { seed })).toThrow(/order 1/);
      checkGradients(exp as CheckedFunction, [x], { seed });
    }
  });

  test("inputs must be float64: a TypeError that names the dtype", () => {
    expect(() => checkGradients((a) => sum(a!), [tensor([1])])).toThrow(TypeError);
    expect(() => checkGradients((a) => sum(a!), [tensor([1])])).toThrow("float32");
    checkGradients((a) => cast(cast(a!, "float64"), "float64"), [x]);
  });
});
