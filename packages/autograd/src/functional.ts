import {
  applyOne,
  asTensor,
  type Cotangent,
  entry,
  identity,
  nameOf,
  type OpDef,
  type Operand,
  type OpRecord,
  type Recorder,
  recorders,
  type State,
  unrecorded,
} from "@gradtape/graph";
import { formatShape, type Tensor, ValueError, view } from "@gradtape/tensor";
import { denseOrZeros } from "./endpoints.ts";
import { GradientTape } from "./tape.ts";

/** A differentiable function of tensors. */
export type TensorFunction = (...args: Tensor[]) => Tensor;

export interface GradOptions {
  /** Which arguments to differentiate by; the first when left out. A list gives a list of gradients. */
  readonly argnums?: number | readonly number[];
}

/**
 * An argument to differentiate by, as a tensor of its own: the same tensor as another argument, or within the function, is
 * a constant. Tapes outside hear where it comes from.
 */
function argument(name: string, value: Operand): Tensor {
  return identity(asTensor(name, value));
}

/** Turns a scalar-valued function into one that also gives its gradient: `[value, gradient]`, zeros where unconnected. */
export function valueAndGrad(
  f: TensorFunction,
  { argnums = 0 }: GradOptions = {},
): (...args: Operand[]) => [Tensor, Tensor | Tensor[]] {
  if (typeof f !== "function") throw new TypeError(`grad: expected a function, got ${nameOf(f)}`);
  return (...args) => {
    const inputs = args.map((arg) => argument("grad", arg));
    const chosen = (typeof argnums === "number" ? [argnums] : argnums).map((position) => {
      const input = inputs[position];
      if (input === undefined)
        throw new ValueError(`grad: argnums names argument ${position}, the call has ${args.length}`);
      return input;
    });
    const tape = new GradientTape();
    const value = tape.record(() => {
      tape.watch(chosen);
      return f(...inputs);
    });
    if (value.rank !== 0) {
      throw new ValueError(
        `grad: the function must return a scalar, got shape ${formatShape(value.shape)}; take sum or mean`,
      );
    }
    const gradients = (tape.gradient(value, chosen) as (Cotangent | null)[]).map((gradient, i) =>
      denseOrZeros(gradient, chosen[i]!),
    );
    return [value, typeof argnums === "number" ? gradients[0]! : gradients];
  };
}

/** The gradient of a scalar-valued function, as a function of the same arguments. Nests: `grad(grad(f))`. */
export function grad(f: TensorFunction, options: GradOptions & { argnums?: number }): (...args: Operand[]) => Tensor;
export function grad(f: TensorFunction, options?: undefined): (...args: Operand[]) => Tensor;
export function grad(f: TensorFunction, options: GradOptions): (...args: Operand[]) => Tensor | Tensor[];
export function grad(f: TensorFunction, options: GradOptions = {}): (...args: Operand[]) => Tensor | Tensor[] {
  const both = valueAndGrad(f, options);
  return (...args) => both(...args)[1];
}

/** The Jacobian of a function of one tensor: `x` to a tensor of shape `f(x).shape + x.shape`. */
export function jacobian(f: TensorFunction): (x: Operand) => Tensor {
  return (x) => {
    const input = argument("jacobian", x);
    const tape = new GradientTape();
    const value = tape.record(() => {
      tape.watch(input);
      return f(input);
    });
    return tape.jacobian(value, input, { unconnectedGradients: "zero" }) as Tensor;
  };
}

/** The product of the Hessian of a scalar-valued function with a vector: forward over what the gradient recorded. */
export function hvp(f: TensorFunction): (x: Operand, vector: Operand) => Tensor {
  const gradient = grad(f);
  return (x, vector) => {
    const input = argument("hvp", x);
    const tape = new GradientTape();
    const first = tape.record(() => {
      tape.watch(input);
      return gradient(input);
    });
    return denseOrZeros(tape.gradient(first, input, { outputGradients: vector }) as Cotangent | null, input);
  };
}

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
export function customGradient(f: (...args: Tensor[]) => WithGradient): (...args: Operand[]) => Tensor {
  return (...args) => {
    const inputs = args.map((arg) => asTensor("customGradient", arg));
    const { value, gradient: derivative } = withoutVariables(() => f(...inputs));
    // All inputs are asked in one visit, which has a list of cotangents of its own: the derivative is computed once for it.
    const visits = new WeakMap<readonly unknown[], readonly (Cotangent | null)[]>();
    const cotangents = (g: Tensor, gs: readonly (Tensor | null)[]) => {
      const known = visits.get(gs) ?? cotangentsOf(derivative(g), inputs.length);
      visits.set(gs, known);
      return known;
    };
    // The value, as the first input, lends its numbers only.
    const gradient = (i: number) => (g: Tensor, _: OpRecord, gs: readonly (Tensor | null)[]) =>
      i === 0 ? null : cotangents(g, gs)[i - 1]!;
    const def: OpDef = { ...withOwnGradient, gradient };
    return applyOne(def, [value, ...inputs]);
  };
}

function cotangentsOf(given: ReturnType<WithGradient["gradient"]>, count: number): readonly (Cotangent | null)[] {
  const list = Array.isArray(given) ? given : [given as Cotangent | null];
  if (list.length === count) return list;
  throw new ValueError(
    `customGradient: the gradient function returned ${list.length} gradients for ${count} arguments`,
  );
}

/** Runs `body` unheard by tapes, and refuses trainable variables in it. */
function withoutVariables<T>(body: () => T): T {
  const guard: Recorder = {
    onRecord() {},
    onRead(state: State) {
      if (state.trainable)
        throw new TypeError("customGradient: the function reads a trainable variable; pass it as an argument");
    },
  };
  return unrecorded(() => {
    recorders.push(guard);
    return body();
  });
}
