import {
  callable,
  defineFunction,
  EagerTensor,
  InvalidArgumentError,
  synchronous,
  type Tensor,
  userLine,
} from "@gradtape/tensor";
import { differentiatedOp, recorders } from "./context.ts";
import { execute, type Value } from "./execute.ts";
import type { Wanted } from "./fetches.ts";
import { Operation, SymbolicTensor } from "./operation.ts";
import type { Input, OpRecord, Recorder } from "./record.ts";
import { schedule } from "./schedule.ts";
import { formatFaults, formatRange, isAllFinite, type Span, spanOf } from "./span.ts";
import { State, Storage } from "./state.ts";

/* Where did this NaN come from: the first op that makes a NaN or an infinity out of finite values. */

/** An operand or result as messages show it. */
interface Part {
  readonly label: string;
  readonly span: Span;
  /** It came from outside: no op that was watched made it. */
  readonly foreign: boolean;
}

/**
 * Watches ops, and throws an InvalidArgumentError as soon as one turns finite values into values that are not: the op,
 * the ranges of its operands, the user's line, and for a derivative the op it belongs to.
 *
 * An infinity that was given (a mask) is no mistake until it becomes a NaN. A NaN that was given is told when it has
 * reached a variable or a result.
 */
export class NumericsCheck implements Recorder {
  private readonly moment: string | null;
  private readonly made = new WeakSet<EagerTensor>();
  private readonly before = new Map<State, Part>();
  private intruder: string | null = null;

  /** `moment` is what messages call that which runs: `step 3`. */
  constructor(moment: string | null = null) {
    this.moment = moment;
  }

  /** @internal */
  onRead(state: State): void {
    if (state.storage !== null) this.note(state, state.storage.value);
  }

  /** @internal */
  onRecord(record: OpRecord): void {
    if (record instanceof Operation) return;
    const present = (input: Input) => (input instanceof State ? input.storage!.value : (input as EagerTensor));
    this.judge(record, record.inputs.map(present), record.outputs as readonly EagerTensor[]);
  }

  /** Runs an operation of a graph, and judges what it gave. */
  execute(operation: Operation, values: readonly (Value | undefined)[]): EagerTensor[] {
    const { def, inputs, attributes } = operation;
    values.forEach((value, i) => {
      if (value instanceof Storage) this.note(inputs[i] as State, value.value);
    });
    const outputs = execute(def, values, attributes);
    const present = values.map((value) => (value instanceof Storage ? value.value : value));
    this.judge(operation, present, outputs);
    return outputs;
  }

  /** Throws when a NaN that came from outside has reached one of `results`. */
  settle(results: readonly unknown[]): void {
    const reached = results.some((each) => each instanceof EagerTensor && spanOf(each).nan > 0);
    if (reached && this.intruder !== null) throw new InvalidArgumentError(this.intruder);
  }

  /** An op that writes a variable is told with what the variable held before. */
  private note(state: State, value: EagerTensor): void {
    this.before.set(state, { label: state.opName, span: spanOf(value), foreign: true });
  }

  private judge(record: OpRecord, values: readonly (EagerTensor | undefined)[], outputs: readonly EagerTensor[]): void {
    const written = (record.def.writes ?? []).map((i) => [record.inputs[i] as State, values[i]!] as const);
    const results = [...outputs, ...written.map(([, value]) => value)];
    for (const output of outputs) this.made.add(output);
    if (results.every(isAllFinite)) return;
    const given = record.inputs.flatMap((input, i) => this.operand(input, i, values[i]));
    const after = [
      ...outputs.map((value, i) => ({ label: outputs.length === 1 ? "result" : `result ${i}`, span: spanOf(value) })),
      ...written.map(([{ opName }, value]) => ({ label: `new ${opName}`, span: spanOf(value) })),
    ];
    const faults = total(after);
    const before = total(given);
    const told = (fact: string, parts: readonly Omit<Part, "foreign">[]) =>
      [`checkNumerics: ${titleOf(record)} ${fact}`, ...table(parts), ...this.placeOf(record)].join("\n");
    if (faults.nan > 0 ? before.nan === 0 : before.nan + before.infinite === 0) {
      const from = before.infinite === 0 ? "finite values" : "an infinity";
      const fact = `made ${formatFaults(faults)} out of ${from}`;
      throw new InvalidArgumentError(
        told(fact, [...given, ...after.filter(({ span }) => span.nan + span.infinite > 0)]),
      );
    }
    const intruders = given.filter(({ span, foreign }) => foreign && span.nan > 0);
    if (faults.nan > 0 && intruders.length > 0) {
      this.intruder ??= told(`was given ${formatFaults(total(intruders))} that no op made`, given);
    }
    if (this.intruder !== null && written.some(([, value]) => spanOf(value).nan > 0)) {
      throw new InvalidArgumentError(this.intruder);
    }
  }

  private operand(input: Input, i: number, value: EagerTensor | undefined): Part[] {
    if (value === undefined) return [];
    const known = input instanceof State ? this.before.get(input) : undefined;
    if (known !== undefined) return [known];
    const label = input instanceof SymbolicTensor ? input.name : `operand ${i + 1}`;
    return [{ label, span: spanOf(value), foreign: !this.made.has(value) }];
  }

  private placeOf(record: OpRecord): string[] {
    const forward = record instanceof Operation ? record.derivativeOf : differentiatedOp();
    const moment = this.moment === null ? [] : [`  in ${this.moment}`];
    const line = record instanceof Operation ? record.location : userLine();
    return [
      ...(forward === null ? [] : [`  in the gradient of ${titleOf(forward)}${builtAt(forward)}`]),
      ...moment,
      ...(line === null ? [] : [`  ${record instanceof Operation ? "built at" : "at"} ${line}`]),
    ];
  }
}

/** `log`, or `log 'scope/log_1'` for an operation that has a name of its own. */
function titleOf(record: OpRecord): string {
  return record instanceof Operation ? `${record.type} '${record.name}'` : record.def.name;
}

function builtAt(record: OpRecord): string {
  return record instanceof Operation && record.location !== null ? `, built at ${record.location}` : "";
}

function total(parts: readonly Pick<Part, "span">[]): Pick<Span, "nan" | "infinite"> {
  const sum = (key: "nan" | "infinite") => parts.reduce((count, { span }) => count + span[key], 0);
  return { nan: sum("nan"), infinite: sum("infinite") };
}

/** A line for each part: its name, its kind, the range of its finite elements, and how many are not finite. */
function table(parts: readonly Omit<Part, "foreign">[]): string[] {
  const width = (texts: readonly string[]) => texts.reduce((most, text) => Math.max(most, text.length), 0);
  const names = width(parts.map(({ label }) => label));
  const kinds = width(parts.map(({ span }) => span.kind));
  return parts.map(({ label, span }) => {
    const faults = formatFaults(span);
    const rest = faults === "" ? "" : `, ${faults} of ${span.size}`;
    return `  ${label.padEnd(names)}  ${span.kind.padEnd(kinds)}  ${formatRange(span)}${rest}`;
  });
}

/**
 * Runs `body` and returns its result; the first op in it that turns finite values into a NaN or an infinity throws an
 * InvalidArgumentError that tells the op, the ranges of its operands and the line. Runs of sessions count too; compiled
 * functions run op by op. Outside of such a block nothing is checked, and nothing is slower.
 */
export const checkNumericsIn = defineFunction(
  "checkNumericsIn",
  { body: callable },
  undefined,
  <T>(body: () => T): T => {
    const check = new NumericsCheck();
    const result = watchedBy(check, () => synchronous("checkNumericsIn", body()));
    check.settle(Array.isArray(result) ? result : [result]);
    return result;
  },
);

/** Runs `body` while `check` listens. */
export function watchedBy<T>(check: NumericsCheck | null, body: () => T): T {
  if (check === null || recorders.includes(check)) return body();
  recorders.push(check);
  try {
    return body();
  } finally {
    const at = recorders.lastIndexOf(check);
    if (at >= 0) recorders.splice(at, 1);
  }
}

/** The check that is on in the present block, or `null`. */
export function checkInForce(): NumericsCheck | null {
  return recorders.find((each) => each instanceof NumericsCheck) ?? null;
}

export interface ReplayOptions {
  /** What is replayed, for messages: `step 3`. */
  readonly moment?: string | null;
}

/**
 * Replays one run of a graph op by op, from what was fed and from the values that its variables had, on copies: nothing
 * changes. Throws an InvalidArgumentError at the first op that turns finite values into values that are not, or where a
 * NaN came in that reaches `wanted` or a variable. Returns when there is neither.
 */
export function explainNonFinite(
  wanted: readonly Wanted[],
  feeds: ReadonlyMap<Tensor, EagerTensor>,
  before: (state: State) => EagerTensor,
  { moment = null }: ReplayOptions = {},
): void {
  const check = new NumericsCheck(moment);
  const values = new Map<Tensor, EagerTensor>(feeds);
  const storages = new Map<State, Storage>();
  const storageOf = (state: State) => {
    const storage = storages.get(state) ?? new Storage(before(state));
    storages.set(state, storage);
    return storage;
  };
  for (const operation of schedule(wanted, feeds)) {
    const { inputs, outputs } = operation;
    if (outputs.length > 0 && outputs.every((output) => values.has(output))) continue;
    const computed = check.execute(
      operation,
      inputs.map((input) =>
        input instanceof State ? storageOf(input) : (values.get(input) ?? (input as EagerTensor)),
      ),
    );
    outputs.forEach((output, i) => {
      if (!values.has(output)) values.set(output, computed[i]!);
    });
  }
  check.settle(wanted.map((each) => (each instanceof State ? storageOf(each).value : values.get(each as Tensor))));
}
