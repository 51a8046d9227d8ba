import {
  applyOne,
  asTensor,
  Convertible,
  type Cotangent,
  entry,
  IndexedSlices,
  identity,
  nameOf,
  type OpDef,
  type Operand,
  type OpRecord,
  type Recorder,
  recorders,
  type State,
} from "@gradtape/graph";
import {
  anything,
  callable,
  type DType,
  defineFunction,
  either,
  fill,
  formatShape,
  knownShape,
  list,
  natural,
  readers,
  reading,
  synchronous,
  Tensor,
  telling,
  ValueError,
  view,
} from "@gradtape/tensor";
import { checkUnconnected, denseOrZeros, type UnconnectedGradients } from "./endpoints.ts";
import { GradientTape } from "./tape.ts";

/** A differentiable function of tensors. */
export type TensorFunction = (...args: Tensor[]) => Tensor;

export interface GradOptions {
  /** Which arguments to differentiate by; the first when left out. A list gives a list of gradients. */
  readonly argnums?: number | readonly number[];
  /**
   * `"zero"` gives zeros also where numbers made from the argument were taken out of the ops; `"none"` (default) makes
   * that a ValueError.
   */
  readonly unconnectedGradients?: UnconnectedGradients;
}

const gradFields = { argnums: either(natural, list(natural)), unconnectedGradients: anything };

/**
 * An argument to differentiate by, as a tensor of its own: the same tensor as another argument, or within the function, is
 * a constant. Tapes outside record its origin.
 */
function argument(name: string, value: Operand): Tensor {
  return identity(asTensor(name, value));
}

/** Turns a scalar-valued function into one that also gives its gradient: `[value, gradient]`. See `grad`. */
export const valueAndGrad = defineFunction("valueAndGrad", { f: callable }, gradFields, (f, options) =>
  differentiated("valueAndGrad", f, options),
) as (f: TensorFunction, options?: GradOptions) => (...args: Operand[]) => [Tensor, Tensor | Tensor[]];

/** The type of `grad`. */
export interface Grad {
  (f: TensorFunction, options: GradOptions & { readonly argnums?: number }): (...args: Operand[]) => Tensor;
  (f: TensorFunction, options?: undefined): (...args: Operand[]) => Tensor;
  (f: TensorFunction, options: GradOptions): (...args: Operand[]) => Tensor | Tensor[];
}

/**
 * The gradient of a scalar-valued function, as a function of the same arguments. Nests: `grad(grad(f))`.
 *
 * The gradient of a constant is zero. Throws a ValueError when only numbers taken out of an argument (`item()`, `data`,
 * `array()`) lead to the value, and no op: the zero would be wrong.
 */
export const grad = defineFunction("grad", { f: callable }, gradFields, (f: TensorFunction, options?: GradOptions) => {
  const both = differentiated("grad", f, options);
  return (...args: Operand[]) => both(...args)[1];
}) as Grad;

/** The value of a function and its gradients by the chosen arguments, as a function of all of them. */
function differentiated(
  op: string,
  f: TensorFunction,
  { argnums = 0, unconnectedGradients = "none" }: GradOptions = {},
) {
  checkUnconnected(op, unconnectedGradients);
  return (...args: Operand[]): [Tensor, Tensor | Tensor[]] =>
    reading(op, args, () => {
      const { tape, value, chosen, lost } = recorded(op, f, args, argnums);
      if (value.rank !== 0) {
        throw new ValueError(
          `${op}: the function must return a scalar, got shape ${formatShape(value.shape)}; take sum or mean`,
        );
      }
      const gradients = (tape.gradient(value, chosen) as (Cotangent | null)[]).map((gradient, i) => {
        if (gradient === null && lost && unconnectedGradients === "none") throw disconnected(op);
        return denseOrZeros(gradient, chosen[i]!);
      });
      return [value, typeof argnums === "number" ? gradients[0]! : gradients];
    });
}

/** One call of a function under a tape, and whether numbers made from its arguments were taken out of the ops. */
function recorded(op: string, f: TensorFunction, args: readonly Operand[], argnums: number | readonly number[]) {
  const inputs = args.map((arg) => argument(op, arg));
  const chosen = (typeof argnums === "number" ? [argnums] : argnums).map((position) => {
    const input = inputs[position];
    if (input !== undefined) return input;
    throw new ValueError(`${op}: argnums names argument ${position}, the call has ${args.length}`);
  });
  const tape = new GradientTape();
  let lost = false;
  const reader = (tensor: Tensor) => {
    lost ||= tape.follows(tensor);
  };
  readers.push(reader);
  try {
    const value = tape.record(() => {
      tape.watch(chosen);
      return checkValue(op, f(...inputs));
    });
    return { tape, value, chosen, lost };
  } finally {
    readers.splice(readers.lastIndexOf(reader), 1);
  }
}

function checkValue(op: string, value: unknown): Tensor {
  const result = synchronous(op, value);
  if (result instanceof Tensor) return result;
  if (result instanceof Convertible) return result.toTensor();
  throw new TypeError(
    `${op}: the function returned ${nameOf(result)}, expected a tensor made by ops such as square(x)`,
  );
}

function disconnected(op: string): ValueError {
  return new ValueError(
    `${op}: the value does not depend on the argument through recorded ops, but numbers made from it were taken out by ` +
      'item(), data or array(); keep to ops on tensors, or give { unconnectedGradients: "zero" } where it is constant',
  );
}

/**
 * The Jacobian of a function by one of its arguments, as a function of the same arguments: a tensor of shape
 * `f(…).shape + x.shape`. Numbers that were taken out of the ops are an error as they are for `grad`.
 */
export const jacobian = defineFunction(
  "jacobian",
  { f: callable },
  { argnums: natural, unconnectedGradients: anything },
  (f: TensorFunction, { argnums = 0, unconnectedGradients = "none" }: JacobianOfOptions = {}) => {
    checkUnconnected("jacobian", unconnectedGradients);
    return (...args: Operand[]): Tensor =>
      reading("jacobian", args, () => {
        const { tape, value, chosen, lost } = recorded("jacobian", f, args, argnums);
        const found = tape.jacobian(value, chosen[0]!) as Tensor | null;
        if (found === null && lost && unconnectedGradients === "none") throw disconnected("jacobian");
        return (
          found ??
          fill([...knownShape("jacobian", value.shape), ...knownShape("jacobian", chosen[0]!.shape)], 0, {
            dtype: value.dtype as DType,
          })
        );
      });
  },
);

/** Options of `jacobian`, which differentiates by one argument. */
export type JacobianOfOptions = GradOptions & { readonly argnums?: number };

/** The product of the Hessian of a scalar-valued function with a vector: forward over what the gradient recorded. */
export const hvp = defineFunction("hvp", { f: callable }, undefined, (f: TensorFunction) => {
  const gradient = differentiated("hvp", f);
  return defineFunction("hvp", { x: anything, vector: anything }, undefined, (x: Operand, vector: Operand): Tensor => {
    const { tape, value, chosen } = recorded("hvp", (input) => gradient(input)[1] as Tensor, [x], 0);
    const products = tape.gradient(value, chosen[0]!, { outputGradients: vector }) as Cotangent | null;
    return denseOrZeros(products, chosen[0]!);
  });
});

/** What a function with its own derivative returns: the value, and from the cotangent of it those of the arguments. */
export interface WithGradient {
  readonly value: Tensor;
  readonly gradient: (g: Tensor) => Cotangent | null | readonly (Cotangent | null)[];
}

/** The first input; the others are what its derivative is by. That lies with each call, and is not in a graph's text. */
const withOwnGradient: OpDef = entry({
  name: "customGradient",
  arity: [1, Number.POSITIVE_INFINITY],
  infer: ([first]) => [first!],
  kernel: () => view((layout) => layout),
  tensorflow: (nodes) => [nodes.node("Identity", [nodes.input(0)])],
});

/**
 * A function that brings its own derivative: `f` returns its value and a function from the cotangent of the value to
 * that of the argument (a list for several arguments, `null` where no gradient flows).
 *
 * The derivative is made of ops, so it can be differentiated again. Variables go in as arguments: reading a trainable
 * one inside is a TypeError, for its gradient would be lost.
 */
export const customGradient = defineFunction(
  "customGradient",
  { f: callable },
  undefined,
  (f: (...args: Tensor[]) => WithGradient) =>
    (...args: Operand[]): Tensor =>
      telling(() => withDerivative(f, args)),
);

function withDerivative(f: (...args: Tensor[]) => WithGradient, args: readonly Operand[]): Tensor {
  const inputs = args.map((arg) => asTensor("customGradient", arg));
  const { value, gradient: derivative } = checkPair(withoutVariables(() => f(...inputs)));
  // All inputs are asked in one visit, which has a list of cotangents of its own: the derivative is computed once for it.
  const visits = new WeakMap<readonly unknown[], readonly (Cotangent | null)[]>();
  const cotangents = (g: Tensor, gs: readonly (Tensor | null)[]) => {
    const known = visits.get(gs) ?? cotangentsOf(derivative(g), inputs);
    visits.set(gs, known);
    return known;
  };
  // The value, as the first input, lends its numbers only.
  const gradient = (i: number) => (g: Tensor, _: OpRecord, gs: readonly (Tensor | null)[]) =>
    i === 0 ? null : cotangents(g, gs)[i - 1]!;
  const def: OpDef = { ...withOwnGradient, gradient };
  return applyOne(def, [value, ...inputs]);
}

function checkPair(result: unknown): WithGradient {
  const { value, gradient } = (synchronous("customGradient", result) ?? {}) as Partial<WithGradient>;
  if (value instanceof Tensor && typeof gradient === "function") return { value, gradient };
  throw new TypeError(
    `customGradient: the function returned ${nameOf(result)}, expected { value, gradient }: a tensor and a function`,
  );
}

function cotangentsOf(given: unknown, inputs: readonly Tensor[]): readonly (Cotangent | null)[] {
  const result = synchronous("customGradient", given);
  const list: readonly unknown[] = Array.isArray(result) ? result : [result];
  if (list.length === inputs.length) return inputs.map((input, i) => cotangentOf(list[i], input, i));
  throw new ValueError(
    `customGradient: the gradient function returned ${list.length} gradients for ${inputs.length} arguments`,
  );
}

/** Converts the result of a gradient function for one argument to its cotangent. */
function cotangentOf(given: unknown, { dtype }: Tensor, argument: number): Cotangent | null {
  if (given === null) return null;
  const what = `customGradient: the gradient of argument ${argument}`;
  if (given === undefined) throw new TypeError(`${what} is undefined; return null where no gradient flows`);
  const cotangent = given instanceof IndexedSlices ? given : asTensor("customGradient", given, dtype);
  if (cotangent.dtype !== dtype) throw new TypeError(`${what} is ${cotangent.dtype}, the argument ${dtype}; cast it`);
  return cotangent;
}

/** Runs `body`, and refuses trainable variables in it. Its ops are recorded: the derivative may use their results. */
function withoutVariables<T>(body: () => T): T {
  const guard: Recorder = {
    onRecord() {},
    onRead(state: State) {
      if (state.trainable)
        throw new TypeError("customGradient: the function reads a trainable variable; pass it as an argument");
    },
  };
  recorders.unshift(guard);
  try {
    return body();
  } finally {
    recorders.splice(recorders.indexOf(guard), 1);
  }
}
