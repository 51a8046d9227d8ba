export { isForeign, mark, markOf } from "./brand.ts";
export type { Range } from "./constructors.ts";
export { type DTypeOption, type EyeOptions, eye, fill, linspace, ones, range, zeros } from "./constructors.ts";
export { type Dataset, dataset } from "./dataset/dataset.ts";
export type { DatasetOptions } from "./dataset/options.ts";
export type { OrderKey } from "./dataset/order.ts";
export type { BatchOf, Sources } from "./dataset/sources.ts";
export type { DatasetState } from "./dataset/state.ts";
export { describe, formatList, shown } from "./describe.ts";
export { checkDType, type DataOf, type DType, dtypes, isFloating, type TypedData } from "./dtype.ts";
export {
  FailedPreconditionError,
  InvalidArgumentError,
  LookupError,
  NotFoundError,
  NotImplementedError,
  RuntimeError,
  ValueError,
} from "./errors.ts";
export { crc32c } from "./files/checksum.ts";
export { loadNpy, saveNpy } from "./files/npy.ts";
export { loadNpz, type SaveNpzOptions, saveNpz } from "./files/npz.ts";
export { loadSafetensors, saveSafetensors, type TensorFile } from "./files/safetensors.ts";
export type { LoadOptions } from "./files/selection.ts";
export { glorotNormal, glorotUniform, heNormal, heUniform, type InitializerOptions } from "./initializers.ts";
export { matrixProduct } from "./kernel/gemm.ts";
export { checkIndices, gatherRows, nonZeroPositions, uniqueElements } from "./kernel/indexing.ts";
export { type Form, type IndexCheck, type Kernel, type LoopForm, linked, onFirst } from "./kernel/kernel.ts";
export * as scalar from "./kernel/language.ts";
export { chain, map, type Place, rows, runLoops } from "./kernel/loops.ts";
export { type Axis, arrange, type Nest } from "./kernel/nest.ts";
export { type Level, type Program, program } from "./kernel/program.ts";
export type { Scalar } from "./kernel/scalar.ts";
export { segmentSum } from "./kernel/segments.ts";
export { withoutSubnormals } from "./kernel/subnormals.ts";
export * as sums from "./kernel/sum.ts";
export { update, updateRows } from "./kernel/update.ts";
export { assemble, view } from "./kernel/views.ts";
export { broadcasted, commonLoops, isContiguous, type Layout, permuted, reshaped, rowMajor, sliced } from "./layout.ts";
export { literal, type NumberArray, type TensorLike, type TensorOptions, tensor } from "./literal.ts";
export { atUserLine, here, isDocumented, lineOf, located, telling, userLine } from "./location.ts";
export { checkBytes, checkRoom, fitsAnyway, memoryLimit, setMemoryLimit } from "./memory.ts";
export type { NdArray } from "./ndarray.ts";
export { refuseOperators } from "./operators.ts";
export { Printable } from "./printable.ts";
export type { NormalOptions, UniformOptions } from "./random/distributions.ts";
export { randomNormal, randomPermutation, randomUniform, type Seed, truncatedNormal } from "./random/draws.ts";
export { Generator, type GeneratorState, generator } from "./random/generator.ts";
export { repeated } from "./random/repetition.ts";
export {
  anything,
  boolean,
  callable,
  either,
  type Fields,
  fieldProblem,
  instance,
  integer,
  isPlainObject,
  type Kind,
  kind,
  list,
  natural,
  nearest,
  nullable,
  number,
  oneOf,
  optional,
  type RecordOf,
  string,
  type ValueOf,
} from "./schema.ts";
export {
  broadcastAxes,
  broadcastShapes,
  checkShape,
  commonShape,
  compatible,
  compatibleExtents,
  type Extent,
  formatExtent,
  formatShape,
  isStatic,
  knownShape,
  normalizeAxes,
  normalizeAxis,
  type PartialShape,
  reducedShape,
  type Shape,
  type ShapeMessageOptions,
  type Shown,
  sameShape,
  shapeMessage,
  sizeOf,
  type TensorShape,
  wrongAxis,
} from "./shape.ts";
export { defineFunction, defineMethods, type MethodFields, named, Signature } from "./signature.ts";
export { synchronous } from "./synchronous.ts";
export {
  compact,
  copyInto,
  copyOf,
  EagerTensor,
  emptyTensor,
  fromData,
  type NestedArray,
  readers,
  Tensor,
  type TensorSpec,
} from "./tensor.ts";
export { explained, reading } from "./unreadable.ts";
export { Allocator } from "./wasm/allocator.ts";
export { Area } from "./wasm/areas.ts";
export { type BackendInfo, backendInfo, environment, strictNumerics } from "./wasm/features.ts";
export * as wasm from "./wasm/language.ts";
export {
  addLoop,
  type LoopPattern,
  patternKey,
  strideParameters,
} from "./wasm/loop.ts";
export { elementBytes, type Machine, MEMORY_BYTES, machine, setThreads } from "./wasm/machine.ts";
export * as productPanels from "./wasm/panels.ts";
export { type Job, maySleep } from "./wasm/pool.ts";
export { hasVectors } from "./wasm/vector.ts";
