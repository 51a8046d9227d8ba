import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

interface Scalars {
  double: number;
  float: number;
  int32: number;
  int64: number;
  bool: boolean;
  string: string;
  bytes: Uint8Array;
}

const wireTypes: { readonly [S in keyof Scalars]: WireType } = {
  double: WireType.Bit64,
  float: WireType.Bit32,
  int32: WireType.Varint,
  int64: WireType.Varint,
  bool: WireType.Varint,
  string: WireType.LengthDelimited,
  bytes: WireType.LengthDelimited,
};

/** Number and type of a field; a `choice` is one of several of which a message has one, and is written even if zero. */
type Field = readonly [number: number, type: string, place?: "list" | "choice"];

// The fields that we write, with their numbers in TensorFlow's event.proto, summary.proto, histogram.proto, graph.proto
// and attr_value.proto. On the wire an enum is an int32, a map is a list of keys and values, and no name appears.
const schema = {
  Event: {
    wallTime: [1, "double"],
    step: [2, "int64"],
    fileVersion: [3, "string", "choice"],
    graphDef: [4, "bytes", "choice"],
    summary: [5, "Summary", "choice"],
    sessionLog: [7, "SessionLog", "choice"],
  },
  /** Status 1: the session starts, or starts again. */
  SessionLog: { status: [1, "int32"] },
  Summary: { value: [1, "SummaryValue", "list"] },
  SummaryValue: { tag: [1, "string"], simpleValue: [2, "float", "choice"], histo: [5, "Histogram", "choice"] },
  Histogram: {
    min: [1, "double"],
    max: [2, "double"],
    num: [3, "double"],
    sum: [4, "double"],
    sumSquares: [5, "double"],
    /** Where each bucket ends; what equals a limit is in the next one. */
    bucketLimit: [6, "double", "list"],
    bucket: [7, "double", "list"],
  },
  Graph: { node: [1, "Node", "list"], versions: [4, "Version"] },
  Version: { producer: [1, "int32"] },
  Node: {
    name: [1, "string"],
    op: [2, "string"],
    /** `node`, `node:1` for a further output, `^node` where it only comes before. */
    input: [3, "string", "list"],
    device: [4, "string"],
    attr: [5, "Attribute", "list"],
  },
  Attribute: { key: [1, "string"], value: [2, "Value"] },
  Value: {
    list: [1, "List", "choice"],
    s: [2, "bytes", "choice"],
    i: [3, "int64", "choice"],
    f: [4, "float", "choice"],
    b: [5, "bool", "choice"],
    type: [6, "int32", "choice"],
    shape: [7, "Shape", "choice"],
    tensor: [8, "Tensor", "choice"],
  },
  List: {
    s: [2, "bytes", "list"],
    i: [3, "int64", "list"],
    f: [4, "float", "list"],
    b: [5, "bool", "list"],
    shape: [7, "Shape", "list"],
  },
  /** An extent that is not known is -1. */
  Shape: { dim: [2, "Extent", "list"] },
  Extent: { size: [1, "int64"] },
  Tensor: { dtype: [1, "int32"], shape: [2, "Shape"], content: [4, "bytes"] },
} as const satisfies { readonly [message: string]: { readonly [field: string]: Field } };

type Schema = typeof schema;
type ValueOf<T> = T extends keyof Scalars ? Scalars[T] : T extends keyof Schema ? Message<T> : never;

/** What is said of a message: fields that are left out are zero, or empty. */
export type Message<M extends keyof Schema> = {
  readonly [F in keyof Schema[M]]?: Schema[M][F] extends readonly [number, infer T, "list"]
    ? readonly ValueOf<T>[]
    : Schema[M][F] extends readonly [number, infer T, ...unknown[]]
      ? ValueOf<T>
      : never;
};

/** A message in the wire format, its fields in the order of their numbers, as TensorFlow writes them. */
export function encode<M extends keyof Schema>(name: M, message: Message<M>): Uint8Array {
  const writer = new BinaryWriter();
  writeFields(writer, name, message);
  return writer.finish();
}

function writeFields(writer: BinaryWriter, name: keyof Schema, message: { readonly [field: string]: unknown }): void {
  for (const [field, [number, type, place]] of Object.entries<Field>(schema[name])) {
    const value = message[field];
    if (value === undefined) continue;
    if (place === "list") writeList(writer, number, type, value as readonly unknown[]);
    else if (place === "choice" || !isZero(value)) writeField(writer, number, type, value);
  }
}

function writeField(writer: BinaryWriter, number: number, type: string, value: unknown): void {
  if (isScalar(type)) {
    writer.tag(number, wireTypes[type])[type](value as never);
    return;
  }
  writer.tag(number, WireType.LengthDelimited).fork();
  writeFields(writer, type as keyof Schema, value as object as { [field: string]: unknown });
  writer.join();
}

function writeList(writer: BinaryWriter, number: number, type: string, values: readonly unknown[]): void {
  if (values.length === 0) return;
  if (!isScalar(type) || wireTypes[type] === WireType.LengthDelimited) {
    for (const value of values) writeField(writer, number, type, value);
    return;
  }
  // Numbers are packed: one length for all.
  writer.tag(number, WireType.LengthDelimited).fork();
  for (const value of values) writer[type](value as never);
  writer.join();
}

function isScalar(type: string): type is keyof Scalars {
  return type in wireTypes;
}

function isZero(value: unknown): boolean {
  return Object.is(value, 0) || value === false || value === "" || (value instanceof Uint8Array && value.length === 0);
}
