import { type Input, Operation, type OpRecord, unrecorded, Variable } from "@gradtape/graph";
import { EagerTensor, fill, isFloating, knownShape, LookupError } from "@gradtape/tensor";
import { backprop } from "./backprop.ts";
import type { Differentiable } from "./endpoints.ts";
import { connected, explainPath, headline, leaves, lineOfOperation, reasonOf } from "./explain-gradient.ts";
import { type Break, findPath } from "./path.ts";
import type { Structure } from "./structure.ts";

/** What a tape knows. */
export interface Recording {
  readonly records: readonly OpRecord[];
  readonly watchesVariables: boolean;
  isWatched(input: Input): boolean;
  /** The user's line of an op that ran at once, where it was kept. */
  lineOf(record: OpRecord): string | null;
}

/** Why a tape gives no gradient of `target` by `source`. */
export function explainOnTape(target: Structure<Differentiable>, source: Differentiable, recording: Recording): string {
  const targets = leaves("target", target);
  const [from] = leaves("source", source) as [Input];
  const { records, isWatched } = recording;
  if (isFloating(from.dtype) && !isWatched(from)) {
    return `${headline(targets, from)}: ${unwatched(from, recording)}`;
  }
  const lineOf = (record: OpRecord) => lineOfOperation(record) ?? recording.lineOf(record);
  const { way } = findPath({ records, targets, source: from });
  if (way === null || !isFloating(from.dtype)) return explainPath({ records, targets, source: from }, lineOf);
  const refused = refusals(records, targets, from);
  if (typeof refused === "string") return `${headline(targets, from)}: ${refused}`;
  if (refused.length === 0) return connected(targets, from, way);
  const line = lineOf(refused[0]!.record);
  return [`${headline(targets, from)}: ${reasonOf(refused[0]!)}`, ...(line === null ? [] : [`  at ${line}`])].join(
    "\n",
  );
}

function unwatched(source: Input, { watchesVariables }: Recording): string {
  if (!(source instanceof Variable)) return "the source is not watched; call tape.watch(…) on it before it is used";
  if (!watchesVariables)
    return `${source.name} is not watched, the tape has watchAccessedVariables: false; call tape.watch(…)`;
  if (!source.trainable)
    return `${source.name} is not trainable, so the tape does not watch it by itself; call tape.watch(…)`;
  return `${source.name} was not used while the tape recorded`;
}

/**
 * The inputs for which a rule, asked now, gives nothing; empty when the gradient is there after all. The words of a rule
 * that rules it out.
 */
function refusals(records: readonly OpRecord[], targets: readonly Input[], source: Input): Break[] | string {
  const eager = [...targets, source].every((each) => each instanceof EagerTensor || each instanceof Variable);
  if (!eager || records.some((record) => record instanceof Operation)) return [];
  const found: Break[] = [];
  const around = <T>(record: OpRecord, body: () => T): T => {
    const cotangents = body();
    (cotangents as readonly unknown[]).forEach((each, input) => {
      if (each === null) found.push({ record, input, reason: "null" });
    });
    return cotangents;
  };
  try {
    const seeds = targets.map(({ shape, dtype }) => fill(knownShape("explainGradient", shape), 1, { dtype }));
    const [gradient] = unrecorded(() => backprop(records, targets, seeds, [source], { around }));
    if (gradient !== null) return [];
  } catch (error) {
    if (error instanceof LookupError) return error.message;
    throw error;
  }
  // What never led to the source is no refusal.
  const { reached } = findPath({ records, targets, source });
  return found.filter(({ record, input }) => reached.has(record.inputs[input]!)).reverse();
}
