import { Graph } from "@gradtape/graph";
import { isPlainObject, kind } from "@gradtape/tensor";
import type { Handover } from "./exporter.ts";

/** The argument that describes a graph for an engine, for signatures. */
export const handoverKind = kind<Handover>("an object { graph, inputs, outputs }: a graph and two lists", (value) => {
  if (!isPlainObject(value)) return false;
  const { graph, inputs, outputs } = value;
  return graph instanceof Graph && Array.isArray(inputs) && Array.isArray(outputs);
});

/** Values by name, for signatures. */
export const weightsKind = kind<object>("an object of tensors by name", isPlainObject);
