import { type Cotangent, identity, nameOf } from "@gradtape/graph";
import {
  callable,
  defineFunction,
  generator,
  InvalidArgumentError,
  instance,
  kind,
  knownShape,
  list,
  natural,
  number,
  synchronous,
  Tensor,
  tensor,
} from "@gradtape/tensor";
import { denseOrZeros } from "./endpoints.ts";
import { GradientTape } from "./tape.ts";

/** A function whose derivatives are checked: tensors to a tensor, or to several. */
export type CheckedFunction = (...inputs: Tensor[]) => Tensor | readonly Tensor[];

export interface CheckOptions {
  /** How many times over, at most 10: 2 (default) also checks the gradient of the gradient. */
  readonly order?: number;
  /** Half the distance between the two points of the difference quotient. */
  readonly step?: number;
  /** Allowed difference, relative to the size of the numbers compared. */
  readonly tolerance?: number;
  /** Seed of the random directions. */
  readonly seed?: number;
}

// The work doubles with each order, more or less.
const order = kind<number>("an integer from 0 to 10", (value) => natural.holds(value) && value <= 10);

/**
 * Compares the derivatives that the tape gives with central differences, at `inputs` (float64, for the digits), along
 * random directions: for a direction `v` and a weight `w` the number `w · J v` must come out both ways. Repeats on the
 * gradient itself up to `order`. Throws an InvalidArgumentError that says by how much they differ.
 */
export const checkGradients = defineFunction(
  "checkGradients",
  { f: callable, inputs: list(instance("a tensor", Tensor)) },
  { order, step: number, tolerance: number, seed: natural },
  compareDerivatives,
);

function compareDerivatives(f: CheckedFunction, inputs: readonly Tensor[], options: CheckOptions = {}): void {
  const { order = 2, step = 1e-5, tolerance = 1e-6, seed = 1 } = options;
  for (const input of inputs) {
    if (input.dtype !== "float64") throw new TypeError(`checkGradients: inputs must be float64, got ${input.dtype}`);
  }
  checkOrder(f, inputs, { order, step, tolerance, seed }, 1);
}

function checkOrder(
  f: CheckedFunction,
  inputs: readonly Tensor[],
  options: Required<CheckOptions>,
  level: number,
): void {
  const { order, step, tolerance, seed } = options;
  const random = generator(seed + level);
  const direction = inputs.map((input) =>
    random.normal(knownShape("checkGradients", input.shape), { dtype: "float64" }),
  );
  const weights = outputsOf(f, inputs).map((output) =>
    random.normal(knownShape("checkGradients", output.shape), { dtype: "float64" }),
  );

  const along = (t: number) =>
    outputsOf(
      f,
      inputs.map((input, i) => moved(input, direction[i]!, t)),
    );
  const [ahead, behind] = [along(step), along(-step)];
  const numeric =
    dot(
      weights,
      ahead.map((output, i) => moved(output, behind[i]!, -1)),
    ) /
    (2 * step);

  const gradient = (...at: Tensor[]) => pullBack(f, at, weights);
  const analytic = dot(direction, gradient(...inputs));
  const scale = Math.max(1, Math.abs(numeric), Math.abs(analytic));
  if (!(Math.abs(numeric - analytic) <= tolerance * scale)) {
    throw new InvalidArgumentError(
      `checkGradients: derivative of order ${level} is ${analytic}, differences give ${numeric}; ` +
        `they differ by ${Math.abs(numeric - analytic)}, allowed is ${tolerance * scale}`,
    );
  }
  if (level < order) checkOrder(gradient, inputs, options, level + 1);
}

function outputsOf(f: CheckedFunction, inputs: readonly Tensor[]): readonly Tensor[] {
  const result = synchronous("checkGradients", f(...inputs));
  const outputs: readonly unknown[] = Array.isArray(result) ? result : [result];
  const other = outputs.findIndex((output) => !(output instanceof Tensor));
  if (other < 0 && outputs.length > 0) return outputs as readonly Tensor[];
  const found = nameOf(other < 0 ? result : outputs[other]);
  throw new TypeError(`checkGradients: the function returned ${found}, expected tensors`);
}

/** The cotangents of `inputs` for the cotangents `weights` of the outputs of `f`; zeros where unconnected. */
function pullBack(f: CheckedFunction, at: readonly Tensor[], weights: readonly Tensor[]): Tensor[] {
  const inputs = at.map((input) => identity(input)); // one tensor given twice is two arguments
  const tape = new GradientTape();
  const outputs = tape.record(() => {
    tape.watch(inputs);
    return outputsOf(f, inputs);
  });
  const gradients = tape.gradient([...outputs], [...inputs], { outputGradients: [...weights] }) as (Cotangent | null)[];
  return gradients.map((gradient, i) => denseOrZeros(gradient, inputs[i]!));
}

function moved(x: Tensor, direction: Tensor, t: number): Tensor {
  const by = direction.data;
  return tensor(
    Float64Array.from(x.data, (value, i) => value + t * by[i]!),
    { shape: knownShape("checkGradients", x.shape) },
  );
}

function dot(a: readonly Tensor[], b: readonly Tensor[]): number {
  let sum = 0;
  for (const [i, { data }] of a.entries()) for (const [j, x] of data.entries()) sum += x * b[i]!.data[j]!;
  return sum;
}
