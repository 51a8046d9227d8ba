import {
  anything,
  boolean,
  callable,
  checkDType,
  checkShape,
  type DType,
  defineFunction,
  either,
  fill,
  glorotUniform,
  instance,
  list,
  nullable,
  oneOf,
  type Shape,
  sameShape,
  string,
  synchronous,
  ValueError,
} from "@gradtape/tensor";
import { currentGraph } from "./context.ts";
import { getDefaultGraph } from "./defaults.ts";
import type { Graph } from "./graph.ts";
import type { Operand } from "./operand.ts";
import { Variable, type VariableOptions } from "./variable.ts";

/** Makes the initial value of a variable from its shape. */
export type Initializer = (shape: Shape, options: { readonly dtype: DType }) => Operand;

/** Whether getVariable makes variables (false), finds them (true), or does what is possible ("auto"). */
export type Reuse = boolean | "auto";

const reuse = oneOf(true, false, "auto");

/** A stretch of code in which variables share a prefix, and a policy on reuse. */
export class VariableScope {
  readonly name: string;
  readonly reuse: Reuse;
  readonly initializer: Initializer | null;

  constructor(name: string, reuse: Reuse, initializer: Initializer | null) {
    this.name = name;
    this.reuse = reuse;
    this.initializer = initializer;
  }
}

/** The variables of one graph by full name, and the scope being built in. */
class Store {
  readonly variables = new Map<string, Variable>();
  readonly scopeNames = new Map<string, number>();
  scope = new VariableScope("", false, null);
}

const stores = new WeakMap<Graph, Store>();

function storeOf(graph: Graph): Store {
  const store = stores.get(graph) ?? new Store();
  stores.set(graph, store);
  return store;
}

/** The variable scope being built in. */
export const getVariableScope = defineFunction(
  "getVariableScope",
  {},
  undefined,
  (): VariableScope => storeOf(getDefaultGraph()).scope,
);

export interface VariableScopeOptions {
  /** Find existing variables (true), or whichever is possible ("auto"); as the enclosing scope does when left out or false. */
  readonly reuse?: Reuse;
  /** What makes initial values when a variable does not say. */
  readonly initializer?: Initializer;
}

/** Puts `name/` before the names of variables got in `body`, and a name scope before those of its operations. */
export const variableScope = defineFunction(
  "variableScope",
  { name: either(string, instance("a VariableScope", VariableScope)), body: callable },
  { reuse, initializer: callable },
  inVariableScope,
);

function inVariableScope<T>(
  name: string | VariableScope,
  body: (scope: VariableScope) => T,
  { reuse, initializer }: VariableScopeOptions = {},
): T {
  const once = (scope: VariableScope) => synchronous("variableScope", body(scope));
  const store = storeOf(getDefaultGraph());
  const outer = store.scope;
  const full = name instanceof VariableScope ? name.name : outer.name === "" ? name : `${outer.name}/${name}`;
  if (name === "") throw new ValueError("variableScope: a scope needs a name");
  const model = name instanceof VariableScope ? name : outer;
  // Once a scope reuses, those within it do.
  const scope = new VariableScope(full, reuse || model.reuse, initializer ?? model.initializer);
  const graph = currentGraph();
  store.scope = scope;
  try {
    const last = full.slice(full.lastIndexOf("/") + 1);
    return graph === null || last === "" ? once(scope) : graph.nameScope(last, () => once(scope));
  } finally {
    store.scope = outer;
  }
}

export interface GetVariableOptions extends Omit<VariableOptions, "name"> {
  /** The shape of the variable; not needed where `initializer` is a value. */
  readonly shape?: Shape;
  /** What makes the initial value, or the value itself; Glorot uniform for floats, zeros for others, when left out. */
  readonly initializer?: Initializer | Operand;
}

/**
 * The variable of that name in the present variable scope: made, or found again where the scope reuses.
 * Throws a ValueError for a second one of the name without reuse, for none under reuse, and for one of another shape.
 */
export const getVariable = defineFunction(
  "getVariable",
  { name: string },
  {
    shape: anything,
    initializer: anything,
    trainable: boolean,
    dtype: anything,
    constraint: nullable(callable),
    collections: list(string),
  },
  findOrMake,
);

function findOrMake(name: string, options: GetVariableOptions = {}): Variable {
  if (options.shape !== undefined) checkShape("getVariable", options.shape);
  if (options.dtype !== undefined) checkDType("getVariable", options.dtype);
  const graph = getDefaultGraph();
  const store = storeOf(graph);
  const { scope } = store;
  const full = scope.name === "" ? name : `${scope.name}/${name}`;
  const existing = store.variables.get(full);
  if (existing === undefined) {
    if (scope.reuse === true) {
      throw new ValueError(
        `getVariable: there is no variable ${full}, and the scope only reuses; make it without reuse first`,
      );
    }
    const made = makeVariable(graph, full, options, scope);
    store.variables.set(full, made);
    return made;
  }
  if (scope.reuse === false) {
    throw new ValueError(
      `getVariable: the variable ${full} already exists; did you mean { reuse: true } or "auto" in variableScope?`,
    );
  }
  if (options.shape !== undefined && !sameShape(options.shape, existing.shape)) {
    throw new ValueError(
      `getVariable: ${full} has another shape;\n  existing [${existing.shape.join(", ")}]\n  asked    [${options.shape.join(", ")}]`,
    );
  }
  if (options.dtype !== undefined && options.dtype !== existing.dtype) {
    throw new ValueError(`getVariable: ${full} is ${existing.dtype}, asked for ${options.dtype}`);
  }
  return existing;
}

function makeVariable(graph: Graph, full: string, options: GetVariableOptions, scope: VariableScope): Variable {
  const { shape, initializer = scope.initializer, ...rest } = options;
  const dtype = options.dtype ?? "float32";
  const floating = dtype === "float32" || dtype === "float64";
  const make = initializer ?? (floating && shape?.length !== 0 ? glorotUniform : zerosOf);
  if (typeof make === "function" && shape === undefined) {
    throw new ValueError(`getVariable: ${full} is new and needs a shape, or an initial value`);
  }
  if (typeof make !== "function" && shape !== undefined) {
    throw new ValueError(`getVariable: ${full} has its shape from its initial value; leave shape out`);
  }
  const initial = typeof make === "function" ? () => (make as Initializer)(shape!, { dtype }) : make;
  // The variable scope, not the name scope, gives the name.
  return currentGraph() === null
    ? new Variable(initial, { ...rest, name: full })
    : graph.nameScope(null, () => new Variable(initial, { ...rest, name: full }));
}

const zerosOf: Initializer = (shape, { dtype }) => fill(shape, 0, { dtype });
