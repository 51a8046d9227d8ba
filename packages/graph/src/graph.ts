import {
  anything,
  callable,
  type DType,
  defineMethods,
  type EagerTensor,
  type Extent,
  instance,
  isStatic,
  list,
  NotFoundError,
  nullable,
  optional,
  Printable,
  Signature,
  string,
  synchronous,
  type TensorSpec,
  userLine,
  ValueError,
} from "@gradtape/tensor";
import { differentiatedOp, within } from "./context.ts";
import { legalSpecs } from "./legal.ts";
import { checkName, Names } from "./names.ts";
import { Operation, SymbolicTensor } from "./operation.ts";
import type { Attributes, Input, OpDef } from "./record.ts";

/** The well-known collections of a graph. */
export const GraphKeys = {
  GLOBAL_VARIABLES: "variables",
  LOCAL_VARIABLES: "local_variables",
  TRAINABLE_VARIABLES: "trainable_variables",
  GLOBAL_STEP: "global_step",
  TRAIN_OP: "train_op",
  LOSSES: "losses",
  SUMMARIES: "summaries",
  INIT_OP: "init_op",
  UPDATE_OPS: "update_ops",
} as const;

/** What new operations take on from the scopes they are built in. */
export interface Surroundings {
  readonly nameScope: string;
  readonly controlInputs: readonly Operation[];
  readonly device: string;
  readonly colocation: readonly string[];
  /** The user's line that builds them, where one call builds many; looked up for each when left out. */
  readonly location?: string | null;
}

/**
 * Operations written down to be run later. While a graph is the default, ops on its tensors and on variables are added
 * to it; ops on plain values still run at once.
 */
export class Graph extends Printable {
  /** Whether variables made while it is being built belong to it. */
  readonly holdsVariables: boolean = true;
  private readonly byName = new Map<string, Operation>();
  private readonly names = new Names();
  private readonly collections = new Map<string, unknown[]>();
  private extents = 0;
  private readonly constants = new WeakMap<EagerTensor, SymbolicTensor>();
  private around: Surroundings = { nameScope: "", controlInputs: [], device: "", colocation: [] };

  static {
    const name = { name: string };
    const scoped = { name: nullable(string), body: callable };
    defineMethods("Graph", Graph, {
      asDefault: [{ body: callable }],
      getOperations: [{}],
      findOperation: [name],
      getOperationByName: [name],
      getTensorByName: [name],
      uniqueName: [name],
      uniqueAbsoluteName: [name],
      nameScope: [scoped],
      device: [scoped],
      controlDependencies: [{ inputs: nullable(list(anything)), body: callable }],
      colocateWith: [{ operation: instance("an operation", Operation), body: callable }],
      addToCollection: [{ name: string, value: anything }],
      getCollection: [{ name: string, scope: optional(nullable(string)) }],
      getCollectionRef: [name],
      getAllCollectionKeys: [{}],
    });
  }

  constructor();
  constructor(...args: readonly unknown[]) {
    super();
    if (args.length > 0) new Signature("Graph", {}).record(args);
  }

  /** Makes this the default graph while `body` runs, and returns what it returns. */
  asDefault<T>(body: (graph: Graph) => T): T {
    return within(this, () => synchronous("Graph.asDefault", body(this)));
  }

  /** All operations in the order of creation. */
  getOperations(): Operation[] {
    return [...this.byName.values()];
  }

  /** The operation of that name, or `null`. */
  findOperation(name: string): Operation | null {
    return this.byName.get(name) ?? null;
  }

  /** The operation of that name. Throws a NotFoundError when there is none. */
  getOperationByName(name: string): Operation {
    const found = this.byName.get(name);
    if (found === undefined) throw new NotFoundError(`Graph: there is no operation named ${JSON.stringify(name)}`);
    return found;
  }

  /** The tensor of that name, `operation:output`. Throws a NotFoundError when there is none. */
  getTensorByName(name: string): SymbolicTensor {
    const [, operation, output] = name.match(/^(.*):(\d+)$/) ?? [];
    if (operation === undefined) {
      throw new ValueError(
        `Graph: ${JSON.stringify(name)} is not the name of a tensor; write operation:output, such as "x:0"`,
      );
    }
    const { outputs } = this.getOperationByName(operation);
    const tensor = outputs[Number(output)];
    if (tensor === undefined)
      throw new NotFoundError(`Graph: ${operation} has ${outputs.length} outputs, there is no ${name}`);
    return tensor;
  }

  /**
   * Adds an operation. Its name, by default that of the op, is put into the name scope and made unique; one that ends
   * in `/` is the name of a scope, taken as it is.
   */
  createOperation(def: OpDef, inputs: readonly Input[], attributes: Attributes, name = def.name): Operation {
    const specs = legalSpecs(def, inputs, attributes);
    const operation = new Operation({
      graph: this,
      id: this.byName.size,
      name: name.endsWith("/") ? this.exactName(name.slice(0, -1)) : this.uniqueName(name),
      def,
      inputs,
      attributes,
      specs: specs.map((spec) => this.nameExtents(spec)),
      controlInputs: this.controlInputsBesides(inputs),
      device: this.around.device,
      colocation: this.around.colocation,
      location: this.around.location === undefined ? userLine() : this.around.location,
      derivativeOf: differentiatedOp(),
    });
    this.byName.set(operation.name, operation);
    return operation;
  }

  /** The control inputs of a new operation, without the operations that it reads anyway. */
  private controlInputsBesides(inputs: readonly Input[]): readonly Operation[] {
    const { controlInputs } = this.around;
    if (controlInputs.length === 0) return controlInputs;
    const read = new Set(inputs.map(producer));
    return controlInputs.filter((each) => !read.has(each));
  }

  /** The constant of this graph that holds `value`, made by `make` when there is none yet. */
  constantOf(value: EagerTensor, make: () => SymbolicTensor): SymbolicTensor {
    const known = this.constants.get(value);
    if (known !== undefined) return known;
    const made = make();
    this.constants.set(value, made);
    return made;
  }

  /** `tensor` in another dtype, where it stands for plain numbers, which have the dtype that they are taken in. */
  inDType(tensor: SymbolicTensor, _dtype: DType): SymbolicTensor {
    return tensor;
  }

  /** True when a tensor stands for plain numbers. */
  isPlain(_tensor: SymbolicTensor): boolean {
    return false;
  }

  /** `name` within the present name scope, made unique; taken from then on. */
  uniqueName(name: string): string {
    return this.names.unique(this.around.nameScope + checkName("Graph", name));
  }

  /** `name` as it is (no scope), made unique; taken from then on. */
  uniqueAbsoluteName(name: string): string {
    return this.names.unique(name);
  }

  /**
   * Puts `name/` before the names of the operations that `body` builds. The scope itself is made unique; a name that
   * ends in `/` is taken as it is, from the root; `null` is the root.
   */
  nameScope<T>(name: string | null, body: (scope: string) => T): T {
    const scope = name === null || name === "" ? "" : name.endsWith("/") ? name : `${this.uniqueName(name)}/`;
    return this.surrounded({ nameScope: scope }, () => body(scope));
  }

  /** The name scope being built in: `""` or `a/b/`. */
  get currentNameScope(): string {
    return this.around.nameScope;
  }

  /** Lets the operations that `body` builds wait for `inputs`; `null` lets them wait for nothing. */
  controlDependencies<T>(inputs: readonly Operation[] | null, body: () => T): T {
    const controlInputs = inputs === null ? [] : [...new Set([...this.around.controlInputs, ...inputs])];
    return this.surrounded({ controlInputs }, body);
  }

  /** Records on the operations that `body` builds where they are to run. It changes nothing here. */
  device<T>(name: string, body: () => T): T {
    return this.surrounded({ device: name }, body);
  }

  /** @internal Sets at once where the operations that `body` builds are to run, and the user's line of all of them. */
  placed<T>(where: Pick<Surroundings, "device" | "colocation" | "location">, body: () => T): T {
    return this.surrounded(where, body);
  }

  /** Records on the operations that `body` builds beside which operation they are to run. It changes nothing here. */
  colocateWith<T>(operation: Operation, body: () => T): T {
    return this.surrounded({ colocation: [operation.name], device: operation.device || this.around.device }, body);
  }

  addToCollection(name: string, value: unknown): void {
    this.getCollectionRef(name).push(value);
  }

  /** The members of a collection, in order; only those whose name begins with `scope`, a regular expression, when given. */
  getCollection(name: string, scope?: string | null): unknown[] {
    const members = this.collections.get(name) ?? [];
    if (scope === undefined || scope === null) return [...members];
    const prefix = scopePattern(scope);
    return members.filter((member) => prefix.test(nameOfMember(member)));
  }

  /** The collection itself, made empty if there is none. */
  getCollectionRef(name: string): unknown[] {
    const members = this.collections.get(name) ?? [];
    this.collections.set(name, members);
    return members;
  }

  getAllCollectionKeys(): string[] {
    return [...this.collections.keys()].filter((key) => this.collections.get(key)!.length > 0);
  }

  /** The whole graph, a line for each operation. */
  override toString(): string {
    return this.getOperations().join("\n");
  }

  protected override consoleText(): string {
    const { size } = this.byName;
    return `<${this.constructor.name} of ${size} ${size === 1 ? "operation" : "operations"}>`;
  }

  /** The name of a scope, for the one operation that stands for the scope itself. */
  private exactName(name: string): string {
    if (this.byName.has(name)) throw new ValueError(`Graph: there already is an operation named ${name}`);
    return name;
  }

  private surrounded<T>(change: Partial<Surroundings>, body: () => T): T {
    const before = this.around;
    this.around = { ...before, ...change };
    try {
      return synchronous("Graph", body());
    } finally {
      this.around = before;
    }
  }

  /** Names the open extents of a new tensor, so that shapes made from them are known to agree. */
  private nameExtents({ shape, dtype }: TensorSpec): TensorSpec {
    if (isStatic(shape)) return { shape, dtype };
    return { shape: shape.map((extent): Extent => extent ?? Symbol(`?${this.extents++}`)), dtype };
  }
}

function scopePattern(scope: string): RegExp {
  try {
    return new RegExp(`^(?:${scope})`);
  } catch (cause) {
    throw new ValueError(`Graph.getCollection: the scope ${JSON.stringify(scope)} is no regular expression`, { cause });
  }
}

function producer(input: Input): Operation | null {
  return input instanceof SymbolicTensor ? input.op : null;
}

/** The name of a member of a collection, which may be anything; empty where it has none that can be read. */
function nameOfMember(member: unknown): string {
  try {
    const { name } = member as { readonly name: unknown };
    return typeof name === "string" ? name : "";
  } catch {
    return "";
  }
}
