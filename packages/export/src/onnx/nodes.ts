import type { DType, Shape } from "@gradtape/tensor";
import { needed, type Step } from "../arrays/steps.ts";
import type { AttributeInit, NodeInit, TensorInit } from "./schema.ts";

/** Of the enum DataType. Positions and shapes are int64 in ONNX. */
export const dataTypes: { readonly [D in DType | "int64"]: number } = {
  float32: 1,
  int32: 6,
  int64: 7,
  bool: 9,
  float64: 11,
};

// Of the enum AttributeType.
const INT = 2;
const STRING = 3;
const INTS = 7;

/** Attributes by name. */
export type Attributes = { readonly [name: string]: number | string | readonly number[] };

interface Node extends Step {
  readonly node: NodeInit;
}

/** The nodes and constants of a graph while it is written. */
export class Nodes {
  private readonly list: Node[] = [];
  private readonly initializers = new Map<string, TensorInit & { readonly name: string }>();
  private readonly scalars = new Map<string, string>();
  private readonly taken = new Set<string>();
  private scope = "";

  /** Names what follows after an operation. */
  enter(scope: string): void {
    this.scope = scope;
  }

  /** Keeps a name from being given to anything else. */
  reserve(name: string): void {
    this.fresh(name);
  }

  /** Adds a node with one output, whose name it returns. */
  add(opType: string, takes: readonly string[], attributes: Attributes = {}): string {
    return this.addAll(opType, takes, [true], attributes)[0]!;
  }

  /** Adds a node; outputs that are not wanted have no name. */
  addAll(opType: string, takes: readonly string[], wanted: readonly boolean[], attributes: Attributes = {}): string[] {
    const makes = wanted.map((each) => (each ? this.fresh(`${this.scope}/${opType}`) : ""));
    const made = makes.filter((each) => each !== "");
    this.list.push({ makes: made, takes, node: node(made[0]!, opType, takes, makes, attributes) });
    return makes;
  }

  /** Adds a node that gives `from` another name. */
  rename(from: string, to: string): void {
    this.list.push({ makes: [to], takes: [from], node: node(to, "Identity", [from], [to], {}) });
  }

  /** A constant; its name. */
  constant(dtype: DType | "int64", shape: Shape, bytes: Uint8Array): string {
    const key = bytes.length <= 64 ? `${dtype} ${shape} ${bytes}` : null;
    const known = key === null ? undefined : this.scalars.get(key);
    if (known !== undefined) return known;
    const name = this.fresh(`${this.scope}/constant`);
    this.initializers.set(name, { name, dataType: dataTypes[dtype], dims: shape.map(BigInt), rawData: bytes });
    if (key !== null) this.scalars.set(key, name);
    return name;
  }

  /** A vector of int64. */
  integers(values: readonly number[]): string {
    return this.constant("int64", [values.length], new Uint8Array(BigInt64Array.from(values, BigInt).buffer));
  }

  /** What `results` need. */
  finish(results: readonly string[]): { readonly node: NodeInit[]; readonly initializer: TensorInit[] } {
    const kept = needed(this.list, results);
    const used = new Set([...results, ...kept.flatMap(({ takes }) => takes)]);
    return {
      node: kept.map((each) => each.node),
      initializer: [...this.initializers.values()].filter(({ name }) => used.has(name)),
    };
  }

  private fresh(name: string): string {
    let free = name;
    for (let i = 1; this.taken.has(free); i++) free = `${name}_${i}`;
    this.taken.add(free);
    return free;
  }
}

function node(
  name: string,
  opType: string,
  input: readonly string[],
  output: readonly string[],
  attributes: Attributes,
): NodeInit {
  const attribute = Object.entries(attributes).map(([key, value]) => attributeOf(key, value));
  return { name, opType, input: [...input], output: [...output], attribute };
}

function attributeOf(name: string, value: Attributes[string]): AttributeInit {
  if (typeof value === "number") return { name, type: INT, value: { case: "i", value: BigInt(value) } };
  if (typeof value === "string") {
    return { name, type: STRING, value: { case: "s", value: new TextEncoder().encode(value) } };
  }
  return { name, type: INTS, ints: value.map(BigInt) };
}
