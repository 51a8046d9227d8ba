import {
  anything,
  defineFunction,
  EagerTensor,
  InvalidArgumentError,
  isFloating,
  RuntimeError,
  string,
  type Tensor,
} from "@gradtape/tensor";
import { currentGraph } from "../context.ts";
import { controlDependencies, group } from "../control.ts";
import { applyOne, checkDomain, defineOp } from "../define.ts";
import { asTensor, type Operand } from "../operand.ts";
import type { Operation } from "../operation.ts";
import type { OpDef } from "../record.ts";
import { entry } from "../registry.ts";
import { spanOf } from "../span.ts";
import { dtypeOf, same } from "../tensorflow.ts";

/* Checks that are part of a program: operations that stop it where a value is not finite. */

const checkNumericsDef: OpDef<{ message: string }> = entry({
  name: "checkNumerics",
  arity: 1,
  attributes: { message: string },
  infer([x]) {
    checkDomain("checkNumerics", x!.dtype, "floating");
    return [x!];
  },
  kernel: (_, { message }) => ({ run: ([x]) => [finite(x!, message)] }),
  gradient: [
    (g, { attributes: { message } }) =>
      checkNumerics(g, `Not a number (NaN) or infinity (Inf) values detected in gradient. ${message}`),
  ],
  tensorflow: { op: "CheckNumerics", attributes: { T: dtypeOf(0), message: same("string", "message") } },
});

function finite(x: EagerTensor, message: string): EagerTensor {
  const { nan, infinite } = spanOf(x);
  if (nan + infinite === 0) return new EagerTensor(x.dtype, x.layout, x.buffer);
  const found = nan === 0 ? "Inf" : infinite === 0 ? "NaN" : "Inf and NaN";
  throw new InvalidArgumentError(`${message} : Tensor had ${found} values`);
}

/**
 * `x` itself, and its gradient likewise: an InvalidArgumentError that begins with `message` when an element is NaN or
 * infinite. A TypeError for a dtype that is not floating.
 */
export const checkNumerics = defineOp(
  checkNumericsDef,
  { x: anything, message: string },
  {},
  (x: Operand, message: string): Tensor => {
    return applyOne(checkNumericsDef, [asTensor("checkNumerics", x)], { message });
  },
);

/**
 * Adds a `checkNumerics` to every floating-point tensor of the graph being built, each behind those of the tensors it is
 * made from; its message is the name of the tensor. Returns one operation that runs them all. Throws a RuntimeError in
 * eager mode, where `checkNumericsIn` does it.
 */
export const addCheckNumericsOps = defineFunction("addCheckNumericsOps", {}, undefined, (): Operation => {
  const graph = currentGraph();
  if (graph === null) {
    throw new RuntimeError("addCheckNumericsOps: eager mode has no graph; use checkNumericsIn(() => …)");
  }
  let last: Tensor | null = null;
  for (const { name, outputs } of graph.getOperations()) {
    for (const output of outputs.filter(({ dtype }) => isFloating(dtype))) {
      last = controlDependencies([last], () => checkNumerics(output, `${name}:${output.index}`));
    }
  }
  return group(last)!;
});
