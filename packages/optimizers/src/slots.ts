import { getDefaultGraph, getVariableScope, nameOf, type Operation, Variable, within } from "@gradtape/graph";
import { type DType, fill, type Shape, type Tensor } from "@gradtape/tensor";

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
      slot = stateVariable(variable, `${variable.opName}/${optimizer}`, fillOf(variable, initial));
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

function fillOf({ shape, dtype }: { readonly shape: Shape; readonly dtype: DType }, value: number): Tensor {
  return fill(shape, value, { dtype });
}

/**
 * A variable of an optimizer's state, where `beside` lives: in its graph, whatever scope is being built, or eagerly.
 * Only a variable scope prefixes its name; a name in use gets a number.
 */
export function stateVariable(beside: Variable, name: string, initial: Tensor): Variable {
  const scope = getVariableScope().name;
  const full = scope === "" ? name : `${scope}/${name}`;
  const make = (unique: string) => new Variable(initial, { name: unique, trainable: false });
  const { graph } = beside;
  if (graph !== null) {
    const built = () => graph.controlDependencies(null, () => graph.nameScope(null, () => make(full)));
    return graph.asDefault(() => graph.colocateWith(beside.op as Operation, built));
  }
  // In eager mode names are counted by the graph of the process; a variable there takes none by itself.
  return within(null, () => make(getDefaultGraph().uniqueAbsoluteName(full)));
}
