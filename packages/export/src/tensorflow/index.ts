import { create, toBinary } from "@bufbuild/protobuf";
import { defineFunction, instance, oneOf } from "@gradtape/tensor";
import type { Handover } from "../exporter.ts";
import { handoverKind } from "../signatures.ts";
import { GraphDefSchema, MetaGraphDefSchema } from "./schema.ts";
import { writeText } from "./text-writer.ts";
import { type GraphDefOptions, metaGraph } from "./writer.ts";

export interface WriteOptions extends GraphDefOptions {
  /** The nodes alone (a GraphDef), or with collections and signature (a MetaGraphDef, the default). */
  readonly content?: "graph" | "meta";
}

const writeFields = {
  content: oneOf("graph", "meta"),
  variables: oneOf("resource", "reference"),
  values: instance("a Map of variables and tensors", Map),
};

/** A handover as protobuf's text format, as `tf.import_graph_def` and `import_meta_graph` read it (`.pbtxt`). */
export const writeGraphDefText = defineFunction(
  "writeGraphDefText",
  { handover: handoverKind },
  writeFields,
  (handover: Handover, options: WriteOptions = {}): string => {
    const { schema, message } = messageOf(handover, options);
    return writeText(schema, message);
  },
);

/**
 * A handover as the bytes of a GraphDef or MetaGraphDef (`.pb`, `.meta`).
 *
 * The order that a session keeps is written down. An output that reads a variable behind another output's update
 * waits for that update, so to fetch it alone updates too. Hand over by itself what is fetched alone.
 */
export const writeGraphDef = defineFunction(
  "writeGraphDef",
  { handover: handoverKind },
  writeFields,
  (handover: Handover, options: WriteOptions = {}): Uint8Array => {
    const { schema, message } = messageOf(handover, options);
    return toBinary(schema, message);
  },
);

function messageOf(handover: Handover, { content = "meta", ...options }: WriteOptions) {
  const meta = create(MetaGraphDefSchema, metaGraph(handover, options));
  return content === "meta"
    ? { schema: MetaGraphDefSchema, message: meta }
    : { schema: GraphDefSchema, message: meta.graphDef! };
}

export { type ImportedGraph, type ImportOptions, importGraphDef } from "./import.ts";
