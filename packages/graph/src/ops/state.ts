import {
  compatible,
  compatibleExtents,
  type DType,
  type EagerTensor,
  fill,
  InvalidArgumentError,
  scalar as k,
  type PartialShape,
  program,
  type Scalar,
  type Shape,
  shapeMessage,
  type TensorSpec,
  update,
  updateRows,
  ValueError,
  view,
  wrongAxis,
} from "@gradtape/tensor";
import { programs } from "../define.ts";
import { dtype, flag, shape } from "../legal.ts";
import type { OpDef } from "../record.ts";
import { entry } from "../registry.ts";
import { always, dtypeOf, output, same } from "../tensorflow.ts";

/* Reading and writing variables. A write has no outputs and no gradient. */

/** The operation that stands for a variable in its graph. It computes nothing: ops name the variable itself. */
export const variableDef: OpDef<{ dtype: DType; shape: Shape; trainable: boolean }> = entry({
  name: "variable",
  arity: 0,
  attributes: { dtype, shape, trainable: flag },
  infer: () => [],
  kernel: () => ({ run: () => [] }),
  tensorflow: {
    op: "VarHandleOp",
    attributes: {
      dtype: same("type", "dtype"),
      shape: same("shape", "shape"),
      shared_name: { kind: "string", nodeName: true },
    },
    reference: { op: "VariableV2" },
  },
});

/** The value of a state if it has one, else the second input. */
export const initializedValue: OpDef = entry({
  name: "initializedValue",
  arity: 2,
  allowsMissing: true,
  infer([state, initial]) {
    if (state !== undefined) checkValue("initializedValue", [state, initial!]); // it may be missing in a run
    return [initial!];
  },
  kernel: () => ({ run: ([state, initial]) => [state ?? initial!] }),
  gradient: [(g) => g, null],
  tensorflow(nodes) {
    if (!nodes.resources) return null;
    const known = nodes.node("VarIsInitializedOp", [nodes.handle(0)], {});
    const handle = nodes.node("Switch", [nodes.handle(0), known], { T: always("type", "resource") });
    const value = nodes.node("ReadVariableOp", [output(handle, 1)], { dtype: dtypeOf(0) });
    const initial = nodes.node("Switch", [nodes.input(1), known]);
    return [nodes.node("Merge", [initial, value], { T: dtypeOf(0), N: always("int", 2) })];
  },
});

/** Whether a state has a value. */
export const isVariableInitializedDef: OpDef = entry({
  name: "isVariableInitialized",
  arity: 1,
  allowsMissing: true,
  infer: () => [{ shape: [], dtype: "bool" }],
  kernel: () => ({ run: ([state]) => [fill([], state !== undefined) as EagerTensor] }),
  gradient: [null],
  tensorflow: {
    op: "VarIsInitializedOp",
    handles: [0],
    attributes: {},
    reference: { op: "IsVariableInitialized", attributes: { dtype: dtypeOf(0) } },
  },
});

/** The value of a state as a tensor, which later writes do not change. */
export const readVariable: OpDef = entry({
  name: "readVariable",
  arity: 1,
  sparse: true,
  infer: ([state]) => [{ shape: state!.shape, dtype: state!.dtype }],
  kernel: () => view((layout) => layout),
  gradient: [(g) => g],
  tensorflow: {
    op: "ReadVariableOp",
    handles: [0],
    attributes: { dtype: dtypeOf(0) },
    reference: { op: "Identity", attributes: { T: dtypeOf(0) } },
  },
});

function checkDTypes(op: string, [state, value]: readonly TensorSpec[]): void {
  if (state!.dtype === value!.dtype) return;
  throw new TypeError(`${op}: the variable is ${state!.dtype}, the value ${value!.dtype}; cast the value`);
}

/** Throws an error unless a value can be that of a variable: a TypeError for its dtype, a ValueError for its shape. */
function checkValue(op: string, [state, value]: readonly [TensorSpec, TensorSpec]): void {
  checkDTypes(op, [state, value]);
  if (compatible(state.shape, value.shape)) return;
  throw new ValueError(
    shapeMessage(op, "the value must have the shape of the variable, nothing is broadcast", [
      { name: "variable", shape: state.shape },
      { name: "value", shape: value.shape, wrong: wrongAxis(value.shape, state.shape) },
    ]),
  );
}

/** The names for resource and for reference variables. */
type TensorFlowNames = readonly [resource: string, reference: string];

/** Writes `meaning(old, value)` to every element; `value` must have the very shape of the variable. */
function write(name: string, meaning: (old: Scalar, value: Scalar) => Scalar, [op, reference]: TensorFlowNames): OpDef {
  const programOf = programs((types) => program(types, meaning as (...inputs: Scalar[]) => Scalar));
  return {
    name,
    arity: 2,
    writes: [0],
    infer([state, value]) {
      checkValue(name, [state!, value!]);
      return [];
    },
    kernel: ([state, value]) => update(programOf([state!.dtype, value!.dtype])),
    gradient: [null, null],
    tensorflow: {
      op,
      attributes: { dtype: dtypeOf(0) },
      reference: { op: reference, attributes: { T: dtypeOf(0) } },
    },
  };
}

export const assign = entry({
  ...write("assign", (_, value) => value, ["AssignVariableOp", "Assign"]),
  overwrites: true,
});
export const assignAdd = entry(write("assignAdd", k.add, ["AssignAddVariableOp", "AssignAdd"]));
export const assignSub = entry(write("assignSub", k.sub, ["AssignSubVariableOp", "AssignSub"]));

/** Writes `meaning(old, value)` to the rows that the indices name, one after the other. Inputs: state, values, indices. */
function writeRows(name: string, meaning: (old: Scalar, value: Scalar) => Scalar, tensorflow: string): OpDef {
  const programOf = programs((types) => program(types, meaning as (...inputs: Scalar[]) => Scalar));
  return {
    name,
    arity: 3,
    writes: [0],
    infer([state, values, indices]) {
      checkDTypes(name, [state!, values!]);
      checkRowsMatch(name, state!, values!, indices!);
      return [];
    },
    kernel: ([state, values]) => updateRows(name, programOf([state!.dtype, values!.dtype])),
    gradient: [null, null, null],
    tensorflow: {
      op: `Resource${tensorflow}`,
      takes: [0, 2, 1],
      attributes: { dtype: dtypeOf(0), Tindices: dtypeOf(2) },
      reference: { op: tensorflow, attributes: { T: dtypeOf(0), Tindices: dtypeOf(2) } },
    },
  };
}

/**
 * Throws an InvalidArgumentError unless `values` holds one row of `state` for each of `indices`, a TypeError for indices
 * that are not integers.
 */
export function checkRowsMatch(op: string, state: TensorSpec, values: TensorSpec, indices: TensorSpec): void {
  if (indices.dtype !== "int32") throw new TypeError(`${op}: indices have dtype ${indices.dtype}, expected int32`);
  const problem = rowProblem(state.shape, values.shape, indices.shape);
  if (problem === null) return;
  throw new InvalidArgumentError(
    shapeMessage(op, problem, [
      { name: "variable", shape: state.shape },
      { name: "indices", shape: indices.shape },
      {
        name: "values",
        shape: values.shape,
        wrong: wrongAxis(values.shape, [indices.shape[0] ?? null, ...state.shape.slice(1)]),
      },
    ]),
  );
}

function rowProblem(state: PartialShape, values: PartialShape, indices: PartialShape): string | null {
  if (state.length === 0) return "the variable must be at least 1 dimensional to have rows";
  if (indices.length !== 1) return "indices must be a vector";
  const expected = [indices[0]!, ...state.slice(1)];
  if (values.length !== expected.length) return "values need the rank of the variable, a row for each index";
  const wrong = expected.findIndex((extent, axis) => !compatibleExtents(extent, values[axis]!));
  if (wrong === 0) return "values need one row for each index";
  return wrong < 0 ? null : `rows of values and of the variable must match in dimension ${wrong}`;
}

export const scatterAdd = entry(writeRows("scatterAdd", k.add, "ScatterAdd"));
export const scatterSub = entry(writeRows("scatterSub", k.sub, "ScatterSub"));
export const scatterUpdate = entry(writeRows("scatterUpdate", (_, value) => value, "ScatterUpdate"));
