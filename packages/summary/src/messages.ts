import type { Message } from "@bufbuild/protobuf";

/* The messages of an event file as they are in memory. Their wire form is in schema.ts. */

type Of<Name extends string, Fields> = Message<`tensorflow.${Name}`> & Fields;

/** One of several fields, or none. */
type OneOf<Fields> = { [F in keyof Fields]: { case: F; value: Fields[F] } }[keyof Fields] | { case: undefined };

/** What a record of an event file holds. */
export type Event = Of<
  "Event",
  {
    /** Seconds since 1970. */
    wallTime: number;
    step: bigint;
    what: OneOf<{ fileVersion: string; graphDef: Uint8Array; summary: Summary }>;
  }
>;

export type Summary = Of<"Summary", { value: SummaryValue[] }>;

export type SummaryValue = Of<
  "SummaryValue",
  { tag: string; value: OneOf<{ simpleValue: number; histo: HistogramProto }> }
>;

export type HistogramProto = Of<
  "HistogramProto",
  {
    min: number;
    max: number;
    num: number;
    sum: number;
    sumSquares: number;
    /** Where each bucket ends; what equals a limit is in the next one. */
    bucketLimit: number[];
    bucket: number[];
  }
>;

export type GraphDef = Of<"GraphDef", { node: NodeDef[]; versions?: Of<"VersionDef", { producer: number }> }>;

export type NodeDef = Of<
  "NodeDef",
  {
    name: string;
    op: string;
    /** `node`, `node:1` for a further output, `^node` where it only comes before. */
    input: string[];
    device: string;
    attr: Of<"Attr", { key: string; value?: AttrValue }>[];
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
    }>;
  }
>;

export type ListValue = Of<
  "ListValue",
  { s: Uint8Array[]; i: bigint[]; f: number[]; b: boolean[]; shape: TensorShapeProto[] }
>;

/** An extent that is not known is -1. */
export type TensorShapeProto = Of<"TensorShapeProto", { dim: Of<"Dim", { size: bigint }>[] }>;

export type TensorProto = Of<
  "TensorProto",
  { dtype: number; tensorShape?: TensorShapeProto; tensorContent: Uint8Array }
>;
