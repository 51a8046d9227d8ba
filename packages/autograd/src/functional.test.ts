import {
  add,
  cast,
  cos,
  div,
  exp,
  gather,
  IndexedSlices,
  log,
  log1p,
  matMul,
  mul,
  type Operand,
  reshape,
  sin,
  square,
  sub,
  sum,
  Variable,
} from "@gradtape/graph";
import { generator, type Tensor, tensor, ValueError, zeros } from "@gradtape/tensor";
import { describe, expect, test } from "vitest";
import { checkGradients } from "./check.ts";
import { customGradient, grad, hvp, jacobian, valueAndGrad } from "./functional.ts";
import { GradientTape } from "./tape.ts";

const cube = (x: Tensor) => mul(x, mul(x, x));

describe("grad", () => {
  test("gives the derivative as a function of the same arguments, and nests", () => {
    const derivatives = [cube, grad(cube), grad(grad(cube)), grad(grad(grad(cube)))];
    expect(derivatives.map((f) => f(tensor(2)).item())).toEqual([8, 12, 12, 6]);
    expect(grad(grad(grad(grad(cube))))(2).item()).toBe(0);
  });

  test("takes numbers, arrays and variables", () => {
    const f = (x: Tensor) => sum(square(x));
    expect(grad(f)([1, 2]).array()).toEqual([2, 4]);
    expect(grad(f)(new Variable([1, 2])).array()).toEqual([2, 4]);
    expect(grad(f)(new Float64Array([1, 2])).dtype).toBe("float64");
  });

  test("argnums chooses the arguments: one gives a tensor, a list a list", () => {
    const f = (x: Tensor, y: Tensor) => mul(x, square(y));
    expect(grad(f)(2, 3).item()).toBe(9);
    expect(grad(f, { argnums: 1 })(2, 3).item()).toBe(12);
    expect((grad(f, { argnums: [1, 0] })(2, 3) as Tensor[]).map((g) => g.item())).toEqual([12, 9]);
  });

  test("an argument that does not matter has zeros, a gathered one a dense gradient", () => {
    const f = (_: Tensor, y: Tensor) => sum(gather(y, [2, 0, 2]));
    expect(grad(f)([1, 2], [1, 2, 3]).array()).toEqual([0, 0]);
    expect(grad(f, { argnums: 1 })([1, 2], [1, 2, 3]).array()).toEqual([1, 0, 2]);
  });

  test("a result that is no scalar is a ValueError that shows its shape", () => {
    expect(() => grad(square as (x: Tensor) => Tensor)([1, 2])).toThrow(ValueError);
    expect(() => grad(square as (x: Tensor) => Tensor)([1, 2])).toThrow("[2]");
  });

  test("something that is no function is a TypeError, a missing argument a ValueError", () => {
    expect(() => grad(3 as never)).toThrow(TypeError);
    expect(() => grad(cube, { argnums: 1 })(2)).toThrow(ValueError);
  });

  test("an outer tape sees through it", () => {
    const v = new Variable(2);
    const tape = new GradientTape();
    const y = tape.record(() => grad(cube)(v));
    expect((tape.gradient(y, v) as Tensor).item()).toBe(12);
  });
});

describe("valueAndGrad", () => {
  test("gives both from one call of the function", () => {
    let calls = 0;
    const f = valueAndGrad(
      (x, y) => {
        calls++;
        return sum(mul(x!, y!));
      },
      { argnums: [0, 1] },
    );
    const [value, [dx, dy]] = f([1, 2], [3, 4]) as [Tensor, Tensor[]];
    expect([calls, value.item(), dx!.array(), dy!.array()]).toEqual([1, 11, [3, 4], [1, 2]]);
  });

  test("of one argument gives one gradient", () => {
    const [value, gradient] = valueAndGrad(cube)(2) as [Tensor, Tensor];
    expect([value.item(), gradient.item()]).toEqual([8, 12]);
  });
});

describe("jacobian", () => {
  test("of a linear map is its matrix", () => {
    const a = [
      [1, 2, 3],
      [4, 5, 6],
    ];
    expect(jacobian((x) => reshape(matMul(a, reshape(x, [3, 1])), [2]))([7, 8, 9]).array()).toEqual(a);
  });

  test("shape: that of the result, then that of the argument", () => {
    expect(
      jacobian((x) => sum(x, 0))([
        [1, 2, 3],
        [4, 5, 6],
      ]).shape,
    ).toEqual([3, 2, 3]);
    expect(jacobian((x) => sum(x))(3).shape).toEqual([]);
    expect(jacobian(() => tensor([1, 2]))([1, 2, 3]).array()).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
  });

  test("of a gradient is the Hessian, which is symmetric", () => {
    const f = (x: Tensor) =>
      sum(
        mul(
          exp(x),
          reshape(
            matMul(
              [
                [0, 1],
                [2, 3],
              ],
              reshape(x, [2, 1]),
            ),
            [2],
          ),
        ),
      );
    const hessian = jacobian(grad(f))([0.5, -1]).array() as number[][];
    expect(hessian[0]![1]).toBeCloseTo(hessian[1]![0]!, 5);
  });
});

describe("hvp", () => {
  const f = (x: Tensor) => sum(mul(sin(x), gather(square(x), [1, 2, 0])));
  const random = generator(5);
  const draw = () => random.normal([3], { dtype: "float64" });

  test("is the Hessian times the vector", () => {
    const [x, v] = [draw(), draw()];
    const hessian = jacobian(grad(f))(x).array() as number[][];
    const expected = hessian.map((row) => row.reduce((total, h, i) => total + h * v.data[i]!, 0));
    const product = hvp(f)(x, v).data;
    expected.forEach((value, i) => {
      expect(product[i]).toBeCloseTo(value, 12);
    });
  });

  test("is linear in the vector, and takes plain arrays", () => {
    const square2 = (x: Tensor) => sum(cube(x));
    expect(hvp(square2)([1, 2], [1, 0]).array()).toEqual([6, 0]);
    expect(hvp(square2)([1, 2], [1, 10]).array()).toEqual([6, 120]);
    expect(hvp((x) => sum(x))([1, 2], [1, 1]).array()).toEqual([0, 0]);
  });
});

describe("customGradient", () => {
  /** log(1 + exp(x)) with a derivative that does not overflow. */
  const softplus = customGradient((x) => {
    const e = exp(x!);
    return { value: log(add(1, e)), gradient: (g) => mul(g, log1pDerivative(x!)) };
  });
  const log1pDerivative = (x: Tensor) => mul(0.5, add(1, tanhHalf(x)));
  const tanhHalf = (x: Tensor) => {
    const e = exp(mul(-1, x));
    return mul(add(1, mul(-1, e)), exp(mul(-1, log1p(e))));
  };

  test("the value is that of the function, the derivative the one it brings", () => {
    const x = tensor([-1, 0, 2], { dtype: "float64" });
    checkGradients(softplus as (x: Tensor) => Tensor, [x]);
    expect(grad((at) => sum(softplus(at)))(tensor([100])).array()).toEqual([1]);
  });

  test("even when it is not the derivative", () => {
    const straight = customGradient((x) => ({ value: cast(cast(x!, "int32"), "float32"), gradient: (g) => g }));
    expect(straight(2.7).item()).toBe(2);
    expect(grad((x) => straight(x))(2.7).item()).toBe(1);
  });

  test("several arguments have a list, with null where no gradient flows", () => {
    const f = customGradient((x, y) => ({ value: mul(x!, y!), gradient: (g) => [null, mul(g, x!)] }));
    const tape = new GradientTape();
    const [x, y] = [tensor(2), tensor(3)];
    const z = tape.record(() => {
      tape.watch([x, y]);
      return f(x, y);
    });
    const [dx, dy] = tape.gradient(z, [x, y]) as (Tensor | null)[];
    expect([dx, dy?.item()]).toEqual([null, 2]);
  });

  test("slices may be given as a gradient", () => {
    const row = customGradient((x) => ({
      value: gather(x!, [1]),
      gradient: (g) => new IndexedSlices(g, [1], [3, 1]),
    }));
    const v = new Variable([[1], [2], [3]]);
    const tape = new GradientTape();
    const y = tape.record(() => row(v));
    const dv = tape.gradient(y, v) as IndexedSlices;
    expect(dv).toBeInstanceOf(IndexedSlices);
    expect(dv.toTensor().array()).toEqual([[0], [1], [0]]);
  });

  test("what the function does inside is not recorded", () => {
    const f = customGradient((x) => ({ value: cube(x!), gradient: (g) => mul(g, 100) }));
    expect(grad((x) => add(f(x), x))(2).item()).toBe(101);
  });

  test("the derivative is made of ops: it is differentiated in turn", () => {
    const wave = customGradient((x) => ({ value: sin(x!), gradient: (g) => mul(g, cos(x!)) }));
    expect(grad(grad((x) => wave(x)))(tensor(0.5, { dtype: "float64" })).item()).toBeCloseTo(-Math.sin(0.5), 14);
  });

  test("reading a trainable variable inside is a TypeError; one that is not trainable is a constant", () => {
    const [v, fixed] = [new Variable(2), new Variable(3, { trainable: false })];
    const reads = (from: Variable) => customGradient((x) => ({ value: mul(x!, from), gradient: (g) => mul(g, from) }));
    expect(() => reads(v)(1)).toThrow(TypeError);
    expect(() => reads(v)(1)).toThrow(/argument/);
    expect(grad((x) => reads(fixed)(x))(1).item()).toBe(3);
  });

  test("an error inside leaves nothing listening or deaf", () => {
    const broken = customGradient(() => {
      throw new Error("inside");
    });
    const v = new Variable(2);
    const tape = new GradientTape();
    const y = tape.record(() => {
      expect(() => broken(v)).toThrow("inside");
      return square(v);
    });
    expect((tape.gradient(y, v) as Tensor).item()).toBe(4);
  });

  test("a list of another length than the arguments is a ValueError that gives both", () => {
    const f = customGradient((x, y) => ({ value: mul(x!, y!), gradient: (g) => [g] }));
    expect(() => grad((x) => f(x, x))(2)).toThrow(ValueError);
    expect(() => grad((x) => f(x, x))(2)).toThrow(/1 gradients for 2 arguments/);
  });
});

test("customGradient asks for the derivative once, however many arguments there are", () => {
  let calls = 0;
  const product = customGradient((x, y) => ({
    value: mul(x, y),
    gradient(g) {
      calls++;
      return [mul(g, y), mul(g, x)];
    },
  }));
  const gradients = grad((x, y) => product(x, y), { argnums: [0, 1] })(2, 3) as Tensor[];
  expect(gradients.map((each) => each.item())).toEqual([3, 2]);
  expect(calls).toBe(1);
});

describe("customGradient, what its gradient function uses and returns", () => {
  const log1pexp = customGradient((x) => {
    const e = exp(x); // used in the derivative as well
    return { value: log(add(e, 1)), gradient: (g) => mul(g, sub(1, div(1, add(e, 1)))) };
  });

  test("results of the body are differentiated again", () => {
    const second = (x: Operand) => grad((v) => sum(grad((u) => sum(log1pexp(u)))(v) as Tensor))(x) as Tensor;
    expect(second([0.5]).item()).toBeCloseTo(0.23500372, 6);
    expect((hvp((x) => sum(log1pexp(x)))([0.5], [1]) as Tensor).item()).toBeCloseTo(0.23500372, 6);
    const itself = customGradient((x) => {
      const y = exp(x);
      return { value: y, gradient: (g) => mul(g, y) };
    });
    expect((grad((v) => sum(grad((u) => sum(itself(u)))(v) as Tensor))([1]) as Tensor).item()).toBeCloseTo(Math.E, 5);
  });

  test.each<[string, unknown, RegExp | number]>([
    [
      "nothing",
      undefined,
      /customGradient: the gradient of argument 0 is undefined; return null where no gradient flows/,
    ],
    ["a number", 5, 5],
    ["a list of lists", [[5]], 5],
    [
      "another dtype",
      tensor([5], { dtype: "int32" }),
      /the gradient of argument 0 is int32, the argument float32; cast it/,
    ],
    ["a promise", Promise.resolve(5), /customGradient: .*async/],
  ])("%s", (_, returned, expected) => {
    const f = customGradient((x) => ({ value: square(x), gradient: () => returned as never }));
    const run = () => grad((x) => sum(f(x)))(typeof returned === "number" ? 2 : [2]) as Tensor;
    if (typeof expected === "number") expect(run().data[0]).toBe(expected);
    else expect(run).toThrow(expected);
  });
});

test("a Jacobian that is too large is refused before it is made", () => {
  expect(() => jacobian((x) => square(x))(zeros([1e5]))).toThrow(
    /jacobian: a float32 tensor of shape \[100000, 100000\]/,
  );
});
