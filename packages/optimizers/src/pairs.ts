import { asTensor, Convertible, type Cotangent, IndexedSlices, nameOf, type Operand, Variable } from "@gradtape/graph";
import { isFloating, Tensor, ValueError } from "@gradtape/tensor";
import type { Computed, GradientPair } from "./compute.ts";

/** A gradient as users may hand it over: `null`, slices, or anything a tensor can be made from. */
export type Gradient = Operand | null;

/** Why the gradients that an optimizer computed last are `null`, where all of them are. */
export class Reasons {
  private texts = new Map<unknown, string>();
  /** Whether there has been a gradient: from then on nobody needs to know the lines of ops. */
  settled = false;

  /** The pairs; when no gradient is among them, the reasons are kept for the error that this will be. */
  keep({ pairs, explain }: Computed): GradientPair[] {
    this.texts.clear();
    if (pairs.some(([gradient]) => gradient !== null)) this.settled = true;
    else for (const [, variable] of pairs) this.texts.set(variable, explain(variable));
    return pairs;
  }

  /** The reasons for the variables of some pairs, each on lines of its own. */
  tell(pairs: readonly (readonly [unknown, Variable | Tensor])[]): string {
    const known = pairs.map(([, variable]) => this.texts.get(variable)).filter((text) => text !== undefined);
    return known.map((text) => `\n${text.replace(/^/gm, "  ")}`).join("");
  }
}

/** Pairs checked and their gradients converted, before anything changes. */
export function convertPairs(op: string, pairs: unknown, reasons: Reasons): [Cotangent | null, Variable][] {
  if (typeof (pairs as Iterable<unknown> | null)?.[Symbol.iterator] !== "function" || typeof pairs === "string") {
    throw new TypeError(`${op}: expected a list of [gradient, variable] pairs, got ${nameOf(pairs)}`);
  }
  const list = [...(pairs as Iterable<unknown>)];
  if (list.length === 0) throw new ValueError(`${op}: no variables provided, the list of pairs is empty`);
  const converted = list.map((pair, i): [Cotangent | null, Variable] => {
    if (!Array.isArray(pair))
      throw new TypeError(`${op}: entry ${i} is ${nameOf(pair)}; expected a [gradient, variable] pair`);
    if (pair.length !== 2)
      throw new ValueError(`${op}: entry ${i} has ${pair.length} items; expected [gradient, variable]`);
    const [gradient, variable] = pair;
    const converted = convertGradient(op, i, gradient);
    if (!(variable instanceof Variable) && !(variable instanceof Tensor)) {
      throw new TypeError(`${op}: entry ${i} updates ${nameOf(variable)}; expected a variable`);
    }
    return [converted, variable as Variable];
  });
  if (converted.every(([gradient]) => gradient === null)) {
    throw new ValueError(
      `${op}: no gradients provided for any variable: [${variableNames(converted)}]${reasons.tell(converted)}`,
    );
  }
  const whole = converted.find(([gradient, { dtype }]) => gradient !== null && !isFloating(dtype));
  if (whole !== undefined) {
    throw new TypeError(
      `${op}: cannot update ${variableNames([whole])} of dtype ${whole[1].dtype}; use float32 or float64`,
    );
  }
  return converted;
}

/** The names of the variables of some pairs, for messages. */
export function variableNames(pairs: readonly (readonly [unknown, Variable | Tensor])[]): string {
  return pairs.map(([, each]) => (each instanceof Variable ? each.name : nameOf(each))).join(", ");
}

function convertGradient(op: string, i: number, gradient: unknown): Cotangent | null {
  if (gradient === null || gradient instanceof IndexedSlices || gradient instanceof Tensor) return gradient;
  if (gradient instanceof Convertible) return gradient.toTensor();
  try {
    return asTensor(op, gradient);
  } catch (error) {
    throw new TypeError(
      `${op}: the gradient of entry ${i} must be convertible to a tensor or IndexedSlices, or null; got ${nameOf(gradient)}`,
      { cause: error },
    );
  }
}
