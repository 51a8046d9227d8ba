import { markOf } from "./brand.ts";

/*
 * JavaScript's operators know numbers and strings only: `a + b` or `a < b` on tensors would compare or add their texts.
 * So every operator that asks for a number throws. A test for truth (`if (x)`, `!x`, `x && y`) asks for nothing and cannot be caught;
 * iteration throws by itself, and a method for it would mislead the equality of test runners.
 */

/** Lets operators and indexing of the values of a class throw errors that name what does it. */
export function refuseOperators(prototype: object): void {
  for (const [key, refusal] of Object.entries(refusals)) Object.defineProperty(prototype, key, refusal);
  Object.defineProperty(prototype, Symbol.toPrimitive, { value: toPrimitive });
}

function toPrimitive(this: object, hint: string): string {
  if (hint === "string") return String(this.toString());
  throw new TypeError(
    `${nounOf(this)}: JavaScript's operators do not work on it; write add(x, y), less(x, y), equal(x, y) and so on for ` +
      "tensors, x.item() for a number, and String(x) for a text",
  );
}

const refusals: PropertyDescriptorMap = {
  valueOf: { value: toPrimitive },
  0: {
    get(this: object): never {
      throw new TypeError(
        `${nounOf(this)}: it has no elements by index; write gather(x, 0) or slice for tensors, x.array()[0] for numbers`,
      );
    },
  },
};

/** The noun for a value in messages; its class when that is one of users. */
function nounOf(value: object): string {
  return markOf(value)?.noun ?? "tensor";
}
