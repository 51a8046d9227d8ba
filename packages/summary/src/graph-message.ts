import { create, toBinary } from "@bufbuild/protobuf";
import { type Graph, type Operation, State, SymbolicTensor } from "@gradtape/graph";
import { type DType, dtypes, EagerTensor, type PartialShape } from "@gradtape/tensor";
import { type AttrInit, GraphDefSchema, type NodeInit, type ShapeInit } from "./schema.ts";

// Of the enum DataType.
const dataTypes: { readonly [D in DType]: number } = { float32: 1, float64: 2, int32: 3, bool: 10 };

const mostBytesOfConstants = 1024;

type Value = NonNullable<AttrInit["value"]>;

/** A graph as the bytes of a GraphDef. Constants above 1 kB are told by dtype and shape alone. */
export function encodeGraph(graph: Graph): Uint8Array {
  const operations = graph.getOperations();
  const names = nameStates(operations);
  const states = [...names].filter(([state]) => state.graph === null).map(([state, name]) => stateNode(state, name));
  const node = [...states, ...operations.map((operation) => operationNode(operation, names))];
  return toBinary(GraphDefSchema, create(GraphDefSchema, { node, versions: { producer: 1 } }));
}

/** Names the variables that are used. Those of eager mode are in no graph, so that their names may be taken in this. */
function nameStates(operations: readonly Operation[]): Map<State, string> {
  const taken = new Set(operations.map(({ name }) => name));
  const names = new Map<State, string>();
  for (const state of operations.flatMap(({ inputs }) => inputs)) {
    if (!(state instanceof State) || names.has(state)) continue;
    let name = state.opName;
    if (state.graph === null) {
      for (let i = 1; taken.has(name); i++) name = `${state.opName}_${i}`;
      taken.add(name);
    }
    names.set(state, name);
  }
  return names;
}

function stateNode({ dtype, shape, trainable }: State, name: string): NodeInit {
  return { name, op: "variable", attr: attributes({ dtype, shape: [...shape], trainable }) };
}

function operationNode(operation: Operation, names: ReadonlyMap<State, string>): NodeInit {
  const { name, type, inputs, outputs, controlInputs, device, colocation } = operation;
  const data = inputs.find((input) => input instanceof EagerTensor);
  const values: { [name: string]: Value } = {
    ...(outputs.length > 0 && { dtype: { case: "type", value: dataTypes[outputs[0]!.dtype] } }),
    ...(outputs.length > 0 && { _output_shapes: list({ shape: outputs.map(({ spec }) => shapeProto(spec.shape)) }) }),
    ...(colocation.length > 0 && { _class: list({ s: colocation.map((each) => utf8(`loc:@${each}`)) }) }),
    ...(data !== undefined && { value: constant(data) }),
  };
  return {
    name,
    op: type,
    input: [
      ...inputs.flatMap((input) => {
        if (input instanceof SymbolicTensor) return input.index === 0 ? input.op.name : input.name;
        return input instanceof State ? names.get(input)! : [];
      }),
      ...controlInputs.map((each) => `^${each.name}`),
    ],
    device,
    attr: [
      ...attributes(operation.attributes).filter(({ key }) => !(key in values)),
      ...Object.entries(values).map(([key, value]) => ({ key, value: { value } })),
    ],
  };
}

function attributes(json: Operation["attributes"]): { key: string; value: AttrInit }[] {
  return Object.entries(json).flatMap(([key, value]) => {
    if (value === undefined || value === null) return [];
    return { key, value: { value: attribute(value) } };
  });
}

function attribute(json: NonNullable<Operation["attributes"][string]>): Value {
  if (typeof json === "boolean") return { case: "b", value: json };
  if (typeof json === "number") {
    return Number.isSafeInteger(json) ? { case: "i", value: BigInt(json) } : { case: "f", value: Math.fround(json) };
  }
  if (typeof json === "string") {
    return isDType(json) ? { case: "type", value: dataTypes[json] } : { case: "s", value: utf8(json) };
  }
  if (json.every(Number.isSafeInteger)) return list({ i: (json as number[]).map(BigInt) });
  if (json.every((each) => typeof each === "number")) return list({ f: json.map(Math.fround) });
  if (json.every((each) => typeof each === "boolean")) return list({ b: json });
  if (json.every((each) => typeof each === "string")) return list({ s: json.map(utf8) });
  return { case: "s", value: utf8(JSON.stringify(json)) };
}

function isDType(text: string): text is DType {
  return (dtypes as readonly string[]).includes(text);
}

type List = Extract<Value, { case: "list" }>["value"];

function list(value: List): Value {
  return { case: "list", value };
}

function constant(tensor: EagerTensor): Value {
  const { dtype, shape, data } = tensor;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return {
    case: "tensor",
    value: {
      dtype: dataTypes[dtype],
      tensorShape: shapeProto(shape),
      ...(bytes.length <= mostBytesOfConstants && { tensorContent: bytes.slice() }),
    },
  };
}

function shapeProto(shape: PartialShape): ShapeInit {
  return { dim: shape.map((extent) => ({ size: BigInt(typeof extent === "number" ? extent : -1) })) };
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
