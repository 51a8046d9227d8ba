import { type DType, type EagerTensor, scalar as k, type Shape, sameShape } from "@gradtape/tensor";
import { type ArrayLanguage, type ArrayValue, type Combine, type Instruction, Refused } from "../arrays/language.ts";
import { OpenExtents } from "../arrays/open-extents.ts";
import { needed, type Step } from "../arrays/steps.ts";
import { operations } from "./instructions.ts";
import { elementTypes, literal, numberText } from "./literal.ts";
import { distinct } from "./unique.ts";

/** A line of the program. */
interface Line extends Step {
  readonly text: string;
}

const joins: { readonly [C in Combine]: string } = {
  add: "add",
  mul: "multiply",
  min: "minimum",
  max: "maximum",
  and: "and",
  or: "or",
};

const list = (numbers: readonly number[]) => `[${numbers.join(", ")}]`;
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

/**
 * A function in StableHLO. Every extent is a number there, so what only a run would tell (how many elements are
 * distinct) is given as much room as it can need; ids beyond the last row stand for rows that are not there.
 */
export class StableHloProgram implements ArrayLanguage {
  readonly open = new OpenExtents();
  readonly arguments: ArrayValue[] = [];
  private readonly lines: Line[] = [];
  private readonly constants = new Map<string, ArrayValue>();
  private location = "";
  private made = 0;

  enter(operation: string): void {
    this.location = operation;
  }

  argument(_: string, dtype: DType, shape: Shape): ArrayValue {
    const axis = shape.findIndex((extent) => this.open.isOpen(extent));
    if (axis >= 0) {
      throw new Refused(
        `its extent along axis ${axis} is left open, and StableHLO wants every extent; give it a number`,
      );
    }
    const value = { name: `%arg${this.arguments.length}`, dtype, shape };
    this.arguments.push(value);
    return value;
  }

  constant(data: EagerTensor): ArrayValue {
    const { dtype, shape } = data;
    return { ...this.constantOf(literal(data), dtype, shape), data };
  }

  filled(value: number, dtype: DType, shape: Shape): ArrayValue {
    return this.constantOf(`dense<${numberText(value, dtype)}>`, dtype, shape);
  }

  extent(): ArrayValue {
    throw new Refused("it counts rows whose number only the run tells");
  }

  positions(shape: Shape, axis: number): ArrayValue {
    return this.write("int32", shape, [], (to) => `iota dim = ${axis} : ${to}`);
  }

  has(instruction: Instruction): boolean {
    return operations[instruction] !== undefined;
  }

  elementwise(instruction: Instruction, type: DType, operands: readonly ArrayValue[]): ArrayValue {
    const [x] = operands as [ArrayValue];
    if (instruction === "cast" && type === x.dtype) return x;
    const text = operations[instruction]!;
    const names = operands.map(({ name }) => name).join(", ");
    const { shape } = operands[operands.length - 1]!;
    const from = `(${operands.map((each) => this.typeOf(each)).join(", ")})`;
    if (text.startsWith("compare")) {
      const order = x.dtype === "bool" ? "UNSIGNED" : x.dtype === "int32" ? "SIGNED" : "FLOAT";
      return this.write("bool", shape, operands, (to) => `${text}, ${names}, ${order} : ${from} -> ${to}`);
    }
    const alike = operands.every(({ dtype }) => dtype === type);
    if (instruction === "select") {
      return this.write(type, shape, operands, (to) => `select ${names} : ${this.typeOf(x)}, ${to}`);
    }
    return this.write(type, shape, operands, (to) => `${text} ${names} : ${alike ? to : `${from} -> ${to}`}`);
  }

  folded(combine: Combine, x: ArrayValue, axes: readonly number[]): ArrayValue {
    if (axes.some((axis) => this.open.isOpen(x.shape[axis]!))) {
      throw new Refused("it joins rows whose number only the run tells");
    }
    const shape = x.shape.filter((_, axis) => !axes.includes(axis));
    if (axes.length === 0) return x;
    const start = this.filled(k.foldStart(combine, x.dtype), x.dtype, []);
    return this.write(
      x.dtype,
      shape,
      [x, start],
      (to) =>
        `reduce(${x.name} init: ${start.name}) applies stablehlo.${joins[combine]} across dimensions = ${list(axes)}` +
        ` : (${this.typeOf(x)}, ${this.typeOf(start)}) -> ${to}`,
    );
  }

  reshaped(x: ArrayValue, shape: Shape): ArrayValue {
    return this.moved(x, shape, "reshape", "");
  }

  transposed(x: ArrayValue, perm: readonly number[]): ArrayValue {
    const shape = perm.map((axis) => x.shape[axis]!);
    return this.moved(x, shape, "transpose", `, dims = ${list(perm)}`);
  }

  repeated(x: ArrayValue, shape: Shape, axes: readonly number[]): ArrayValue {
    if (sameShape(x.shape, shape)) return x;
    return this.moved(x, shape, "broadcast_in_dim", `, dims = ${list(axes)}`);
  }

  sliced(x: ArrayValue, begin: Shape, shape: Shape, steps: Shape): ArrayValue {
    const ranges = begin.map((first, axis) => {
      const end = this.number(first) + (this.number(shape[axis]!) - 1) * steps[axis]! + 1;
      return `${first}:${end}${steps[axis] === 1 ? "" : `:${steps[axis]}`}`;
    });
    return this.moved(x, shape, "slice", ` [${ranges.join(", ")}]`);
  }

  embedded(x: ArrayValue, shape: Shape, begin: Shape, steps: Shape): ArrayValue {
    const high = shape.map((extent, axis) => {
      const last = this.number(begin[axis]!) + (this.number(x.shape[axis]!) - 1) * steps[axis]!;
      return this.number(extent) - last - 1;
    });
    return this.padded(x, this.filled(0, x.dtype, []), { low: begin, high, interior: steps.map((step) => step - 1) });
  }

  joined(parts: readonly ArrayValue[], axis: number): ArrayValue {
    const [first] = parts as [ArrayValue];
    const extent = parts.reduce((sum, { shape }) => sum + shape[axis]!, 0);
    const names = parts.map(({ name }) => name).join(", ");
    const from = parts.map((part) => this.typeOf(part)).join(", ");
    const shape = first.shape.toSpliced(axis, 1, extent);
    return this.write(first.dtype, shape, parts, (to) => `concatenate ${names}, dim = ${axis} : (${from}) -> ${to}`);
  }

  product(a: ArrayValue, b: ArrayValue, shape: Shape): ArrayValue {
    const rank = shape.length;
    if (this.open.isOpen(a.shape[a.shape.length - 1]!))
      throw new Refused("it adds up rows whose number only the run tells");
    const lead = range(0, rank - 2);
    const [left, right] = [a, b].map((x) => {
      const whole = [...shape.slice(0, -2), ...x.shape.slice(-2)];
      return this.stretched(x, whole);
    }) as [ArrayValue, ArrayValue];
    const batching = lead.length === 0 ? "" : `, batching_dims = ${list(lead)} x ${list(lead)}`;
    return this.write(
      a.dtype,
      shape,
      [left, right],
      (to) =>
        `dot_general ${left.name}, ${right.name}${batching}, contracting_dims = [${rank - 1}] x [${rank - 2}]` +
        ` : (${this.typeOf(left)}, ${this.typeOf(right)}) -> ${to}`,
    );
  }

  picked(x: ArrayValue, ids: ArrayValue, axis: number): ArrayValue {
    const shape = x.shape.toSpliced(axis, 1, ...ids.shape);
    const rank = ids.shape.length;
    const offsets = range(0, shape.length).filter((each) => each < axis || each >= axis + rank);
    const sizes = x.shape.map((extent, each) => (each === axis ? 1 : this.number(extent)));
    return this.write(
      x.dtype,
      shape,
      [x, ids],
      (to) =>
        `gather"(${x.name}, ${ids.name}) <{dimension_numbers = #stablehlo.gather<offset_dims = ${list(offsets)}, ` +
        `collapsed_slice_dims = [${axis}], start_index_map = [${axis}], index_vector_dim = ${rank}>, ` +
        `slice_sizes = array<i64: ${sizes.join(", ")}>, indices_are_sorted = false}>` +
        ` : (${this.typeOf(x)}, ${this.typeOf(ids)}) -> ${to}`,
    );
  }

  scattered(how: "add" | "set", x: ArrayValue, ids: ArrayValue, rows: ArrayValue, _: boolean): ArrayValue {
    const windows = range(1, x.shape.length);
    const element = `tensor<${elementTypes[x.dtype]}>`;
    const body =
      how === "set"
        ? `stablehlo.return %new : ${element}`
        : `%sum = stablehlo.add %old, %new : ${element} stablehlo.return %sum : ${element}`;
    return this.write(
      x.dtype,
      x.shape,
      [x, ids, rows],
      (to) =>
        `scatter"(${x.name}, ${ids.name}, ${rows.name}) <{scatter_dimension_numbers = #stablehlo.scatter<` +
        `update_window_dims = ${list(windows)}, inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], ` +
        `index_vector_dim = 1>, unique_indices = false, indices_are_sorted = false}> ` +
        `({ ^bb0(%old: ${element}, %new: ${element}): ${body} })` +
        ` : (${to}, ${this.typeOf(ids)}, ${this.typeOf(rows)}) -> ${to}`,
    );
  }

  unique(x: ArrayValue): { values: ArrayValue; positions: ArrayValue } {
    return distinct(this, x);
  }

  /** A vector in ascending order, and where each element was; of equals the first comes first. */
  sorted(x: ArrayValue): [ArrayValue, ArrayValue] {
    const places = this.positions(x.shape, 0);
    const [element, type] = [`tensor<${elementTypes[x.dtype]}>`, this.typeOf(x)];
    const body =
      `^bb0(%a: ${element}, %b: ${element}, %i: tensor<i32>, %j: tensor<i32>): ` +
      `%less = stablehlo.compare LT, %a, %b, SIGNED : (${element}, ${element}) -> tensor<i1> ` +
      "stablehlo.return %less : tensor<i1>";
    const name = `%${this.made++}`;
    const types = `(${type}, ${this.typeOf(places)})`;
    const text =
      `${name}:2 = "stablehlo.sort"(${x.name}, ${places.name}) <{dimension = 0 : i64, is_stable = true}> ` +
      `({ ${body} }) : ${types} -> ${types}`;
    this.lines.push({ makes: [`${name}#0`, `${name}#1`], takes: [x.name, places.name], text: this.located(text) });
    return [
      { ...x, name: `${name}#0` },
      { ...places, name: `${name}#1` },
    ];
  }

  /**
   * `x` between `low` and `high` more elements along each axis (fewer, where negative), and `interior` between its own.
   */
  padded(
    x: ArrayValue,
    by: ArrayValue,
    { low, high, interior }: { low: Shape; high: Shape; interior: Shape },
  ): ArrayValue {
    const shape = x.shape.map((extent, axis) => {
      const count = this.number(extent);
      return low[axis]! + count + Math.max(0, count - 1) * interior[axis]! + high[axis]!;
    });
    return this.write(
      x.dtype,
      shape,
      [x, by],
      (to) =>
        `pad ${x.name}, ${by.name}, low = ${list(low)}, high = ${list(high)}, interior = ${list(interior)}` +
        ` : (${this.typeOf(x)}, ${this.typeOf(by)}) -> ${to}`,
    );
  }

  /** The type of an array as text. */
  typeOf({ dtype, shape }: Pick<ArrayValue, "dtype" | "shape">): string {
    return `tensor<${[...shape.map((extent) => this.number(extent)), elementTypes[dtype]].join("x")}>`;
  }

  /** The lines that `results` need. */
  linesFor(results: readonly ArrayValue[]): string[] {
    const wanted = results.map(({ name }) => name);
    return needed(this.lines, wanted).map(({ text }) => text);
  }

  /** An extent as a number: what has a bound is given that much room. */
  private number(extent: number): number {
    if (!this.open.isOpen(extent)) return extent;
    const bound = this.open.get(extent)?.bound;
    if (bound === undefined) throw new Refused("it has an open extent, and StableHLO wants every extent");
    return bound;
  }

  private stretched(x: ArrayValue, shape: Shape): ArrayValue {
    const axes = x.shape.map((_, axis) => axis + shape.length - x.shape.length);
    return this.repeated(x, shape, axes);
  }

  private moved(x: ArrayValue, shape: Shape, operation: string, how: string): ArrayValue {
    return this.write(x.dtype, shape, [x], (to) => `${operation} ${x.name}${how} : (${this.typeOf(x)}) -> ${to}`);
  }

  private constantOf(text: string, dtype: DType, shape: Shape): ArrayValue {
    const key = `${text} : ${this.typeOf({ dtype, shape })}`;
    const known = this.constants.get(key);
    // The same type may be that of another shape: one with an extent that has just this room.
    if (known !== undefined) return { ...known, shape };
    const made = this.write(dtype, shape, [], () => `constant ${key}`);
    this.constants.set(key, made);
    return made;
  }

  private write(dtype: DType, shape: Shape, takes: readonly ArrayValue[], text: (type: string) => string): ArrayValue {
    const name = `%${this.made++}`;
    const body = text(this.typeOf({ dtype, shape }));
    // The generic form of an operation is a name in quotes.
    const operation = /^\w+"\(/.test(body) ? `"stablehlo.${body}` : `stablehlo.${body}`;
    this.lines.push({
      makes: [name],
      takes: takes.map((each) => each.name),
      text: this.located(`${name} = ${operation}`),
    });
    return { name, dtype, shape };
  }

  private located(text: string): string {
    return this.location === "" ? text : `${text} loc(${JSON.stringify(this.location)})`;
  }
}
