/// <reference lib="esnext.disposable" preserve="true" />
import {
  anything,
  boolean,
  callable,
  compatible,
  defineMethods,
  EagerTensor,
  instance,
  isPlainObject,
  list,
  literal,
  located,
  optional,
  Printable,
  RuntimeError,
  Signature,
  shapeMessage,
  synchronous,
  type Tensor,
  ValueError,
  wrongAxis,
} from "@gradtape/tensor";
import type { Executable } from "./compile/executable.ts";
import { type SeenRun, SeenRuns } from "./compile/seen.ts";
import { checkNotTraced, recorders } from "./context.ts";
import { getDefaultGraph } from "./defaults.ts";
import { execute, uninitialized, type Value } from "./execute.ts";
import { type Fetch, type Fetched, planFetches, type Wanted } from "./fetches.ts";
import { Graph } from "./graph.ts";
import { checkInForce, NumericsCheck } from "./numerics.ts";
import { nameOf, type Operand } from "./operand.ts";
import { Operation, SymbolicTensor } from "./operation.ts";
import { runners } from "./runner.ts";
import { State, Storage } from "./state.ts";
import { Variable } from "./variable.ts";

/**
 * Values for tensors of the graph, for one run: pairs of tensor (or its name) and value, a Map of them, or an object by
 * names. `x` is short for `x:0`.
 */
export type Feeds = Iterable<readonly [Tensor | string, Operand]> | { readonly [name: string]: Operand };

const signature = new Signature("Session", {}, { graph: instance("a graph", Graph), checkNumerics: boolean });

export interface SessionOptions {
  /** The graph to run; the default graph when left out. */
  readonly graph?: Graph;
  /**
   * Stop a run with an InvalidArgumentError at the first operation that turns finite values into a NaN or an infinity.
   * Every run then goes operation by operation; variables keep what was written before it stopped.
   */
  readonly checkNumerics?: boolean;
}

/**
 * Runs parts of a graph, and keeps the values of its variables between runs.
 *
 * A run executes exactly the operations that the fetches need, in the order in which they were built; so a variable is
 * read before an update that was built later, and after one it waits for.
 */
export class Session extends Printable {
  readonly graph: Graph;
  private readonly storages = new Map<State, Storage>();
  private readonly seen = new SeenRuns();
  private readonly checksNumerics: boolean;
  private runs = 0;
  private closed = false;

  static {
    defineMethods("Session", Session, {
      run: [{ fetches: anything, feeds: optional(anything) }],
      makeCallable: [{ fetches: anything, feedList: optional(list(anything)) }],
      load: [{ variable: anything, value: anything }],
      asDefault: [{ body: callable }],
      close: [{}],
    });
  }

  constructor(options?: SessionOptions);
  constructor(...args: readonly unknown[]) {
    super();
    const { graph = getDefaultGraph(), checkNumerics = false } = signature.record(args);
    this.graph = graph;
    this.checksNumerics = checkNumerics;
  }

  /**
   * Computes `fetches` and returns them in the same structure: tensors for tensors and variables, `null` for operations.
   *
   * Everything is checked before anything runs. Throws a TypeError for what cannot be fetched, fed, or converted; a
   * ValueError for a tensor of another graph or a feed of another shape; an InvalidArgumentError for a placeholder that
   * is not fed; a FailedPreconditionError for a variable without a value; a RuntimeError when closed.
   */
  run<const F extends Fetch>(fetches: F, feeds: Feeds = []): Fetched<F> {
    this.checkOpen("run");
    checkNotTraced("Session.run: a graph is run", "run it outside and give the results as arguments");
    const { wanted, pack } = planFetches(this.graph, fetches);
    const values = this.feed(feeds);
    for (const each of wanted) this.checkOwned("fetch", each);
    const seen = this.seen.find(wanted, values);
    this.checkReady(seen.operations, wanted);
    this.runs++;
    const check = this.checksNumerics ? new NumericsCheck(`run ${this.runs} of the session`) : checkInForce();
    const executable = check === null && !isWatched() ? seen.executableFor((state) => this.storageOf(state)) : null;
    if (!executable?.settle((state) => this.storageOf(state)!)) this.interpret(seen.operations, values, check);
    else this.runModule(executable, seen, values);
    check?.settle(wanted.map((each) => this.result(each, values)));
    return pack((each) => this.result(each, values)) as Fetched<F>;
  }

  override toString(): string {
    const { size } = this.storages;
    const held = `${size} ${size === 1 ? "variable" : "variables"} with a value`;
    return `<Session${this.closed ? ", closed" : ""}: ${held}, ${this.runs} ${this.runs === 1 ? "run" : "runs"}>`;
  }

  /** Runs a module in place of its operations; what was asked for is among `values` then. */
  private runModule(executable: Executable, { feeds, results }: SeenRun, values: Map<Tensor, EagerTensor>): void {
    const storageOf = (state: State) => this.storageOf(state)!;
    feeds.forEach((tensor, i) => {
      executable.feed(i, values.get(tensor)!.elements);
    });
    executable.run(storageOf);
    results.forEach((tensor, i) => {
      values.set(tensor, executable.result(i));
    });
  }

  /** Makes this the session of `tensor.eval()`, `operation.run()` and `variable.load()` while `body` runs. */
  asDefault<T>(body: (session: Session) => T): T {
    runners.push(this);
    try {
      return synchronous("Session.asDefault", body(this));
    } finally {
      runners.splice(runners.lastIndexOf(this), 1);
    }
  }

  /** Sets a variable of the graph. Throws what `run` throws for a feed that does not fit. */
  load(variable: Variable, value: Operand): void {
    const initial = variable instanceof Variable ? variable.initializer?.inputs[1] : undefined;
    if (initial === undefined)
      throw new TypeError(`Session.load: expected a variable of a graph, got ${nameOf(variable)}`);
    this.checkOpen("load");
    this.checkOwned("load", variable);
    this.run(variable.initializer, [[initial as Tensor, value]]);
  }

  /** A function that runs `fetches` with one argument for each tensor of `feedList`. */
  makeCallable<const F extends Fetch>(
    fetches: F,
    feedList: readonly Tensor[] = [],
  ): (...values: Operand[]) => Fetched<F> {
    this.checkOpen("makeCallable");
    for (const each of planFetches(this.graph, fetches).wanted) this.checkOwned("fetch", each);
    return (...values) => {
      if (values.length !== feedList.length) {
        throw new ValueError(`makeCallable: expected ${feedList.length} values to feed, got ${values.length}`);
      }
      return this.run(
        fetches,
        feedList.map((tensor, i) => [tensor, values[i]!] as const),
      );
    };
  }

  /** Ends the session; its variables are gone, and their memory is free. */
  close(): void {
    this.closed = true;
    for (const storage of this.storages.values()) storage.leave();
    this.storages.clear();
    this.seen.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Runs operation by operation. */
  private interpret(
    operations: readonly Operation[],
    values: Map<Tensor, EagerTensor>,
    check: NumericsCheck | null,
  ): void {
    for (const operation of operations) {
      try {
        this.execute(operation, values, check);
      } catch (error) {
        throw located(error, operation);
      }
    }
  }

  private execute(operation: Operation, values: Map<Tensor, EagerTensor>, check: NumericsCheck | null): void {
    const { def, inputs, attributes, outputs } = operation;
    if (outputs.length > 0 && outputs.every((output) => values.has(output))) return; // fed
    const given = inputs.map((input, i) => this.inputOf(operation, i, input, values));
    const before = isWatched() ? given.map(lastingValue) : null;
    const computed = check === null ? execute(def, given, attributes) : check.execute(operation, given);
    if (before !== null) {
      const written = (def.writes ?? []).map((i) => lastingValue(given[i])!);
      for (const recorder of recorders) recorder.onRun?.(operation, { inputs: before, outputs: computed, written });
    }
    outputs.forEach((output, i) => {
      if (!values.has(output)) values.set(output, computed[i]!);
    });
  }

  private inputOf(
    operation: Operation,
    i: number,
    input: Tensor | State,
    values: Map<Tensor, EagerTensor>,
  ): Value | undefined {
    if (!(input instanceof State)) return values.get(input) ?? (input as EagerTensor);
    const storage = this.storageOf(input);
    if (storage !== null) return storage;
    if (operation.def.allowsMissing) return undefined;
    if (!operation.def.overwrites || !operation.def.writes?.includes(i))
      throw uninitialized(input.opName, operation.location);
    const fresh = Storage.empty(input);
    this.storages.set(input, fresh);
    return fresh;
  }

  private storageOf(state: State): Storage | null {
    return state.storage ?? this.storages.get(state) ?? null;
  }

  private result(wanted: Wanted, values: ReadonlyMap<Tensor, EagerTensor>): Tensor | null {
    if (wanted instanceof Operation) return null;
    if (!(wanted instanceof Variable)) return values.get(wanted) ?? wanted;
    return this.storageOf(wanted)!.lend();
  }

  private feed(feeds: Feeds): Map<Tensor, EagerTensor> {
    const pairs = isPlainObject(feeds) ? Object.entries(feeds) : feeds;
    if (typeof pairs !== "object" || typeof pairs?.[Symbol.iterator] !== "function") {
      throw new TypeError(
        `Session.run: feeds must be a list of [tensor, value] pairs, a Map or an object by names, got ${nameOf(feeds)}`,
      );
    }
    const values = new Map<Tensor, EagerTensor>();
    for (const pair of pairs as Iterable<readonly [Tensor | string, Operand]>) {
      if (!Array.isArray(pair) || pair.length !== 2) {
        throw new TypeError(`Session.run: a feed is a [tensor, value] pair, got ${nameOf(pair)}`);
      }
      const [key, value] = pair;
      const tensor = typeof key === "string" ? this.graph.getTensorByName(key.includes(":") ? key : `${key}:0`) : key;
      if (!(tensor instanceof SymbolicTensor)) {
        throw new TypeError(`Session.run: only tensors of the graph can be fed, got ${nameOf(key)}`);
      }
      this.checkOwned("feed", tensor);
      if (values.has(tensor)) throw new ValueError(`Session.run: ${tensor.name} is fed twice`);
      values.set(tensor, fedValue(tensor, value));
    }
    return values;
  }

  private checkOpen(method: string): void {
    if (this.closed) throw new RuntimeError(`Session.${method}: the session is closed; make a new one`);
  }

  private checkOwned(what: string, wanted: Wanted): void {
    const graph = wanted instanceof EagerTensor ? null : (wanted as { graph: Graph | null }).graph;
    if (graph === null || graph === this.graph) return;
    const { name } = wanted as { name: string };
    throw new ValueError(`Session.run: cannot ${what} ${name}, it belongs to another graph than the session's`);
  }

  /** What would stop the run halfway stops it here, with all variables as they were. */
  private checkReady(operations: readonly Operation[], wanted: readonly Wanted[]): void {
    const ready = new Set<State>();
    const check = (state: State, location: string | null) => {
      if (this.storageOf(state) === null && !ready.has(state)) throw uninitialized(state.opName, location);
    };
    for (const { def, inputs, location } of operations) {
      inputs.forEach((input, i) => {
        if (!(input instanceof State) || def.allowsMissing) return;
        if (def.overwrites && def.writes?.includes(i)) ready.add(input);
        else check(input, location);
      });
    }
    for (const each of wanted) if (each instanceof State) check(each, null);
  }
}

/** Whether someone wants to hear of every operation that is run. */
function isWatched(): boolean {
  return recorders.some(({ onRun }) => onRun !== undefined);
}

/** A value that later writes do not change. */
function lastingValue(value: Value | undefined): EagerTensor | undefined {
  return value instanceof Storage ? value.lend() : value;
}

/** The value fed for `tensor`, checked against its dtype and shape. */
function fedValue(tensor: SymbolicTensor, value: unknown): EagerTensor {
  const { dtype, name, spec, op } = tensor;
  if (value instanceof SymbolicTensor) {
    throw new TypeError(`Session.run: the value fed for ${name} is itself a tensor of a graph; feed numbers`);
  }
  const given = value instanceof Variable ? literal("feed", value.array(), { dtype: value.dtype }) : value;
  if (given instanceof EagerTensor && given.dtype !== dtype) {
    throw located(new TypeError(`Session.run: ${name} is ${dtype}, the value fed is ${given.dtype}; cast it`), op);
  }
  const fed = literal(`feed of ${name}`, given, { dtype });
  if (compatible(fed.shape, spec.shape)) return fed;
  const missing = spec.shape.length > 0 && compatible(fed.shape, spec.shape.slice(1));
  const operands = [
    { name, shape: spec.shape, wrong: missing ? 0 : wrongAxis(spec.shape, fed.shape) },
    { name: "fed", shape: fed.shape, wrong: wrongAxis(fed.shape, spec.shape.slice(missing ? 1 : 0)) },
  ];
  const message = shapeMessage("Session.run", `the value fed for ${name} has another shape`, operands, {
    advice: missing ? "is the batch axis missing? expandDims(value, 0)" : undefined,
    align: missing ? "last" : "first",
  });
  throw located(new ValueError(message), op);
}
