import {
  commonShape,
  compatibleExtents,
  isStatic,
  matrixProduct,
  type PartialShape,
  shapeMessage,
  sizeOf,
  type Tensor,
  type TensorSpec,
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
    const batch = commonShape([a!.shape.slice(0, -2), b!.shape.slice(0, -2)]);
    if (typeof batch === "number") {
      const wrong = [a, b].map((each) => each!.shape.length - 2 + batch);
      throw mismatch([a!, b!], "the leading axes cannot be broadcast", "make them equal or 1", wrong);
    }
    return [{ shape: [...batch, ...a!.shape.slice(-2, -1), ...b!.shape.slice(-1)], dtype: a!.dtype }];
  },
  kernel: () => matrixProduct(),
  // Leading axes are repeated inside the product, where repeating costs nothing; so here they are added up again.
  gradient: [
    (g, { inputs: [a, b] }) => sumLike(matMul(g, swapLastAxes(b as Tensor)), a!),
    (g, { inputs: [a, b] }) => sumLike(matMul(swapLastAxes(a as Tensor), g), b!),
  ],
  tensorflow: [
    { op: "MatMul", fits: (inputs) => inputs.every(({ shape }) => shape.length === 2) },
    "BatchMatMulV2", //
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
    if (given.some(({ rank }) => rank < 2)) {
      const advice = "make a vector a row by expandDims(x, 0), a column by expandDims(x, 1)";
      throw mismatch([given[0].spec, given[1].spec], "both operands need at least two axes", advice);
    }
    const left = transposeA ? swapLastAxes(given[0]) : given[0];
    const right = transposeB ? swapLastAxes(given[1]) : given[1];
    const inner = left.spec.shape[left.rank - 1]!;
    if (!compatibleExtents(inner, right.spec.shape[right.rank - 2]!)) {
      throw mismatch(
        [left.spec, right.spec],
        `columns of a (${inner}) and rows of b (${right.shape[right.rank - 2]}) must agree`,
        innerAdvice(left.shape, right.shape, { transposeA, transposeB }),
        [left.rank - 1, right.rank - 2],
      );
    }
    return applyOne(matMulDef, [left, right]);
  },
);

/** What would most likely make the inner extents agree. */
function innerAdvice(
  a: PartialShape,
  b: PartialShape,
  given: Required<Omit<MatMulOptions, "name">>,
): string | undefined {
  const [rows, inner] = a.slice(-2);
  const [wanted, columns] = b.slice(-2);
  const flip = (which: "A" | "B") => `is a transpose${which} ${given[`transpose${which}`] ? "too many" : "missing"}?`;
  if (inner === columns) return flip("B");
  if (rows === wanted) return flip("A");
  const behind = a.slice(1);
  const flat = isStatic(behind) && a.length > 2 && sizeOf(behind) === wanted;
  return flat ? `if the first axis of a is a batch, flatten the others: reshape(a, [-1, ${wanted}])` : undefined;
}

function mismatch(
  [a, b]: readonly [TensorSpec, TensorSpec],
  problem: string,
  advice?: string,
  [wrongA, wrongB]: readonly number[] = [],
): ValueError {
  const operands = [
    { name: "a", shape: a.shape, wrong: wrongA },
    { name: "b", shape: b.shape, wrong: wrongB },
  ];
  return new ValueError(shapeMessage("matMul", problem, operands, { advice, align: "last" }));
}
