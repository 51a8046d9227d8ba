import {
  controlDependencies,
  type Graph,
  group,
  mul,
  type Operation,
  SymbolicTensor,
  Variable,
  within,
} from "@gradtape/graph";
import type { Tensor } from "@gradtape/tensor";
import { snakeCase } from "./hyper.ts";
import type { UpdateRule } from "./rule.ts";
import { stateVariable } from "./slots.ts";

/** The scalars that a rule multiplies by a hyper-parameter after every step: one set for each graph. */
export class Powers {
  private readonly byGraph = new Map<Graph | null, Variable[]>();

  /**
   * The powers that live where `variable` lives, made now, at their hyper-parameters, when there are none yet. `evaluate`
   * gives a hyper-parameter again, for a variable that lives outside of the graph being built.
   */
  beside(
    variable: Variable,
    { powers = {}, hyper }: UpdateRule,
    hypers: readonly Tensor[],
    evaluate: (name: string) => Tensor,
  ): readonly Variable[] {
    const known = this.byGraph.get(variable.graph);
    if (known !== undefined) return known;
    const made = Object.entries(powers).map(([name, of]) => {
      const present = hypers[hyper.indexOf(of)]!;
      const outside = variable.graph === null && present instanceof SymbolicTensor;
      return stateVariable(variable, snakeCase(name), outside ? within(null, () => evaluate(of)) : present);
    });
    this.byGraph.set(variable.graph, made);
    return made;
  }

  /** Those that live in `graph`, by their names in TensorFlow without number. */
  byName(graph: Graph | null, rule: UpdateRule): Map<string, Variable> {
    const made = this.byGraph.get(graph) ?? [];
    const names = powerNames(rule);
    return new Map(made.map((variable, i) => [names[i]!, variable]));
  }

  variables(): Variable[] {
    return [...this.byGraph.values()].flat();
  }
}

/** The names of a rule's powers in TensorFlow, without number. */
export function powerNames({ powers = {} }: UpdateRule): string[] {
  return Object.keys(powers).map(snakeCase);
}

/** Multiplies powers once `done` is done, and says when that is done. */
export function multiplyPowers(
  powers: readonly Variable[],
  { powers: description = {}, hyper }: UpdateRule,
  hypers: readonly Tensor[],
  done: readonly (Operation | null)[],
): (Operation | null)[] {
  return controlDependencies(done, () =>
    Object.values(description).map((of, i) => {
      const assigned = powers[i]!.assign(mul(powers[i]!, hypers[hyper.indexOf(of)]!));
      return assigned instanceof Variable ? null : group(assigned);
    }),
  );
}
