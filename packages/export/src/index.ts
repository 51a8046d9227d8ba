export { type Exporter, exportTo, type Handover, type Program } from "./exporter.ts";
export { type Onnx, type OnnxOptions, writeOnnx } from "./onnx/onnx.ts";
export type { Port, Signature, StatePort } from "./signature.ts";
export { type StableHlo, writeStableHlo } from "./stablehlo/stablehlo.ts";
export {
  type ImportedGraph,
  type ImportOptions,
  importGraphDef,
  type WriteOptions,
  writeGraphDef,
  writeGraphDefText,
} from "./tensorflow/index.ts";
export { weightsOf } from "./weights.ts";
