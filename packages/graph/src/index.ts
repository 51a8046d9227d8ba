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
export { TraceGraph } from "./compile/trace-graph.ts";
export { currentGraph, differentiating, executingEagerly, recorders, unrecorded, within } from "./context.ts";
export type { NameOption, TupleOptions, Waitable } from "./control.ts";
export { controlDependencies, device, group, nameScope, noOp, operationsOf, tuple } from "./control.ts";
export { getDefaultGraph } from "./defaults.ts";
export type { AlongAxis, Op } from "./define.ts";
export { applyOne, type OpOptions, programs } from "./define.ts";
export type { Fetch, Fetched } from "./fetches.ts";
export type { Axes, ReduceOptions, Reduction } from "./fold.ts";
export type { Surroundings } from "./graph.ts";
export { Graph, GraphKeys } from "./graph.ts";
export { fromGraphDef, type GraphDef, type NodeDef, toGraphDef } from "./graph-def.ts";
export { checkAttributes } from "./legal.ts";
export * as losses from "./losses.ts";
export { sigmoidCrossEntropyWithLogits } from "./losses.ts";
export { namesOfStates } from "./names.ts";
export { checkNumericsIn, explainNonFinite, NumericsCheck, type ReplayOptions, watchedBy } from "./numerics.ts";
export { type Formula, observe, updateFormulas } from "./observe.ts";
export { asTensor, asTensors, Convertible, nameOf, type Operand } from "./operand.ts";
export { Operation, SymbolicTensor } from "./operation.ts";
export type { Binary, Unary } from "./ops/arithmetic.ts";
export { broadcastLike, stretch, sumLike } from "./ops/broadcast.ts";
export type { Cast, PreventGradientOptions, SliceWise } from "./ops/cast.ts";
export type { ClipByNorm, ClipByValue, ScalarMul } from "./ops/clip.ts";
export { concatPart } from "./ops/concat.ts";
export type { Gather, GatherOptions } from "./ops/gather.ts";
export * from "./ops/index.ts";
export type { OneHotOptions } from "./ops/indexing.ts";
export type { MatMulOptions } from "./ops/matmul.ts";
export { elementCount } from "./ops/reduction.ts";
export { reshapeLike } from "./ops/reshape.ts";
export type { SliceOptions } from "./ops/slice.ts";
export { embedLike } from "./ops/slice.ts";
export type { ConstantOptions } from "./ops/sources.ts";
export {
  assign as assignDef,
  assignAdd as assignAddDef,
  checkRowsMatch,
  readVariable as readVariableDef,
  variableDef,
} from "./ops/state.ts";
export type { AttributeValue } from "./record.ts";
export {
  type Attributes,
  type Cotangent,
  type CotangentSum,
  type Derivative,
  gradientRule,
  type Input,
  type OpDef,
  type OperationRun,
  type OpRecord,
  type Recorder,
  type Walk,
} from "./record.ts";
export { allEntries, entry } from "./registry.ts";
export type { Runner, RunOptions } from "./runner.ts";
export { dependencies } from "./schedule.ts";
export { type Feeds, Session, type SessionOptions } from "./session.ts";
export { State, Storage } from "./state.ts";
export type {
  AttributeKind,
  NodeAttribute,
  NodeMaker,
  Phrase,
  Spelling,
  Taken,
  TensorFlowFacet,
  Wire,
} from "./tensorflow.ts";
export * as tensorflow from "./tensorflow.ts";
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
