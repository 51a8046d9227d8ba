import {
  type AttributeKind,
  type Attributes,
  type NodeAttribute,
  type NodeMaker,
  type OpRecord,
  type Phrase,
  readVariableDef,
  type Spelling,
  State,
  SymbolicTensor,
  type Taken,
  type TensorFlowFacet,
  type Wire,
} from "@gradtape/graph";
import { type DType, type EagerTensor, isStatic, literal, type PartialShape, type Tensor } from "@gradtape/tensor";
import { type AttrInit, type NodeInit, type ShapeInit, typeNumbers } from "./schema.ts";

/* One operation as the nodes that spell it. */

/** A node whose name may come later. */
export interface Draft {
  name: string | null;
  readonly op: string;
  readonly inputs: readonly Wire[];
  readonly control: readonly Draft[];
  readonly attributes: { readonly [name: string]: AttrInit };
}

/** Where the inputs of operations come from. */
export interface Sources {
  /** Whether variables are resources. */
  readonly resources: boolean;
  tensor(tensor: SymbolicTensor): Wire;
  handle(state: State): Wire;
}

/** The spellings and phrases of a facet, in the order in which they are tried. */
export function forms(facet: TensorFlowFacet): readonly (Spelling | Phrase)[] {
  const list = Array.isArray(facet) ? (facet as readonly (string | Spelling | Phrase)[]) : [facet as Spelling];
  return list.map((each) => (typeof each === "string" ? { op: each } : each));
}

/** A spelling as it is for resource or for reference variables; `null` where it is for resources alone. */
export function variant(spelling: Spelling, resources: boolean): Spelling | null {
  if (resources) return spelling;
  const { reference, handles, op } = spelling;
  if (reference !== undefined) return { ...spelling, ...reference };
  return handles === undefined ? { ...spelling, op: op.replace(/^Resource/, "") } : null;
}

/** The attributes of a spelling. */
export function attributesOf({ attributes }: Spelling): { readonly [name: string]: NodeAttribute } {
  return attributes ?? { T: { kind: "type", input: 0 } };
}

/** What a spelling takes, with lists told one by one, for a record of `count` inputs. */
export function takenBy(spelling: Spelling, count: number): Taken[] {
  const numbers = Array.from({ length: count }, (_, i) => i);
  return (spelling.takes ?? numbers).flatMap((taken): Taken[] =>
    typeof taken === "object" && "from" in taken ? numbers.slice(taken.from) : [taken],
  );
}

/** Whether a spelling stands for an operation. */
export function fits(spelling: Spelling, { def, inputs, attributes }: OpRecord): boolean {
  const specs = inputs.map((input) => input.spec);
  const used = new Set<number>();
  for (const taken of takenBy(spelling, inputs.length)) {
    if (typeof taken === "number") used.add(taken);
    else if ("attribute" in taken) {
      const value = attributes[taken.attribute];
      if (value === null || value === undefined) return false;
      if (taken.listed === true && (value as readonly unknown[]).length !== 1) return false;
    }
  }
  for (const attribute of Object.values(attributesOf(spelling))) {
    if (attribute.kind === "tensor" && "input" in attribute) used.add(attribute.input);
  }
  if (inputs.some((_, i) => !used.has(i))) return false;
  const handles = spelling.handles ?? def.writes ?? [];
  if (handles.some((i) => !(inputs[i] instanceof State))) return false;
  const { own = {} } = spelling;
  const wanted = typeof own === "function" ? own(specs, attributes) : own;
  const kept = Object.entries(wanted).every(([name, is]) => JSON.stringify(attributes[name]) === JSON.stringify(is));
  return kept && (spelling.fits?.(specs) ?? true);
}

/** What is spelled: an operation, or what could be one. */
export type Spellable = OpRecord & { readonly name: string };

/** Makes the nodes of one operation. */
export class Spelled implements NodeMaker {
  readonly drafts: Draft[];
  private readonly record: Spellable;
  private readonly sources: Sources;

  constructor(record: Spellable, sources: Sources, drafts: Draft[] = []) {
    this.record = record;
    this.sources = sources;
    this.drafts = drafts;
  }

  get resources(): boolean {
    return this.sources.resources;
  }

  /** The outputs, by the first form that fits; `null` when none does. */
  write(facet: TensorFlowFacet): readonly Wire[] | null {
    for (const form of forms(facet)) {
      const begun = this.drafts.length;
      const wires = typeof form === "function" ? form(this, this.record) : this.spell(form);
      if (wires !== null) return wires;
      this.drafts.length = begun;
    }
    return null;
  }

  input(i: number): Wire {
    const input = this.record.inputs[i]!;
    if (input instanceof SymbolicTensor) return this.sources.tensor(input);
    if (!(input instanceof State)) return this.value(input as EagerTensor);
    const reading = { ...this.record, name: this.record.name, def: readVariableDef, inputs: [input], attributes: {} };
    return new Spelled(reading, this.sources, this.drafts).write(readVariableDef.tensorflow!)![0]!;
  }

  handle(i: number): Wire {
    return this.sources.handle(this.record.inputs[i] as State);
  }

  shape(i: number): Wire {
    const { shape } = this.record.inputs[i]!.spec;
    if (isStatic(shape)) return this.constant(shape);
    return this.node("Shape", [this.input(i)], { T: { kind: "type", input: i } });
  }

  constant(value: number | readonly number[], dtype: DType = "int32"): Wire {
    return this.value(
      literal("export", value as never, { dtype, ...(typeof value !== "number" && { shape: [value.length] }) }),
    );
  }

  node(
    op: string,
    inputs: readonly Wire[],
    attributes: Spelling["attributes"] = attributesOf({ op }),
    after: readonly Wire[] = [],
  ): Wire {
    const entries = Object.entries(attributes).map(([name, given]) => [name, this.attribute(given, inputs.length)]);
    const control = after.map(({ node }) => node as Draft);
    return this.draft({ name: null, op, inputs, control, attributes: Object.fromEntries(entries) });
  }

  /** The value of a tensor as a node. */
  value(tensor: EagerTensor): Wire {
    return this.draft(constantDraft(tensor));
  }

  private draft(draft: Draft): Wire {
    this.drafts.push(draft);
    return { node: draft, index: 0 };
  }

  private spell(spelling: Spelling): readonly Wire[] | null {
    const { record } = this;
    const own = variant(spelling, this.resources);
    if (own === null || !fits(own, record)) return null;
    const handles = own.handles ?? record.def.writes ?? [];
    const inputs = takenBy(own, record.inputs.length).map((taken): Wire => {
      if (typeof taken === "number") return handles.includes(taken) ? this.handle(taken) : this.input(taken);
      if ("number" in taken) return this.constant(taken.number, record.inputs[0]!.dtype);
      if (!("attribute" in taken)) throw new Error(`${own.op}: lists of inputs have been resolved`);
      const value = record.attributes[taken.attribute] as number | readonly number[];
      return this.constant(taken.single && typeof value !== "number" ? value[0]! : value);
    });
    const { node } = this.node(own.op, inputs, attributesOf(own));
    const count = Math.max(1, record.outputs.length);
    return Array.from({ length: count }, (_, index) => ({ node, index }));
  }

  private attribute(given: NodeAttribute, inputs: number): AttrInit {
    const { record } = this;
    if ("is" in given) return attr(given.kind, given.is);
    if ("from" in given) return attr(given.kind, record.attributes[given.from]);
    if ("nodeName" in given) return attr("string", record.name);
    if ("others" in given) return attr("int", inputs - given.others);
    const input = record.inputs[given.input]!;
    return given.kind === "type" ? attr("type", input.dtype) : tensorAttr(input as EagerTensor);
  }
}

/** A node that holds the value of a tensor. */
export function constantDraft(tensor: EagerTensor, name: string | null = null): Draft {
  const attributes = { dtype: attr("type", tensor.dtype), value: tensorAttr(tensor) };
  return { name, op: "Const", inputs: [], control: [], attributes };
}

/** An attribute of a node. */
export function attr(kind: AttributeKind, value: Attributes[string]): AttrInit {
  switch (kind) {
    case "type":
      return { value: { case: "type", value: typeNumbers[value as string]! } };
    case "bool":
      return { value: { case: "b", value: value as boolean } };
    case "int":
      return { value: { case: "i", value: BigInt(value as number) } };
    case "axes":
      return { value: { case: "list", value: { i: (value as readonly number[]).map(BigInt) } } };
    case "string":
      return { value: { case: "s", value: utf8(value as string) } };
    case "shape":
      return { value: { case: "shape", value: shapeProto(value as PartialShape) } };
    default:
      throw new Error(`there is no kind of attribute ${kind satisfies never}`);
  }
}

export function shapeProto(shape: PartialShape): ShapeInit {
  return { dim: shape.map((extent) => ({ size: BigInt(typeof extent === "number" ? extent : -1) })) };
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function tensorAttr(tensor: Tensor): AttrInit {
  const { dtype, shape, data } = tensor;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  const value = { dtype: typeNumbers[dtype]!, tensorShape: shapeProto(shape), tensorContent: bytes };
  return { value: { case: "tensor", value } };
}

export type { NodeInit };
