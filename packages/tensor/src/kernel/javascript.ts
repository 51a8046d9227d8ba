import type { DType, TypedData } from "../dtype.ts";
import { foldStages, type Level, levelOf, type Program } from "./program.ts";
import { foldStart, type Scalar } from "./scalar.ts";
import { BLOCK, isBlocked, sumStep } from "./sum.ts";

/*
 * Prints programs as JavaScript loops. The printed function walks the outer axes; for each position it runs one pass
 * over the inner axes per stage of folds, and one more that stores the outputs which vary along them.
 */

/** `run(outer, inner, buffers, offsets, strides)`; strides are listed per operand, outer axes first. */
export type PrintedLoops = (
  outer: readonly number[],
  inner: readonly number[],
  buffers: readonly TypedData[],
  offsets: readonly number[],
  strides: readonly (readonly number[])[],
) => void;

/** How an operand moves along the innermost axis; fixed movement prints shorter, faster addresses. */
export type Movement = "still" | "unit" | "strided";

const infix = (operator: string, integer?: (a: string, b: string) => string) => ({ operator, integer });

const arithmetic: Record<string, ReturnType<typeof infix>> = {
  add: infix("+", (a, b) => `(${a} + ${b}) | 0`),
  sub: infix("-", (a, b) => `(${a} - ${b}) | 0`),
  mul: infix("*", (a, b) => `Math.imul(${a}, ${b})`),
  div: infix("/", (a, b) => `(${a} / ${b}) | 0`),
};

const forms: Record<string, (...args: string[]) => string> = {
  min: (a, b) => `Math.min(${a}, ${b})`,
  max: (a, b) => `Math.max(${a}, ${b})`,
  lt: (a, b) => `${a} < ${b} ? 1 : 0`,
  le: (a, b) => `${a} <= ${b} ? 1 : 0`,
  eq: (a, b) => `${a} === ${b} ? 1 : 0`,
  ne: (a, b) => `${a} !== ${b} ? 1 : 0`,
  and: (a, b) => `${a} & ${b}`,
  or: (a, b) => `${a} | ${b}`,
  shiftLeft: (a, b) => `${a} << ${b}`,
  shiftRight: (a, b) => `${a} >> ${b}`,
  not: (a) => `1 - ${a}`,
  select: (c, a, b) => `${c} ? ${a} : ${b}`,
  floor: (a) => `Math.floor(${a})`,
  bits: (a) => `(asFloat[0] = ${a}, asInt[0])`,
  fromBits: (a) => `(asInt[0] = ${a}, asFloat[0])`,
  abs: (a) => `Math.abs(${a})`,
  neg: (a) => `-${a}`,
  sqrt: (a) => `Math.sqrt(${a})`,
  exp: (a) => `Math.exp(${a})`,
  log: (a) => `Math.log(${a})`,
  tanh: (a) => `Math.tanh(${a})`,
  sin: (a) => `Math.sin(${a})`,
  cos: (a) => `Math.cos(${a})`,
  pow: (a, b) => `Math.pow(${a}, ${b})`,
};

/** Operations whose float32 result has to be rounded; the others give a float32 when given float32s. */
const inexact = new Set(["add", "sub", "mul", "div", "sqrt", "cast"]);

const conversions: { readonly [D in DType]: (x: string) => string } = {
  float32: (x) => x,
  float64: (x) => x,
  int32: (x) => `Math.max(-2147483648, Math.min(2147483647, ${x})) | 0`, // saturates, NaN becomes 0
  bool: (x) => `${x} !== 0 ? 1 : 0`,
};

function literal(value: number): string {
  if (Object.is(value, -0)) return "(-0)";
  return value < 0 ? `(${value})` : String(value);
}

/** The JavaScript expression of one node, given the names of its arguments. */
function expression(node: Scalar, args: readonly string[]): string {
  const [a, b] = args as [string, string];
  let text: string;
  if (node.op === "constant") return literal(node.value!);
  if (node.op === "cast") text = conversions[node.type](a);
  else if (node.op in arithmetic) {
    const { operator, integer } = arithmetic[node.op]!;
    text = node.type === "int32" ? integer!(a, b) : `${a} ${operator} ${b}`;
  } else text = forms[node.op]!(...args);
  if (node.type === "int32" && (node.op === "neg" || node.op === "abs")) return `(${text}) | 0`;
  return node.type === "float32" && inexact.has(node.op) ? `Math.fround(${text})` : text;
}

/** A run of statements in one scope; remembers which node has which name, and looks outwards for the rest. */
class Scope {
  readonly lines: string[] = [];
  private readonly names = new Map<Scalar, string>();
  private readonly parent: Scope | null;
  private readonly prefix: string;

  constructor(prefix: string, parent: Scope | null = null) {
    this.prefix = prefix;
    this.parent = parent;
  }

  find(node: Scalar): string | undefined {
    return this.names.get(node) ?? this.parent?.find(node);
  }

  name(node: Scalar, text: string): string {
    const name = `${this.prefix}${this.names.size}`;
    this.lines.push(`const ${name} = ${text};`);
    this.names.set(node, name);
    return name;
  }

  alias(node: Scalar, name: string): void {
    this.names.set(node, name);
  }

  /** The name of a node whose leaves have names. */
  compute(node: Scalar): string {
    if (node.op === "constant") return literal(node.value!);
    const args = () => node.args.map((arg) => this.compute(arg));
    return this.find(node) ?? this.name(node, expression(node, args()));
  }
}

/** The statements that a blocked sum in `block` needs besides its additions: before the row, after each block, at the end. */
function blockedSum({ type }: Scalar, block: string) {
  const { inputs, next } = sumStep(type);
  const [total, lost] = [`${block}_total`, `${block}_lost`];
  const scope = new Scope(`${block}_`);
  scope.alias(inputs.total, total);
  scope.alias(inputs.lost, lost);
  scope.alias(inputs.block, block);
  const [nextTotal, nextLost] = next.map((node) => scope.compute(node));
  const close = ["{", ...scope.lines, `${total} = ${nextTotal};`, `${lost} = ${nextLost};`, `${block} = 0;`, "}"];
  return { begin: `let ${total} = 0, ${lost} = 0;`, close, end: `${block} = ${total};` };
}

/**
 * Prints the loops of `program` for the given ranks and for the movement of each operand (inputs, then outputs). In
 * `short` loops no sum has more than one block.
 */
export function printLoops(
  program: Program,
  ranks: readonly [number, number],
  moves: readonly Movement[],
  short = false,
): PrintedLoops {
  const factory = new Function("asFloat", "asInt", `"use strict";\n${source(program, ranks, moves, short)}`);
  const shared = new ArrayBuffer(4);
  return factory(new Float32Array(shared), new Int32Array(shared)) as PrintedLoops;
}

/** The text that `printLoops` compiles. */
export function source(
  program: Program,
  [outer, inner]: readonly [number, number],
  moves: readonly Movement[],
  short = false,
): string {
  const { outputs, levels } = program;
  // Operands that do not move along the only inner axis are read and computed before it.
  const inputs = program.inputs.map((each, i) =>
    inner === 1 && moves[i] === "still" ? ({ ...each, level: "row" } as const) : each,
  );
  const known = new Map<Scalar, Level>();
  const operands = moves.map((_, i) => i);
  const innermost = outer + inner - 1;

  const address = (i: number, level: Level): string => {
    const base = `p${i}_${level === "row" ? outer : innermost}`;
    if (level === "row" || moves[i] === "still") return base;
    return moves[i] === "unit" ? `${base} + i${innermost}` : `${base} + i${innermost} * s${i}_${innermost}`;
  };

  const emit = (scope: Scope, rowScope: Scope, node: Scalar): string => {
    const found = scope.find(node);
    if (found !== undefined) return found;
    const level = levelOf(node, inputs, known);
    if (level === "row" && scope !== rowScope) return emit(rowScope, rowScope, node);
    if (node.op === "constant") return expression(node, []);
    if (node.op === "extent") return "extent";
    if (node.op === "index") return "position";
    if (node.op === "input") return scope.name(node, `b${node.value}[${address(node.value!, level)}]`);
    return scope.name(
      node,
      expression(
        node,
        node.args.map((arg) => emit(scope, rowScope, arg)),
      ),
    );
  };

  // Inner loops around the statements that `body` puts into a scope of their own.
  const innerLoops = (rowScope: Scope, stage: number, body: (scope: Scope) => void, close?: string[]): void => {
    const scope = new Scope(`e${stage}_`, rowScope);
    body(scope);
    const lines = [...scope.lines, "position++;"];
    rowScope.lines.push("position = 0;", ...loops(outer, innermost, operands, lines, false, close));
  };

  const row = new Scope("r");
  const stages = foldStages(outputs);
  stages.forEach((folds, stage) => {
    const accumulators = folds.map((node, i) => {
      row.lines.push(`let f${stage}_${i} = ${literal(foldStart(node.combine!, node.type))};`);
      return `f${stage}_${i}`;
    });
    const sums = folds.flatMap((node, i) => (!short && isBlocked(node) ? [blockedSum(node, accumulators[i]!)] : []));
    row.lines.push(...sums.map(({ begin }) => begin));
    innerLoops(
      row,
      stage,
      (scope) => {
        folds.forEach((node, i) => {
          const name = accumulators[i]!;
          const joined: Scalar = { op: node.combine!, type: node.type, args: [node, node.args[0]!] };
          scope.lines.push(`${name} = ${expression(joined, [name, emit(scope, row, node.args[0]!)])};`);
        });
      },
      sums.length === 0 ? [] : ["{", ...sums.flatMap(({ close }) => close), "}"],
    );
    row.lines.push(...sums.flatMap(({ close, end }) => (inner === 1 ? [end] : [...close, end])));
    for (const [i, node] of folds.entries()) row.alias(node, accumulators[i]!);
  });

  // A value that is the same all along the row is still stored along it where the place of the output moves.
  const storedAt = outputs.map((_, i) => (moves[inputs.length + i] === "still" ? levels[i]! : "element"));
  const at = (level: Level) => outputs.flatMap((_, i) => (storedAt[i] === level ? [i] : []));
  // Everything is computed before the first output is stored: an output may lie where an input lies.
  const compute = (scope: Scope, level: Level): void => {
    for (const output of at(level)) emit(scope, row, outputs[output]!);
  };
  const store = (scope: Scope, level: Level): void => {
    for (const output of at(level)) {
      const target = inputs.length + output;
      scope.lines.push(`b${target}[${address(target, level)}] = ${emit(scope, row, outputs[output]!)};`);
    }
  };
  compute(row, "row");
  if (at("element").length > 0) {
    innerLoops(row, stages.length, (scope) => {
      compute(scope, "element");
      store(scope, "element");
    });
  }
  store(row, "row");

  const setup = operands.map((i) => {
    const strides = Array.from({ length: outer + inner }, (_, axis) => `s${i}_${axis} = strides[${i}][${axis}]`);
    return `const b${i} = buffers[${i}], p${i}_0 = offsets[${i}], ${strides.join(", ")};`;
  });
  const extents = Array.from({ length: outer + inner }, (_, axis) =>
    axis < outer ? `n${axis} = outer[${axis}]` : `n${axis} = inner[${axis - outer}]`,
  );
  const product = Array.from({ length: inner }, (_, axis) => `n${outer + axis}`).join(" * ");
  return [
    "return (outer, inner, buffers, offsets, strides) => {",
    ...setup,
    `const ${extents.join(", ")}, extent = ${product};`,
    "let position = 0;",
    ...loops(0, outer, operands, row.lines, true),
    "};",
  ].join("\n");
}

/**
 * Loops over the axes from `first` to `last` (exclusive with `through`, else inclusive) around `body`. After each block
 * of positions comes `close`.
 */
function loops(
  first: number,
  last: number,
  operands: readonly number[],
  body: readonly string[],
  through = false,
  close: readonly string[] = [],
): string[] {
  const lines: string[] = [];
  const end = through ? last : last + 1;
  for (let axis = first; axis < end; axis++) {
    if (close.length > 0 && axis === last) {
      // A block may go on in the next row of an inner axis.
      const [room, closing] =
        first === last
          ? [`${BLOCK}`, close]
          : [`${BLOCK} - position % ${BLOCK}`, [`if (position % ${BLOCK} === 0)`, ...close]];
      lines.push(
        `for (let i${axis} = 0; i${axis} < n${axis}; ) {`,
        `const end = Math.min(n${axis}, i${axis} + ${room});`,
        ...[`for (; i${axis} < end; i${axis}++) {`, ...body, "}"],
      );
      return [...lines, ...closing, ...Array(end - first).fill("}")];
    }
    lines.push(`for (let i${axis} = 0; i${axis} < n${axis}; i${axis}++) {`);
    // The innermost axis is addressed in place; the others move the base of every operand.
    if (through || axis < last) {
      for (const i of operands) lines.push(`const p${i}_${axis + 1} = p${i}_${axis} + i${axis} * s${i}_${axis};`);
    }
  }
  return [...lines, ...body, ...Array(end - first).fill("}")];
}
