import { InvalidArgumentError } from "../errors.ts";
import { allocate } from "../memory.ts";
import { type Shape, sizeOf } from "../shape.ts";
import { compact, type EagerTensor, emptyTensor, fromData } from "../tensor.ts";
import type { Kernel } from "./kernel.ts";

/**
 * Rows of the first input picked along `axis` at the positions in the second, whose first `batchDims` axes go together
 * with those of the first: `[..axis] + indices[batchDims..] + [axis+1..]`. A negative position is an error, or picks zeros.
 */
export function gatherRows(op: string, axis: number, batchDims = 0, negativeIsZero = false): Kernel {
  return {
    form: { kind: "gather", op, axis, batchDims, negativeIsZero },
    run([params, indices], [spec]) {
      const { buffer, layout } = compact(params!);
      const rows = layout.shape[axis]!;
      checkIndices(op, indices!, rows, negativeIsZero);
      const result = emptyTensor(params!.dtype, spec!.shape as Shape);
      const batches = sizeOf(layout.shape.slice(0, batchDims));
      const outer = sizeOf(layout.shape.slice(batchDims, axis));
      const width = sizeOf(layout.shape.slice(axis + 1));
      const picks = indices!.elements;
      const each = sizeOf(indices!.shape.slice(batchDims));
      let to = 0;
      for (let o = 0; o < batches * outer; o++) {
        const first = Math.floor(o / outer) * each;
        for (let i = 0; i < each; i++, to += width) {
          const row = picks[first + i]!;
          if (row < 0) continue;
          const start = layout.offset + (o * rows + row) * width;
          if (width === 1) result.buffer[to] = buffer[start]!;
          else result.buffer.set(buffer.subarray(start, start + width), to);
        }
      }
      return [result];
    },
  };
}

/** The distinct elements in order of first appearance, and for every element the position of its value among them. */
export function uniqueElements(): Kernel {
  return {
    form: { kind: "unique" },
    run([source]) {
      const values = source!.elements;
      const seen = new Map<number, number>();
      const first: number[] = [];
      const positions = new Int32Array(values.length);
      values.forEach((value, i) => {
        // A Map finds NaN again, but NaN equals nothing.
        let position = Number.isNaN(value) ? undefined : seen.get(value);
        if (position === undefined) {
          position = first.push(value) - 1;
          seen.set(value, position);
        }
        positions[i] = position;
      });
      const distinct = allocate(source!.dtype, first.length);
      distinct.set(first);
      return [fromData(source!.dtype, [first.length], distinct), fromData("int32", [values.length], positions)];
    },
  };
}

/** The positions of the elements that are not zero. */
export function nonZeroPositions(): Kernel {
  return {
    run([source]) {
      const positions: number[] = [];
      source!.elements.forEach((value, i) => {
        if (value !== 0) positions.push(i);
      });
      return [fromData("int32", [positions.length], Int32Array.from(positions))];
    },
  };
}

/** Throws an InvalidArgumentError naming the first index outside of `0 .. rows - 1`. */
export function checkIndices(op: string, indices: EagerTensor, rows: number, negativeAllowed = false): void {
  const list = indices.elements;
  for (let i = 0; i < list.length; i++) {
    if ((list[i]! < 0 && !negativeAllowed) || list[i]! >= rows) throw indexOutOfRange(op, indices, i, rows);
  }
}

/** The error for the index at position `at` of the list. */
export function indexOutOfRange(op: string, indices: EagerTensor, at: number, rows: number): InvalidArgumentError {
  const position: number[] = [];
  for (let axis = indices.rank - 1, rest = at; axis >= 0; axis--) {
    position.unshift(rest % indices.shape[axis]!);
    rest = Math.floor(rest / indices.shape[axis]!);
  }
  const expected = rows === 0 ? "there are no rows to name" : `expected 0 to ${rows - 1} (${rows} rows)`;
  return new InvalidArgumentError(
    `${op}: indices[${position.join(", ")}] = ${indices.elements[at]} is out of range; ${expected}`,
  );
}
