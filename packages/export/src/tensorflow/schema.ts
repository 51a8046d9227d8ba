import type { Message, MessageInitShape } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import { describeFile } from "../protobuf.ts";
import type * as messages from "./messages.ts";

// The fields that matter here, with their numbers in graph.proto, node_def.proto, attr_value.proto, tensor.proto,
// types.proto, variable.proto and meta_graph.proto.
const registry = describeFile({
  package: "tensorflow",
  messages: {
    GraphDef: {
      node: [1, "NodeDef", "repeated"],
      library: [2, "FunctionDefLibrary"],
      version: [3, "int32"],
      versions: [4, "VersionDef"],
    },
    FunctionDefLibrary: { function: [1, "FunctionDef", "repeated"] },
    FunctionDef: { signature: [1, "OpDef"] },
    OpDef: { name: [1, "string"] },
    VersionDef: { producer: [1, "int32"], min_consumer: [2, "int32"] },
    NodeDef: {
      name: [1, "string"],
      op: [2, "string"],
      input: [3, "string", "repeated"],
      device: [4, "string"],
      attr: [5, "AttrValue", "map"],
    },
    AttrValue: {
      list: [1, "ListValue", "value"],
      s: [2, "bytes", "value"],
      i: [3, "int64", "value"],
      f: [4, "float", "value"],
      b: [5, "bool", "value"],
      type: [6, "DataType", "value"],
      shape: [7, "TensorShapeProto", "value"],
      tensor: [8, "TensorProto", "value"],
      placeholder: [9, "string", "value"],
    },
    ListValue: {
      s: [2, "bytes", "repeated"],
      i: [3, "int64", "repeated"],
      f: [4, "float", "repeated"],
      b: [5, "bool", "repeated"],
      type: [6, "DataType", "repeated"],
      shape: [7, "TensorShapeProto", "repeated"],
    },
    TensorShapeProto: { dim: [2, "Dim", "repeated"], unknown_rank: [3, "bool"] },
    Dim: { size: [1, "int64"], name: [2, "string"] },
    TensorProto: {
      dtype: [1, "DataType"],
      tensor_shape: [2, "TensorShapeProto"],
      version_number: [3, "int32"],
      tensor_content: [4, "bytes"],
      float_val: [5, "float", "repeated"],
      double_val: [6, "double", "repeated"],
      int_val: [7, "int32", "repeated"],
      string_val: [8, "bytes", "repeated"],
      int64_val: [10, "int64", "repeated"],
      bool_val: [11, "bool", "repeated"],
    },
    VariableDef: {
      variable_name: [1, "string"],
      initializer_name: [2, "string"],
      snapshot_name: [3, "string"],
      is_resource: [5, "bool"],
      initial_value_name: [6, "string"],
      trainable: [7, "bool"],
    },
    SavedModel: {
      saved_model_schema_version: [1, "int64"],
      meta_graphs: [2, "MetaGraphDef", "repeated"],
    },
    MetaGraphDef: {
      meta_info_def: [1, "MetaInfoDef"],
      graph_def: [2, "GraphDef"],
      collection_def: [4, "CollectionDef", "map"],
      signature_def: [5, "SignatureDef", "map"],
    },
    MetaInfoDef: {
      meta_graph_version: [1, "string"],
      tags: [4, "string", "repeated"],
      tensorflow_version: [5, "string"],
    },
    CollectionDef: {
      node_list: [1, "NodeList", "kind"],
      bytes_list: [2, "BytesList", "kind"],
    },
    NodeList: { value: [1, "string", "repeated"] },
    BytesList: { value: [1, "bytes", "repeated"] },
    SignatureDef: {
      inputs: [1, "TensorInfo", "map"],
      outputs: [2, "TensorInfo", "map"],
      method_name: [3, "string"],
    },
    TensorInfo: {
      name: [1, "string", "encoding"],
      dtype: [2, "DataType"],
      tensor_shape: [3, "TensorShapeProto"],
    },
  },
  enums: {
    DataType: {
      DT_INVALID: 0,
      DT_FLOAT: 1,
      DT_DOUBLE: 2,
      DT_INT32: 3,
      DT_UINT8: 4,
      DT_INT16: 5,
      DT_INT8: 6,
      DT_STRING: 7,
      DT_COMPLEX64: 8,
      DT_INT64: 9,
      DT_BOOL: 10,
      DT_BFLOAT16: 14,
      DT_UINT16: 17,
      DT_COMPLEX128: 18,
      DT_HALF: 19,
      DT_RESOURCE: 20,
      DT_VARIANT: 21,
      DT_UINT32: 22,
      DT_UINT64: 23,
      DT_FLOAT_REF: 101,
      DT_DOUBLE_REF: 102,
      DT_INT32_REF: 103,
      DT_INT64_REF: 109,
      DT_BOOL_REF: 110,
    },
  },
});

function schemaOf<M extends Message>(name: M["$typeName"]): GenMessage<M> {
  return registry.getMessage(name) as unknown as GenMessage<M>;
}

export const GraphDefSchema = schemaOf<messages.GraphDef>("tensorflow.GraphDef");
export const MetaGraphDefSchema = schemaOf<messages.MetaGraphDef>("tensorflow.MetaGraphDef");
export const SavedModelSchema = schemaOf<messages.SavedModel>("tensorflow.SavedModel");
export const VariableDefSchema = schemaOf<messages.VariableDef>("tensorflow.VariableDef");

const dataType = registry.getEnum("tensorflow.DataType")!;

/** The number of a dtype by its name in Python, such as `float32`. */
export const typeNumbers: { readonly [name: string]: number } = {
  float32: 1,
  float64: 2,
  int32: 3,
  int64: 9,
  bool: 10,
  resource: 20,
};

/** `DT_FLOAT`, or the bare number where it means nothing. */
export function typeName(number: number): string {
  return dataType.value[number]?.name ?? String(number);
}

export type NodeInit = MessageInitShape<GenMessage<messages.NodeDef>>;
export type AttrInit = MessageInitShape<GenMessage<messages.AttrValue>>;
export type ShapeInit = MessageInitShape<GenMessage<messages.TensorShapeProto>>;
export type MetaGraphInit = MessageInitShape<GenMessage<messages.MetaGraphDef>>;
export type CollectionInit = MessageInitShape<GenMessage<messages.CollectionDef>>;
