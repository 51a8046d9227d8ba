import { isFloating, type TypedData } from "../dtype.ts";
import { sizeOf } from "../shape.ts";
import type { PrintedLoops } from "./javascript.ts";
import { foldStages, type Level, levelOf, type Program } from "./program.ts";
import { foldStart, type Scalar } from "./scalar.ts";
import { BLOCK, carried, isBlocked, numbers } from "./sum.ts";

/*
 * Runs programs where text may not become code. A node has a register with its values at some positions of the row, and
 * is a loop over them: what has to be looked up for a node is looked up once for many positions. The bits are those of
 * the printed loops.
 */

/** Positions that are computed at a time. */
const CHUNK = 256;

/** The values of a node. Those of int32 and bool lie in float64 too, so that the loops below meet one kind of array. */
type Register = Float64Array;
type Step = (count: number) => void;
type Form = (r: Register, n: number, a: Register, b: Register, c: Register) => void;
type Fold = (sum: number, from: number, to: number, a: Register) => number;

const shared = new ArrayBuffer(4);
const asFloat = new Float32Array(shared);
const asInt = new Int32Array(shared);

// Each has a loop of its own: engines would compile a loop that calls operations for none of them.
// biome-ignore format: a line for an operation
const forms: { readonly [op: string]: Form } = {
  add: (r, n, a, b) => { for (let i = 0; i < n; i++) r[i] = a[i]! + b[i]!; },
  sub: (r, n, a, b) => { for (let i = 0; i < n; i++) r[i] = a[i]! - b[i]!; },
  mul: (r, n, a, b) => { for (let i = 0; i < n; i++) r[i] = a[i]! * b[i]!; },
  div: (r, n, a, b) => { for (let i = 0; i < n; i++) r[i] = a[i]! / b[i]!; },
  min: (r, n, a, b) => { for (let i = 0; i < n; i++) r[i] = Math.min(a[i]!, b[i]!); },
  max: (r, n, a, b) => { for (let i = 0; i < n; i++) r[i] = Math.max(a[i]!, b[i]!); },
  pow: (r, n, a, b) => { for (let i = 0; i < n; i++) r[i] = a[i]! ** b[i]!; },
  lt: (r, n, a, b) => { for (let i = 0; i < n; i++) r[i] = a[i]! < b[i]! ? 1 : 0; },
  le: (r, n, a, b) => { for (let i = 0; i < n; i++) r[i] = a[i]! <= b[i]! ? 1 : 0; },
  eq: (r, n, a, b) => { for (let i = 0; i < n; i++) r[i] = a[i]! === b[i]! ? 1 : 0; },
  ne: (r, n, a, b) => { for (let i = 0; i < n; i++) r[i] = a[i]! !== b[i]! ? 1 : 0; },
  and: (r, n, a, b) => { for (let i = 0; i < n; i++) r[i] = a[i]! & b[i]!; },
  or: (r, n, a, b) => { for (let i = 0; i < n; i++) r[i] = a[i]! | b[i]!; },
  shiftLeft: (r, n, a, b) => { for (let i = 0; i < n; i++) r[i] = a[i]! << b[i]!; },
  shiftRight: (r, n, a, b) => { for (let i = 0; i < n; i++) r[i] = a[i]! >> b[i]!; },
  select: (r, n, a, b, c) => { for (let i = 0; i < n; i++) r[i] = a[i] ? b[i]! : c[i]!; },
  not: (r, n, a) => { for (let i = 0; i < n; i++) r[i] = 1 - a[i]!; },
  neg: (r, n, a) => { for (let i = 0; i < n; i++) r[i] = -a[i]!; },
  abs: (r, n, a) => { for (let i = 0; i < n; i++) r[i] = Math.abs(a[i]!); },
  sqrt: (r, n, a) => { for (let i = 0; i < n; i++) r[i] = Math.sqrt(a[i]!); },
  floor: (r, n, a) => { for (let i = 0; i < n; i++) r[i] = Math.floor(a[i]!); },
  exp: (r, n, a) => { for (let i = 0; i < n; i++) r[i] = Math.exp(a[i]!); },
  log: (r, n, a) => { for (let i = 0; i < n; i++) r[i] = Math.log(a[i]!); },
  tanh: (r, n, a) => { for (let i = 0; i < n; i++) r[i] = Math.tanh(a[i]!); },
  sin: (r, n, a) => { for (let i = 0; i < n; i++) r[i] = Math.sin(a[i]!); },
  cos: (r, n, a) => { for (let i = 0; i < n; i++) r[i] = Math.cos(a[i]!); },
  bits: (r, n, a) => { for (let i = 0; i < n; i++) { asFloat[0] = a[i]!; r[i] = asInt[0]!; } },
  fromBits: (r, n, a) => { for (let i = 0; i < n; i++) { asInt[0] = a[i]!; r[i] = asFloat[0]!; } },
  "int32 mul": (r, n, a, b) => { for (let i = 0; i < n; i++) r[i] = Math.imul(a[i]!, b[i]!); },
  "float cast": (r, n, a) => { r.set(n === CHUNK ? a : a.subarray(0, n)); },
  "bool cast": (r, n, a) => { for (let i = 0; i < n; i++) r[i] = a[i] !== 0 ? 1 : 0; },
  // Saturates; NaN becomes 0.
  "int32 cast": (r, n, a) => { for (let i = 0; i < n; i++) r[i] = Math.max(-2147483648, Math.min(2147483647, a[i]!)) | 0; },
};

// What brings results back into their type.
// biome-ignore format: a line for a type
const settle: { readonly [type: string]: { readonly after: ReadonlySet<string>; readonly form: Form } } = {
  float32: {
    after: new Set(["add", "sub", "mul", "div", "sqrt", "cast"]),
    form: (r, n) => { for (let i = 0; i < n; i++) r[i] = Math.fround(r[i]!); },
  },
  int32: {
    after: new Set(["add", "sub", "div", "neg", "abs"]),
    form: (r, n) => { for (let i = 0; i < n; i++) r[i] = r[i]! | 0; },
  },
};

// biome-ignore format: a line for a fold
const folds: { readonly [combine: string]: Fold } = {
  "float32 add": (sum, i, n, a) => { for (; i < n; i++) sum = Math.fround(sum + a[i]!); return sum; },
  "float32 mul": (sum, i, n, a) => { for (; i < n; i++) sum = Math.fround(sum * a[i]!); return sum; },
  "int32 add": (sum, i, n, a) => { for (; i < n; i++) sum = (sum + a[i]!) | 0; return sum; },
  "int32 mul": (sum, i, n, a) => { for (; i < n; i++) sum = Math.imul(sum, a[i]!); return sum; },
  add: (sum, i, n, a) => { for (; i < n; i++) sum += a[i]!; return sum; },
  mul: (sum, i, n, a) => { for (; i < n; i++) sum *= a[i]!; return sum; },
  min: (sum, i, n, a) => { for (; i < n; i++) sum = Math.min(sum, a[i]!); return sum; },
  max: (sum, i, n, a) => { for (; i < n; i++) sum = Math.max(sum, a[i]!); return sum; },
  and: (sum, i, n, a) => { for (; i < n; i++) sum &= a[i]!; return sum; },
  or: (sum, i, n, a) => { for (; i < n; i++) sum |= a[i]!; return sum; },
};

/** A fold over chunks of a row: each gives what has been joined so far. */
interface Joined {
  begin(): void;
  join(n: number, a: Register): number;
}

function joined(node: Scalar): Joined {
  const { combine, type } = node;
  const join = folds[`${type} ${combine}`] ?? folds[combine!]!;
  const start = foldStart(combine!, type);
  let sum = start;
  if (!isBlocked(node)) {
    return {
      begin() {
        sum = start;
      },
      join(n, a) {
        sum = join(sum, 0, n, a);
        return sum;
      },
    };
  }
  // Chunks consist of whole blocks.
  const rounded = numbers[type as keyof typeof numbers];
  let lost = 0;
  return {
    begin() {
      sum = 0;
      lost = 0;
    },
    join(n, a) {
      for (let from = 0; from < n; from += BLOCK) {
        const block = join(0, from, Math.min(from + BLOCK, n), a);
        const next = carried(rounded, sum, lost, block);
        sum = next[0];
        lost = next[1];
      }
      return sum;
    },
  };
}

function arithmetic(node: Scalar, r: Register, [a, b, c]: readonly Register[]): Step {
  const kind = node.op === "cast" && isFloating(node.type) ? "float" : node.type;
  const form = forms[`${kind} ${node.op}`] ?? forms[node.op]!;
  const { after, form: settled } = settle[node.type] ?? {};
  if (!after?.has(node.op)) return (n) => form(r, n, a!, b!, c!);
  return (n) => {
    form(r, n, a!, b!, c!);
    settled!(r, n, r, r, r);
  };
}

/** Statements that compute each node once. */
class Part {
  readonly steps: Step[] = [];
  readonly done = new Set<Scalar>();
}

/** Where the interpreter stands in the loops. */
interface Standing {
  inner: readonly number[];
  buffers: readonly TypedData[];
  strides: readonly (readonly number[])[];
  /** Where each operand begins in this row. */
  bases: readonly number[];
  /** The first position of the chunk. */
  position: number;
  extent: number;
}

/**
 * The loops of `program`, whatever the ranks and movements. Unlike printed ones, which must not be entered again while
 * they run.
 */
export function interpretLoops(program: Program): PrintedLoops {
  const { inputs, outputs, levels } = program;
  const at: Standing = { inner: [], buffers: [], strides: [], bases: [], position: 0, extent: 0 };
  const registers = new Map<Scalar, Register>();
  const known = new Map<Scalar, Level>();
  const row = new Part();
  const spread = new Set<Scalar>();

  const registerOf = (node: Scalar): Register => {
    const register = registers.get(node) ?? new Float64Array(CHUNK);
    if (!registers.has(node) && node.op === "constant") register.fill(node.value!);
    registers.set(node, register);
    return register;
  };
  const stepOf = (node: Scalar, r: Register, args: readonly Register[], level: Level): Step => {
    const operand = node.value!;
    if (node.op === "extent") return () => r.fill(at.extent, 0, 1);
    if (node.op === "index")
      return (n) => {
        for (let i = 0; i < n; i++) r[i] = at.position + i;
      };
    if (node.op === "input" && level === "row") return () => r.fill(at.buffers[operand]![at.bases[operand]!]!, 0, 1);
    if (node.op === "input") return (n) => read(at, operand, r, n);
    return arithmetic(node, r, args);
  };
  // A value of the whole row is computed with the row; where elements need it, it is repeated once for all of them.
  const emit = (node: Scalar, into: Part): Register => {
    const r = registerOf(node);
    if (node.op === "constant") return r;
    const level = levelOf(node, inputs, known);
    const part = level === "row" ? row : into;
    if (!part.done.has(node)) {
      part.done.add(node);
      const args = node.args.map((arg) => emit(arg, part));
      const step = stepOf(node, r, args, level);
      part.steps.push(part === row ? () => step(1) : step);
    }
    if (into !== part && !spread.has(node)) {
      spread.add(node);
      row.steps.push((width) => r.fill(r[0]!, 0, width));
    }
    return r;
  };
  const pass = ({ steps }: Part): Step => {
    return () => {
      for (let position = 0; position < at.extent; position += CHUNK) {
        at.position = position;
        const count = Math.min(CHUNK, at.extent - position);
        for (const step of steps) step(count);
      }
    };
  };

  for (const stage of foldStages(outputs)) {
    const inside = new Part();
    for (const node of stage) {
      const { begin, join } = joined(node);
      const [sum, values] = [registerOf(node), emit(node.args[0]!, inside)];
      row.steps.push(() => {
        begin();
        sum[0] = foldStart(node.combine!, node.type);
      });
      inside.steps.push((n) => {
        sum[0] = join(n, values);
      });
    }
    row.steps.push(pass(inside));
    for (const node of stage) row.done.add(node);
  }
  // Everything is computed before the first output is stored: an output may lie where an input lies.
  const last = new Part();
  const results = outputs.map((output, i) => emit(output, levels[i] === "row" ? row : last));
  const stored = (i: number): Level => (at.strides[inputs.length + i]!.at(-1) === 0 ? levels[i]! : "element");
  for (const [i, r] of results.entries()) {
    last.steps.push((n) => {
      if (stored(i) === "row") return;
      if (levels[i] === "row") r.fill(r[0]!, 0, n);
      write(at, inputs.length + i, r, n);
    });
  }
  const finish = pass(last);
  row.steps.push((width) => {
    if (outputs.some((_, i) => stored(i) === "element")) finish(width);
    for (const [i, r] of results.entries()) {
      const operand = inputs.length + i;
      if (stored(i) === "row") at.buffers[operand]![at.bases[operand]!] = r[0]!;
    }
  });

  return (outer, inner, buffers, offsets, strides) => {
    const bases = [...offsets];
    const within = strides.map((steps) => steps.slice(outer.length));
    Object.assign(at, { inner, buffers, strides: within, bases, extent: sizeOf(inner) });
    const width = Math.min(CHUNK, at.extent);
    const index = outer.map(() => 0);
    for (let left = sizeOf(outer); left > 0; left--) {
      for (const step of row.steps) step(width);
      for (let axis = outer.length - 1; axis >= 0; axis--) {
        const ended = ++index[axis]! === outer[axis];
        const steps = ended ? 1 - outer[axis]! : 1;
        for (let i = 0; i < bases.length; i++) bases[i]! += steps * strides[i]![axis]!;
        if (!ended) break;
        index[axis] = 0;
      }
    }
    at.buffers = []; // nobody's memory is held on to
  };
}

/** Calls `visit(address, step, first, count)` for the stretches of the innermost axis that `n` positions consist of. */
function stretches(
  { inner, strides, bases, position }: Standing,
  operand: number,
  n: number,
  visit: (address: number, step: number, first: number, count: number) => void,
): void {
  const steps = strides[operand]!;
  const innermost = inner.length - 1;
  const length = inner[innermost]!;
  for (let done = 0; done < n; ) {
    let rest = position + done;
    let address = bases[operand]!;
    for (let axis = innermost; axis >= 0; axis--) {
      address += (rest % inner[axis]!) * steps[axis]!;
      rest = Math.floor(rest / inner[axis]!);
    }
    const count = Math.min(length - ((position + done) % length), n - done);
    visit(address, steps[innermost]!, done, count);
    done += count;
  }
}

function read(at: Standing, operand: number, r: Register, n: number): void {
  const buffer = at.buffers[operand]!;
  stretches(at, operand, n, (address, step, first, count) => {
    for (let i = 0; i < count; i++) r[first + i] = buffer[address + i * step]!;
  });
}

function write(at: Standing, operand: number, r: Register, n: number): void {
  const buffer = at.buffers[operand]!;
  stretches(at, operand, n, (address, step, first, count) => {
    for (let i = 0; i < count; i++) buffer[address + i * step] = r[first + i]!;
  });
}
