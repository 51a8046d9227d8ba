import type * as gt from "gradtape";
import type { SceneUpdate } from "./scene.ts";

/* The update of one element: the formula, the formula with its numbers, and what came of it. */

/** Who a piece of a formula belongs to, so that it can be coloured. */
export type PieceKind = "text" | "state" | "hyper" | "gradient" | "new";

export interface Piece {
  readonly kind: PieceKind;
  readonly text: string;
}

/** The new value of one state: `name′ = formula = formula with numbers = result`. */
export interface FormulaLine {
  readonly name: string;
  readonly symbols: readonly Piece[];
  readonly numbers: readonly Piece[];
  readonly result: number;
}

/** The fewest digits that name a number of this dtype, so that those who calculate with them get its very bits. */
export function digits(value: number, dtype = "float32"): string {
  if (!Number.isFinite(value)) return String(value).replace("Infinity", "∞");
  const single = Math.fround(value);
  let text = String(value);
  for (let count = 1; count <= 9 && dtype === "float32"; count++) {
    const rounded = Number(value.toPrecision(count));
    if (Math.fround(rounded) !== single) continue;
    text = String(rounded);
    break;
  }
  return text.replace("-", "−").replace("e+", "e").replace("e-", "e−");
}

/** What a word of the kernel language does to numbers before they are rounded, and how strongly it binds what stands beside it. */
interface Word {
  readonly compute: (...args: number[]) => number;
  readonly level: number;
  readonly write: (args: readonly Written[]) => readonly Piece[];
}

interface Written {
  readonly pieces: readonly Piece[];
  readonly level: number;
}

const text = (...parts: string[]): Piece[] => parts.map((part) => ({ kind: "text", text: part }));
const held = ({ pieces, level }: Written, least: number) =>
  level >= least ? pieces : [...text("("), ...pieces, ...text(")")];

/** What stands on the right keeps its brackets even where people leave them out: they are the order of rounding. */
function infix(symbol: string, level: number, compute: Word["compute"]): Word {
  return {
    compute,
    level,
    write: ([a, b]) => [...held(a!, level), ...text(` ${symbol} `), ...held(b!, level + 1)],
  };
}

const around = (before: string, after: string, compute: Word["compute"]): Word => ({
  compute,
  level: 9,
  write: ([x]) => [...text(before), ...x!.pieces, ...text(after)],
});

const called = (name: string, compute: Word["compute"]): Word => ({
  compute,
  level: 9,
  write: (args) => [
    ...text(`${name}(`),
    ...args.flatMap(({ pieces }, i) => [...text(i > 0 ? ", " : ""), ...pieces]),
    ...text(")"),
  ],
});

const words: Readonly<Record<string, Word>> = {
  add: infix("+", 2, (x, y) => x! + y!),
  sub: infix("−", 2, (x, y) => x! - y!),
  mul: infix("·", 3, (x, y) => x! * y!),
  div: infix("/", 3, (x, y) => x! / y!),
  neg: { compute: (x) => -x!, level: 2, write: ([x]) => [...text("−"), ...held(x!, 3)] },
  abs: around("|", "|", (x) => Math.abs(x!)),
  sqrt: around("√(", ")", (x) => Math.sqrt(x!)),
  pow: {
    compute: (x, y) => x! ** y!,
    level: 8,
    write: ([x, y]) => [...held(x!, 9), ...text("^"), ...held(y!, 9)],
  },
  min: called("min", (x, y) => Math.min(x!, y!)),
  max: called("max", (x, y) => Math.max(x!, y!)),
  lt: infix("<", 1, (x, y) => Number(x! < y!)),
  le: infix("≤", 1, (x, y) => Number(x! <= y!)),
  eq: infix("=", 1, (x, y) => Number(x === y)),
  select: {
    compute: (condition, x, y) => (condition ? x! : y!),
    level: 0,
    write: ([condition, x, y]) => [
      ...held(condition!, 1),
      ...text(" ? "),
      ...held(x!, 1),
      ...text(" : "),
      ...held(y!, 1),
    ],
  },
};

const wordOf = (op: string): Word => words[op] ?? called(op, () => Number.NaN);

type Leaf = Exclude<gt.Formula, { kind: "call" }>;

function write(formula: gt.Formula, leaf: (leaf: Leaf) => Piece): Written {
  if (formula.kind !== "call") {
    const piece = leaf(formula);
    // A negative number stands in brackets beside anything but a sum's beginning.
    return { pieces: [piece], level: piece.text.startsWith("−") ? 2 : /e/.test(piece.text) ? 4 : 9 };
  }
  const word = wordOf(formula.op);
  const args = formula.args.map((arg) => write(arg, leaf));
  const [first, second] = formula.args.map((arg) => JSON.stringify(arg));
  if (formula.op === "mul" && first === second) return { pieces: [...held(args[0]!, 9), ...text("²")], level: 8 };
  return { pieces: word.write(args), level: word.level };
}

function compute(formula: gt.Formula, elementOf: (leaf: Leaf) => number, round: (value: number) => number): number {
  if (formula.kind !== "call") return elementOf(formula);
  return round(wordOf(formula.op).compute(...formula.args.map((arg) => compute(arg, elementOf, round))));
}

/** One time that an element is updated: a sparse update does it once for every row that names it. */
export interface Occurrence {
  /** Where the gradient is found. */
  readonly at: number;
  readonly gradient: number;
}

/** The gradients that reach an element; none where no row names it. */
export function occurrencesOf({ given, rows, shape }: SceneUpdate, element: number): Occurrence[] {
  const gradient = given.at(-1)!;
  if (rows === null) return [{ at: element, gradient: gradient[gradient.length === 1 ? 0 : element]! }];
  const width = shape.slice(1).reduce((product, extent) => product * extent, 1);
  const [row, column] = [Math.floor(element / width), element % width];
  return rows.flatMap((each, i) => {
    const at = i * width + column;
    return each === row ? [{ at, gradient: gradient[at]! }] : [];
  });
}

/** What the input is called that reaches every element: `g` for a gradient. */
export function givenName({ names, formulas, given }: SceneUpdate): string {
  return shortName(names[formulas.length + given.length - 1] ?? "");
}

const shortName = (name: string) => (name === "gradient" ? "g" : name);

/** The element whose gradient is the largest. */
export function largestElement({ given, rows, shape }: SceneUpdate): number {
  const gradient = given.at(-1)!;
  let best = 0;
  for (let i = 1; i < gradient.length; i++) if (Math.abs(gradient[i]!) > Math.abs(gradient[best]!)) best = i;
  if (rows === null) return best;
  const width = shape.slice(1).reduce((product, extent) => product * extent, 1);
  return (rows[Math.floor(best / width)] ?? 0) * width + (best % width);
}

/** The formulas of one element, for each time that it is updated: slots first, the variable last. */
export function formulaLines(update: SceneUpdate, element: number): FormulaLine[][] {
  const { before, after } = update;
  const occurrences = occurrencesOf(update, element);
  let states = before.map((values) => values[element]!);
  return occurrences.map(({ gradient }, i) => {
    // Behind the last time the library's own numbers are known.
    const known = i === occurrences.length - 1 ? after.map((values) => values[element]!) : null;
    const { lines, next } = linesOf(update, states, gradient, known);
    states = next;
    return [...lines.slice(1), lines[0]!];
  });
}

function linesOf(
  { formulas, names, given, dtype }: SceneUpdate,
  states: readonly number[],
  gradient: number,
  known: readonly number[] | null,
): { lines: FormulaLine[]; next: number[] } {
  const inputs = [...states, ...given.slice(0, -1).map((values) => values[0]!), gradient];
  const next: number[] = known === null ? [] : [...known];
  const round = dtype === "float32" ? Math.fround : (value: number) => value;
  const elementOf = (leaf: Leaf): number => {
    if (leaf.kind === "number") return leaf.value;
    if (leaf.kind === "input") return inputs[leaf.input]!;
    next[leaf.input] ??= compute(formulas[leaf.input]!, elementOf, round);
    return next[leaf.input]!;
  };
  const kindOf = (leaf: Leaf): PieceKind => {
    if (leaf.kind === "number") return "text";
    if (leaf.kind === "written") return "new";
    if (leaf.input < states.length) return "state";
    return leaf.input === inputs.length - 1 ? "gradient" : "hyper";
  };
  const nameOf = (leaf: Leaf): string => {
    if (leaf.kind === "number") return digits(leaf.value, dtype);
    const called = names[leaf.input] ?? "";
    // A number of the optimizer may be called like a slot that it belongs to.
    const name = names.indexOf(called) < leaf.input ? `optimizer.${called}` : called;
    return leaf.kind === "written" ? `${name}′` : shortName(name);
  };
  const lines = formulas.map((formula, i): FormulaLine => {
    const symbols = write(formula, (leaf) => ({ kind: kindOf(leaf), text: nameOf(leaf) })).pieces;
    const numbers = write(formula, (leaf) => ({ kind: kindOf(leaf), text: digits(elementOf(leaf), dtype) })).pieces;
    return { name: names[i] ?? "", symbols, numbers, result: elementOf({ kind: "written", input: i }) };
  });
  return { lines, next };
}
