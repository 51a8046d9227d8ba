import { type Tensor, ValueError } from "@gradtape/tensor";
import { apply } from "./apply.ts";
import { group, type NameOption } from "./control.ts";
import { getDefaultGraph } from "./defaults.ts";
import { GraphKeys } from "./graph.ts";
import type { Operation } from "./operation.ts";
import { isVariableInitializedDef } from "./ops/state.ts";
import { Variable } from "./variable.ts";

/** Adds `value` to a collection of the default graph. */
export function addToCollection(name: string, value: unknown): void {
  getDefaultGraph().addToCollection(name, value);
}

/** The members of a collection of the default graph. */
export function getCollection(name: string, scope?: string): unknown[] {
  return getDefaultGraph().getCollection(name, scope);
}

/** The variables of the default graph, in the order of creation. */
export function globalVariables(scope?: string): Variable[] {
  return getCollection(GraphKeys.GLOBAL_VARIABLES, scope) as Variable[];
}

/** The trainable variables of the default graph, in the order of creation. */
export function trainableVariables(scope?: string): Variable[] {
  return getCollection(GraphKeys.TRAINABLE_VARIABLES, scope) as Variable[];
}

/** One operation that sets all of `variables` to their initial values; `null` in eager mode. */
export function variablesInitializer(
  variables: readonly Variable[],
  { name = "init" }: NameOption = {},
): Operation | null {
  return group(...variables.map(({ initializer }) => initializer), { name });
}

/** One operation that sets every variable made so far in the default graph to its initial value. */
export function globalVariablesInitializer(): Operation | null {
  return variablesInitializer(globalVariables());
}

/** Whether a variable has a value: a bool tensor. */
export function isVariableInitialized(variable: Variable): Tensor {
  return apply(isVariableInitializedDef, [variable], {})[0]!;
}

/** The step counter of the default graph, or `null` when none was made. */
export function getGlobalStep(): Variable | null {
  const [step] = getCollection(GraphKeys.GLOBAL_STEP) as Variable[];
  return step ?? null;
}

/** Makes the step counter: an int32 scalar that begins at 0. Throws a ValueError when there is one. */
export function createGlobalStep(): Variable {
  if (getGlobalStep() !== null)
    throw new ValueError('createGlobalStep: "global_step" already exists; use getGlobalStep()');
  const step = new Variable(0, { name: "global_step", dtype: "int32", trainable: false });
  addToCollection(GraphKeys.GLOBAL_STEP, step);
  return step;
}

/** The step counter, made when there is none. */
export function getOrCreateGlobalStep(): Variable {
  return getGlobalStep() ?? createGlobalStep();
}
