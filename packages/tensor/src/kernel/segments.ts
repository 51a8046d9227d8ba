import { type DType, isFloating, type TypedData } from "../dtype.ts";
import { allocate } from "../memory.ts";
import { type Shape, sizeOf } from "../shape.ts";
import { emptyTensor } from "../tensor.ts";
import { indexOutOfRange } from "./indexing.ts";
import type { Kernel } from "./kernel.ts";
import { BLOCK, carried, numbers } from "./sum.ts";

/**
 * Row `i` of the result is the sum of the rows of the first input whose id (second input) is `i`. Each position of the
 * first `batchDims` axes has sums of its own. Rows are added in order of appearance, floats in the order of every sum.
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
      for (let first = 0, base = 0; first < segments.length; first += each, base += count * width) {
        const long = longSums(segments, first, each, count, dtype, width);
        for (let row = first; row < first + each; row++) {
          const segment = segments[row]!;
          if (segment < 0) continue;
          if (segment >= count) throw indexOutOfRange(op, ids!, row, count);
          const sum = long === null ? 0 : long.places[segment]!;
          const into = sum === 0 ? target : long!.blocks;
          const to = sum === 0 ? base + segment * width : sum * width;
          for (let j = 0, from = row * width; j < width; j++) into[to + j]! += values[from + j]!;
          if (sum !== 0 && ++long!.rows[sum]! % BLOCK === 0) long!.close(sum, target, base + segment * width);
        }
        long?.places.forEach((sum, segment) => {
          if (sum !== 0) long.close(sum, target, base + segment * width);
        });
      }
      return [result];
    },
  };
}

/** The sums of more than one block among `each` rows from `first` on; `null` when there are none. */
function longSums(
  segments: TypedData,
  first: number,
  each: number,
  count: number,
  dtype: DType,
  width: number,
): LongSums | null {
  if (each <= BLOCK || !isFloating(dtype)) return null;
  const places = new Int32Array(count);
  for (let row = first; row < first + each; row++) if (segments[row]! >= 0) places[segments[row]!]!++;
  let sums = 0;
  for (let segment = 0; segment < count; segment++) places[segment] = places[segment]! > BLOCK ? ++sums : 0;
  return sums === 0 ? null : new LongSums(places, sums, dtype, width);
}

/** Rows of sums of more than one block, numbered from 1. Their totals lie in the result. */
class LongSums {
  /** The sum of each segment, 0 for those that have just one block. */
  readonly places: Int32Array;
  readonly blocks: TypedData;
  readonly rows: Int32Array;
  private readonly lost: TypedData;
  private readonly rounded: (typeof numbers)["float32"];
  private readonly width: number;

  constructor(places: Int32Array, sums: number, dtype: DType, width: number) {
    this.places = places;
    this.rows = new Int32Array(sums + 1);
    this.blocks = allocate(dtype, (sums + 1) * width);
    this.lost = allocate(dtype, (sums + 1) * width);
    this.rounded = dtype === "float64" ? numbers.float64 : numbers.float32;
    this.width = width;
  }

  /** Adds the block of a sum to its total, at `to` of the result. */
  close(sum: number, target: TypedData, to: number): void {
    const { blocks, lost, rounded, width } = this;
    for (let j = 0, at = sum * width; j < width; j++, at++) {
      const [total, rest] = carried(rounded, target[to + j]!, lost[at]!, blocks[at]!);
      target[to + j] = total;
      lost[at] = rest;
      blocks[at] = 0;
    }
  }
}
