import * as gt from "gradtape";
import { numeral } from "./numerals.ts";
import { lineIn } from "./place.ts";
import { type Contents, type HeardOp, type HeardWalk, mostElements, type Recording } from "./recording.ts";
import type { Moment, NodeKind, Scene, SceneEdge, SceneNode, Shown } from "./scene.ts";
import { type Read, show, showCotangent, type Value } from "./shown.ts";
import { updateOf } from "./update.ts";

/* From what was heard to what is drawn. */

/** Names for tensors that came from outside of the program. */
export type Names = ReadonlyMap<unknown, string>;

const mostNodes = 160;

/** An output of an op that was heard. */
interface Made {
  readonly op: HeardOp;
  readonly output: number;
}

/** What a walk backwards went over: its ops, its gradients, and the updates that followed. */
export function buildScene(recording: Recording, heard: HeardWalk, title: string, names: Names = new Map()): Scene {
  const before = recording.ops.slice(0, heard.at);
  const next = recording.walks[recording.walks.indexOf(heard) + 1]?.at ?? recording.ops.length;
  const { walk } = heard;
  const made = producers(before);
  const ops = onTheWay(before, made, walk);
  const read = (tensor: gt.Tensor) => recording.read(tensor);
  const builder = new Builder(ops.slice(-mostNodes), { made, walk, names, read });
  const updates = recording.ops.slice(heard.at, next).flatMap((op) => updateOf(op, walk, read) ?? []);
  const moments = builder.moments(before);
  const placed = updates.flatMap(({ variable, update }) => {
    const node = builder.place(variable);
    return node === null ? [] : [{ node, update }];
  });
  return {
    title,
    nodes: builder.nodes,
    edges: builder.edges,
    moments: [...moments, ...placed.map(({ node }, i): Moment => ({ kind: "update", node, update: i }))],
    updates: placed.map(({ update }) => update),
    leftOut: leftOut(ops, builder.nodes),
  };
}

/** What is not shown, in words. */
function leftOut(ops: readonly HeardOp[], nodes: readonly SceneNode[]): string {
  const empty = (kinds: readonly NodeKind[]) =>
    nodes.some(({ kind, values }) => kinds.includes(kind) && values.some(({ sample }) => sample.values.length === 0));
  const texts = [
    ops.length > mostNodes ? `The first ${ops.length - mostNodes} of ${ops.length} ops are not shown.` : "",
    empty(["op", "input"]) ? "This graph has no values where no session has run it." : "",
    !empty(["op", "input"]) && empty(["variable"])
      ? `Variables of more than ${mostElements} elements are shown without them, and without their update.`
      : "",
  ];
  return texts.filter(Boolean).join(" ");
}

/** What ran, where nothing was differentiated. */
export function buildForward(recording: Recording, title: string): Scene {
  const ops = recording.ops.filter(({ record }) => record.outputs.length > 0);
  const last = ops.at(-1)?.record.outputs[0];
  const walk = { targets: last === undefined ? [] : [last], sources: [], derivatives: [], sums: [] };
  const read = (tensor: gt.Tensor) => recording.read(tensor);
  const builder = new Builder(ops.slice(-mostNodes), { made: producers(ops), walk, names: new Map(), read });
  return {
    ...{ title, nodes: builder.nodes, edges: builder.edges, moments: builder.moments(ops), updates: [] },
    leftOut: leftOut(ops, builder.nodes),
  };
}

function producers(ops: readonly HeardOp[]): Map<unknown, Made> {
  const made = new Map<unknown, Made>();
  for (const op of ops) for (const [output, tensor] of op.record.outputs.entries()) made.set(tensor, { op, output });
  return made;
}

/** The ops through which the targets depend on the sources, in the order in which they ran. */
function onTheWay(ops: readonly HeardOp[], made: ReadonlyMap<unknown, Made>, { targets, sources }: gt.Walk): HeardOp[] {
  const leading = new Set<unknown>(sources);
  for (const { record } of ops) {
    if (record.inputs.some((input) => leading.has(input))) for (const output of record.outputs) leading.add(output);
  }
  const needed = new Set<HeardOp>();
  const pending: unknown[] = [...targets];
  while (pending.length > 0) {
    const op = made.get(pending.pop())?.op;
    if (op === undefined || needed.has(op) || !op.record.outputs.some((output) => leading.has(output))) continue;
    needed.add(op);
    pending.push(...op.record.inputs);
  }
  return ops.filter((op) => needed.has(op));
}

/** What a node is looked up in. */
interface Surroundings {
  readonly made: ReadonlyMap<unknown, Made>;
  readonly walk: gt.Walk;
  readonly names: Names;
  readonly read: Read;
}

class Builder {
  readonly nodes: SceneNode[] = [];
  readonly edges: SceneEdge[] = [];
  private readonly places = new Map<unknown, { readonly node: number; readonly output: number }>();
  private readonly ops: readonly HeardOp[];
  private readonly made: ReadonlyMap<unknown, Made>;
  private readonly walk: gt.Walk;
  private readonly names: Names;
  private readonly read: Read;
  private readonly sums: Map<unknown, gt.CotangentSum>;
  private readonly opNodes = new Map<gt.OpRecord, number>();

  constructor(ops: readonly HeardOp[], { made, walk, names, read }: Surroundings) {
    this.ops = ops;
    this.made = made;
    this.walk = walk;
    this.names = names;
    this.read = read;
    // What is a source and a result at once is told twice, the second time without its terms.
    this.sums = new Map([...walk.sums].reverse().map((sum) => [sum.at, sum]));
    const given = new Map(walk.derivatives.map((each) => [each.record, each.given]));
    for (const op of ops) {
      if (this.passesOn(op)) continue;
      const inputs = op.record.inputs.map((input) => this.places.get(input) ?? this.addInput(input, op));
      const node = this.addOp(op);
      for (const [input, { node: from, output }] of inputs.entries()) {
        const gradient = given.get(op.record)?.[input] ?? null;
        this.edges.push({ from, to: node, output, input, gradient: gradient && this.showMade(gradient) });
      }
    }
  }

  /** The node of a value, or `null`. */
  place(value: unknown): number | null {
    return this.places.get(value)?.node ?? null;
  }

  moments(heard: readonly HeardOp[]): Moment[] {
    const forward = this.ops.flatMap(({ record }): Moment[] => {
      const node = this.opNodes.get(record);
      return node === undefined ? [] : [{ kind: "forward", node }];
    });
    const seeds = this.walk.targets.flatMap((target): Moment[] => {
      const node = this.place(target);
      return node === null || this.nodes[node]!.gradients.every((each) => each === null)
        ? []
        : [{ kind: "seed", node }];
    });
    const summed = new Set<number>();
    const sumsAt = (values: readonly unknown[]) =>
      values.flatMap((value): Moment[] => {
        const node = this.place(value);
        const several = (this.sums.get(value)?.terms.length ?? 0) > 1;
        if (node === null || !several || summed.has(node)) return [];
        summed.add(node);
        return [{ kind: "sum", node }];
      });
    const backward = this.walk.derivatives.flatMap(({ record }): Moment[] => {
      const node = this.opNodes.get(record);
      if (node === undefined || !this.edges.some(({ to, gradient }) => to === node && gradient !== null)) return [];
      const rule = heard.filter((op) => op.derivativeOf === record).map((op) => op.record.def.name);
      return [...sumsAt(record.outputs), { kind: "backward", node, rule }];
    });
    return [{ kind: "begin" }, ...forward, ...seeds, ...backward, ...sumsAt(this.walk.sources)];
  }

  /** A gradient; `null` for one that belongs to a graph and that no session needed. */
  private showMade(cotangent: gt.Cotangent): Shown | null {
    const shown = showCotangent(cotangent, this.read);
    return shown.sample.values.length === 0 && shown.shape.every((extent) => extent !== 0) ? null : shown;
  }

  /** Whether an op only reads a variable: then the variable stands for it. */
  private passesOn(op: HeardOp): boolean {
    const { inputs, outputs } = op.record;
    const [variable, ...others] = inputs;
    if (!(variable instanceof gt.Variable) || others.length > 0 || outputs.length !== 1) return false;
    const derivative = this.walk.derivatives.find(({ record }) => record === op.record);
    const same = derivative?.given[0] != null && derivative.given[0] === derivative.arrived[0];
    if (!same || (this.sums.get(outputs[0])?.terms.length ?? 0) > 1) return false;
    this.places.set(outputs[0], this.places.get(variable) ?? this.addInput(variable, op));
    return true;
  }

  private add(kind: NodeKind, title: string, values: readonly unknown[], node: Partial<SceneNode>): number {
    const place = this.nodes.length;
    const gradientOf = (value: unknown) => {
      const sum = this.sums.get(value);
      return sum === undefined ? null : this.showMade(sum.total);
    };
    const terms = this.sums.get(values[0])?.terms ?? [];
    this.nodes.push({
      ...{ kind, title, about: "", line: null, derivativeOf: null, values: [] },
      isTarget: values.some((value) => this.walk.targets.includes(value as gt.Input)),
      gradients: values.map(gradientOf),
      terms: terms.length > 1 ? terms.map((term) => showCotangent(term, this.read)) : [],
      ...node,
    });
    for (const [output, value] of values.entries()) this.places.set(value, { node: place, output });
    return place;
  }

  private addOp({ record, derivativeOf, place }: HeardOp): number {
    const values = record.outputs.map((output) => show(this.read(output)));
    const name = nameIn(record);
    const about = [name === null ? "" : `named ${name}`, describeAttributes(record.attributes)]
      .filter(Boolean)
      .join("; ");
    const line = lineIn(place?.stack);
    const inner = derivativeOf?.def.name ?? null;
    const node = this.add("op", record.def.name, record.outputs, { about, line, derivativeOf: inner, values });
    this.opNodes.set(record, node);
    return node;
  }

  /** A variable, or a tensor that no op on the way made. */
  private addInput(input: gt.Input, { before }: HeardOp): { readonly node: number; readonly output: number } {
    const variable = input instanceof gt.Variable;
    const maker = this.made.get(input)?.op;
    const { shape, dtype, data } = variable ? contentsOf(input, before) : this.read(input as gt.Tensor);
    const number = data.length === 1 ? (dtype === "bool" ? String(Boolean(data[0])) : numeral(data[0]!)) : null;
    const title = variable ? input.opName : (this.names.get(input) ?? number ?? nameOfMaker(maker) ?? "tensor");
    const node = this.add(variable ? "variable" : "input", title, [input], {
      line: lineIn(maker?.place?.stack),
      values: [show({ shape, dtype, data })],
    });
    return { node, output: 0 };
  }
}

/** The name of an operation of a graph. */
const nameIn = (record: gt.OpRecord) => ("name" in record ? String(record.name) : null);

const nameOfMaker = (maker: HeardOp | undefined) => maker && (nameIn(maker.record) ?? maker.record.def.name);

function contentsOf(variable: gt.Variable, before: Contents): Value {
  return { shape: variable.shape as Value["shape"], dtype: variable.dtype, data: before.get(variable) ?? [] };
}

function describeAttributes(attributes: gt.OpRecord["attributes"]): string {
  return Object.entries(attributes as Record<string, unknown>)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
    .join(", ");
}
