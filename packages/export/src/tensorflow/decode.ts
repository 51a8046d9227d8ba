import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { broadcastTo, unrecorded, within } from "@gradtape/graph";
import { type DType, type EagerTensor, InvalidArgumentError, literal, sizeOf } from "@gradtape/tensor";
import { isSavedModel, otherFormat } from "./formats.ts";
import type { GraphDef, MetaGraphDef, NodeDef, SavedModel, TensorProto, TensorShapeProto } from "./messages.ts";
import { GraphDefSchema, MetaGraphDefSchema, SavedModelSchema, typeName } from "./schema.ts";
import { firstField, readText } from "./text-reader.ts";

/** The content of a file: nodes, and the facts that a MetaGraphDef adds. */
export interface Decoded {
  readonly nodes: readonly NodeDef[];
  readonly meta: MetaGraphDef | null;
  /** The version of TensorFlow's graphs that wrote it; 0 when the file does not hold it. */
  readonly producer: number;
}

/** A mistake in what is read: `importGraphDef: node 'x' (Op): reason`. */
export function mistakeIn({ name, op }: NodeDef, reason: string): InvalidArgumentError {
  return new InvalidArgumentError(`importGraphDef: node ${JSON.stringify(name)} (${op}): ${reason}`);
}

/**
 * Reads a GraphDef, a MetaGraphDef or the first MetaGraphDef of a SavedModel, binary or text. Throws an
 * InvalidArgumentError for anything else.
 */
export function decode(data: string | Uint8Array): Decoded {
  if (typeof data !== "string" && !(data instanceof Uint8Array)) {
    throw new TypeError(`importGraphDef: expected a text or a Uint8Array, got ${data === null ? "null" : typeof data}`);
  }
  const text = typeof data === "string" ? data : asText(data);
  const found = text === null ? fromBytes(data as Uint8Array) : fromText(text);
  const { graph, meta, what } = found;
  const nodes = graph?.node ?? [];
  if (nodes.length === 0) throw foreign("it holds no nodes", what);
  const nameless = nodes.findIndex(({ name, op }) => name === "" || op === "");
  if (nameless >= 0) throw foreign(`node ${nameless} has no ${nodes[nameless]!.name === "" ? "name" : "op"}`, what);
  return { nodes, meta, producer: graph?.versions?.producer ?? 0 };
}

const graphNames = "GraphDef or MetaGraphDef";

function foreign(why: string, what = graphNames): InvalidArgumentError {
  if (what === graphNames) return new InvalidArgumentError(`importGraphDef: this is no ${what}: ${why}`);
  return new InvalidArgumentError(`importGraphDef: this is ${what}, and no graph can be read from it: ${why}`);
}

interface Found {
  readonly graph: GraphDef | undefined;
  readonly meta: MetaGraphDef | null;
  /** The name of the data in messages. */
  readonly what?: string;
}

/** Bytes that are the text form: no control characters, and a brace somewhere. */
function asText(bytes: Uint8Array): string | null {
  if (bytes.length === 0 || bytes.subarray(0, 4096).some((byte) => byte < 9 || (byte > 13 && byte < 32))) return null;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return /[{<]/.test(text) || otherFormat(text) !== null ? text : null;
  } catch {
    return null;
  }
}

const savedModel = "a SavedModel";

function fromText(text: string): Found {
  const other = otherFormat(text);
  if (other !== null) throw foreign(`it is ${other}`);
  const field = firstField(text);
  if (field === "node" || field === "versions" || field === "library") {
    return { graph: readText(GraphDefSchema, text), meta: null };
  }
  if (field === "saved_model_schema_version" || field === "meta_graphs") {
    return firstOf(readText(SavedModelSchema, text));
  }
  const meta = readText(MetaGraphDefSchema, text);
  return { graph: meta.graphDef, meta };
}

function firstOf({ metaGraphs: [meta] }: SavedModel): Found {
  if (meta === undefined) throw foreign("it holds no MetaGraphDef", savedModel);
  return { graph: meta.graphDef, meta, what: savedModel };
}

/** The two messages look alike on the wire; only one of them gives nodes that have ops. */
function fromBytes(bytes: Uint8Array): Found {
  if (isSavedModel(bytes)) {
    const model = parsed(SavedModelSchema, bytes);
    if (model instanceof Error) throw foreign(model.message, savedModel);
    return firstOf(model);
  }
  const other = otherFormat(bytes);
  if (other !== null) throw foreign(`it is ${other}`);
  const graph = parsed(GraphDefSchema, bytes);
  if (
    !(graph instanceof Error) &&
    graph.node.some(({ op }) => op !== "") &&
    graph.node.every(({ name }) => name !== "")
  ) {
    return { graph, meta: null };
  }
  const meta = parsed(MetaGraphDefSchema, bytes);
  if (!(meta instanceof Error) && meta.graphDef !== undefined) return { graph: meta.graphDef, meta };
  if (graph instanceof Error) throw foreign(`${graph.message} (${bytes.length} bytes)`);
  return { graph, meta: null };
}

/** The message that bytes hold, or what is wrong with them. */
export function parsed<Schema extends DescMessage>(schema: Schema, bytes: Uint8Array): MessageShape<Schema> | Error {
  try {
    return fromBinary(schema, bytes, { readUnknownFields: false });
  } catch (error) {
    // Groups of unknown fields that nest without end.
    return error instanceof RangeError && /stack/.test(error.message)
      ? new Error("it nests too deep")
      : (error as Error);
  }
}

const dtypes: { readonly [number: number]: DType } = { 1: "float32", 2: "float64", 3: "int32", 10: "bool" };
const referenceTypes = 100;
const int64 = 9;

/** How types that do not exist here are read. */
export interface TypeOptions {
  /** Read int64 as int32; refused when left out. */
  readonly narrow?: boolean;
  /** Shapes of placeholders, `null` where open, by their names: in place of those that the graph gives, or lacks. */
  readonly shapes?: { readonly [placeholder: string]: readonly (number | null)[] };
}

/** Options of the reader of graphs. */
export interface ReadOptions extends TypeOptions {
  /** A placeholder without extents has an unknown shape. */
  readonly legacyShapes: boolean;
}

/** Our dtype for a number of the enum DataType. */
export function dtypeFrom(node: NodeDef, number: number, { narrow = false }: TypeOptions): DType {
  const plain = number > referenceTypes ? number - referenceTypes : number;
  const dtype = plain === int64 && narrow ? "int32" : dtypes[plain];
  if (dtype !== undefined) return dtype;
  const advice = plain === int64 ? "; { narrow: true } reads it as int32" : "";
  throw mistakeIn(node, `there is no dtype ${typeName(number)} here${advice}`);
}

/** The message about a shape without a known number of axes. */
export function unknownRank(name: string): string {
  return (
    "its rank is not known; shapes here have a known number of axes, " +
    `which { shapes: { ${JSON.stringify(name)}: [null, …] } } gives it`
  );
}

/** Extents, `null` where open. */
export function shapeFrom(node: NodeDef, shape: TensorShapeProto | undefined): (number | null)[] {
  if (shape?.unknownRank) throw mistakeIn(node, unknownRank(node.name));
  return (shape?.dim ?? []).map(({ size }) => {
    if (size < -1n || size > 2n ** 31n) throw mistakeIn(node, `${size} is no extent`);
    return size === -1n ? null : Number(size);
  });
}

const arrays = { float32: Float32Array, float64: Float64Array, int32: Int32Array, bool: Uint8Array };

// A few bytes may claim any size.
const mostElements = 2 ** 31;
const mostContinued = 2 ** 20;

/** The value of a constant. A list shorter than the shape says is continued by its last element. */
export function tensorFrom(node: NodeDef, proto: TensorProto, options: TypeOptions): EagerTensor {
  const dtype = dtypeFrom(node, proto.dtype, options);
  const shape = shapeFrom(node, proto.tensorShape);
  if (shape.includes(null)) throw mistakeIn(node, "the shape of its value is not known");
  const size = sizeOf(shape as number[]);
  if (size > mostElements) throw mistakeIn(node, `a value of ${size} elements is too large`);
  const { tensorContent: bytes } = proto;
  if (bytes.length > 0)
    return literal("importGraphDef", fromContent(node, proto, dtype, size), { dtype, shape: shape as number[] });
  const listed = listOf(node, proto, dtype);
  if (listed.length > size) throw mistakeIn(node, `its value lists ${listed.length} elements, its shape has ${size}`);
  if (listed.length < size && size > mostContinued) {
    if (listed.length > 1)
      throw mistakeIn(node, `its value lists ${listed.length} elements, too few for a shape of ${size}`);
    const one = literal("importGraphDef", [listed[0] ?? 0], { dtype, shape: [] });
    // A view of one number costs no memory, for any size that the file states.
    return within(null, () => unrecorded(() => broadcastTo(one, shape as number[]))) as EagerTensor;
  }
  const data = new arrays[dtype](size);
  for (let i = 0; i < size; i++) data[i] = listed[Math.min(i, listed.length - 1)] ?? 0;
  return literal("importGraphDef", data, { dtype, shape: shape as number[] });
}

function fromContent(node: NodeDef, { dtype: number, tensorContent: bytes }: TensorProto, dtype: DType, size: number) {
  const wide = number % referenceTypes === int64;
  const width = wide ? 8 : arrays[dtype].BYTES_PER_ELEMENT;
  if (bytes.length !== size * width) {
    throw mistakeIn(
      node,
      `its value has ${bytes.length} bytes, ${size} elements of ${typeName(number)} take ${size * width}`,
    );
  }
  const own = new Uint8Array(bytes).buffer;
  if (!wide) return new arrays[dtype](own);
  return Int32Array.from(new BigInt64Array(own), (value) => narrowed(node, value));
}

function listOf(node: NodeDef, proto: TensorProto, dtype: DType): readonly number[] {
  if (proto.dtype % referenceTypes === int64) return proto.int64Val.map((value) => narrowed(node, value));
  const { floatVal, doubleVal, intVal, boolVal } = proto;
  return { float32: floatVal, float64: doubleVal, int32: intVal, bool: boolVal.map(Number) }[dtype];
}

function narrowed(node: NodeDef, value: bigint): number {
  if (BigInt.asIntN(32, value) === value) return Number(value);
  // Ends of ranges are told by the greatest of all integers.
  if (value === 2n ** 63n - 1n) return 2 ** 31 - 1;
  throw mistakeIn(node, `its value ${value} does not fit into int32`);
}
