import { type Graph, namesOfStates, type Operation, State, SymbolicTensor, variableDef } from "@gradtape/graph";
import { type DType, dtypes, EagerTensor, type PartialShape } from "@gradtape/tensor";
import { encode, type Message } from "./schema.ts";

// Of the enum DataType.
const dataTypes: { readonly [D in DType]: number } = { float32: 1, float64: 2, int32: 3, bool: 10 };

const mostBytesOfConstants = 1024;

type Value = Message<"Value">;
type Json = Operation["attributes"][string];

/** A graph as the bytes of a GraphDef. Constants above 1 kB are told by dtype and shape alone. */
export function encodeGraph(graph: Graph): Uint8Array {
  const operations = graph.getOperations();
  const used = operations.flatMap(({ inputs }) => inputs.filter((input) => input instanceof State));
  const names = namesOfStates(graph, used);
  const states = [...names].filter(([state]) => state.graph === null).map(([state, name]) => stateNode(state, name));
  const node = [...states, ...operations.map((operation) => operationNode(operation, names))];
  return encode("Graph", { node, versions: { producer: 1 } });
}

function stateNode({ dtype, shape, trainable }: State, name: string): Message<"Node"> {
  const _output_shapes = { list: { shape: [shapeOf(shape)] } };
  return { name, op: variableDef.name, attr: attributes({ dtype, trainable }, { _output_shapes }) };
}

function operationNode(operation: Operation, names: ReadonlyMap<State, string>): Message<"Node"> {
  const { name, type, inputs, outputs, controlInputs, device, colocation } = operation;
  const constant = inputs.find((input) => input instanceof EagerTensor);
  const read = inputs.flatMap((input) => {
    if (input instanceof SymbolicTensor) return input.index === 0 ? input.op.name : input.name;
    return input instanceof State ? names.get(input)! : [];
  });
  return {
    name,
    op: type,
    input: [...read, ...controlInputs.map((each) => `^${each.name}`)],
    device,
    // The names that TensorBoard knows.
    attr: attributes(operation.attributes, {
      ...(outputs.length > 0 && { dtype: { type: dataTypes[outputs[0]!.dtype] } }),
      ...(outputs.length > 0 && {
        _output_shapes: { list: { shape: outputs.map(({ spec }) => shapeOf(spec.shape)) } },
      }),
      ...(colocation.length > 0 && { _class: { list: { s: colocation.map((each) => utf8(`loc:@${each}`)) } } }),
      ...(constant !== undefined && { value: { tensor: tensorOf(constant) } }),
    }),
  };
}

/** What an operation says of itself, and what is told of it, which goes first; in the order of the keys. */
function attributes(json: Operation["attributes"], told: { readonly [key: string]: Value }): Message<"Attribute">[] {
  const own = Object.entries(json).flatMap(([key, value]) =>
    value == null ? [] : [[key, attributeOf(value)] as const],
  );
  const all = Object.entries({ ...Object.fromEntries(own), ...told });
  return all.map(([key, value]) => ({ key, value })).sort((a, b) => (a.key < b.key ? -1 : 1));
}

function attributeOf(json: NonNullable<Json>): Value {
  if (typeof json === "boolean") return { b: json };
  if (typeof json === "number") return Number.isSafeInteger(json) ? { i: json } : { f: Math.fround(json) };
  if (typeof json === "string") return isDType(json) ? { type: dataTypes[json] } : { s: utf8(json) };
  if (areAll(json, Number.isSafeInteger)) return { list: { i: json as readonly number[] } };
  if (areAll(json, (each) => typeof each === "number")) return { list: { f: (json as number[]).map(Math.fround) } };
  if (areAll(json, (each) => typeof each === "boolean")) return { list: { b: json as readonly boolean[] } };
  if (areAll(json, (each) => typeof each === "string")) return { list: { s: (json as string[]).map(utf8) } };
  return { s: utf8(JSON.stringify(json)) };
}

function areAll(list: readonly Json[], test: (each: unknown) => boolean): boolean {
  return list.every(test);
}

function isDType(text: string): text is DType {
  return (dtypes as readonly string[]).includes(text);
}

function tensorOf({ dtype, shape, data }: EagerTensor): Message<"Tensor"> {
  const content = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return {
    dtype: dataTypes[dtype],
    shape: shapeOf(shape),
    ...(content.length <= mostBytesOfConstants && { content }),
  };
}

function shapeOf(shape: PartialShape): Message<"Shape"> {
  return { dim: shape.map((extent) => ({ size: typeof extent === "number" ? extent : -1 })) };
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
