import { create, createFileRegistry, type FileRegistry, type MessageInitShape } from "@bufbuild/protobuf";
import {
  FileDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";

const scalars = {
  double: Type.DOUBLE,
  float: Type.FLOAT,
  int32: Type.INT32,
  int64: Type.INT64,
  uint32: Type.UINT32,
  uint64: Type.UINT64,
  bool: Type.BOOL,
  string: Type.STRING,
  bytes: Type.BYTES,
} as const;

/**
 * A field: its number, its type (a scalar, a message or an enum of the same file), and `repeated`, `map` (from text to
 * the type), or the oneof it belongs to.
 */
export type Field = readonly [number: number, type: string, place?: string];

/** A file of messages and enums that have no `.proto` here: fields by message, numbers by enum. */
export interface FileDescription {
  readonly package: string;
  readonly messages: { readonly [message: string]: { readonly [field: string]: Field } };
  readonly enums?: { readonly [name: string]: { readonly [value: string]: number } };
}

type FileInit = MessageInitShape<typeof FileDescriptorProtoSchema>;
type MessageInit = NonNullable<FileInit["messageType"]>[number];

/** The registry in which the messages of a file are found by their full names. */
export function describeFile({ package: name, messages, enums = {} }: FileDescription): FileRegistry {
  const typed = (type: string) => {
    if (type in scalars) return { type: scalars[type as keyof typeof scalars] };
    return { type: type in enums ? Type.ENUM : Type.MESSAGE, typeName: `.${name}.${type}` };
  };
  const message = ([own, fields]: [string, FileDescription["messages"][string]]): MessageInit => {
    const places = Object.values(fields).flatMap(([, , place]) => place ?? []);
    const oneofs = [...new Set(places)].filter((place) => place !== "repeated" && place !== "map");
    const maps = Object.entries(fields).filter(([, [, , place]]) => place === "map");
    return {
      name: own,
      oneofDecl: oneofs.map((oneof) => ({ name: oneof })),
      nestedType: maps.map(([field, [, type]]) => mapEntry(field, typed(type))),
      field: Object.entries(fields).map(([field, [number, type, place = ""]]) => ({
        name: field,
        number,
        label: place === "repeated" || place === "map" ? Label.REPEATED : Label.OPTIONAL,
        ...(place === "map"
          ? { type: Type.MESSAGE, typeName: `.${name}.${own}.${entryName(field)}` }
          : { ...typed(type), ...(oneofs.includes(place) && { oneofIndex: oneofs.indexOf(place) }) }),
      })),
    };
  };
  const file: FileInit = {
    name: `${name}.proto`,
    package: name,
    syntax: "proto3",
    messageType: Object.entries(messages).map(message),
    enumType: Object.entries(enums).map(([own, values]) => ({
      name: own,
      value: Object.entries(values).map(([value, number]) => ({ name: value, number })),
    })),
  };
  return createFileRegistry(create(FileDescriptorProtoSchema, file), () => undefined);
}

/** On the wire a map is a repeated message of keys and values. */
function mapEntry(field: string, value: { readonly type: Type; readonly typeName?: string }): MessageInit {
  return {
    name: entryName(field),
    options: { mapEntry: true },
    field: [
      { name: "key", number: 1, label: Label.OPTIONAL, type: Type.STRING },
      { name: "value", number: 2, label: Label.OPTIONAL, ...value },
    ],
  };
}

function entryName(field: string): string {
  return `${field.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase())}Entry`;
}
