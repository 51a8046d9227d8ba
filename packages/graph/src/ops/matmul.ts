import {
  broadcastShapes,
  compatibleExtents,
  formatShape,
  matrixProduct,
  type Tensor,
  ValueError,
} from "@gradtape/tensor";
import { applyOne, checkDomain, defineOp, type OpOptions } from "../define.ts";
import { asTensors, type Operand } from "../operand.ts";
import type { OpDef } from "../record.ts";
import { entry } from "../registry.ts";
import { sumLike } from "./broadcast.ts";
import { swapLastAxes } from "./transpose.ts";

const matMulDef: OpDef = entry({
  name: "matMul",
  infer([a, b]) {
    checkDomain("matMul", a!.dtype, "numeric");
    const batch = broadcastShapes("matMul", [a!.shape.slice(0, -2), b!.shape.slice(0, -2)]);
    return [{ shape: [...batch, ...a!.shape.slice(-2, -1), ...b!.shape.slice(-1)], dtype: a!.dtype }];
  },
  kernel: () => matrixProduct(),
  // Leading axes are repeated inside the product, where repeating costs nothing; so here they are added up again.
  gradient: [
    (g, { inputs: [a, b] }) => sumLike(matMul(g, swapLastAxes(b as Tensor)), a!),
    (g, { inputs: [a, b] }) => sumLike(matMul(swapLastAxes(a as Tensor), g), b!),
  ],
});

export interface MatMulOptions extends OpOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/**
 * The matrix product over the last two axes, `[…, m, k]` times `[…, k, n]`; leading axes broadcast. With `transposeA` or
 * `transposeB` the last two axes of that operand are exchanged first.
 */
export const matMul = defineOp(
  matMulDef,
  (a: Operand, b: Operand, { transposeA = false, transposeB = false }: MatMulOptions = {}): Tensor => {
    const given = asTensors("matMul", [a, b]) as [Tensor, Tensor];
    if (given.some(({ rank }) => rank < 2))
      throw mismatch(given, "both operands need at least two axes; use expandDims");
    const left = transposeA ? swapLastAxes(given[0]) : given[0];
    const right = transposeB ? swapLastAxes(given[1]) : given[1];
    const inner = left.spec.shape[left.rank - 1]!;
    if (!compatibleExtents(inner, right.spec.shape[right.rank - 2]!)) {
      const fits =
        inner === right.shape[right.rank - 1] ? `; is a transpose${transposeB ? "B too many" : "B missing"}?` : "";
      throw mismatch(
        [left, right],
        `columns of a (${inner}) and rows of b (${right.shape[right.rank - 2]}) must agree${fits}`,
      );
    }
    return applyOne(matMulDef, [left, right]);
  },
);

function mismatch([a, b]: readonly [Tensor, Tensor], advice: string): ValueError {
  return new ValueError(`matMul: ${advice};\n  a ${formatShape(a.shape)}\n  b ${formatShape(b.shape)}`);
}
