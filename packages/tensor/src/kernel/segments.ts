import { type DType, isFloating, type TypedData } from "../dtype.ts";
import { allocate } from "../memory.ts";
import { type Shape, sizeOf } from "../shape.ts";
import { emptyTensor } from "../tensor.ts";
import { indexOutOfRange } from "./indexing.ts";
import type { Kernel } from "./kernel.ts";
import { BLOCK, carried, numbers } from "./sum.ts";

/**
 * Row `i` of the result is the sum of the rows of the first input whose id (second input) is `i`, separately for each
 * position of the first `batchDims` axes. Rows are added in order of appearance, floats in the order of every sum.
 * Negative ids are dropped.
 */
export function segmentSum(op: string, batchDims = 0): Kernel {
  return {
    form: { kind: "segmentSum", op, batchDims },
    run([data, ids], [spec]) {
      const { dtype } = data!;
      const shape = spec!.shape as Shape;
      const result = emptyTensor(dtype, shape);
      const segments = ids!.elements;
      const values = data!.elements;
      const target = result.buffer;
      const count = shape[batchDims]!;
      const width = sizeOf(shape.slice(batchDims + 1));
      const each = sizeOf(ids!.shape.slice(batchDims));
      const place = (row: number) => Math.floor(row / each) * count + segments[row]!;
      const counts = each > BLOCK && isFloating(dtype) ? new Int32Array(sizeOf(shape.slice(0, batchDims + 1))) : null;
      for (let row = 0; counts && row < segments.length; row++) if (segments[row]! >= 0) counts[place(row)]!++;
      const long = new Map<number, LongSum>();
      counts?.forEach((rows, at) => {
        if (rows > BLOCK) long.set(at, new LongSum(dtype, width));
      });
      for (let row = 0; row < segments.length; row++) {
        const segment = segments[row]!;
        if (segment < 0) continue;
        if (segment >= count) throw indexOutOfRange(op, ids!, row, count);
        const at = place(row);
        if (long.size > 0 && counts![at]! > BLOCK) long.get(at)!.add(values, row * width);
        else for (let j = 0, from = row * width, to = at * width; j < width; j++) target[to + j]! += values[from + j]!;
      }
      for (const [at, sum] of long) sum.store(target, at * width);
      return [result];
    },
  };
}

/** A row of sums of more than one block. */
class LongSum {
  private rows = 0;
  private readonly total: TypedData;
  private readonly lost: TypedData;
  private readonly block: TypedData;
  private readonly rounded: (typeof numbers)["float32"];

  constructor(dtype: DType, width: number) {
    this.total = allocate(dtype, width);
    this.lost = allocate(dtype, width);
    this.block = allocate(dtype, width);
    this.rounded = dtype === "float64" ? numbers.float64 : numbers.float32;
  }

  add(values: TypedData, from: number): void {
    const { block } = this;
    for (let j = 0; j < block.length; j++) block[j]! += values[from + j]!;
    if (++this.rows % BLOCK === 0) this.close();
  }

  private close(): void {
    const { total, lost, block } = this;
    for (let j = 0; j < block.length; j++) {
      [total[j], lost[j]] = carried(this.rounded, total[j]!, lost[j]!, block[j]!);
      block[j] = 0;
    }
  }

  /** The sums, to `target` from `to` on. */
  store(target: TypedData, to: number): void {
    this.close();
    target.set(this.total, to);
  }
}
