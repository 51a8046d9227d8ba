import {
  anything,
  defineFunction,
  instance,
  list,
  nullable,
  optional,
  string,
  type Tensor,
  ValueError,
} from "@gradtape/tensor";
import { apply } from "./apply.ts";
import { group, type NameOption } from "./control.ts";
import { getDefaultGraph } from "./defaults.ts";
import { GraphKeys } from "./graph.ts";
import type { Operation } from "./operation.ts";
import { isVariableInitializedDef } from "./ops/state.ts";
import { Variable } from "./variable.ts";

const variable = instance("a variable", Variable);
const scope = optional(nullable(string));

/** Adds `value` to a collection of the default graph. */
export const addToCollection = defineFunction(
  "addToCollection",
  { name: string, value: anything },
  undefined,
  (name: string, value: unknown): void => getDefaultGraph().addToCollection(name, value),
);

/** The members of a collection of the default graph. */
export const getCollection = defineFunction(
  "getCollection",
  { name: string, scope },
  undefined,
  (name: string, scope?: string | null): unknown[] => getDefaultGraph().getCollection(name, scope),
);

/** The variables of the default graph, in the order of creation. */
export const globalVariables = defineFunction(
  "globalVariables",
  { scope },
  undefined,
  (scope?: string | null): Variable[] => getCollection(GraphKeys.GLOBAL_VARIABLES, scope) as Variable[],
);

/** The trainable variables of the default graph, in the order of creation. */
export const trainableVariables = defineFunction(
  "trainableVariables",
  { scope },
  undefined,
  (scope?: string | null): Variable[] => getCollection(GraphKeys.TRAINABLE_VARIABLES, scope) as Variable[],
);

/** One operation that sets all of `variables` to their initial values; `null` in eager mode. */
export const variablesInitializer = defineFunction(
  "variablesInitializer",
  { variables: list(variable) },
  { name: string },
  (variables: readonly Variable[], { name = "init" }: NameOption = {}): Operation | null =>
    group(...variables.map(({ initializer }) => initializer), { name }),
);

/** One operation that sets every variable made so far in the default graph to its initial value. */
export const globalVariablesInitializer = defineFunction(
  "globalVariablesInitializer",
  {},
  undefined,
  (): Operation | null => variablesInitializer(globalVariables()),
);

/** Whether a variable has a value: a bool tensor. */
export const isVariableInitialized = defineFunction(
  "isVariableInitialized",
  { variable },
  undefined,
  (variable: Variable): Tensor => apply(isVariableInitializedDef, [variable], {})[0]!,
);

/** The step counter of the default graph, or `null` when none was made. */
export const getGlobalStep = defineFunction("getGlobalStep", {}, undefined, (): Variable | null => {
  const [step] = getCollection(GraphKeys.GLOBAL_STEP) as Variable[];
  return step ?? null;
});

/** Makes the step counter: an int32 scalar that begins at 0. Throws a ValueError when there is one. */
export const createGlobalStep = defineFunction("createGlobalStep", {}, undefined, (): Variable => {
  if (getGlobalStep() !== null)
    throw new ValueError('createGlobalStep: "global_step" already exists; use getGlobalStep()');
  const step = new Variable(0, { name: "global_step", dtype: "int32", trainable: false });
  addToCollection(GraphKeys.GLOBAL_STEP, step);
  return step;
});

/** The step counter, made when there is none. */
export const getOrCreateGlobalStep = defineFunction(
  "getOrCreateGlobalStep",
  {},
  undefined,
  (): Variable => getGlobalStep() ?? createGlobalStep(),
);
