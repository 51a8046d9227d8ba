import type { Message } from "@bufbuild/protobuf";

/* The messages of an ONNX model as they are in memory. Their wire form is in schema.ts. */

type Of<Name extends string, Fields> = Message<`onnx.${Name}`> & Fields;

/** One of several fields, or none. */
type OneOf<Fields> = { [F in keyof Fields]: { case: F; value: Fields[F] } }[keyof Fields] | { case: undefined };

export type ModelProto = Of<
  "ModelProto",
  {
    irVersion: bigint;
    producerName: string;
    opsetImport: Of<"OperatorSetIdProto", { domain: string; version: bigint }>[];
    graph?: GraphProto;
    metadataProps: Of<"StringStringEntryProto", { key: string; value: string }>[];
  }
>;

export type GraphProto = Of<
  "GraphProto",
  { node: NodeProto[]; name: string; initializer: TensorProto[]; input: ValueInfoProto[]; output: ValueInfoProto[] }
>;

export type NodeProto = Of<
  "NodeProto",
  { input: string[]; output: string[]; name: string; opType: string; attribute: AttributeProto[] }
>;

export type AttributeProto = Of<
  "AttributeProto",
  {
    name: string;
    /** A number of the enum AttributeType. */
    type: number;
    value: OneOf<{ i: bigint; s: Uint8Array }>;
    ints: bigint[];
  }
>;

/** `dataType` is a number of the enum DataType; the elements are little-endian. */
export type TensorProto = Of<"TensorProto", { dims: bigint[]; dataType: number; name: string; rawData: Uint8Array }>;

export type ValueInfoProto = Of<"ValueInfoProto", { name: string; type?: TypeProto }>;

export type TypeProto = Of<"TypeProto", { value: OneOf<{ tensorType: TensorType }> }>;

export type TensorType = Of<"TensorType", { elemType: number; shape?: Of<"TensorShapeProto", { dim: Dimension[] }> }>;

export type Dimension = Of<"Dimension", { value: OneOf<{ dimValue: bigint; dimParam: string }> }>;
