import type { Movement } from "../kernel/javascript.ts";
import { foldStages, type Level, levelOf, type Program } from "../kernel/program.ts";
import { foldStart, type Scalar } from "../kernel/scalar.ts";
import { BLOCK, isBlocked, sumStep } from "../kernel/sum.ts";
import {
  doWhile,
  i32,
  i32x4,
  ifElse,
  type Local,
  load,
  loadLane,
  op,
  type Statement,
  select,
  store,
  storeLane,
  type Value,
  type WasmFunction,
  type WasmModule,
  whileDo,
} from "./assembler.ts";
import { constantVector, joined, vector } from "./vector.ts";

/*
 * Prints a program as a loop over one axis, four positions (lanes) at a time, the last few one by one. Folded axes are
 * walked inside, in the same order for every lane: so the bits are those of the JavaScript loops.
 */

/** How the operands of a printed loop lie. */
export interface LoopPattern {
  /** How each operand (inputs, then outputs) moves along the lanes. */
  readonly moves: readonly Movement[];
  /** How many axes are folded. */
  readonly inner: number;
  /** True when it is known that no sum has more than one block. */
  readonly short?: boolean;
  /** Whether each output is stored at every inner position or once. */
  readonly outputs: readonly Level[];
  /** The steps in which lanes are taken: four and one, unless it is known that one of them is never needed. */
  readonly widths?: readonly Width[];
}
type Width = 4 | 1;

/** What distinguishes printed loops of one program. */
export function patternKey({ moves, inner, short, outputs, widths }: LoopPattern): string {
  return `${moves.join()} ${inner} ${short} ${outputs.join()} ${widths?.join() ?? ""}`;
}

/** The stride parameters that a pattern needs, in order: operand, and which axis (-1: the lanes). */
export function strideParameters(program: Program, pattern: LoopPattern): readonly (readonly [number, number])[] {
  return pattern.moves.flatMap((move, operand) => [
    ...(move === "strided" ? [[operand, -1] as const] : []),
    ...(movesInside(program, pattern, operand)
      ? Array.from({ length: pattern.inner }, (_, axis) => [operand, axis] as const)
      : []),
  ]);
}

function movesInside({ inputs }: Program, { outputs }: LoopPattern, operand: number): boolean {
  return (operand < inputs.length ? inputs[operand]!.level : outputs[operand - inputs.length]) === "element";
}

/**
 * Adds the loop to a module: `loop(lanes, ...inner extents, ...addresses, ...strides)`, addresses and strides in bytes,
 * strides in the order of `strideParameters`. There is at least one lane.
 */
export function addLoop(module: WasmModule, program: Program, pattern: LoopPattern): WasmFunction {
  const { moves, inner } = pattern;
  const strideList = strideParameters(program, pattern);
  const parameters = 1 + inner + moves.length + strideList.length;
  const made = module.function(Array<"i32">(parameters).fill("i32"), null);
  const [lanes, ...rest] = made.params as [Local, ...Local[]];
  const extents = rest.slice(0, inner);
  const addresses = rest.slice(inner, inner + moves.length);
  const strides = new Map(
    strideList.map(([operand, axis], i) => [`${operand} ${axis}`, rest[inner + moves.length + i]!]),
  );
  const before: Statement[] = [];
  const fixed = new Scope(made, before, null);
  const parts: Parts = {
    ...{ program, pattern, made, extents, addresses, fixed },
    stride: (operand, axis) => strides.get(`${operand} ${axis}`)!.get(),
    levels: new Map(),
    stillNodes: new Map(),
  };
  const bodies = (pattern.widths ?? [4, 1]).map((width) => [width, body(parts, width)] as const);
  const loop = (count: number, statements: readonly Statement[]) =>
    whileDo(op("i32.ge_s", lanes.get(), i32(count)), [
      ...statements,
      lanes.set(op("i32.sub", lanes.get(), i32(count))),
    ]);
  const loops = bodies.flatMap(([width, statements]) => {
    const once = loop(width, statements);
    // The counting of a short loop weighs as much as its arithmetic.
    const short = width === 4 && inner === 0 && statements.length <= SHORT;
    return short ? [loop(16, [statements, statements, statements, statements].flat()), once] : [once];
  });
  made.define([...before, ...loops]);
  return made;
}

/** Loops of up to this many statements are written four times in a row. */
const SHORT = 16;

interface Parts {
  readonly program: Program;
  readonly pattern: LoopPattern;
  readonly made: WasmFunction;
  readonly extents: readonly Local[];
  readonly addresses: readonly Local[];
  /** What is the same for all lanes, computed once before the loop. */
  readonly fixed: Scope;
  readonly levels: Map<Scalar, Level>;
  readonly stillNodes: Map<Scalar, boolean>;
  stride(operand: number, axis: number): Value;
}

/** Statements in one place, and the locals that hold the nodes computed there. */
class Scope {
  readonly statements: Statement[];
  private readonly values = new Map<Scalar, Local>();
  private readonly made: WasmFunction;
  private readonly parent: Scope | null;

  constructor(made: WasmFunction, statements: Statement[], parent: Scope | null) {
    this.made = made;
    this.statements = statements;
    this.parent = parent;
  }

  find(node: Scalar): Local | undefined {
    return this.values.get(node) ?? this.parent?.find(node);
  }

  keep(node: Scalar, value: Value): Local {
    const local = this.made.local("v128");
    this.statements.push(local.set(value));
    this.values.set(node, local);
    return local;
  }

  alias(node: Scalar, local: Local): void {
    this.values.set(node, local);
  }

  /** The value of a node whose leaves have locals. */
  compute(node: Scalar): Value {
    if (node.op === "constant") return constantVector(node.value!, node.type)!;
    const args = () => node.args.map((arg) => this.compute(arg));
    return (this.find(node) ?? this.keep(node, vector(node, args())!)).get();
  }
}

const plus = (a: Value, b: Value) => op("i32.add", a, b);
const reduce = (local: Local, by: Value) => local.set(op("i32.sub", local.get(), by));

/** The statements for the next `width` lanes, which move the addresses on. */
function body(parts: Parts, width: Width): Statement[] {
  const { program, pattern, made, extents, addresses, fixed } = parts;
  const { inputs, outputs } = program;
  const { moves, inner } = pattern;
  const row = new Scope(made, [], fixed);
  const position = made.local("i32");
  /** Where each operand stands along the folded axes. */
  const pointers = moves.map((_, i) => (inner > 0 && movesInside(program, pattern, i) ? made.local("i32") : null));

  const home = (node: Scalar, scope: Scope): Scope => {
    if (isStill(parts, node)) return fixed;
    return inner === 0 || levelOf(node, inputs, parts.levels) === "row" ? row : scope;
  };
  const emit = (node: Scalar, scope: Scope): Value => {
    if (node.op === "constant") return constantVector(node.value!, node.type)!;
    const found = scope.find(node);
    if (found !== undefined) return found.get();
    const at = home(node, scope);
    if (inner === 0 && (node.op === "index" || node.op === "extent")) return i32x4(node.op === "index" ? 0 : 1);
    if (node.op === "index") return at.keep(node, op("i32x4.splat", position.get())).get();
    if (node.op === "extent") return at.keep(node, op("i32x4.splat", product(extents))).get();
    if (node.op === "input") return at.keep(node, read(node.value!)).get();
    const args = node.args.map((arg) => emit(arg, at));
    return at.keep(node, vector(node, args)!).get();
  };
  const pointer = (operand: number) => (pointers[operand] ?? addresses[operand]!).get();
  const lane = (operand: number, i: number) =>
    i === 0 ? pointer(operand) : plus(pointer(operand), op("i32.mul", parts.stride(operand, -1), i32(i)));
  const read = (operand: number): Value => {
    const raw = readLanes(moves[operand]!, width, (i) => lane(operand, i));
    return inputs[operand]!.type === "bool" ? op("i32x4.ne", raw, i32x4(0)) : raw;
  };
  const write = (output: number, value: Value): Statement[] => {
    const operand = inputs.length + output;
    const raw = outputs[output]!.type === "bool" ? op("v128.and", value, i32x4(1)) : value;
    return writeLanes(moves[operand]!, width, (i) => lane(operand, i), raw, made);
  };

  /**
   * The folded axes walked around the statements that `fill` puts into a scope of their own; after each block of
   * positions comes `close`.
   */
  const walk = (fill: (scope: Scope) => void, close: readonly Statement[] = []): void => {
    const scope = new Scope(made, [], row);
    fill(scope);
    const moving = pointers.flatMap((local, i) => (local === null ? [] : [[local, i] as const]));
    const axis = (level: number): Statement[] => {
      if (level === inner) return [...scope.statements, position.set(plus(position.get(), i32(1)))];
      const counter = made.local("i32");
      const saved = level === inner - 1 ? [] : moving.map(([local]) => [local, made.local("i32")] as const);
      const step = moving.map(([local, i]) => {
        const from = saved.find(([each]) => each === local)?.[1] ?? local;
        return local.set(plus(from.get(), parts.stride(i, level)));
      });
      const each = [...saved.map(([local, copy]) => copy.set(local.get())), ...axis(level + 1), ...step];
      const blocked = close.length > 0 && level === inner - 1;
      return [
        counter.set(extents[level]!.get()),
        whileDo(counter.get(), blocked ? inBlocks(counter, each) : [...each, reduce(counter, i32(1))]),
      ];
    };
    /** As many positions as the axis and the block have left. A block may go on in the next row of an inner axis. */
    const inBlocks = (counter: Local, each: readonly Statement[]): Statement[] => {
      const run = made.local("i32");
      const within = op("i32.and", position.get(), i32(BLOCK - 1));
      const room = inner === 1 ? i32(BLOCK) : op("i32.sub", i32(BLOCK), within);
      return [
        run.set(room),
        run.set(select(op("i32.lt_s", counter.get(), run.get()), counter.get(), run.get())),
        reduce(counter, run.get()),
        doWhile([...each, reduce(run, i32(1))], run.get()),
        ...(inner === 1 ? close : [ifElse(op("i32.eqz", within), close)]),
      ];
    };
    row.statements.push(
      position.set(i32(0)),
      ...moving.map(([local, i]) => local.set(addresses[i]!.get())),
      ...axis(0),
    );
  };

  for (const folds of foldStages(outputs)) {
    const sums = folds.map((node) => {
      const sum = made.local("v128");
      row.statements.push(sum.set(constantVector(foldStart(node.combine!, node.type), node.type)!));
      return sum;
    });
    const blocked = folds.flatMap((node, i) =>
      !pattern.short && isBlocked(node) ? [blockedSum(made, node, sums[i]!)] : [],
    );
    const close = blocked.flatMap((each) => each.close);
    row.statements.push(...blocked.flatMap(({ begin }) => begin));
    walk((scope) => {
      folds.forEach((node, i) => {
        const value = emit(node.args[0]!, scope);
        scope.statements.push(sums[i]!.set(joined(node.combine!, node.type, sums[i]!.get(), value)!));
      });
    }, close);
    row.statements.push(...(inner === 1 ? [] : close), ...blocked.map(({ end }) => end));
    for (const [i, node] of folds.entries()) row.alias(node, sums[i]!);
  }
  const at = (level: Level) =>
    outputs.flatMap((_, i) => ((inner === 0 ? "row" : pattern.outputs[i]) === level ? [i] : []));
  // Everything is computed before the first output is stored: an output may lie where an input lies.
  const store = (level: Level, scope: Scope): void => {
    const values = at(level).map((i) => [i, emit(outputs[i]!, scope)] as const);
    for (const [i, value] of values) scope.statements.push(...write(i, value));
  };
  // Row values that are read from memory come first, before the elements overwrite it.
  for (const i of at("row")) emit(outputs[i]!, row);
  if (at("element").length > 0) walk((scope) => store("element", scope));
  store("row", row);
  addresses.forEach((address, i) => {
    const move = moves[i];
    if (move === "unit") row.statements.push(address.set(plus(address.get(), i32(4 * width))));
    if (move === "strided")
      row.statements.push(address.set(plus(address.get(), op("i32.mul", parts.stride(i, -1), i32(width)))));
  });
  return row.statements;
}

/** The statements that a blocked sum in `block` needs besides its additions: before the row, after each block, at the end. */
function blockedSum(made: WasmFunction, { type }: Scalar, block: Local) {
  const { inputs, next } = sumStep(type);
  const zero = constantVector(0, type)!;
  const [total, lost] = [made.local("v128"), made.local("v128")];
  const scope = new Scope(made, [], null);
  scope.alias(inputs.total, total);
  scope.alias(inputs.lost, lost);
  scope.alias(inputs.block, block);
  const [nextTotal, nextLost] = next.map((node) => scope.compute(node)) as [Value, Value];
  return {
    begin: [total.set(zero), lost.set(zero)],
    close: [...scope.statements, total.set(nextTotal), lost.set(nextLost), block.set(zero)],
    end: block.set(total.get()),
  };
}

/** True when a node is the same for all lanes and along the folded axes. */
function isStill({ program, pattern, stillNodes }: Parts, node: Scalar): boolean {
  const known = stillNodes.get(node);
  if (known !== undefined) return known;
  const { inputs } = program;
  const still = (each: Scalar): boolean => {
    if (each.op === "input")
      return pattern.moves[each.value!] === "still" && (pattern.inner === 0 || inputs[each.value!]!.level === "row");
    if (each.op === "index" || each.op === "fold") return false;
    return each.args.every((arg) => isStill({ program, pattern, stillNodes } as Parts, arg));
  };
  const found = still(node);
  stillNodes.set(node, found);
  return found;
}

function product(extents: readonly Local[]): Value {
  return extents.map((extent) => extent.get()).reduce((a, b) => op("i32.mul", a, b));
}

function readLanes(move: Movement, width: number, address: (lane: number) => Value): Value {
  if (move === "still" || width === 1) return load("v128.load32_splat", address(0));
  if (move === "unit") return load("v128.load", address(0));
  return [1, 2, 3].reduce((value, i) => loadLane(address(i), value, i), load("v128.load32_zero", address(0)));
}

function writeLanes(
  move: Movement,
  width: number,
  address: (lane: number) => Value,
  value: Value,
  made: WasmFunction,
): Statement[] {
  if (move === "still" || width === 1) return [storeLane(address(0), value, 0)];
  if (move === "unit") return [store("v128.store", address(0), value)];
  const kept = made.local("v128");
  return [kept.set(value), ...[0, 1, 2, 3].map((i) => storeLane(address(i), kept.get(), i))];
}
