import type { DType } from "../dtype.ts";
import type { Program } from "../kernel/program.ts";
import type { Combine, Scalar } from "../kernel/scalar.ts";
import { f32x4, i32, i32x4, op, type Value } from "./assembler.ts";
import type { InstructionName } from "./opcodes.ts";

/* The kernel language in vectors of four: every node is the same rounded operation as in JavaScript, so the bits are the same. */

const float32: { readonly [op: string]: InstructionName } = {
  add: "f32x4.add",
  sub: "f32x4.sub",
  mul: "f32x4.mul",
  div: "f32x4.div",
  min: "f32x4.min",
  max: "f32x4.max",
  lt: "f32x4.lt",
  le: "f32x4.le",
  eq: "f32x4.eq",
  ne: "f32x4.ne",
  neg: "f32x4.neg",
  abs: "f32x4.abs",
  sqrt: "f32x4.sqrt",
  floor: "f32x4.floor",
};

const int32: { readonly [op: string]: InstructionName } = {
  add: "i32x4.add",
  sub: "i32x4.sub",
  mul: "i32x4.mul",
  min: "i32x4.min_s",
  max: "i32x4.max_s",
  lt: "i32x4.lt_s",
  le: "i32x4.le_s",
  eq: "i32x4.eq",
  ne: "i32x4.ne",
  neg: "i32x4.neg",
  abs: "i32x4.abs",
  and: "v128.and",
  or: "v128.or",
};

/** Conditions are masks: all bits of a lane, or none. */
const bool: { readonly [op: string]: InstructionName } = {
  and: "v128.and",
  or: "v128.or",
  not: "v128.not",
  eq: "i32x4.eq",
  ne: "i32x4.ne",
};

const byType: { readonly [type: string]: { readonly [op: string]: InstructionName } } = { float32, int32, bool };

/** The vector of a node from those of its arguments; `null` for what vectors do not offer. */
export function vector(node: Scalar, args: readonly Value[]): Value | null {
  const [a, b, c] = args as [Value, Value, Value];
  const from = node.args[0]?.type ?? node.type;
  switch (node.op) {
    case "constant":
      return constantVector(node.value!, node.type);
    case "select":
      if (node.args[1]!.op === "constant" && Object.is(node.args[1]!.value, 0)) return op("v128.andnot", c, a);
      return op("v128.bitselect", b, c, a);
    case "bits":
    case "fromBits":
      return a;
    case "shiftLeft":
    case "shiftRight": {
      const by = node.args[1]!;
      if (by.op !== "constant") return null;
      return op(node.op === "shiftLeft" ? "i32x4.shl" : "i32x4.shr_s", a, i32(by.value!));
    }
    case "cast":
      return conversion(from, node.type, a);
  }
  const name = byType[from]?.[node.op];
  return name === undefined ? null : op(name, ...args);
}

function conversion(from: string, to: string, a: Value): Value | null {
  if (from === "int32" && to === "float32") return op("f32x4.convert_i32x4_s", a);
  if (from === "float32" && to === "int32") return op("i32x4.trunc_sat_f32x4_s", a);
  if (from === "bool" && to === "float32") return op("v128.and", a, f32x4(1));
  if (from === "bool" && to === "int32") return op("v128.and", a, i32x4(1));
  if (from === "float32" && to === "bool") return op("f32x4.ne", a, f32x4(0));
  return from === "int32" && to === "bool" ? op("i32x4.ne", a, i32x4(0)) : null;
}

/** Four times the same value; bools are masks. `null` for float64. */
export function constantVector(value: number, type: DType): Value | null {
  if (type === "float32") return f32x4(value);
  if (type === "float64") return null;
  return i32x4(type === "bool" && value !== 0 ? -1 : value);
}

/** The vector of two values joined by a fold. */
export function joined(combine: Combine, type: DType, a: Value, b: Value): Value | null {
  const name = byType[type]?.[combine];
  return name === undefined ? null : op(name, a, b);
}

/** Whether vectors can do all that a program does: nothing in float64, only operations that they have. */
export function hasVectors(program: Program): boolean {
  const known = program.printed.get("has vectors") as boolean | undefined;
  if (known !== undefined) return known;
  const seen = new Map<Scalar, boolean>();
  const possible = (node: Scalar): boolean => {
    let found = seen.get(node);
    if (found === undefined) {
      found = node.type !== "float64" && node.args.every(possible) && (leaves.has(node.op) || printable(node));
      seen.set(node, found);
    }
    return found;
  };
  const found = program.inputs.every(({ type }) => type !== "float64") && program.outputs.every(possible);
  program.printed.set("has vectors", found);
  return found;
}

const leaves = new Set<Scalar["op"]>(["input", "index", "extent"]);
const sample = f32x4(0);

function printable(node: Scalar): boolean {
  if (node.op === "fold") return joined(node.combine!, node.type, sample, sample) !== null;
  return (
    vector(
      node,
      node.args.map(() => sample),
    ) !== null
  );
}
