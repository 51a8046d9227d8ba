import * as op from "@gradtape/graph";
import { EagerTensor, type Tensor } from "@gradtape/tensor";
import type { Given } from "./given.ts";
import type { Value } from "./reader.ts";
import { Followed } from "./shape-value.ts";

/* Texts, and the assertions that show them. */

const string = 7;

/** Texts of a graph, which only assertions have a use for. */
class Words extends Followed {
  readonly words: readonly string[];

  constructor(words: readonly string[]) {
    super("a text");
    this.words = words;
  }
}

/** A constant that holds texts; `null` for others. */
export function textConstant({ node }: Given): Value | null {
  const value = node.attr.value?.value;
  if (value?.case !== "tensor" || value.value.dtype !== string) return null;
  return new Words(value.value.stringVal.map((bytes) => new TextDecoder().decode(bytes)));
}

/** A tensor that stops a run with a message unless all of `condition` holds. */
export function assertion(condition: Tensor, message: string): Tensor {
  return op.checkNumerics(op.where(op.all(condition), op.constant(0), op.constant(Number.NaN)), message);
}

export function asserted(given: Given): Value | readonly Value[] {
  const known = given.at(0);
  if (known instanceof EagerTensor && known.data.every((each) => each === 1)) return [];
  const words = given.inputs.flatMap((input) => (input instanceof Words ? input.words : []));
  return assertion(given.x(0), `Assert ${JSON.stringify(given.node.name)}: ${words.join(" ")}`);
}
