import * as gt from "gradtape";
import { lineIn } from "./place.ts";
import type { HeardOp } from "./recording.ts";
import type { SceneUpdate } from "./scene.ts";
import type { Read } from "./shown.ts";

/** The update of a source of the walk, where an op makes one element by element and its numbers were kept. */
export function updateOf(
  { record, before, after, place }: HeardOp,
  { sources }: gt.Walk,
  read: Read,
): { readonly variable: gt.Variable; readonly update: SceneUpdate } | null {
  const [variable] = record.inputs;
  if (!(variable instanceof gt.Variable) || !sources.includes(variable)) return null;
  const formulas = gt.updateFormulas(record);
  if (formulas === null || !after.has(variable)) return null;
  const states = record.inputs.slice(0, formulas.length);
  const rest = record.inputs.slice(formulas.length) as gt.Tensor[];
  // A sparse update ends with the rows that it takes, and their indices.
  const byRows = rest.length > 1 && rest.at(-1)!.dtype === "int32";
  const given = byRows ? rest.slice(0, -1) : rest;
  const names = record.def.inputNames ?? ["variable", "value"];
  return {
    variable,
    update: {
      variable: variable.opName,
      op: record.def.name,
      line: lineIn(place?.stack),
      shape: [...(variable.shape as readonly number[])],
      dtype: variable.dtype,
      names,
      formulas,
      before: states.map((state) => before.get(state)!),
      after: states.map((state) => after.get(state)!),
      given: given.map((tensor) => (tensor instanceof gt.Variable ? before.get(tensor)! : read(tensor).data)),
      rows: byRows ? Array.from(read(rest.at(-1)!).data) : null,
    },
  };
}
