import { gradientRule, type Input, Operation, type OpRecord } from "@gradtape/graph";
import { EagerTensor, isFloating } from "@gradtape/tensor";

/** Where to look for a way from a source to some targets. */
export interface Search {
  /** What was recorded, in order. */
  readonly records: readonly OpRecord[];
  readonly targets: readonly Input[];
  readonly source: Input;
  /** Taken as constants. */
  readonly stop?: ReadonlySet<Input>;
}

/** A step that would lead on towards a target if a gradient flowed back through it. */
export interface Break {
  readonly record: OpRecord;
  /** The input by which the source comes in. */
  readonly input: number;
  readonly reason: "stopped" | "integer" | "assignment" | "undefined" | "null";
}

/** What was found between a source and some targets. */
export interface Path {
  /** The ops from the source to a target, when a gradient flows back through all of them. */
  readonly way: readonly OpRecord[] | null;
  /** Otherwise the places where it breaks, in the order in which they were recorded. */
  readonly breaks: readonly Break[];
  /** All that is made from the source and has its gradient. */
  readonly reached: ReadonlySet<Input>;
  /** What the targets are made from in the end: values that nothing recorded has made. */
  readonly roots: readonly Input[];
  /** The ops by which the source leads to `input`. */
  wayTo(input: Input): OpRecord[];
}

/** Walks forward from the source, as far as gradients flow back, and backward from the targets, by whatever way. */
export function findPath({ records, targets, source, stop = new Set() }: Search): Path {
  const { made, roots, awaited } = madeFor(records, targets);
  const parents = new Map<Input, readonly [OpRecord, number]>();
  const reached = new Set<Input>([source]);
  const breaks: Break[] = [];
  for (const record of records) {
    record.inputs.forEach((input, i) => {
      if (!reached.has(input)) return;
      const reason =
        stop.size > 0 && record.outputs.some((output) => stop.has(output)) ? "stopped" : reasonAt(record, i);
      const states = awaited.has(record) || !(record instanceof Operation) ? statesWritten(record) : [];
      const results = [...record.outputs, ...states].filter((each) => each !== input);
      if (reason !== null && results.some((each) => made.has(each))) breaks.push({ record, input: i, reason });
      if (reason !== null) return;
      for (const output of record.outputs) {
        if (reached.has(output)) continue;
        if (isFloating(output.dtype)) {
          reached.add(output);
          parents.set(output, [record, i]);
        } else if (made.has(output)) breaks.push({ record, input: i, reason: "integer" });
      }
    });
  }
  const wayTo = (input: Input): OpRecord[] => {
    const back: OpRecord[] = [];
    for (let parent = parents.get(input); parent !== undefined; ) {
      const [record, i] = parent;
      back.push(record);
      parent = parents.get(record.inputs[i]!);
    }
    return back.reverse();
  };
  const target = targets.find((each) => reached.has(each));
  return { way: target === undefined ? null : wayTo(target), breaks, reached, roots: [...roots], wayTo };
}

/** Why no gradient flows back to input `i`; `null` where one does. */
function reasonAt(record: OpRecord, i: number): Break["reason"] | null {
  const { def, outputs } = record;
  if (outputs.length === 0) return "assignment";
  if (outputs.every(({ dtype }) => !isFloating(dtype))) return "integer";
  const rule = gradientRule(def, i);
  return rule === undefined ? "undefined" : rule === null ? "null" : null;
}

function statesWritten({ def, inputs }: OpRecord): Input[] {
  return (def.writes ?? []).map((i) => inputs[i]!);
}

/** The targets and all that they are made from, be it through writes of variables. */
function madeFor(records: readonly OpRecord[], targets: readonly Input[]): Cone {
  const made = new Set<Input>(targets);
  const awaited = new Set<OpRecord>();
  const roots = new Set<Input>(targets);
  for (let i = records.length - 1; i >= 0; i--) {
    const record = records[i]!;
    const wrote =
      (awaited.has(record) || !(record instanceof Operation)) && statesWritten(record).some((each) => made.has(each));
    if (!wrote && !awaited.has(record) && !record.outputs.some((each) => made.has(each))) continue;
    if (record instanceof Operation) for (const before of record.controlInputs) awaited.add(before);
    // A plain value of a graph has been written into it; the constant stands for it.
    const inputs = record.inputs.filter((input) => !(record instanceof Operation && input instanceof EagerTensor));
    for (const input of inputs) {
      made.add(input);
      roots.add(input);
    }
    if (inputs.length > 0) for (const output of record.outputs) roots.delete(output);
  }
  return { made, roots, awaited };
}

/** What leads to some targets. */
interface Cone {
  readonly made: ReadonlySet<Input>;
  readonly roots: ReadonlySet<Input>;
  /** Operations that run before for their effects. */
  readonly awaited: ReadonlySet<OpRecord>;
}

/** Ops in the order in which they run, the middle of a long way left out. */
export function formatWay(way: readonly OpRecord[]): string {
  const titles = way.map(titleOf);
  const shown =
    titles.length <= 12 ? titles : [...titles.slice(0, 5), `(${titles.length - 10} more)`, ...titles.slice(-5)];
  return shown.join(" -> ");
}

/** An op by its name; behind it the name of the operation, where the record is one. */
export function titleOf(record: OpRecord): string {
  return record instanceof Operation ? `${record.type} '${record.name}'` : record.def.name;
}
