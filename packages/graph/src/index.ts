export { AggregationMethod, aggregate } from "./aggregation.ts";
export { apply } from "./apply.ts";
export { applyOne, programs } from "./define.ts";
export { Graph, getDefaultGraph } from "./graph.ts";
export * as losses from "./losses.ts";
export { sigmoidCrossEntropyWithLogits } from "./losses.ts";
export { asTensor, asTensors, Convertible, nameOf, type Operand } from "./operand.ts";
export * from "./ops/index.ts";
export { checkRowsMatch } from "./ops/state.ts";
export {
  type Cotangent,
  gradientRule,
  type Input,
  type OpDef,
  type OpRecord,
  type Recorder,
  recorders,
  unrecorded,
} from "./record.ts";
export { State } from "./state.ts";
export { Variable, type VariableOptions } from "./variable.ts";
