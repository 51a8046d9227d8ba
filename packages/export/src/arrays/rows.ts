import { type Form, type Program, type Scalar, type Shape, sizeOf } from "@gradtape/tensor";
import { evaluate } from "./expressions.ts";
import { type ArrayLanguage, type ArrayValue, Refused } from "./language.ts";

/* Rows that are named by numbers: picked, added up, written. */

type FormOf<K extends Form["kind"]> = Extract<Form, { kind: K }>;

/** What a gather picks. */
export function gathered(
  language: ArrayLanguage,
  { axis, batchDims, negativeIsZero }: FormOf<"gather">,
  params: ArrayValue,
  ids: ArrayValue,
  shape: Shape,
): ArrayValue {
  if (sizeOf(shape) === 0) return language.filled(0, params.dtype, shape);
  if (!negativeIsZero) return pickedIn(language, params, ids, { axis, batchDims, shape });
  const zero = language.filled(0, "int32", ids.shape);
  const named = language.elementwise("max", "int32", [ids, zero]);
  const rows = pickedIn(language, params, named, { axis, batchDims, shape });
  const negative = language.elementwise("lt", "bool", [ids, zero]);
  const around = ids.shape.map((_, i) => (i < batchDims ? i : i - batchDims + axis));
  const dropped = language.repeated(negative, shape, around);
  return language.elementwise("select", params.dtype, [dropped, language.filled(0, params.dtype, shape), rows]);
}

interface Picking {
  readonly axis: number;
  readonly batchDims: number;
  readonly shape: Shape;
}

/** With axes that go together, all rows are one list, in which the rows of each position have their own section. */
function pickedIn(language: ArrayLanguage, params: ArrayValue, ids: ArrayValue, picking: Picking): ArrayValue {
  const { axis, batchDims, shape } = picking;
  if (batchDims === 0) return language.picked(params, ids, axis);
  const sections = params.shape.slice(0, axis);
  const list = language.reshaped(params, [sizeOf(params.shape.slice(0, axis + 1)), ...params.shape.slice(axis + 1)]);
  const around = ids.shape.map((_, i) => (i < batchDims ? i : i - batchDims + axis));
  const wanted = [...sections, ...ids.shape.slice(batchDims)];
  const spread = around.length === wanted.length ? ids : language.repeated(ids, wanted, around);
  const rows = shiftedIds(language, spread, sections.length, params.shape[axis]!);
  return language.reshaped(language.picked(list, rows, 0), shape);
}

/** Ids of sections, along the first axes, as ids of one list with `rows` rows for each section. */
function shiftedIds(language: ArrayLanguage, ids: ArrayValue, sections: number, rows: number): ArrayValue {
  let size = rows;
  let shifted = ids;
  for (let axis = sections - 1; axis >= 0; axis--) {
    if (language.open.isOpen(size)) throw new Refused("only the run tells where the rows of a position begin");
    const position = language.positions(ids.shape, axis);
    const shift = language.elementwise("mul", "int32", [position, language.filled(size, "int32", ids.shape)]);
    shifted = language.elementwise("add", "int32", [shifted, shift]);
    size *= ids.shape[axis]!;
  }
  return shifted;
}

/** Rows added up by their ids. Negative ids name no row. */
export function segmentSummed(
  language: ArrayLanguage,
  { batchDims }: FormOf<"segmentSum">,
  data: ArrayValue,
  ids: ArrayValue,
  shape: Shape,
): ArrayValue {
  if (sizeOf(data.shape) === 0) return language.filled(0, data.dtype, shape);
  const row = shape.slice(batchDims + 1);
  const sections = shape.slice(0, batchDims);
  const list = [sizeOf(sections) * shape[batchDims]!, ...row];
  const count = sizeOf(ids.shape);
  const flat = (x: ArrayValue, to: Shape) => (x.shape.length === to.length ? x : language.reshaped(x, to));
  const negative = language.elementwise("lt", "bool", [ids, language.filled(0, "int32", ids.shape)]);
  const shifted = shiftedIds(language, ids, batchDims, shape[batchDims]!);
  const none = language.filled(-1, "int32", ids.shape);
  const named = batchDims === 0 ? ids : language.elementwise("select", "int32", [negative, none, shifted]);
  const zeros = language.filled(0, data.dtype, list);
  const rows = flat(data, [count, ...row]);
  const summed = language.scattered("add", zeros, flat(named, [count]), rows, true);
  return flat(summed, shape);
}

/** The states after the rows that the last operand names have been updated, each by a row of the operand before it. */
export function rowsUpdated(
  language: ArrayLanguage,
  { program }: FormOf<"updateRows">,
  operands: readonly ArrayValue[],
): ArrayValue[] {
  const count = program.outputs.length;
  const ids = operands[operands.length - 1]!;
  const values = operands[operands.length - 2]!;
  const states = operands.slice(0, count);
  if (sizeOf(values.shape) === 0) return states;
  const domain = { shape: values.shape, axes: [] };
  const fixed = operands.slice(count, -2).map((each) => {
    const lead = values.shape.length - each.shape.length;
    return language.repeated(
      each,
      values.shape,
      each.shape.map((_, axis) => axis + lead),
    );
  });
  const given = [...states.map((state) => language.picked(state, ids, 0)), ...fixed, values];
  const written = (how: "add" | "set", by: Program, at: ArrayValue, mayMiss: boolean) =>
    evaluate(language, by, given, domain).map((rows, i) => {
      const same = how === "set" && by.outputs[i]!.op === "input" && by.outputs[i]!.value === i;
      return same ? states[i]! : language.scattered(how, states[i]!, at, rows, mayMiss);
    });
  const known = ids.data?.data;
  if (ids.distinct || (known && new Set(known).size === known.length)) return written("set", program, ids, false);
  // Rows may be named twice, and are updated one after the other.
  const sums = asSums(program);
  if (sums !== null) return written("add", sums, ids, false);
  if (program.outputs.every((output) => !reads(output, (i) => i < count))) {
    return written("set", program, lastOnes(language, ids), true);
  }
  throw new Refused("a row that is named twice would have to be updated twice, one after the other");
}

/** What a program adds to its states; `null` where it does something else. */
function asSums(program: Program): Program | null {
  const count = program.outputs.length;
  const added = program.outputs.map(({ op, type, args }, i): Scalar | null => {
    const [state, other] = args;
    if (other === undefined || state!.op !== "input" || state!.value !== i || reads(other, (j) => j < count))
      return null;
    if (op === "sub") return { op: "neg", type, args: [other] };
    return op === "add" ? other : null;
  });
  return added.includes(null) ? null : { ...program, outputs: added as Scalar[] };
}

function reads(node: Scalar, which: (input: number) => boolean): boolean {
  return node.op === "input" ? which(node.value!) : node.args.some((arg) => reads(arg, which));
}

/** `ids` with -1 in place of those that occur again behind. */
function lastOnes(language: ArrayLanguage, ids: ArrayValue): ArrayValue {
  const [count] = ids.shape as [number];
  const square = [count, count];
  const pair = (op: "eq" | "lt" | "and", a: ArrayValue, b: ArrayValue) => language.elementwise(op, "bool", [a, b]);
  const same = pair("eq", language.repeated(ids, square, [0]), language.repeated(ids, square, [1]));
  const behind = pair("lt", language.positions(square, 0), language.positions(square, 1));
  const again = language.folded("or", pair("and", same, behind), [1]);
  return language.elementwise("select", "int32", [again, language.filled(-1, "int32", ids.shape), ids]);
}
