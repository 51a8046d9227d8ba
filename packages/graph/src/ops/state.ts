import {
  compatible,
  compatibleExtents,
  type EagerTensor,
  fill,
  InvalidArgumentError,
  scalar as k,
  type PartialShape,
  program,
  type Scalar,
  shapeMessage,
  type TensorSpec,
  update,
  updateRows,
  ValueError,
  view,
  wrongAxis,
} from "@gradtape/tensor";
import { programs } from "../define.ts";
import type { OpDef } from "../record.ts";
import { entry } from "../registry.ts";

/* Reading and writing variables. A write has no outputs and no gradient. */

/** The operation that stands for a variable in its graph. It computes nothing: ops name the variable itself. */
export const variableDef: OpDef = entry({
  name: "variable",
  infer: () => [],
  kernel: () => ({ run: () => [] }),
});

/** The value of a state if it has one, else the second input. */
export const initializedValue: OpDef = entry({
  name: "initializedValue",
  allowsMissing: true,
  infer: ([, initial]) => [initial!],
  kernel: () => ({ run: ([state, initial]) => [state ?? initial!] }),
  gradient: [(g) => g, null],
});

/** Whether a state has a value. */
export const isVariableInitializedDef: OpDef = entry({
  name: "isVariableInitialized",
  allowsMissing: true,
  infer: () => [{ shape: [], dtype: "bool" }],
  kernel: () => ({ run: ([state]) => [fill([], state !== undefined) as EagerTensor] }),
  gradient: [null],
});

/** The value of a state as a tensor, which later writes do not change. */
export const readVariable: OpDef = entry({
  name: "readVariable",
  sparse: true,
  infer: ([state]) => [{ shape: state!.shape, dtype: state!.dtype }],
  kernel: () => view((layout) => layout),
  gradient: [(g) => g],
});

function checkDTypes(op: string, [state, value]: readonly TensorSpec[]): void {
  if (state!.dtype === value!.dtype) return;
  throw new TypeError(`${op}: the variable is ${state!.dtype}, the value ${value!.dtype}; cast the value`);
}

/** Writes `meaning(old, value)` to every element; `value` must have the very shape of the variable. */
function write(name: string, meaning: (old: Scalar, value: Scalar) => Scalar): OpDef {
  const programOf = programs((types) => program(types, meaning as (...inputs: Scalar[]) => Scalar));
  return {
    name,
    writes: [0],
    infer([state, value]) {
      checkDTypes(name, [state!, value!]);
      if (!compatible(state!.shape, value!.shape)) {
        throw new ValueError(
          shapeMessage(name, "the value must have the shape of the variable, nothing is broadcast", [
            { name: "variable", shape: state!.shape },
            { name: "value", shape: value!.shape, wrong: wrongAxis(value!.shape, state!.shape) },
          ]),
        );
      }
      return [];
    },
    kernel: ([state, value]) => update(programOf([state!.dtype, value!.dtype])),
    gradient: [null, null],
  };
}

export const assign = entry({ ...write("assign", (_, value) => value), overwrites: true });
export const assignAdd = entry(write("assignAdd", k.add));
export const assignSub = entry(write("assignSub", k.sub));

/** Writes `meaning(old, value)` to the rows that the indices name, one after the other. Inputs: state, values, indices. */
function writeRows(name: string, meaning: (old: Scalar, value: Scalar) => Scalar): OpDef {
  const programOf = programs((types) => program(types, meaning as (...inputs: Scalar[]) => Scalar));
  return {
    name,
    writes: [0],
    infer([state, values, indices]) {
      checkDTypes(name, [state!, values!]);
      checkRowsMatch(name, state!, values!, indices!);
      return [];
    },
    kernel: ([state, values]) => updateRows(name, programOf([state!.dtype, values!.dtype])),
    gradient: [null, null, null],
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

export const scatterAdd = entry(writeRows("scatterAdd", k.add));
export const scatterSub = entry(writeRows("scatterSub", k.sub));
export const scatterUpdate = entry(writeRows("scatterUpdate", (_, value) => value));
