import { type DType, type EagerTensor, fill, isFloating, type Shape, sameShape, tensor } from "@gradtape/tensor";
import { type ArrayLanguage, type ArrayValue, type Combine, type Instruction, Refused } from "../arrays/language.ts";
import { OpenExtents } from "../arrays/open-extents.ts";
import { operators, reductions } from "./instructions.ts";
import { type Attributes, dataTypes, Nodes } from "./nodes.ts";

/** An axis of a value. */
interface Axis {
  readonly name: string;
  readonly axis: number;
}

const LOWEST = -(2 ** 31);
const HIGHEST = 2 ** 31 - 1;

/**
 * A graph in ONNX, opset 17. Extents may be left to the run: where one is needed as a number, it is asked of a value
 * that has it.
 */
export class OnnxProgram implements ArrayLanguage {
  readonly open = new OpenExtents();
  readonly nodes = new Nodes();
  /** Where open extents can be read. */
  private readonly axes = new Map<number, Axis>();
  /** What becomes a value by broadcasting, which operators for elements do by themselves. */
  private readonly narrow = new Map<string, ArrayValue>();

  enter(operation: string): void {
    this.nodes.enter(operation);
  }

  argument(name: string, dtype: DType, shape: Shape): ArrayValue {
    this.nodes.reserve(name);
    return this.withAxes({ name, dtype, shape });
  }

  constant(data: EagerTensor): ArrayValue {
    const { dtype, shape, data: elements } = data;
    const first = elements[0];
    if (data.size > 1 && elements.every((each) => Object.is(each, first))) {
      return { ...this.filled(first!, dtype, shape), data };
    }
    const bytes = new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength).slice();
    return { name: this.nodes.constant(dtype, shape, bytes), dtype, shape, data };
  }

  filled(value: number, dtype: DType, shape: Shape): ArrayValue {
    const scalar = this.constant(tensor(value, { dtype: dtype === "bool" ? "int32" : dtype }) as EagerTensor);
    const typed = dtype === "bool" ? this.constant(fill([], value !== 0) as EagerTensor) : scalar;
    return this.repeated(typed, shape, []);
  }

  extent(extent: number): ArrayValue {
    const number = this.nodes.add("Cast", [this.extentOf(extent)], { to: dataTypes.int32 });
    return { name: this.nodes.add("Squeeze", [number]), dtype: "int32", shape: [] };
  }

  positions(shape: Shape, axis: number): ArrayValue {
    const extent = shape[axis]!;
    if (!this.open.isOpen(extent)) {
      const list = tensor(Int32Array.from({ length: extent }, (_, i) => i)) as EagerTensor;
      return this.repeated(this.constant(list), shape, [axis]);
    }
    const [start, step] = [this.filled(0, "int32", []).name, this.filled(1, "int32", []).name];
    const name = this.nodes.add("Range", [start, this.extent(extent).name, step]);
    return this.repeated({ name, dtype: "int32", shape: [extent] }, shape, [axis]);
  }

  has(instruction: Instruction): boolean {
    return operators[instruction] !== undefined;
  }

  elementwise(instruction: Instruction, type: DType, operands: readonly ArrayValue[]): ArrayValue {
    const [x] = operands as [ArrayValue];
    const { shape } = operands[operands.length - 1]!;
    if (instruction === "cast") return type === x.dtype ? x : this.cast(x, type);
    if ((instruction === "and" || instruction === "or") && x.dtype !== "bool") {
      throw new Refused(`there is no ${instruction} of the bits of ${x.dtype} in opset 17`);
    }
    if (instruction === "select" && type === "bool") return this.selectBool(operands);
    const name = this.nodes.add(operators[instruction]!, this.broadcasting(operands));
    return { name: instruction === "ne" ? this.nodes.add("Not", [name]) : name, dtype: type, shape };
  }

  folded(combine: Combine, x: ArrayValue, axes: readonly number[]): ArrayValue {
    if (axes.length === 0) return x;
    const shape = x.shape.filter((_, axis) => !axes.includes(axis));
    const bool = x.dtype === "bool";
    if (!bool && (combine === "and" || combine === "or")) throw new Refused("there is no join of bits in opset 17");
    const numbers = bool ? this.cast(x, "int32") : x;
    const operator = reductions[combine];
    const name =
      combine === "add"
        ? this.nodes.add(operator, [numbers.name, this.nodes.integers(axes)], { keepdims: 0 })
        : this.nodes.add(operator, [numbers.name], { axes, keepdims: 0 });
    const joined = { name, dtype: numbers.dtype, shape };
    return bool ? this.cast(joined, "bool") : joined;
  }

  reshaped(x: ArrayValue, shape: Shape): ArrayValue {
    // An extent of 0 would be that of the input otherwise.
    const mayBeEmpty = shape.some((extent) => extent === 0 || this.open.isOpen(extent));
    const name = this.nodes.add("Reshape", [x.name, this.extents(shape)], mayBeEmpty ? { allowzero: 1 } : {});
    return { name, dtype: x.dtype, shape };
  }

  transposed(x: ArrayValue, perm: readonly number[]): ArrayValue {
    const shape = perm.map((axis) => x.shape[axis]!);
    return { name: this.nodes.add("Transpose", [x.name], { perm }), dtype: x.dtype, shape };
  }

  repeated(x: ArrayValue, shape: Shape, axes: readonly number[]): ArrayValue {
    if (sameShape(x.shape, shape)) return x;
    const first = axes[0] ?? shape.length;
    const added = shape.flatMap((_, axis) => (axis > first && !axes.includes(axis) ? [axis - first] : []));
    const aligned = {
      ...x,
      name: added.length === 0 ? x.name : this.nodes.add("Unsqueeze", [x.name, this.nodes.integers(added)]),
      shape: shape.slice(first).map((extent, i) => (axes.includes(i + first) ? extent : 1)),
    };
    const name = this.nodes.add("Expand", [aligned.name, this.extents(shape)]);
    this.narrow.set(name, aligned);
    return { name, dtype: x.dtype, shape };
  }

  sliced(x: ArrayValue, begin: Shape, shape: Shape, steps: Shape): ArrayValue {
    const axes = shape.flatMap((extent, axis) => (extent === x.shape[axis] ? [] : [axis]));
    const ends = axes.map((axis) => this.known(begin[axis]!) + (this.known(shape[axis]!) - 1) * steps[axis]! + 1);
    const lists = [axes.map((axis) => begin[axis]!), ends, axes, axes.map((axis) => steps[axis]!)];
    const takes = [x.name, ...lists.map((list) => this.nodes.integers(list))];
    return { name: this.nodes.add("Slice", takes), dtype: x.dtype, shape };
  }

  embedded(x: ArrayValue, shape: Shape, begin: Shape, steps: Shape): ArrayValue {
    const spread = steps.reduce((value, step, axis) => (step === 1 ? value : this.apart(value, axis, step)), x);
    const after = shape.map((extent, axis) => {
      if (begin[axis] === 0 && extent === spread.shape[axis]) return 0;
      const end = this.known(begin[axis]!) + this.known(spread.shape[axis]!);
      return this.open.isOpen(extent)
        ? this.nodes.add("Sub", [this.extentOf(extent), this.nodes.integers([end])])
        : extent - end;
    });
    return this.padded(spread, begin, after, shape);
  }

  joined(parts: readonly ArrayValue[], axis: number): ArrayValue {
    const [first] = parts as [ArrayValue];
    const extent = parts.reduce((sum, { shape }) => sum + shape[axis]!, 0);
    const name = this.nodes.add(
      "Concat",
      parts.map((part) => part.name),
      { axis },
    );
    return { name, dtype: first.dtype, shape: first.shape.toSpliced(axis, 1, extent) };
  }

  product(a: ArrayValue, b: ArrayValue, shape: Shape): ArrayValue {
    return { name: this.nodes.add("MatMul", [a.name, b.name]), dtype: a.dtype, shape };
  }

  picked(x: ArrayValue, ids: ArrayValue, axis: number): ArrayValue {
    const shape = x.shape.toSpliced(axis, 1, ...ids.shape);
    return { name: this.nodes.add("Gather", [x.name, ids.name], { axis }), dtype: x.dtype, shape };
  }

  scattered(how: "add" | "set", x: ArrayValue, ids: ArrayValue, rows: ArrayValue, mayMiss: boolean): ArrayValue {
    if (!mayMiss) return this.scatter(how, x, this.cast64(ids.name), rows);
    // Negative ids count from the end here; so a row is put there for what names none.
    const behind = x.shape.map((_, axis) => (axis === 0 ? 1 : 0));
    const longer = x.shape.with(0, x.shape[0]! + 1);
    const wide = this.padded(
      x,
      x.shape.map(() => 0),
      behind,
      longer,
    );
    const written = this.scatter(how, wide, this.cast64(this.lastForNegative(ids)), rows);
    const [from, to, axes] = [0, -1, 0].map((each) => this.nodes.integers([each])) as [string, string, string];
    return { ...x, name: this.nodes.add("Slice", [written.name, from, to, axes]) };
  }

  unique(x: ArrayValue): { values: ArrayValue; positions: ArrayValue } {
    const wide = x.dtype === "int32" || x.dtype === "bool";
    const source = wide ? this.cast64(x.name) : x.name;
    const [values, , inverse] = this.nodes.addAll("Unique", [source], [true, false, true], { sorted: 0 });
    const rows = this.open.make(`distinct_of_${x.name}`);
    const narrowed = wide ? this.nodes.add("Cast", [values!], { to: dataTypes[x.dtype] }) : values!;
    const positions = this.nodes.add("Cast", [inverse!], { to: dataTypes.int32 });
    return {
      values: this.withAxes({ name: narrowed, dtype: x.dtype, shape: [rows] }),
      positions: { name: positions, dtype: "int32", shape: x.shape },
    };
  }

  private scatter(how: "add" | "set", x: ArrayValue, ids: string, rows: ArrayValue): ArrayValue {
    const column = this.nodes.add("Unsqueeze", [ids, this.nodes.integers([-1])]);
    const attributes: Attributes = how === "add" ? { reduction: how } : {};
    return { ...x, name: this.nodes.add("ScatterND", [x.name, column, rows.name], attributes) };
  }

  /** `ids` with -1 in place of all that are negative. */
  private lastForNegative(ids: ArrayValue): string {
    return this.elementwise("max", "int32", [ids, this.filled(-1, "int32", ids.shape)]).name;
  }

  private cast64(name: string): string {
    return this.nodes.add("Cast", [name], { to: dataTypes.int64 });
  }

  /** Floats become integers by dropping the fraction; beyond the bounds the nearest, 0 for NaN. */
  private cast(x: ArrayValue, type: DType): ArrayValue {
    const to = (from: ArrayValue): ArrayValue => ({
      ...from,
      name: this.nodes.add("Cast", [from.name], { to: dataTypes[type] }),
      dtype: type,
    });
    if (type !== "int32" || !isFloating(x.dtype)) return to(x);
    const { shape } = x;
    const among = (op: "lt" | "le" | "ne", a: ArrayValue, b: ArrayValue) => this.elementwise(op, "bool", [a, b]);
    const bound = (value: number) => this.filled(value, x.dtype, shape);
    const result = (value: number) => this.filled(value, "int32", shape);
    const choose = (condition: ArrayValue, a: ArrayValue, b: ArrayValue) =>
      this.elementwise("select", a.dtype, [condition, a, b]);
    const low = among("lt", x, bound(LOWEST));
    const high = among("le", bound(HIGHEST + 1), x);
    const strange = this.elementwise("or", "bool", [this.elementwise("or", "bool", [low, high]), among("ne", x, x)]);
    const inside = to(choose(strange, bound(0), x));
    return choose(low, result(LOWEST), choose(high, result(HIGHEST), inside));
  }

  /** `x` with `step - 1` zeros behind each element along `axis`. */
  private apart(x: ArrayValue, axis: number, step: number): ArrayValue {
    const wide = this.reshaped(x, x.shape.toSpliced(axis + 1, 0, 1));
    const none = wide.shape.map(() => 0);
    const spread = this.padded(wide, none, none.with(axis + 1, step - 1), wide.shape.with(axis + 1, step));
    return this.reshaped(spread, x.shape.with(axis, x.shape[axis]! * step));
  }

  /** Zeros around: so many, or as the vector of one int64 says that goes by the name. */
  private padded(x: ArrayValue, before: Shape, after: readonly (number | string)[], shape: Shape): ArrayValue {
    const pads = this.vector([...before.map((each) => this.known(each)), ...after]);
    return { ...x, name: this.nodes.add("Pad", [x.name, pads]), shape };
  }

  /** Runtimes have no choice between booleans. */
  private selectBool([condition, x, y]: readonly ArrayValue[]): ArrayValue {
    const both = (a: ArrayValue, b: ArrayValue) => this.elementwise("and", "bool", [a, b]);
    const otherwise = this.elementwise("not", "bool", [condition!]);
    return this.elementwise("or", "bool", [both(condition!, x!), both(otherwise, y!)]);
  }

  /** The operands as operators take them that broadcast: at least one has the full shape. */
  private broadcasting(operands: readonly ArrayValue[]): string[] {
    const thin = operands.map((each) => this.narrow.get(each.name) ?? each);
    const { shape } = operands[operands.length - 1]!;
    const covered = shape.every((extent, axis) =>
      thin.some((each) => extent === 1 || each.shape[axis - shape.length + each.shape.length] === extent),
    );
    const full = covered && thin.some((each) => each.shape.length === shape.length);
    return (full ? thin : operands).map(({ name }) => name);
  }

  /** A shape as a vector of int64. */
  private extents(shape: Shape): string {
    return this.vector(shape.map((extent) => (this.open.isOpen(extent) ? this.extentOf(extent) : extent)));
  }

  /** A vector of int64 of numbers, and of vectors that go by names. */
  private vector(entries: readonly (number | string)[]): string {
    if (entries.every((entry) => typeof entry === "number")) return this.nodes.integers(entries as readonly number[]);
    const parts = entries.map((entry) => (typeof entry === "number" ? this.nodes.integers([entry]) : entry));
    return parts.length === 1 ? parts[0]! : this.nodes.add("Concat", parts, { axis: 0 });
  }

  /** An open extent as a vector of one int64. */
  private extentOf(extent: number): string {
    const told = this.open.get(extent);
    const at = this.axes.get(told?.base ?? extent);
    if (told === undefined || at === undefined) throw new Refused("only the run tells its shape");
    const name = this.nodes.add("Shape", [at.name], { start: at.axis, end: at.axis + 1 });
    return told.factor === undefined ? name : this.nodes.add("Mul", [name, this.nodes.integers([told.factor])]);
  }

  private withAxes(value: ArrayValue): ArrayValue {
    for (const [axis, extent] of value.shape.entries()) {
      if (this.open.isOpen(extent) && !this.axes.has(extent)) this.axes.set(extent, { name: value.name, axis });
    }
    return value;
  }

  private known(extent: number): number {
    if (this.open.isOpen(extent)) throw new Refused("it is cut or laid where only the run tells");
    return extent;
  }
}
