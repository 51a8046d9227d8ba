import { getDefaultGraph, nameOf, Variable } from "@gradtape/graph";
import { fill } from "@gradtape/tensor";

/** The slot variables of one optimizer: per slot name and variable, one variable of the same shape and dtype. */
export class Slots {
  private readonly byName = new Map<string, Map<Variable, Variable>>();

  /** The slot of `variable` named `name`, or `null`. A TypeError when slots exist but `variable` is none. */
  get(variable: unknown, name: string): Variable | null {
    const named = this.byName.get(name);
    if (named === undefined) return null;
    if (!(variable instanceof Variable)) throw new TypeError(`getSlot: expected a variable, got ${nameOf(variable)}`);
    return named.get(variable) ?? null;
  }

  /** The slot, made now and filled with `initial` if there is none yet. */
  getOrCreate(variable: Variable, name: string, initial: number, optimizer: string): Variable {
    let named = this.byName.get(name);
    if (named === undefined) {
      named = new Map();
      this.byName.set(name, named);
    }
    let slot = named.get(variable);
    if (slot === undefined) {
      const slotName = getDefaultGraph().uniqueName(`${variable.opName}/${optimizer}`);
      slot = new Variable(fill(variable.shape, initial, { dtype: variable.dtype }), {
        name: slotName,
        trainable: false,
      });
      named.set(variable, slot);
    }
    return slot;
  }

  /** The names of the slots made so far, sorted. */
  names(): string[] {
    return [...this.byName.keys()].sort();
  }

  /** All slot variables. */
  variables(): Variable[] {
    return [...this.byName.values()].flatMap((named) => [...named.values()]);
  }
}
