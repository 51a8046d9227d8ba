import { describe, formatRecord } from "../describe.ts";
import { ValueError } from "../errors.ts";
import { isPlainObject } from "../schema.ts";
import type { OrderKey } from "./order.ts";

/** Where a dataset stands, as plain JSON. */
export interface DatasetState {
  /** Number of the epoch that the next batch belongs to, from 0 on. */
  readonly epoch: number;
  /** How many examples of that epoch have been drawn. */
  readonly position: number;
  /** How many examples there are. */
  readonly examples: number;
  /** Two 32-bit words from which the orders follow; `null` without shuffling. */
  readonly key: OrderKey | null;
}

const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;

/** Checks that `state` can be taken up by a dataset that stands at `present`; `fixed` where its key was asked for. */
export function checkState(op: string, state: DatasetState, present: DatasetState, fixed: boolean): void {
  const { epoch, position, examples, key } = (isPlainObject(state) ? state : {}) as DatasetState;
  const isKey = key === null || (Array.isArray(key) && key.length === 2 && key.every((word) => word === word >>> 0));
  if (!isKey || !isCount(epoch) || !isCount(position) || !isCount(examples) || position > examples) {
    throw new ValueError(
      `${op}: not the state of a dataset: ${shown(state)}; use one that \`state\` of a dataset gave`,
    );
  }
  if (examples !== present.examples) {
    throw new ValueError(
      `${op}: the state is that of a dataset of ${examples} examples, this one has ${present.examples}; make it from the same sources`,
    );
  }
  if ((key === null) !== (present.key === null)) {
    const [theirs, ours] = key === null ? ["in order", "shuffled"] : ["shuffled", "in order"];
    throw new ValueError(
      `${op}: the state is that of a dataset ${theirs}, this one is ${ours}; make it with shuffle: ${key !== null}`,
    );
  }
  if (fixed && key !== null && (key[0] !== present.key![0] || key[1] !== present.key![1])) {
    throw new ValueError(
      `${op}: the state is that of a dataset with another seed; make this one with the same seed, or without one`,
    );
  }
}

/** A state as messages show it. */
function shown(state: unknown): string {
  return isPlainObject(state) ? formatRecord(state) : describe(state);
}
