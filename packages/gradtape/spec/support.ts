import * as gt from "gradtape";
import { expect } from "vitest";

/** Asserts that `call` fails with an error of just that class, whose message conveys each of `parts`. */
export function expectError(
  call: () => unknown,
  kind: new (...args: never[]) => Error,
  ...parts: (string | RegExp)[]
): void {
  let caught: unknown = null;
  try {
    call();
  } catch (error) {
    caught = error;
  }
  expect(caught, "an error").toBeInstanceOf(kind);
  const { message } = caught as Error;
  expect((caught as Error).constructor.name, message).toBe(kind.name);
  for (const part of parts) expect(message).toMatch(part);
}

/** The elements of a tensor, a variable or dense slices as a plain array. */
export function numbers(x: gt.Tensor | gt.Variable | gt.IndexedSlices | null): number[] {
  if (x === null) throw new TypeError("expected a tensor, got null");
  return Array.from(x instanceof gt.IndexedSlices ? x.toTensor().data : x.data);
}

/** A float32 variable. */
export function variable(values: number | number[] | number[][], name = "v"): gt.Variable {
  return new gt.Variable(values, { name });
}

/** Numbers as float32 holds them. */
export function float32(values: number[]): number[] {
  return values.map(Math.fround);
}

/** An optimizer with the defaults of most tests: RMSProp with rate 0.1. */
export function rmsprop(options: gt.RMSPropOptions = {}): gt.RMSPropOptimizer {
  return new gt.RMSPropOptimizer(0.1, options);
}

/** A dense gradient of the shape of `v`. */
export function ones(v: gt.Variable): gt.Tensor {
  return gt.ones(v.shape, { dtype: v.dtype });
}

/** Slices with float32 values. */
export function slices(
  values: number[] | number[][],
  indices: number[],
  denseShape: number[] | null = null,
): gt.IndexedSlices {
  return new gt.IndexedSlices(gt.tensor(values), gt.tensor(indices, { dtype: "int32" }), denseShape);
}
