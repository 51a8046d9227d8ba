import { bytesPerElement, type DataOf, type DType, newArray } from "./dtype.ts";
import { RuntimeError, ValueError } from "./errors.ts";
import { nullable, number } from "./schema.ts";
import { formatShape, type PartialShape, type Shape, sizeOf } from "./shape.ts";
import { defineFunction } from "./signature.ts";

/* The size of a result is known before it is allocated. The limit on it is defined here alone. */

/** 2 GiB. */
const DEFAULT = 2 ** 31;

let limit = DEFAULT;

/**
 * Sets how many bytes one tensor, or one entry of a file, may take; `null` sets the default of 2 GiB again. More than that
 * is refused with a ValueError before anything is allocated. A view (a broadcast tensor, a slice) takes no memory of its
 * own; what is computed from it does. All that compiled steps hold at a time is bounded by WebAssembly: 4 GiB.
 *
 * Throws a TypeError for what is no number, a ValueError for what is no count of bytes.
 */
export const setMemoryLimit = defineFunction("setMemoryLimit", { bytes: nullable(number) }, undefined, setLimit);

function setLimit(bytes: number | null): void {
  if (bytes !== null && !(Number.isSafeInteger(bytes) && bytes > 0))
    throw new ValueError(`setMemoryLimit: ${bytes} is not a number of bytes; use an integer > 0, or null for 2 GiB`);
  limit = bytes ?? DEFAULT;
}

/** The number of bytes that one tensor may take; see `setMemoryLimit`. */
export function memoryLimit(): number {
  return limit;
}

/** True when a tensor of this shape is within the limit in every dtype: a quick answer, true for most. */
export function fitsAnyway(shape: PartialShape): boolean {
  let bytes = 8;
  for (const extent of shape) bytes *= typeof extent === "number" ? extent : Number.NaN;
  return bytes <= limit;
}

/** Throws a ValueError when a tensor of this shape and dtype would be larger than the limit. */
export function checkRoom(op: string, dtype: DType, shape: Shape): void {
  const size = sizeOf(shape);
  if (size * bytesPerElement(dtype) > limit) throw tooLarge(op, dtype, shape, size);
}

/** Throws a ValueError when `what` would take more than the limit. For what is no tensor yet, an entry of a file. */
export function checkBytes(op: string, what: string, bytes: number): void {
  if (bytes > limit)
    throw new ValueError(
      `${op}: ${what} takes ${bytes} bytes, the limit is ${limit}; make it smaller, or raise the limit by setMemoryLimit`,
    );
}

/**
 * A zero-filled typed array for `length` elements of `dtype`. Throws a ValueError for more than the limit, a RuntimeError
 * where the engine has no memory left.
 */
export function allocate<D extends DType>(dtype: D, length: number): DataOf[D] {
  if (length * bytesPerElement(dtype) > limit) throw tooLarge("tensor", dtype, [length], length);
  try {
    return newArray(dtype, length);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RuntimeError(
      `tensor: out of memory: ${length} elements of ${dtype} take ${length * bytesPerElement(dtype)} bytes, which the engine does not give`,
    );
  }
}

function tooLarge(op: string, dtype: DType, shape: Shape, size: number): ValueError {
  const bytes = size * bytesPerElement(dtype);
  return new ValueError(
    `${op}: a ${dtype} tensor of shape ${formatShape(shape)} has ${size} elements and takes ${bytes} bytes, the limit is ` +
      `${limit}; make it smaller, or raise the limit by setMemoryLimit`,
  );
}
