import {
  anything,
  boolean,
  commonShape,
  compatibleExtents,
  formatExtent,
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
import { asTensors, checkOneDType, type Operand } from "../operand.ts";
import type { Input, OpDef } from "../record.ts";
import { entry } from "../registry.ts";
import { sumLike } from "./broadcast.ts";
import { swapLastAxes } from "./transpose.ts";

const matMulDef: OpDef = entry({
  name: "matMul",
  arity: 2,
  infer([a, b]) {
    checkOneDType("matMul", [a!, b!]);
    checkDomain("matMul", a!.dtype, "numeric");
    return [{ shape: productShape([a!, b!]), dtype: a!.dtype }];
  },
  kernel: () => matrixProduct(),
  // Leading axes are repeated inside the product, where repeating costs nothing; so here they are added up again.
  gradient: [
    (g, { inputs: [a, b] }) => withoutBatch(matMul(g, swapLastAxes(b as Tensor)), a!),
    (g, { inputs: [a, b] }) => withoutBatch(matMul(swapLastAxes(a as Tensor), g), b!),
  ],
  tensorflow: [
    { op: "MatMul", fits: (inputs) => inputs.every(({ shape }) => shape.length === 2) },
    "BatchMatMulV2", //
  ],
});

/** A product summed over the leading axes along which `like` was repeated; matrices have none. */
function withoutBatch(product: Tensor, like: Input): Tensor {
  return product.rank === 2 ? product : sumLike(product, like);
}

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
  { a: anything, b: anything },
  { transposeA: boolean, transposeB: boolean },
  (a: Operand, b: Operand, { transposeA = false, transposeB = false }: MatMulOptions = {}): Tensor => {
    const given = asTensors("matMul", [a, b]) as [Tensor, Tensor];
    if (!transposeA && !transposeB) return applyOne(matMulDef, given);
    // The same mistakes as in `infer`, in messages that depend on the caller's options.
    productShape(given.map(({ spec }) => spec) as [TensorSpec, TensorSpec], { transposeA, transposeB });
    return applyOne(matMulDef, [
      transposeA ? swapLastAxes(given[0]) : given[0],
      transposeB ? swapLastAxes(given[1]) : given[1],
    ]);
  },
);

type Exchanges = Required<Omit<MatMulOptions, "name">>;

/** The shape of the product of two operands, whose last two axes are exchanged first where asked. Throws a ValueError. */
function productShape(
  operands: readonly [TensorSpec, TensorSpec],
  exchanges: Exchanges = { transposeA: false, transposeB: false },
): PartialShape {
  if (operands.some(({ shape }) => shape.length < 2)) {
    const advice = "make a vector a row by expandDims(x, 0), a column by expandDims(x, 1)";
    const [a, b] = operands;
    throw mismatch([a.shape, b.shape], "both operands need at least two axes", advice);
  }
  const exchanged = ({ shape }: TensorSpec, exchange: boolean) =>
    exchange ? [...shape.slice(0, -2), ...shape.slice(-2).reverse()] : shape;
  const a = exchanged(operands[0], exchanges.transposeA);
  const b = exchanged(operands[1], exchanges.transposeB);
  const [inner, rows] = [a.at(-1)!, b.at(-2)!];
  if (!compatibleExtents(inner, rows)) {
    throw mismatch(
      [a, b],
      `columns of a (${formatExtent(inner)}) and rows of b (${formatExtent(rows)}) must agree`,
      innerAdvice(a, b, exchanges),
      [a.length - 1, b.length - 2],
    );
  }
  const batch = commonShape([a.slice(0, -2), b.slice(0, -2)]);
  if (typeof batch !== "number") return [...batch, a.at(-2)!, b.at(-1)!];
  const wrong = [a, b].map((each) => each.length - 2 + batch);
  throw mismatch([a, b], "the leading axes cannot be broadcast", "make them equal or 1", wrong);
}

/** What would most likely make the inner extents agree. */
function innerAdvice(a: PartialShape, b: PartialShape, given: Exchanges): string | undefined {
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
  [a, b]: readonly [PartialShape, PartialShape],
  problem: string,
  advice?: string,
  [wrongA, wrongB]: readonly number[] = [],
): ValueError {
  const operands = [
    { name: "a", shape: a, wrong: wrongA },
    { name: "b", shape: b, wrong: wrongB },
  ];
  return new ValueError(shapeMessage("matMul", problem, operands, { advice, align: "last" }));
}
