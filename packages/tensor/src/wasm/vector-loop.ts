import type { Movement } from "../kernel/javascript.ts";
import type { Program } from "../kernel/program.ts";
import type { Scalar } from "../kernel/scalar.ts";
import {
  doWhile,
  f32x4,
  i32,
  i32x4,
  type Local,
  load,
  op,
  type Statement,
  store,
  type Value,
  WasmModule,
} from "./assembler.ts";
import type { InstructionName } from "./opcodes.ts";

/*
 * Prints a program without folds as a loop over vectors of four. Every node is the same rounded operation as in
 * JavaScript, so the bits are the same.
 */

/** `run(vectors, ...addresses)`: computes four elements at a time; inputs first, then outputs. */
export type VectorLoop = (vectors: number, ...addresses: number[]) => void;

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
const bool: { readonly [op: string]: InstructionName } = { and: "v128.and", or: "v128.or", not: "v128.not" };

const byType: { readonly [type: string]: { readonly [op: string]: InstructionName } } = { float32, int32, bool };

/** The vectors of a node from those of its arguments; `null` for what vectors do not offer. */
function vector(node: Scalar, args: readonly Value[]): Value | null {
  const [a, b, c] = args as [Value, Value, Value];
  const from = node.args[0]?.type ?? node.type;
  switch (node.op) {
    case "constant":
      return node.type === "float32" ? f32x4(node.value!) : node.type === "int32" ? i32x4(node.value!) : null;
    case "select":
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

/** Whether a program can be printed: no folds, only float32 and int32 in memory, only operations that vectors have. */
export function hasVectors({ inputs, outputs, levels }: Program): boolean {
  const inMemory = [...inputs, ...outputs].every(({ type }) => type === "float32" || type === "int32");
  if (!inMemory || levels.includes("row")) return false;
  const known = new Map<Scalar, boolean>();
  const possible = (node: Scalar): boolean => {
    let found = known.get(node);
    if (found === undefined) {
      found =
        node.op === "input" ||
        (node.args.every(possible) &&
          vector(
            node,
            node.args.map(() => f32x4(0)),
          ) !== null);
      known.set(node, found);
    }
    return found;
  };
  return outputs.every(possible);
}

/** The module of a program whose operands move as `moves` says: along ("unit") or not at all ("still"). It exports `run`. */
export function vectorModule(program: Program, moves: readonly Movement[]): Uint8Array<ArrayBuffer> {
  const module = new WasmModule();
  const run = module.function(["i32", ...moves.map(() => "i32" as const)], null, "run");
  const [count, ...addresses] = run.params as [Local, ...Local[]];
  const before: Statement[] = [];
  const body: Statement[] = [];
  const values = new Map<Scalar, Value>();
  const keep = (statements: Statement[], node: Scalar, value: Value): Value => {
    const local = run.local("v128");
    statements.push(local.set(value));
    values.set(node, local.get());
    return local.get();
  };
  const inputValue = (node: Scalar): Value => {
    const address = addresses[node.value!]!.get();
    if (moves[node.value!] === "still") return keep(before, node, load("v128.load32_splat", address));
    return keep(body, node, load("v128.load", address));
  };
  const emit = (node: Scalar): Value => {
    const known = values.get(node);
    if (known !== undefined) return known;
    if (node.op === "input") return inputValue(node);
    const value = vector(node, node.args.map(emit))!;
    return node.op === "constant" ? value : keep(body, node, value);
  };
  const results = program.outputs.map(emit);
  results.forEach((value, i) => {
    body.push(store("v128.store", addresses[program.inputs.length + i]!.get(), value));
  });
  addresses.forEach((address, i) => {
    if (moves[i] === "unit") body.push(address.set(op("i32.add", address.get(), i32(16))));
  });
  run.define([...before, doWhile(body, count.tee(op("i32.sub", count.get(), i32(1))))]);
  return module.toBytes();
}
