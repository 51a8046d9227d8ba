import { NotFoundError } from "../errors.ts";
import { callable, isPlainObject, kind, list, string } from "../schema.ts";
import type { EagerTensor, Tensor } from "../tensor.ts";
import { UnfitError } from "./elements.ts";

/* Files of several tensors, of which some may be of kinds that no tensor has. */

export interface LoadOptions {
  /** The tensors to load; all when left out. With it, one that is missing or unfit is an error. */
  readonly names?: readonly string[];
  /**
   * Receives the name of each array that was passed over, and the reason: its elements are of a kind that no tensor has.
   * A warning on the console when left out.
   */
  readonly onSkip?: (name: string, reason: string) => void;
}

/** `LoadOptions`, for signatures. */
export const loadFields = { names: list(string), onSkip: callable };

/** Values by name, for signatures. */
export const byName = kind<object>("an object of values by name", isPlainObject);

/** An array of a file, which is read when wanted. */
export interface Stored {
  readonly name: string;
  read(): EagerTensor;
}

/**
 * The stored tensors that `options` ask for, by name, in a record without a prototype. Throws the error of the first unfit
 * one where names were given or nothing fits, a NotFoundError for a name that the file lacks.
 */
export function select(op: string, stored: readonly Stored[], { names, onSkip }: LoadOptions): Record<string, Tensor> {
  const tensors: Record<string, Tensor> = Object.create(null);
  const skipped: UnfitError[] = [];
  const reasons: string[] = [];
  for (const { name, read } of wanted(op, stored, names)) {
    try {
      tensors[name] = read();
    } catch (error) {
      if (!(error instanceof UnfitError) || names !== undefined) throw error;
      skipped.push(error);
      reasons.push(error.message);
      onSkip?.(name, error.message);
    }
  }
  if (skipped[0] !== undefined && skipped.length === stored.length) throw skipped[0];
  if (reasons.length > 0 && onSkip === undefined) console.warn(notice(op, reasons, stored.length));
  return tensors;
}

function wanted(op: string, stored: readonly Stored[], names: readonly string[] | undefined): readonly Stored[] {
  if (names === undefined) return stored;
  const byName = new Map(stored.map((each) => [each.name, each]));
  return names.map((name) => {
    const found = byName.get(name);
    if (found !== undefined) return found;
    const there = [...byName.keys()].slice(0, 10).map((each) => JSON.stringify(each));
    const more = byName.size > there.length ? `, and ${byName.size - there.length} more` : "";
    throw new NotFoundError(`${op}: there is no ${JSON.stringify(name)}; the file holds ${there.join(", ")}${more}`);
  });
}

function notice(op: string, reasons: readonly string[], count: number): string {
  const shown = reasons.slice(0, 5).map((reason) => `\n  ${reason.replace(`${op}: `, "")}`);
  const more = reasons.length > shown.length ? `\n  and ${reasons.length - shown.length} more` : "";
  return `${op}: ${reasons.length} of ${count} arrays were passed over:${shown.join("")}${more}`;
}
