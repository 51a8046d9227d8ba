import * as gt from "gradtape";
import {
  at,
  build,
  combine,
  compared,
  dtypes,
  elements,
  elementwise,
  float,
  indicesOf,
  numbers,
  parseLiteral,
  placeOf,
  round,
  sameType,
  show,
  sizeOf,
  type Type,
  typesIn,
  type Value,
  whole,
  wholeResults,
} from "./stablehlo-arrays.ts";

/*
 * A slow reading of the StableHLO that is written here: each line is one operation in a form known below, the types that it
 * names are checked, and its elements are computed one by one. A line in any other form is an error.
 */

/** Runs `main` of a module on its arguments; the results in order. */
export function evaluateStableHlo(text: string, inputs: readonly gt.EagerTensor[]): gt.EagerTensor[] {
  const [, takes, gives, body] = expectMatch(
    text,
    /^(?:\/\/ .*\n)*module @gradtape \{\n {2}func\.func public @main\((.*?)\) -> \((.*)\) \{\n([\s\S]*?) {2}\}\n\}\n$/,
  );
  const lines = body!.trimEnd().split("\n");
  const [, names, types] = expectMatch(lines.pop()!, /^ {4}return(?: (.*?) : (.*))?$/);
  const values = new Map<string, Value>();
  parameters(takes!).forEach(([name, type], i) => {
    const { dtype, shape, data } = inputs[i]!;
    define(values, name, type, { element: elements[dtype], shape, data: [...data] });
  });
  for (const line of lines) evaluateLine(values, line);
  if (types !== undefined && types !== gives) throw new Error(`returns ${types}, declared ${gives}`);
  const results = typesIn(types ?? "");
  return (names ?? "").split(", ").map((name, i) => {
    const { element, shape, data } = lookUp(values, name, results[i]!);
    return gt.tensor([...data], { shape, dtype: dtypes[element] });
  });
}

function parameters(text: string): [string, Type][] {
  return [...text.matchAll(/(%\w+): (tensor<[^>]*>)/g)].map(([, name, type]) => [name!, typesIn(type!)[0]!]);
}

function evaluateLine(values: Map<string, Value>, line: string): void {
  const [, name, count, quote, op, rest] = expectMatch(
    line,
    /^ {4}(%\d+)(:2)? = ("?)stablehlo\.(\w+)\3(.*?)(?: loc\("(?:[^"\\]|\\.)*"\))?$/,
  );
  const form =
    (quote === '"' ? generic : forms)[op!] ?? (quote === '"' ? undefined : elementwise[op!] && pointwise(op!));
  if (form === undefined) throw new Error(`no such operation: ${line}`);
  const { results, types } = form(rest!, (text, type) => lookUp(values, text, type));
  if ((count === undefined ? 1 : 2) !== results.length) throw new Error(`${results.length} results of ${line}`);
  results.forEach((result, i) => {
    define(values, count === undefined ? name! : `${name}#${i}`, types[i]!, result);
  });
}

function define(values: Map<string, Value>, name: string, type: Type, value: Value): void {
  if (!sameType(type, value)) throw new Error(`${name} is ${show(value)}, declared ${show(type)}`);
  if (values.has(name)) throw new Error(`${name} is defined twice`);
  values.set(name, value);
}

function lookUp(values: Map<string, Value>, name: string, type: Type): Value {
  const found = values.get(name);
  if (found === undefined) throw new Error(`${name} is not defined`);
  if (!sameType(type, found)) throw new Error(`${name} is ${show(found)}, used as ${show(type)}`);
  return found;
}

function expectMatch(text: string, form: RegExp): RegExpExecArray {
  const match = form.exec(text);
  if (match === null) throw new Error(`not in the form ${form}: ${text.slice(0, 300)}`);
  return match;
}

interface Outcome {
  readonly results: readonly Value[];
  readonly types: readonly Type[];
}
type Find = (name: string, type: Type) => Value;
type Form = (rest: string, find: Find) => Outcome;

const one = (result: Value, type: Type): Outcome => ({ results: [result], types: [type] });

/** ` %a, %b : T`, or ` %a, %b : (T, T) -> T`. */
function pointwise(op: string): Form {
  return (rest, find) => {
    const [, names, types] = expectMatch(rest, /^ ((?:%[\w#]+(?:, )?)+) : (.*)$/);
    const given = typesIn(types!);
    const type = given.at(-1)!;
    const operands = names!.split(", ").map((name, i) => find(name, given.length === 1 ? type : given[i]!));
    const rule = (type.element === "i32" && wholeResults[op]) || elementwise[op]!;
    if (operands.length !== rule.length && rule.length > 0 && operands.length !== elementwise[op]!.length)
      throw new Error(`${op} of ${operands.length} operands`);
    return one(
      build(type, (index) => rule(...(operands.map((each) => at(each, index)) as [number, number]))),
      type,
    );
  };
}

/** ` %x{how} : (T) -> T`. */
const moved =
  (how: RegExp, rule: (x: Value, type: Type, parts: readonly string[]) => (index: number[]) => number): Form =>
  (rest, find) => {
    const [, name, between, from, to] = expectMatch(rest, /^ (%[\w#]+)(.*?) : \((tensor<[^>]*>)\) -> (tensor<[^>]*>)$/);
    const type = typesIn(to!)[0]!;
    return one(build(type, rule(find(name!, typesIn(from!)[0]!), type, expectMatch(between!, how))), type);
  };

const forms: Record<string, Form> = {
  constant(rest) {
    const [, text, to] = expectMatch(rest, /^ dense<(.*)> : (tensor<[^>]*>)$/);
    const type = typesIn(to!)[0]!;
    return one(parseLiteral(text!, type), type);
  },
  iota(rest) {
    const [, dim, to] = expectMatch(rest, /^ dim = (\d+) : (tensor<[^>]*>)$/);
    const type = typesIn(to!)[0]!;
    return one(
      build(type, (index) => index[Number(dim)]!),
      type,
    );
  },
  compare(rest, find) {
    const [, how, a, b, order, types] = expectMatch(rest, /^ (\w\w), (%[\w#]+), (%[\w#]+), (\w+) : (.*)$/);
    const [left, right, type] = typesIn(types!) as [Type, Type, Type];
    const wanted = { f32: "FLOAT", f64: "FLOAT", i32: "SIGNED", i1: "UNSIGNED" }[left.element];
    if (order !== wanted) throw new Error(`compares ${left.element} as ${order}`);
    const [x, y] = [find(a!, left), find(b!, right)];
    return one(
      build(type, (index) => Number(compared[how!]!(at(x, index), at(y, index)))),
      type,
    );
  },
  select(rest, find) {
    const [, c, a, b, types] = expectMatch(rest, /^ (%[\w#]+), (%[\w#]+), (%[\w#]+) : (.*)$/);
    const [condition, type] = typesIn(types!) as [Type, Type];
    const [which, x, y] = [find(c!, condition), find(a!, type), find(b!, type)];
    return one(
      build(type, (index) => (at(which, which.shape.length === 0 ? [] : index) !== 0 ? at(x, index) : at(y, index))),
      type,
    );
  },
  convert: moved(/^$/, (x, { element }) => (index) => {
    const value = at(x, index);
    if (element !== "i32") return value;
    return Number.isNaN(value) ? 0 : Math.trunc(Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, value)));
  }),
  bitcast_convert: moved(/^$/, (x, { element }) => (index) => {
    if (element === "i32") {
      float[0] = at(x, index);
      return whole[0]!;
    }
    whole[0] = at(x, index);
    return float[0]!;
  }),
  reshape: moved(/^$/, (x, type) => {
    if (sizeOf(x.shape) !== sizeOf(type.shape)) throw new Error(`reshapes ${show(x)} to ${show(type)}`);
    return (index) => x.data[placeOf(type.shape, index)]!;
  }),
  transpose: moved(/^, dims = \[(.*)\]$/, (x, type, [, dims]) => {
    const perm = numbers(dims!);
    if (perm.some((axis, i) => x.shape[axis] !== type.shape[i])) throw new Error(`transposes ${show(x)} by ${dims}`);
    return (index) =>
      at(
        x,
        x.shape.map((_, axis) => index[perm.indexOf(axis)]!),
      );
  }),
  broadcast_in_dim: moved(/^, dims = \[(.*)\]$/, (x, type, [, dims]) => {
    const axes = numbers(dims!);
    if (axes.length !== x.shape.length) throw new Error(`broadcasts ${show(x)} along [${dims}]`);
    for (const [i, axis] of axes.entries()) {
      if (x.shape[i] !== 1 && x.shape[i] !== type.shape[axis])
        throw new Error(`broadcasts ${show(x)} to ${show(type)}`);
    }
    return (index) =>
      at(
        x,
        axes.map((axis, i) => (x.shape[i] === 1 ? 0 : index[axis]!)),
      );
  }),
  slice: moved(/^ \[(.*)\]$/, (x, type, [, ranges]) => {
    const parts = ranges === "" ? [] : ranges!.split(", ").map((range) => numbers(range.replaceAll(":", " ")));
    const extents = parts.map(([begin, end, step = 1]) => Math.ceil((end! - begin!) / step));
    if (String(extents) !== String(type.shape) || parts.some(([, end], axis) => end! > x.shape[axis]!)) {
      throw new Error(`slices ${show(x)} by [${ranges}] to ${show(type)}`);
    }
    return (index) =>
      at(
        x,
        parts.map(([begin, , step = 1], axis) => begin! + index[axis]! * step),
      );
  }),
  pad(rest, find) {
    const [, x, by, low, high, interior, types] = expectMatch(
      rest,
      /^ (%[\w#]+), (%[\w#]+), low = \[(.*?)\], high = \[(.*?)\], interior = \[(.*?)\] : (.*)$/,
    );
    const [from, scalar, type] = typesIn(types!) as [Type, Type, Type];
    const [value, filler] = [find(x!, from), find(by!, scalar).data[0]!];
    const [before, after, between] = [low!, high!, interior!].map(numbers) as [number[], number[], number[]];
    const shape = from.shape.map((extent, axis) => {
      return before[axis]! + extent + Math.max(0, extent - 1) * between[axis]! + after[axis]!;
    });
    if (String(shape) !== String(type.shape)) throw new Error(`pads ${show(from)} to ${show(type)}`);
    const inside = (index: number[]) => index.map((i, axis) => (i - before[axis]!) / (between[axis]! + 1));
    const holds = (source: number[]) =>
      source.every((i, axis) => Number.isInteger(i) && i >= 0 && i < from.shape[axis]!);
    return one(
      build(type, (index) => (holds(inside(index)) ? at(value, inside(index)) : filler)),
      type,
    );
  },
  concatenate(rest, find) {
    const [, names, dim, types] = expectMatch(rest, /^ (.*), dim = (\d+) : (.*)$/);
    const given = typesIn(types!);
    const type = given.at(-1)!;
    const axis = Number(dim);
    const parts = names!.split(", ").map((name, i) => find(name, given[i]!));
    const total = parts.reduce((sum, { shape }) => sum + shape[axis]!, 0);
    if (total !== type.shape[axis]) throw new Error(`joins ${parts.map(show)} to ${show(type)}`);
    return one(
      build(type, (index) => {
        let i = index[axis]!;
        const part = parts.find(({ shape }) => {
          if (i < shape[axis]!) return true;
          i -= shape[axis]!;
          return false;
        })!;
        return at(part, index.with(axis, i));
      }),
      type,
    );
  },
  reduce(rest, find) {
    const [, x, start, operation, dims, types] = expectMatch(
      rest,
      /^\((%[\w#]+) init: (%[\w#]+)\) applies stablehlo\.(\w+) across dimensions = \[(.*)\] : (.*)$/,
    );
    const [from, scalar, type] = typesIn(types!) as [Type, Type, Type];
    const [value, initial] = [find(x!, from), find(start!, scalar).data[0]!];
    const axes = numbers(dims!);
    const join = combine(operation!, from.element);
    const folded = axes.map((axis) => from.shape[axis]!);
    return one(
      build(type, (index) => {
        let result = initial;
        for (const inner of indicesOf(folded)) {
          const outer = [...index];
          const place = from.shape.map((_, axis) =>
            axes.includes(axis) ? inner[axes.indexOf(axis)]! : outer.shift()!,
          );
          result = join(result, at(value, place));
        }
        return result;
      }),
      type,
    );
  },
  dot_general(rest, find) {
    const [, x, y, batching = "", left, right, types] = expectMatch(
      rest,
      /^ (%[\w#]+), (%[\w#]+)(?:, batching_dims = \[(.*?)\] x \[.*?\])?, contracting_dims = \[(\d+)\] x \[(\d+)\] : (.*)$/,
    );
    const [from, other, type] = typesIn(types!) as [Type, Type, Type];
    const [a, b] = [find(x!, from), find(y!, other)];
    const lead = numbers(batching).length;
    const [rows, columns] = [2 * lead + 1 - Number(left), 2 * lead + 1 - Number(right)];
    const count = a.shape[Number(left)]!;
    if (count !== b.shape[Number(right)]) throw new Error(`multiplies ${show(a)} by ${show(b)}`);
    const put = (index: readonly number[], free: number, i: number, k: number) =>
      [...index.slice(0, lead), 0, 0].map((each, axis) => (axis < lead ? each : axis === free ? i : k));
    return one(
      build(type, (index) => {
        let sum = 0;
        const [i, j] = index.slice(-2) as [number, number];
        for (let k = 0; k < count; k++) sum += at(a, put(index, rows, i, k)) * at(b, put(index, columns, j, k));
        return sum;
      }),
      type,
    );
  },
};

const generic: Record<string, Form> = {
  gather(rest, find) {
    const [, x, ids, offsets, axis, , vector, sizes, types] = expectMatch(
      rest,
      /^\((%[\w#]+), (%[\w#]+)\) <\{dimension_numbers = #stablehlo\.gather<offset_dims = \[(.*?)\], collapsed_slice_dims = \[(\d+)\], start_index_map = \[(\d+)\], index_vector_dim = (\d+)>, slice_sizes = array<i64: (.*?)>, indices_are_sorted = false\}> : (.*)$/,
    );
    const [from, by, type] = typesIn(types!) as [Type, Type, Type];
    const [value, picks] = [find(x!, from), find(ids!, by)];
    const along = Number(axis);
    const wanted = from.shape.map((extent, i) => (i === along ? 1 : extent));
    if (String(numbers(sizes!)) !== String(wanted) || Number(vector) !== by.shape.length) {
      throw new Error(`gathers ${sizes} of ${show(from)} by ${show(by)}`);
    }
    const windows = numbers(offsets!);
    return one(
      build(type, (index) => {
        const window = windows.map((i) => index[i]!);
        const id = at(
          picks,
          index.filter((_, i) => !windows.includes(i)),
        );
        return at(value, window.toSpliced(along, 0, Math.max(0, Math.min(from.shape[along]! - 1, id))));
      }),
      type,
    );
  },
  scatter(rest, find) {
    const [, x, ids, rows, windows, body, types] = expectMatch(
      rest,
      /^\((%[\w#]+), (%[\w#]+), (%[\w#]+)\) <\{scatter_dimension_numbers = #stablehlo\.scatter<update_window_dims = \[(.*?)\], inserted_window_dims = \[0\], scatter_dims_to_operand_dims = \[0\], index_vector_dim = 1>, unique_indices = false, indices_are_sorted = false\}> \(\{ \^bb0\(%old: tensor<\w+>, %new: tensor<\w+>\): (.*?) \}\) : (.*)$/,
    );
    const [from, by, updates, type] = typesIn(types!) as [Type, Type, Type, Type];
    const [value, picks, given] = [find(x!, from), find(ids!, by), find(rows!, updates)];
    const adds = /^%sum = stablehlo\.add %old, %new : tensor<\w+> stablehlo\.return %sum : tensor<\w+>$/.test(body!);
    if (!adds && !/^stablehlo\.return %new : tensor<\w+>$/.test(body!)) throw new Error(`scatters by ${body}`);
    if (numbers(windows!).length !== from.shape.length - 1) throw new Error(`scatters windows ${windows}`);
    const data = [...value.data];
    for (const index of indicesOf(given.shape)) {
      const id = at(picks, [index[0]!]);
      if (id < 0 || id >= from.shape[0]!) continue;
      const place = placeOf(from.shape, index.with(0, id));
      data[place] = adds ? round[from.element](data[place]! + at(given, index)) : at(given, index);
    }
    return one({ ...value, data }, type);
  },
  sort(rest, find) {
    const [, x, y, types] = expectMatch(
      rest,
      /^\((%[\w#]+), (%[\w#]+)\) <\{dimension = 0 : i64, is_stable = true\}> \(\{ .*stablehlo\.compare LT, %a, %b, SIGNED .* \}\) : (.*)$/,
    );
    const [from, other, ...results] = typesIn(types!) as [Type, Type, Type, Type];
    const [keys, carried] = [find(x!, from), find(y!, other)];
    const order = keys.data.map((_, i) => i).sort((i, j) => keys.data[i]! - keys.data[j]! || i - j);
    return {
      results: [keys, carried].map((each) => ({ ...each, data: order.map((i) => each.data[i]!) })),
      types: results,
    };
  },
};
