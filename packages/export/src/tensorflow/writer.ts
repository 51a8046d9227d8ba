import { type Operation, type SymbolicTensor, Variable, type Wire } from "@gradtape/graph";
import { EagerTensor, type Tensor, ValueError } from "@gradtape/tensor";
import { type Exporter, exportTo, type Handover, pruned } from "../exporter.ts";
import { type Asked, GraphWriter } from "./graph-writer.ts";
import { updateInLoops } from "./loops.ts";
import { Spelled } from "./nodes.ts";
import type { MetaGraphInit } from "./schema.ts";

export interface GraphDefOptions {
  /** How TensorFlow keeps variables: as resources (the default), or as the references of old graphs. */
  readonly variables?: "resource" | "reference";
  /** Values with which variables begin, in place of those that the graph gives them. */
  readonly values?: ReadonlyMap<Variable, Tensor>;
}

/** A handover as a MetaGraphDef: the nodes, the collections, and a signature that names what is fed and fetched. */
export function metaGraph(handover: Handover, options: GraphDefOptions = {}): MetaGraphInit {
  const { values = new Map() } = options;
  const begun = initialized(handover, values);
  const asked = pruned("export to GraphDef", handover);
  return exportTo(exporter(asked, begun), begun.handover, options);
}

/** What a handover needs so that its variables can be initialized. */
interface Begun {
  readonly handover: Handover;
  /** Initial values that are given in place of the graph's. */
  readonly given: ReadonlyMap<SymbolicTensor, EagerTensor>;
}

/** Adds the initializers of the variables that are used, also of those that initial values are made from. */
function initialized(handover: Handover, values: ReadonlyMap<Variable, Tensor>): Begun {
  const given = new Map<SymbolicTensor, EagerTensor>();
  const outputs = new Set(handover.outputs);
  for (let before = -1; before !== outputs.size; ) {
    before = outputs.size;
    const inputs = [...handover.inputs, ...given.keys()];
    for (const state of pruned("export to GraphDef", { ...handover, inputs, outputs: [...outputs] }).states.keys()) {
      if (!(state instanceof Variable) || state.initializer === null) continue;
      const value = values.get(state);
      if (value !== undefined) given.set(state.initialValue as SymbolicTensor, checkedValue(state, value));
      outputs.add(state.initializer);
    }
  }
  const inputs = [...new Set([...handover.inputs, ...given.keys()])];
  return { handover: { ...handover, inputs, outputs: [...outputs] }, given };
}

function checkedValue({ name, shape, dtype }: Variable, value: Tensor): EagerTensor {
  if (value instanceof EagerTensor && value.dtype === dtype && String(value.shape) === String(shape)) return value;
  throw new ValueError(
    `export to GraphDef: ${name} is ${dtype}[${shape}], the value given for it ${value.dtype}[${value.shape}]`,
  );
}

function exporter(asked: Asked, begun: Begun): Exporter<GraphDefOptions, MetaGraphInit> {
  return {
    target: "GraphDef",
    refusal: (operation, { variables }) => refusal(operation, variables !== "reference"),
    write: (program, { variables }) => new GraphWriter(program, asked, begun.given, variables !== "reference").meta(),
  };
}

function refusal(operation: Operation, resources: boolean): string | null {
  const { tensorflow } = operation.def;
  if (typeof tensorflow === "object" && "refused" in tensorflow) return tensorflow.refused;
  const anywhere: Wire = { node: {}, index: 0 };
  const spelled = new Spelled(operation, { resources, tensor: () => anywhere, handle: () => anywhere });
  if (spelled.write(tensorflow ?? []) ?? spelled.write(updateInLoops)) return null;
  if (tensorflow === undefined) return "TensorFlow has no op that does the same";
  return `TensorFlow has no form of it with such operands and attributes ${JSON.stringify(operation.attributes)}`;
}
