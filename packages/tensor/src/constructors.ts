import { describe } from "./describe.ts";
import { checkDType, type DType, isFloating, type TypedData, toElement } from "./dtype.ts";
import { ValueError } from "./errors.ts";
import { allocate, checkRoom } from "./memory.ts";
import { anything, nullable, number, optional } from "./schema.ts";
import { checkShape, type Shape, sizeOf } from "./shape.ts";
import { defineFunction } from "./signature.ts";
import { type EagerTensor, emptyTensor, fromData } from "./tensor.ts";

const anyNumber = nullable(number);

export interface DTypeOption {
  dtype?: DType;
}

/** A tensor of zeros (false for bool); float32 unless told otherwise. */
export const zeros = defineFunction(
  "zeros",
  { shape: anything },
  { dtype: anything },
  (shape: Shape, { dtype = "float32" }: DTypeOption = {}): EagerTensor => {
    checkRoom("zeros", checkDType("zeros", dtype), checkShape("zeros", shape));
    return emptyTensor(dtype, [...shape]);
  },
);

/** A tensor of ones (true for bool); float32 unless told otherwise. */
export const ones = defineFunction(
  "ones",
  { shape: anything },
  { dtype: anything },
  (shape: Shape, { dtype = "float32" }: DTypeOption = {}): EagerTensor => filled("ones", shape, 1, dtype),
);

/** A tensor with `value` everywhere; float32 for a number and bool for a boolean unless told otherwise. */
export const fill = defineFunction(
  "fill",
  { shape: anything, value: anything },
  { dtype: anything },
  (shape: Shape, value: number | boolean, { dtype }: DTypeOption = {}): EagerTensor => {
    if (typeof value !== "number" && typeof value !== "boolean") {
      throw new TypeError(`fill: cannot fill a tensor with ${describe(value)}; use a number or a boolean`);
    }
    return filled("fill", shape, value, dtype ?? (typeof value === "boolean" ? "bool" : "float32"));
  },
);

function filled(op: string, shape: Shape, value: number | boolean, dtype: DType): EagerTensor {
  const element = toElement(op, checkDType(op, dtype), value);
  checkRoom(op, dtype, checkShape(op, shape));
  return fromData(dtype, [...shape], allocate(dtype, sizeOf(shape)).fill(element));
}

export interface Range {
  (limit: number, options?: DTypeOption): EagerTensor;
  (start: number, limit: number, options?: DTypeOption): EagerTensor;
  (start: number, limit: number | null | undefined, delta: number, options?: DTypeOption): EagerTensor;
}

/**
 * The numbers start, start + delta, start + 2 delta, … up to but without `limit`, ceil((limit - start) / delta) of them;
 * `range(limit)` counts from 0. Their dtype is int32 when all arguments are integers, else float32, unless `dtype` says otherwise.
 *
 * Throws a ValueError when `delta` is 0 or leads away from `limit`.
 */
export const range = defineFunction(
  "range",
  { start: anything, limit: optional(anyNumber), delta: optional(anyNumber) },
  { dtype: anything },
  ((first: number, second?: number | null, third?: number | null, { dtype: given }: DTypeOption = {}): EagerTensor => {
    const [start, limit] = second === null || second === undefined ? [0, first] : [first, second];
    const delta = third ?? 1;
    const named = Object.entries({ start, limit, delta });
    for (const [name, value] of named) checkFinite("range", name, value);
    const dtype = checkDType("range", given ?? (named.every(([, value]) => isInt32(value)) ? "int32" : "float32"));
    if (dtype === "bool") throw new TypeError("range: dtype bool has no ranges; use int32, float32 or float64");
    for (const [name, value] of named) {
      if (dtype === "int32" && !isInt32(value)) {
        throw new TypeError(`range: ${name} ${value} is not an int32; use dtype float32 or float64`);
      }
    }
    if (delta === 0) throw new ValueError("range: delta is 0; use a step that leads from start to limit");
    if ((limit - start) / delta < 0) {
      throw new ValueError(`range: steps of ${delta} never lead from ${start} to ${limit}; change the sign of delta`);
    }
    const count = Math.ceil((limit - start) / delta);
    checkRoom("range", dtype, [count]);
    const data = allocate(dtype, count);
    for (let i = 0; i < data.length; i++) data[i] = start + i * delta;
    return fromData(dtype, [data.length], data);
  }) as Range,
);

/**
 * `num` numbers evenly spaced from `start` to `stop`, both of them included exactly; float32 unless told otherwise.
 * With `num` 1 only `start`.
 */
export const linspace = defineFunction(
  "linspace",
  { start: anything, stop: anything, num: anything },
  { dtype: anything },
  (start: number, stop: number, num: number, { dtype = "float32" }: DTypeOption = {}): EagerTensor => {
    for (const [name, value] of Object.entries({ start, stop })) checkFinite("linspace", name, value);
    if (!isFloating(checkDType("linspace", dtype))) {
      throw new TypeError(`linspace: dtype ${dtype} cannot hold evenly spaced numbers; use float32 or float64`);
    }
    checkCount("linspace", "num", num, 1);
    checkRoom("linspace", dtype, [num]);
    const data: TypedData = allocate(dtype, num);
    const steps = num - 1;
    for (let i = 1; i < steps; i++) {
      // Divided last, so that whole numbers stay whole; first where the products would overflow.
      const sum = start * (steps - i) + stop * i;
      data[i] = Number.isFinite(sum) ? sum / steps : start * ((steps - i) / steps) + stop * (i / steps);
    }
    data[0] = start;
    if (steps > 0) data[steps] = stop;
    return fromData(dtype, [num], data);
  },
);

export interface EyeOptions extends DTypeOption {
  /** As many as rows when left out. */
  columns?: number;
}

/** The identity matrix: ones on the diagonal, zeros elsewhere; float32 unless told otherwise. */
export const eye = defineFunction(
  "eye",
  { rows: anything },
  { columns: anything, dtype: anything },
  (rows: number, { columns = rows, dtype = "float32" }: EyeOptions = {}): EagerTensor => {
    checkCount("eye", "rows", rows, 0);
    checkCount("eye", "columns", columns, 0);
    checkRoom("eye", checkDType("eye", dtype), [rows, columns]);
    const data = allocate(dtype, rows * columns);
    for (let i = 0; i < Math.min(rows, columns); i++) data[i * columns + i] = 1;
    return fromData(dtype, [rows, columns], data);
  },
);

function isInt32(value: number): boolean {
  return value === (value | 0);
}

function checkFinite(op: string, name: string, value: unknown): void {
  if (typeof value !== "number") throw new TypeError(`${op}: ${name} is ${describe(value)}; use a number`);
  if (!Number.isFinite(value)) throw new ValueError(`${op}: ${name} is ${value}; use a finite number`);
}

function checkCount(op: string, name: string, value: unknown, least: number): void {
  if (typeof value !== "number") throw new TypeError(`${op}: ${name} is ${describe(value)}; use an integer`);
  if (!Number.isInteger(value) || value < least) {
    throw new ValueError(`${op}: ${name} is ${value}; use an integer >= ${least}`);
  }
}
