import { type EagerTensor, InvalidArgumentError, type Tensor, tensor } from "@gradtape/tensor";
import { expect, test } from "vitest";
import { Graph, log, mul, placeholder, Variable } from "./index.ts";
import { explainNonFinite } from "./numerics.ts";
import type { Operation, SymbolicTensor } from "./operation.ts";

/* A run replayed from what it began with, to find what made its values infinite or NaN. */

const before = tensor([1, 2]) as EagerTensor;

function build() {
  return new Graph().asDefault(() => {
    const x = placeholder("float32", [2], { name: "x" });
    const w = new Variable([0, 0], { name: "w" });
    const y = log(mul(w, x), { name: "y" });
    const [update] = (w.assignSub(y) as Tensor as SymbolicTensor).op.controlInputs as [Operation];
    return { x, y, update };
  });
}

function replay(fed: readonly number[], initial = before): string | null {
  const { x, y, update } = build();
  const feeds = new Map<Tensor, EagerTensor>([[x, tensor(fed) as EagerTensor]]);
  try {
    explainNonFinite([y, update], feeds, () => initial, { moment: "step 7" });
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidArgumentError);
    return (error as Error).message.replace(/at \S*\/(numerics\.test\.ts):\d+:\d+/g, "at $1");
  }
}

test("the operation that made it, the step and the line", () => {
  expect(replay([1, -1])).toBe(
    [
      "checkNumerics: log 'y' made 1 NaN out of finite values",
      "  mul:0   float32 [2]  -2 .. 1",
      "  result  float32 [2]  0, 1 NaN of 2",
      "  in step 7",
      "  built at numerics.test.ts",
    ].join("\n"),
  );
});

test("what came in by a feed or a variable", () => {
  expect(replay([1, Number.NaN])).toMatch(
    /^checkNumerics: mul 'mul' was given 1 NaN that no op made\n {2}.*\n {2}x:0 .* 1 NaN/,
  );
  expect(replay([1, 1], tensor([Number.NaN, 1]) as EagerTensor)).toMatch(
    /^checkNumerics: readVariable 'readVariable' was given 1 NaN that no op made\n {2}w .* 1 NaN of 2\n/,
  );
});

test("nothing is found where everything is finite, and nothing has changed", () => {
  expect(replay([1, 1])).toBeNull();
  expect(before.array()).toEqual([1, 2]);
});
