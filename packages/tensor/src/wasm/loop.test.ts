import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TypedData } from "../dtype.ts";
import { interpretLoops } from "../kernel/interpreter.ts";
import type { Movement } from "../kernel/javascript.ts";
import { type Level, type Program, program } from "../kernel/program.ts";
import * as k from "../kernel/scalar.ts";
import { generator } from "../random/generator.ts";
import { sizeOf } from "../shape.ts";
import { WasmModule } from "./assembler.ts";
import { addLoop, type LoopPattern, strideParameters } from "./loop.ts";
import { type Machine, machine } from "./machine.ts";

/* Loops of vectors against interpreted ones: every way to move, every tail, and nothing written beside the outputs. */

const engine = machine();

const folding = program(
  ["float32", "int32", "bool", "float32"],
  (x, n, b, r) => [
    k.mul(k.add(x!, k.cast(n!, "float32")), k.sub(r!, k.fold("max", x!))),
    k.select(k.fold("or", b!), k.add(k.fold("add", n!), k.extent), 7),
    k.add(n!, k.select(b!, k.index, -1)),
    k.lt(k.fold("add", x!), r!),
  ],
  ["element", "element", "element", "row"],
);
const plain = program(["float32", "int32", "bool", "float32"], (x, n, b, r) => [
  k.div(x!, k.add(r!, 2)),
  k.select(b!, n!, k.cast(x!, "int32")),
  k.sub(k.cast(b!, "int32"), n!),
  k.not(b!),
]);

/** So short that it is written four times in a row. */
const short = program(["float32"], (x) => k.sub(x!, 1));

/** How far an operand moves along each axis, in elements: lanes first. `gap` keeps other operands apart. */
function stridesOf(move: Movement, level: Level, lanes: number, inner: readonly number[], gap: number): number[] {
  const within = level === "row" ? 0 : 1;
  const lane = move === "still" ? 0 : move === "unit" ? 1 : within * sizeOf(inner) * gap + 2;
  // Beside lanes that lie next to each other the folded axes step over all of them.
  let step = move === "unit" ? lanes + gap : gap;
  const steps = inner.map(() => 0);
  for (let axis = inner.length - 1; axis >= 0; axis--) {
    steps[axis] = within * step;
    step *= inner[axis]!;
  }
  return [lane, ...steps];
}

interface Case {
  readonly made: Program;
  readonly pattern: LoopPattern;
  readonly lanes: number;
  readonly inner: readonly number[];
  readonly gap: number;
  readonly seed: number;
  /** Whether the first output lies where the first input lies, where they move alike. */
  readonly inPlace: boolean;
}

function expectSameBits({ memory }: Machine, run: (...args: number[]) => void, each: Case): void {
  const { made, pattern, lanes, inner, gap, seed, inPlace } = each;
  const levels = [...made.inputs.map(({ level }) => level), ...pattern.outputs];
  const strides = pattern.moves.map((move, i) => stridesOf(move, levels[i]!, lanes, inner, gap));
  const types = [...made.inputs, ...made.outputs].map(({ type }) => type);
  const extents = [lanes, ...inner];
  const sizes = strides.map((steps) => 2 + steps.reduce((sum, step, axis) => sum + step * (extents[axis]! - 1), 1));
  const first = made.inputs.length;
  const same = inPlace && strides[0]!.join() === strides[first]!.join();
  const filled = types.map((type, i): TypedData => {
    const whole = generator(seed + i).uniform([sizes[i]!], { low: -9, high: 9, dtype: "int32" }).data;
    if (type === "bool") return Int32Array.from(whole, (value) => value & 1);
    return type === "float32" ? Float32Array.from(whole, (value) => value / 3) : Int32Array.from(whole);
  });
  // A float more or less than a multiple of 4, so that nothing is where a vector would like it.
  let end = 4 * 16 + 4;
  const areas = filled.map((data) => {
    const at = end;
    end += 4 * data.length + 4;
    return at;
  });
  if (same) areas[first] = areas[0]!;
  const base = scratchFor(end);
  const view = (i: number) => {
    const Kind = types[i] === "float32" ? Float32Array : Int32Array;
    return new Kind(memory.buffer, base + areas[i]!, sizes[i]!);
  };
  for (let i = filled.length - 1; i >= 0; i--) view(i).set(filled[i]!);
  const bytes = strideParameters(made, pattern).map(([operand, axis]) => 4 * strides[operand]![axis + 1]!);
  run(lanes, ...inner, ...areas.map((at) => base + at + 4), ...bytes);

  const wanted = filled.map((data, i) => (same && i === first ? filled[0]! : data));
  const folded = inner.length > 0 ? inner : [1];
  const steps = strides.map((list) => (inner.length > 0 ? list : [...list, 0]));
  interpretLoops(made)([lanes], folded, wanted, Array(wanted.length).fill(1), steps);
  wanted.forEach((data, i) => {
    const got = view(i);
    for (let at = 0; at < data.length; at++)
      if (!Object.is(got[at], data[at])) expect.fail(`operand ${i}, element ${at}: ${got[at]} is not ${data[at]}`);
  });
}

function scratchFor(bytes: number): number {
  return 4 * engine!.scratch([bytes / 4])!.at[0]!;
}

const moves: readonly Movement[] = ["still", "unit", "strided"];
const moving: readonly Movement[] = ["unit", "strided"];

/** Every pattern of moves of three inputs and one output; the other operands move like their neighbours. */
const patterns = moves.flatMap((x) =>
  moves.flatMap((n) =>
    moves.flatMap((r) => moving.map((y): readonly Movement[] => [x, n, n, r, y, y, x === "still" ? "unit" : x, y])),
  ),
);

describe.runIf(engine !== null).each([
  ["no folded axis", 0],
  ["one folded axis", 1],
  ["two folded axes", 2],
])("%s", (_, inner) => {
  test.each(patterns.map((pattern) => [pattern.join(" "), pattern] as const))("%s", (_, pattern) => {
    const made = inner === 0 ? plain : folding;
    const outputs: Level[] = inner === 0 ? made.levels.map(() => "row") : ["element", "row", "element", "row"];
    const loops = ([undefined, [1], [4]] as const).map((widths) => {
      const whole: LoopPattern = { moves: pattern, inner, outputs, ...(widths && { widths }) };
      const module = new WasmModule(engine!.limits);
      module.export("run", addLoop(module, made, whole));
      const { run } = engine!.instantiate(module.toBytes()) as { run: (...args: number[]) => void };
      return { whole, run, unit: widths?.[0] === 4 ? 4 : 1 };
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 37 }),
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: inner, maxLength: inner }),
        fc.integer({ min: 1, max: 3 }),
        fc.nat(99),
        fc.boolean(),
        (lanes, within, gap, seed, inPlace) => {
          for (const { whole, run, unit } of loops) {
            const each = { made, pattern: whole, lanes: lanes * unit, inner: within, gap, seed, inPlace };
            expectSameBits(engine!, run, each);
          }
        },
      ),
      { numRuns: 12 },
    );
  });
});

test.runIf(engine !== null).each(moves.flatMap((x) => moving.map((y) => [x, y] as const)))(
  "a short loop: %s to %s",
  (x, y) => {
    const pattern: LoopPattern = { moves: [x, y], inner: 0, outputs: ["row"] };
    const module = new WasmModule(engine!.limits);
    module.export("run", addLoop(module, short, pattern));
    const { run } = engine!.instantiate(module.toBytes()) as { run: (...args: number[]) => void };
    for (let lanes = 1; lanes < 80; lanes++)
      for (const inPlace of [false, true])
        expectSameBits(engine!, run, { made: short, pattern, lanes, inner: [], gap: 1, seed: lanes, inPlace });
  },
);
