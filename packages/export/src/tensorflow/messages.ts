import type { Message } from "@bufbuild/protobuf";

/* The messages of TensorFlow's graphs as they are in memory. Their wire form is in schema.ts. */

type Of<Name extends string, Fields> = Message<`tensorflow.${Name}`> & Fields;

/** One of several fields, or none. */
type OneOf<Fields> = { [F in keyof Fields]: { case: F; value: Fields[F] } }[keyof Fields] | { case: undefined };

type MapOf<Value> = { [key: string]: Value };

export type GraphDef = Of<
  "GraphDef",
  {
    node: NodeDef[];
    library?: Of<"FunctionDefLibrary", { function: Of<"FunctionDef", object>[] }>;
    versions?: Of<"VersionDef", { producer: number; minConsumer: number }>;
  }
>;

export type NodeDef = Of<
  "NodeDef",
  {
    name: string;
    op: string;
    /** `node`, `node:1` for a further output, `^node` where it only comes before. */
    input: string[];
    device: string;
    attr: MapOf<AttrValue>;
  }
>;

export type AttrValue = Of<
  "AttrValue",
  {
    value: OneOf<{
      list: ListValue;
      s: Uint8Array;
      i: bigint;
      f: number;
      b: boolean;
      /** A number of the enum DataType. */
      type: number;
      shape: TensorShapeProto;
      tensor: TensorProto;
      placeholder: string;
    }>;
  }
>;

export type ListValue = Of<
  "ListValue",
  { s: Uint8Array[]; i: bigint[]; f: number[]; b: boolean[]; type: number[]; shape: TensorShapeProto[] }
>;

/** An extent that is not known is -1. */
export type TensorShapeProto = Of<
  "TensorShapeProto",
  { dim: Of<"Dim", { size: bigint; name: string }>[]; unknownRank: boolean }
>;

/** A value: all elements as bytes, or in the list of their type, where the last one given stands for those that follow. */
export type TensorProto = Of<
  "TensorProto",
  {
    dtype: number;
    tensorShape?: TensorShapeProto;
    tensorContent: Uint8Array;
    floatVal: number[];
    doubleVal: number[];
    intVal: number[];
    int64Val: bigint[];
    boolVal: boolean[];
    stringVal: Uint8Array[];
  }
>;

export type VariableDef = Of<
  "VariableDef",
  {
    variableName: string;
    initializerName: string;
    snapshotName: string;
    isResource: boolean;
    initialValueName: string;
    trainable: boolean;
  }
>;

export type MetaGraphDef = Of<
  "MetaGraphDef",
  {
    metaInfoDef?: Of<"MetaInfoDef", { metaGraphVersion: string; tags: string[] }>;
    graphDef?: GraphDef;
    collectionDef: MapOf<CollectionDef>;
    signatureDef: MapOf<SignatureDef>;
  }
>;

export type SavedModel = Of<"SavedModel", { metaGraphs: MetaGraphDef[] }>;

export type CollectionDef = Of<
  "CollectionDef",
  {
    kind: OneOf<{
      nodeList: Of<"NodeList", { value: string[] }>;
      bytesList: Of<"BytesList", { value: Uint8Array[] }>;
    }>;
  }
>;

export type SignatureDef = Of<
  "SignatureDef",
  { inputs: MapOf<TensorInfo>; outputs: MapOf<TensorInfo>; methodName: string }
>;

export type TensorInfo = Of<
  "TensorInfo",
  { encoding: OneOf<{ name: string }>; dtype: number; tensorShape?: TensorShapeProto }
>;
