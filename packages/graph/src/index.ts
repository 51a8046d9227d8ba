export { AggregationMethod, aggregate } from "./aggregation.ts";
export { apply, perform } from "./apply.ts";
export {
  addToCollection,
  createGlobalStep,
  getCollection,
  getGlobalStep,
  getOrCreateGlobalStep,
  globalVariables,
  globalVariablesInitializer,
  isVariableInitialized,
  trainableVariables,
  variablesInitializer,
} from "./collections.ts";
export { type Compiled, type CompileOptions, compile } from "./compile/compile.ts";
export type { Profile } from "./compile/profile.ts";
export { TraceGraph } from "./compile/trace.ts";
export { currentGraph, differentiating, executingEagerly, recorders, unrecorded, within } from "./context.ts";
export { controlDependencies, device, group, nameScope, noOp, operationsOf, tuple } from "./control.ts";
export { getDefaultGraph } from "./defaults.ts";
export { applyOne, type OpOptions, programs } from "./define.ts";
export type { Fetch, Fetched } from "./fetches.ts";
export { Graph, GraphKeys } from "./graph.ts";
export { fromGraphDef, type GraphDef, type NodeDef, toGraphDef } from "./graph-def.ts";
export { here, lineOf, located, telling } from "./location.ts";
export * as losses from "./losses.ts";
export { sigmoidCrossEntropyWithLogits } from "./losses.ts";
export { checkNumericsIn, explainNonFinite, NumericsCheck, type ReplayOptions, watchedBy } from "./numerics.ts";
export { asTensor, asTensors, Convertible, nameOf, type Operand } from "./operand.ts";
export { Operation, SymbolicTensor } from "./operation.ts";
export * from "./ops/index.ts";
export { assignAdd as assignAddDef, checkRowsMatch, variableDef } from "./ops/state.ts";
export { type Cotangent, gradientRule, type Input, type OpDef, type OpRecord, type Recorder } from "./record.ts";
export { entry } from "./registry.ts";
export { type Feeds, Session, type SessionOptions } from "./session.ts";
export { State, Storage } from "./state.ts";
export { graphOfVariables, performWrite, Variable, type VariableOptions } from "./variable.ts";
export {
  type GetVariableOptions,
  getVariable,
  getVariableScope,
  type Initializer,
  type Reuse,
  VariableScope,
  type VariableScopeOptions,
  variableScope,
} from "./variable-scope.ts";
export { verify } from "./verify.ts";
