import { create, createFileRegistry, type Message, type MessageInitShape } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import {
  FileDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import type { AttrValue, Event, GraphDef, HistogramProto, NodeDef, TensorShapeProto } from "./messages.ts";

const scalars = {
  double: Type.DOUBLE,
  float: Type.FLOAT,
  int32: Type.INT32,
  int64: Type.INT64,
  bool: Type.BOOL,
  string: Type.STRING,
  bytes: Type.BYTES,
} as const;

/** Number and type of a field, and whether it is repeated or belongs to a oneof (which goes by that name). */
type Field = readonly [number: number, type: string, place?: string];

// The fields we write, with their numbers in event.proto, summary.proto and graph.proto. On the wire an enum is an
// int32, a map is a repeated message of keys and values, and no name appears.
const fields: { readonly [message: string]: { readonly [field: string]: Field } } = {
  Event: {
    wall_time: [1, "double"],
    step: [2, "int64"],
    file_version: [3, "string", "what"],
    graph_def: [4, "bytes", "what"],
    summary: [5, "Summary", "what"],
  },
  Summary: { value: [1, "SummaryValue", "repeated"] },
  SummaryValue: { tag: [1, "string"], simple_value: [2, "float", "value"], histo: [5, "HistogramProto", "value"] },
  HistogramProto: {
    min: [1, "double"],
    max: [2, "double"],
    num: [3, "double"],
    sum: [4, "double"],
    sum_squares: [5, "double"],
    bucket_limit: [6, "double", "repeated"],
    bucket: [7, "double", "repeated"],
  },
  GraphDef: { node: [1, "NodeDef", "repeated"], versions: [4, "VersionDef"] },
  VersionDef: { producer: [1, "int32"] },
  NodeDef: {
    name: [1, "string"],
    op: [2, "string"],
    input: [3, "string", "repeated"],
    device: [4, "string"],
    attr: [5, "Attr", "repeated"],
  },
  Attr: { key: [1, "string"], value: [2, "AttrValue"] },
  AttrValue: {
    list: [1, "ListValue", "value"],
    s: [2, "bytes", "value"],
    i: [3, "int64", "value"],
    f: [4, "float", "value"],
    b: [5, "bool", "value"],
    type: [6, "int32", "value"],
    shape: [7, "TensorShapeProto", "value"],
    tensor: [8, "TensorProto", "value"],
  },
  ListValue: {
    s: [2, "bytes", "repeated"],
    i: [3, "int64", "repeated"],
    f: [4, "float", "repeated"],
    b: [5, "bool", "repeated"],
    shape: [7, "TensorShapeProto", "repeated"],
  },
  TensorShapeProto: { dim: [2, "Dim", "repeated"] },
  Dim: { size: [1, "int64"] },
  TensorProto: { dtype: [1, "int32"], tensor_shape: [2, "TensorShapeProto"], tensor_content: [4, "bytes"] },
};

const registry = createFileRegistry(
  create(FileDescriptorProtoSchema, {
    name: "tensorflow.proto",
    package: "tensorflow",
    syntax: "proto3",
    messageType: Object.entries(fields).map(([name, rows]) => describeMessage(name, rows)),
  }),
  () => undefined,
);

type MessageInit = NonNullable<MessageInitShape<typeof FileDescriptorProtoSchema>["messageType"]>[number];

function describeMessage(name: string, rows: { readonly [field: string]: Field }): MessageInit {
  const oneofs = [...new Set(Object.values(rows).flatMap(([, , place = "repeated"]) => place))].filter(
    (place) => place !== "repeated",
  );
  return {
    name,
    oneofDecl: oneofs.map((oneof) => ({ name: oneof })),
    field: Object.entries(rows).map(([field, [number, type, place = ""]]) => ({
      name: field,
      number,
      label: place === "repeated" ? Label.REPEATED : Label.OPTIONAL,
      ...(type in scalars
        ? { type: scalars[type as keyof typeof scalars] }
        : { type: Type.MESSAGE, typeName: `.tensorflow.${type}` }),
      ...(oneofs.includes(place) && { oneofIndex: oneofs.indexOf(place) }),
    })),
  };
}

function schemaOf<M extends Message>(name: M["$typeName"]): GenMessage<M> {
  return registry.getMessage(name) as unknown as GenMessage<M>;
}

export const EventSchema = schemaOf<Event>("tensorflow.Event");
export const GraphDefSchema = schemaOf<GraphDef>("tensorflow.GraphDef");

export type EventInit = MessageInitShape<typeof EventSchema>;
export type HistogramInit = MessageInitShape<GenMessage<HistogramProto>>;
export type NodeInit = MessageInitShape<GenMessage<NodeDef>>;
export type AttrInit = MessageInitShape<GenMessage<AttrValue>>;
export type ShapeInit = MessageInitShape<GenMessage<TensorShapeProto>>;
