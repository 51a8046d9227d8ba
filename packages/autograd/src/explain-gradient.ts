import {
  currentGraph,
  type Graph,
  type Input,
  nameOf,
  Operation,
  type OpRecord,
  SymbolicTensor,
  Variable,
} from "@gradtape/graph";
import { anything, defineFunction, EagerTensor, isFloating, RuntimeError, Tensor, ValueError } from "@gradtape/tensor";
import type { Differentiable } from "./endpoints.ts";
import { type Break, findPath, formatWay, type Path, type Search, titleOf } from "./path.ts";
import { flatten, type Structure } from "./structure.ts";

export interface ExplainGradientOptions {
  /** What the gradients were told to take as constants. */
  readonly stopGradients?: Structure<Differentiable> | null;
}

/**
 * Says in words why the gradient of `target` by `source` is `null`: the first place where the way between them breaks,
 * with the op and the line that built it. Where it is not `null`, the ops that it flows through.
 *
 * For tensors and variables of a graph; a tape has `tape.explainGradient`. Nothing is added to the graph. Throws a
 * RuntimeError in eager mode, a TypeError for what is neither tensor nor variable.
 */
export const explainGradient = defineFunction(
  "explainGradient",
  { target: anything, source: anything },
  { stopGradients: anything },
  explainInGraph,
);

function explainInGraph(
  target: Structure<Differentiable>,
  source: Differentiable,
  { stopGradients = null }: ExplainGradientOptions = {},
): string {
  const targets = leaves("target", target);
  const [from] = leaves("source", source);
  if (from === undefined) throw new ValueError("explainGradient: there is no source; name a tensor or variable");
  const graphs = new Set([...targets, from].map(graphOf).filter((graph) => graph !== null));
  const [graph = currentGraph(), other] = graphs;
  if (!graph) {
    throw new RuntimeError("explainGradient: there is no graph in eager mode; ask the tape: tape.explainGradient(…)");
  }
  if (other !== undefined)
    return `${headline(targets, from)}: they belong to two graphs, and nothing leads from one to the other`;
  if (targets.includes(from)) return connected(targets, from, []);
  const stop = new Set(stopGradients === null ? [] : leaves("stopGradients", stopGradients));
  return explainPath({ records: graph.getOperations(), targets, source: from, stop }, (record) =>
    lineOfOperation(record),
  );
}

/** The tensors and variables of a structure in a row. A TypeError for anything else. */
export function leaves(what: string, structure: unknown): Input[] {
  return flatten(structure).map((leaf) => {
    if (leaf instanceof Tensor || leaf instanceof Variable) return leaf;
    throw new TypeError(`explainGradient: the ${what} is ${nameOf(leaf)}; expected a tensor or variable`);
  });
}

/** The line that built an operation; `null` for an op that ran at once. */
export function lineOfOperation(record: OpRecord): string | null {
  return record instanceof Operation ? record.location : null;
}

function graphOf(input: Input): Graph | null {
  return input instanceof SymbolicTensor || input instanceof Variable ? input.graph : null;
}

/** The explanation for one source, as `explainGradient` returns it. */
export function explainPath(search: Search, lineOf: (record: OpRecord) => string | null): string {
  const { targets, source } = search;
  if (!isFloating(source.dtype)) {
    return `${headline(targets, source)}: the source is ${source.dtype}, and only float32 and float64 have gradients`;
  }
  const path = findPath(search);
  if (path.way !== null) return connected(targets, source, path.way);
  const [first, ...others] = path.breaks;
  if (first === undefined)
    return [`${headline(targets, source)}: ${unrelated(search, path)}`, ...lastUse(search, path, lineOf)].join("\n");
  return [
    `${headline(targets, source)}: ${reasonOf(first)}`,
    ...wayLine(source, path.wayTo(first.record.inputs[first.input]!), first.record),
    ...place(first.record, lineOf),
    ...others.map((each) => `  broken also: ${reasonOf(each)}${inline(each.record, lineOf)}`),
  ].join("\n");
}

export function headline(targets: readonly Input[], source: Input): string {
  return `no gradient flows from ${labelOf(source, "the source")} to ${targets.map((target) => labelOf(target, "the target")).join(", ")}`;
}

export function connected(targets: readonly Input[], source: Input, way: readonly OpRecord[]): string {
  const from = labelOf(source, "the source");
  const to = targets.map((target) => labelOf(target, "the target")).join(", ");
  const through = way.length === 0 ? "" : `, through ${formatWay(way)}`;
  return `a gradient flows from ${from} to ${to}${through}`;
}

/** A value as messages call it: by its name, where it has one. */
function labelOf(input: Input, role: string): string {
  if (input instanceof SymbolicTensor || input instanceof Variable) return input.name;
  return `${role} (${nameOf(input)})`;
}

/** Why nothing flows back through one input of one op. */
export function reasonOf({ record, input, reason }: Break): string {
  const op = titleOf(record);
  switch (reason) {
    case "integer": {
      const dtype = record.outputs.find((output) => !isFloating(output.dtype))!.dtype;
      return `${op} gives ${dtype}, and only float32 and float64 have gradients`;
    }
    case "assignment": {
      const states = (record.def.writes ?? []).map((i) => (record.inputs[i] as Variable).name).join(", ");
      return `${op} writes it into ${states}, and an assignment is not differentiated; use the value itself`;
    }
    case "undefined":
      return `no gradient is defined for ${op}; asking for it is a LookupError`;
    case "stopped":
      return `what ${op} gives is among the stopGradients`;
    default: {
      const which = record.inputs.length === 1 ? "its operand" : `operand ${input + 1} of ${record.inputs.length}`;
      return `${op} lets no gradient through to ${which}`;
    }
  }
}

/** Why two things have nothing to do with each other, as far as was recorded. */
function unrelated({ records, targets, source }: Search, { reached, roots }: Path): string {
  const used = records.some(({ inputs, outputs }) => outputs.length > 0 && inputs.includes(source));
  if (!used) return `no op that was recorded takes ${labelOf(source, "the source")}`;
  const twin = twinOf(roots, reached);
  if (twin !== null) {
    return (
      `the target is made from ${nameOf(twin)} that has the value of something made from the source: taken out as plain ` +
      "numbers (.item(), .data, .array()) a value loses its past; keep the tensor instead"
    );
  }
  const from = targets.every((target) => roots.includes(target))
    ? "no op that was recorded made the target"
    : `the target is made from ${listOf(roots)}, to which the source does not lead`;
  const plain = roots.some((root) => !(root instanceof Variable));
  return plain ? `${from}; numbers taken out of a tensor (.item(), .data, .array()) and constants have no past` : from;
}

/** Values by their names, or by what they are. Not all of many. */
function listOf(values: readonly Input[]): string {
  const texts = new Set(
    values.map((each) => (each instanceof SymbolicTensor || each instanceof Variable ? each.name : nameOf(each))),
  );
  const shown = [...texts].slice(0, 5);
  return texts.size > shown.length ? `${shown.join(", ")} and ${texts.size - shown.length} more` : shown.join(", ");
}

/** A root that holds the very elements of a value made from the source, or repeats its only one. */
function twinOf(roots: readonly Input[], reached: ReadonlySet<Input>): EagerTensor | null {
  const values = [...reached].filter((each) => each instanceof EagerTensor);
  const isTwin = (root: Input): root is EagerTensor =>
    root instanceof EagerTensor && values.some((value) => value.size > 0 && repeats(root.data, value.data));
  return roots.find(isTwin) ?? null;
}

function repeats(elements: ArrayLike<number>, of: ArrayLike<number>): boolean {
  if (elements.length !== of.length && of.length !== 1) return false;
  for (let i = 0; i < elements.length; i++) if (elements[i] !== of[i % of.length]) return false;
  return true;
}

/** The last op that took something made from the source. */
function lastUse({ records }: Search, { reached }: Path, lineOf: (record: OpRecord) => string | null): string[] {
  const last = [...records]
    .reverse()
    .find(({ inputs, outputs }) => outputs.length > 0 && inputs.some((input) => reached.has(input)));
  return last === undefined ? [] : [`  the last op made from the source is ${titleOf(last)}${inline(last, lineOf)}`];
}

function wayLine(source: Input, way: readonly OpRecord[], last: OpRecord): string[] {
  if (way.length === 0) return [];
  return [`  the way: ${labelOf(source, "the source")} -> ${formatWay([...way, last])}`];
}

function place(record: OpRecord, lineOf: (record: OpRecord) => string | null): string[] {
  const line = lineOf(record);
  return line === null ? [] : [`  at ${line}`];
}

function inline(record: OpRecord, lineOf: (record: OpRecord) => string | null): string {
  const line = lineOf(record);
  return line === null ? "" : ` at ${line}`;
}
