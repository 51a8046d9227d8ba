import {
  anything,
  checkDType,
  type DType,
  defineFunction,
  describe,
  type EagerTensor,
  formatList,
  list,
  literal,
  natural,
  nullable,
  type PartialShape,
  RuntimeError,
  string,
  type Tensor,
  ValueError,
} from "@gradtape/tensor";
import { addConstant, perform } from "../apply.ts";
import { currentGraph } from "../context.ts";
import { defineOp, type OpOptions } from "../define.ts";
import * as kinds from "../legal.ts";
import type { Operand } from "../operand.ts";
import type { OpDef } from "../record.ts";
import { entry } from "../registry.ts";
import { same } from "../tensorflow.ts";

/* Where the values of a graph come from. */

const placeholderDef: OpDef<{ dtype: DType; shape: readonly (number | null)[] }> = entry({
  name: "placeholder",
  arity: 0,
  attributes: { dtype: kinds.dtype, shape: list(nullable(natural)) },
  infer: (_, { dtype, shape }) => [{ dtype, shape }],
  kernel: () => ({ run: () => [] }),
  mustBeFed: true,
  gradient: [],
  tensorflow: { op: "Placeholder", attributes: { dtype: same("type", "dtype"), shape: same("shape", "shape") } },
});

/**
 * A tensor of the graph being built whose value is fed to each run. `null` in `shape` is an extent that each run may
 * choose. Throws a RuntimeError in eager mode.
 */
export const placeholder = defineOp(
  placeholderDef,
  { dtype: anything, shape: anything },
  {},
  (dtype: DType, shape: readonly (number | null)[]): Tensor => {
    checkDType("placeholder", dtype);
    checkPartialShape(shape);
    if (currentGraph() === null) {
      throw new RuntimeError("placeholder: only a graph has placeholders; build it within graph.asDefault(() => …)");
    }
    return perform(placeholderDef, [], { dtype, shape: [...shape] }).outputs[0]!;
  },
);

function checkPartialShape(shape: PartialShape): void {
  if (Array.isArray(shape) && shape.every((e) => e === null || (Number.isInteger(e) && (e as number) >= 0))) return;
  throw new ValueError(
    `placeholder: ${Array.isArray(shape) ? formatList(shape) : describe(shape)} is not a shape; use integers >= 0, and null where open`,
  );
}

export interface ConstantOptions extends OpOptions {
  readonly shape?: readonly number[];
  readonly dtype?: DType;
}

/** A value that never changes: an operation when a graph is being built, else a plain tensor. */
export const constant = defineFunction(
  "constant",
  { value: anything },
  { shape: anything, dtype: anything, name: string },
  (value: Operand, { shape, dtype, name }: ConstantOptions = {}): Tensor => {
    const tensor: EagerTensor = literal("constant", value, { ...(shape && { shape }), ...(dtype && { dtype }) });
    const graph = currentGraph();
    return graph === null ? tensor : addConstant(graph, tensor, name ?? "Const");
  },
);
