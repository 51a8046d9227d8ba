import { type Attributes, allEntries, type Input, type OpDef, type Spelling, type Taken } from "@gradtape/graph";
import { updateOps } from "@gradtape/optimizers";
import { InvalidArgumentError, NotImplementedError, normalizeAxis } from "@gradtape/tensor";
import { dtypeFrom, type ReadOptions, shapeFrom, type TypeOptions, unknownRank } from "./decode.ts";
import type { AttrValue, NodeDef } from "./messages.ts";
import { attributesOf, forms, takenBy, variant } from "./nodes.ts";
import { typeNumbers } from "./schema.ts";

/* Spellings, read backwards: which entries a node may stand for, and what its attributes say. */

/** An entry and one way in which TensorFlow spells it. */
export interface Candidate {
  readonly def: OpDef;
  readonly spelling: Spelling;
}

// Older names of ops.
const aliases: { readonly [old: string]: string } = { Variable: "VariableV2", PlaceholderV2: "Placeholder" };

/** What each op of TensorFlow may stand for. */
export function spellings(): Map<string, Candidate[]> {
  const found = new Map<string, Candidate[]>();
  // Updates are ops of another package, which is there only when something of it is used.
  for (const def of new Set([...updateOps, ...allEntries()])) {
    const { tensorflow } = def;
    if (tensorflow === undefined || (typeof tensorflow === "object" && "refused" in tensorflow)) continue;
    const told = forms(tensorflow).filter((form) => typeof form !== "function");
    const both = new Set(told.flatMap((spelling) => [variant(spelling, true), variant(spelling, false)]));
    for (const spelling of both) {
      if (spelling !== null) found.set(spelling.op, [...(found.get(spelling.op) ?? []), { def, spelling }]);
    }
  }
  // Those that take a variable as such come before those that take its value.
  for (const list of found.values()) list.sort((a, b) => handleCount(b) - handleCount(a));
  for (const [old, op] of Object.entries(aliases)) found.set(old, found.get(op)!);
  return found;
}

/** The inputs of ours that are variables. */
export function handlesOf({ def, spelling }: Candidate): readonly number[] {
  return spelling.handles ?? def.writes ?? [];
}

const handleCount = (candidate: Candidate) => handlesOf(candidate).length;

/** Flags that change no number. */
const harmless = new Set([
  "use_locking",
  "validate_indices",
  "validate_shape",
  "incompatible_shape_error",
  ...["grad_a", "grad_b", "grad_x", "grad_y"],
]);

/** Whether an attribute that the spelling does not know is set, and may mean something else. */
export function means(node: NodeDef, spelling: Spelling): boolean {
  const known = attributesOf(spelling);
  return Object.entries(node.attr).some(([name, { value }]) => {
    if (name in known || name.startsWith("_") || harmless.has(name)) return false;
    return (value.case === "b" && value.value) || (value.case === "i" && value.value !== 0n);
  });
}

/** What each input of the node is, or `null` when their number does not fit. */
export function arranged({ def, spelling }: Candidate, count: number): readonly Taken[] | null {
  const { takes } = spelling;
  if (takes === undefined) {
    const wanted = Array.isArray(def.gradient) ? def.gradient.length : count;
    return wanted === count ? Array.from({ length: count }, (_, i) => i) : null;
  }
  const open = takes.find((taken) => typeof taken === "object" && "from" in taken);
  if (open === undefined) return takes.length === count ? takes : null;
  const ours = count - (takes.length - 1) + open.from;
  return ours < open.from ? null : takenBy(spelling, ours);
}

/** An attribute of ours from that of a node, with its default where there is none. */
export function attributeOf(
  node: NodeDef,
  kind: string,
  found: AttrValue | undefined,
  first: Input | undefined,
  types: ReadOptions,
): Attributes[string] {
  const value = found?.value;
  switch (kind) {
    case "type":
      return dtypeFrom(node, value?.case === "type" ? value.value : 0, types);
    case "bool":
      return value?.case === "b" && value.value;
    case "int":
      return value?.case === "i" ? Number(value.value) : 0;
    case "string":
      return value?.case === "s" ? new TextDecoder().decode(value.value) : "";
    case "shape": {
      const given = types.shapes !== undefined && Object.hasOwn(types.shapes, node.name) && types.shapes[node.name];
      if (given) return [...given];
      const shape = value?.case === "shape" ? value.value : null;
      // `Placeholder` is the old op; its successor has the shape that it says.
      const unknown = shape === null || (types.legacyShapes && node.op === "Placeholder" && shape.dim.length === 0);
      if (unknown || shape.unknownRank) throw new InvalidArgumentError(unknownRank(node.name));
      return shapeFrom(node, shape);
    }
    default: {
      const axes = value?.case === "list" ? value.value.i.map(Number) : [];
      if (axes.length === 0) throw new NotImplementedError("it names no axes");
      return axes.map((axis) => normalizeAxis(node.op, axis, first!.spec.shape.length)).sort((a, b) => a - b);
    }
  }
}

/** Whether an attribute that a spelling fixes is so; one that is left out has its default. */
export function isAlways(
  kind: string,
  is: Attributes[string],
  found: AttrValue | undefined,
  { narrow = false }: TypeOptions,
): boolean {
  const value = found?.value;
  if (value === undefined || value.case === undefined) return true;
  if (value.case === "b" || value.case === "i") return String(value.value) === String(is);
  if (kind !== "type" || value.case !== "type") return true;
  const wanted = typeNumbers[is as string];
  return value.value === wanted || (narrow && is === "int32" && value.value === typeNumbers.int64);
}
