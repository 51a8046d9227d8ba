import type { MessageInitShape } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import { describeFile } from "../protobuf.ts";
import type { AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto } from "./messages.ts";

// The fields that we write, with their numbers in onnx.proto. No name of a message appears on the wire.
const registry = describeFile({
  package: "onnx",
  messages: {
    ModelProto: {
      ir_version: [1, "int64"],
      producer_name: [2, "string"],
      graph: [7, "GraphProto"],
      opset_import: [8, "OperatorSetIdProto", "repeated"],
      metadata_props: [14, "StringStringEntryProto", "repeated"],
    },
    OperatorSetIdProto: { domain: [1, "string"], version: [2, "int64"] },
    StringStringEntryProto: { key: [1, "string"], value: [2, "string"] },
    GraphProto: {
      node: [1, "NodeProto", "repeated"],
      name: [2, "string"],
      initializer: [5, "TensorProto", "repeated"],
      input: [11, "ValueInfoProto", "repeated"],
      output: [12, "ValueInfoProto", "repeated"],
    },
    NodeProto: {
      input: [1, "string", "repeated"],
      output: [2, "string", "repeated"],
      name: [3, "string"],
      op_type: [4, "string"],
      attribute: [5, "AttributeProto", "repeated"],
    },
    // A number is told even when it is 0, as a member of a oneof is; in onnx.proto every field is so.
    AttributeProto: {
      name: [1, "string"],
      i: [3, "int64", "value"],
      s: [4, "bytes", "value"],
      ints: [8, "int64", "repeated"],
      type: [20, "int32"],
    },
    TensorProto: {
      dims: [1, "int64", "repeated"],
      data_type: [2, "int32"],
      name: [8, "string"],
      raw_data: [9, "bytes"],
    },
    ValueInfoProto: { name: [1, "string"], type: [2, "TypeProto"] },
    TypeProto: { tensor_type: [1, "TensorType", "value"] },
    TensorType: { elem_type: [1, "int32"], shape: [2, "TensorShapeProto"] },
    TensorShapeProto: { dim: [1, "Dimension", "repeated"] },
    Dimension: { dim_value: [1, "int64", "value"], dim_param: [2, "string", "value"] },
  },
});

export const ModelSchema = registry.getMessage("onnx.ModelProto") as unknown as GenMessage<ModelProto>;

export type GraphInit = MessageInitShape<GenMessage<GraphProto>>;
export type NodeInit = MessageInitShape<GenMessage<NodeProto>>;
export type AttributeInit = MessageInitShape<GenMessage<AttributeProto>>;
export type TensorInit = MessageInitShape<GenMessage<TensorProto>>;
export type ValueInfoInit = MessageInitShape<GenMessage<ValueInfoProto>>;
