import { type EagerTensor, machine, RuntimeError, type Tensor, ValueError } from "@gradtape/tensor";
import { currentGraph, recorders } from "../context.ts";
import { nameOf } from "../operand.ts";
import { schedule } from "../schedule.ts";
import { Session } from "../session.ts";
import type { State, Storage } from "../state.ts";
import {
  type ArgumentSpec,
  type Arguments,
  describeSpecs,
  fitsTensors,
  putTogether,
  sameStructure,
  takeApart,
} from "./arguments.ts";
import { Executable } from "./executable.ts";
import { explain } from "./explain.ts";
import { NotCompilable } from "./lower.ts";
import { type Profile, profile } from "./profile.ts";
import { type Trace, trace } from "./trace.ts";

export interface CompileOptions {
  /** What messages call the function; its own name when left out. */
  readonly name?: string;
}

/** A function that runs as one WebAssembly module per signature of its arguments. */
export interface Compiled<F extends (...args: any[]) => unknown> {
  (...args: Parameters<F>): ReturnType<F>;
  /**
   * The only element of the only tensor that the function returns, as a plain number: `compiled(...args).item()` without
   * making a tensor.
   */
  item(...args: Parameters<F>): number;
  /** Every stage of what was compiled for these arguments (for the last call when left out), in words. */
  explain(...args: Parameters<F> | []): string;
  /** Runs `steps` steps (10 when left out) for real, and tells the time that each kernel takes. */
  profile(args: Parameters<F>, steps?: number): Profile;
}

/** From this many signatures on, a function is said to be compiled too often. */
const MANY = 8;

/**
 * `fn` as a compiled function: it is traced once for every signature (shapes and dtypes of its arguments), and all that it
 * computes and updates becomes one WebAssembly module. It takes and returns what `fn` does, with the same bits.
 *
 * Arguments: tensors and whatever a tensor can be made from, numbers too, are fed to each step; variables, booleans,
 * strings and functions belong to the signature. Plain numbers that optimizers use as hyper-parameters are read again at
 * each step. Under a tape, or while a graph is being built, `fn` itself runs.
 *
 * Throws a RuntimeError for a function that makes variables, that does not do the same each time, or that asks for the
 * value of a tensor; a TypeError for one that returns something else than tensors. What cannot be compiled is run by a
 * session, with a warning that names the operation.
 */
export function compile<F extends (...args: any[]) => unknown>(
  fn: F,
  { name = fn.name || "function" }: CompileOptions = {},
): Compiled<F> {
  if (typeof fn !== "function") throw new TypeError(`compile: expected a function, got ${nameOf(fn)}`);
  const instances = new Instances(fn, name);
  const run = listed(fn.length, (args) => {
    if (recorders.length > 0 || currentGraph() !== null) return fn(...args);
    return instances.call(args);
  });
  return Object.assign(run, {
    item: listed(fn.length, (args) => instances.item(args)),
    explain: (...args: Parameters<F> | []) => instances.explainable(args).explain(),
    profile(args: Parameters<F>, steps = 10) {
      const { instance, tensors } = instances.find(args);
      return instance.profile(tensors, steps);
    },
  }) as Compiled<F>;
}

/**
 * A function of `count` arguments that hands them on as a list. Up to three of them go into a list that is used again and
 * again: one of its own for each call would be garbage.
 */
function listed<R>(count: number, use: (args: readonly unknown[]) => R): (...args: unknown[]) => R {
  const list: unknown[] = Array(count).fill(undefined);
  if (count === 1) {
    return (a, ...more) => {
      if (more.length > 0) return use([a, ...more]);
      list[0] = a;
      return use(list);
    };
  }
  if (count === 2) {
    return (a, b, ...more) => {
      if (more.length > 0) return use([a, b, ...more]);
      list[0] = a;
      list[1] = b;
      return use(list);
    };
  }
  if (count === 3) {
    return (a, b, c, ...more) => {
      if (more.length > 0) return use([a, b, c, ...more]);
      list[0] = a;
      list[1] = b;
      list[2] = c;
      return use(list);
    };
  }
  return (...args) => use(args);
}

class Instances {
  private readonly fn: (...args: any[]) => unknown;
  private readonly name: string;
  private readonly made: Instance[] = [];
  private readonly told = new Set<string>();
  private last: Instance | null = null;

  constructor(fn: (...args: any[]) => unknown, name: string) {
    this.fn = fn;
    this.name = name;
  }

  /** The instance for the signature of `args`, made now when there is none, and what is to be fed to it. */
  find(args: readonly unknown[]): { readonly instance: Instance; readonly tensors: readonly EagerTensor[] } {
    const parts = takeApart(args);
    let instance = this.made.find((each) => each.fits(parts));
    if (instance === undefined) {
      instance = new Instance(this.fn, this.name, parts, (notice) => this.tell(notice));
      this.made.push(instance);
      if (this.made.length === MANY) this.warn(instance);
    }
    this.last = instance;
    return { instance, tensors: parts.tensors };
  }

  call(args: readonly unknown[]): unknown {
    const { last } = this;
    if (last?.takes(args)) return last.call(args);
    const { instance, tensors } = this.find(args);
    return instance.call(tensors);
  }

  item(args: readonly unknown[]): number {
    const { last } = this;
    if (last?.takes(args)) return last.item(args);
    const { instance, tensors } = this.find(args);
    return instance.item(tensors);
  }

  explainable(args: readonly unknown[]): Instance {
    return args.length > 0 || this.last === null ? this.find(args).instance : this.last;
  }

  private warn({ specs }: Instance): void {
    this.tell(
      `compile: ${this.name} has been compiled for ${MANY} signatures, the last one (${describeSpecs(specs)}); ` +
        "give its arguments fewer different shapes, for instance by dropping the last, shorter batch",
    );
  }

  /** Says something once. */
  private tell(notice: string): void {
    if (this.told.has(notice)) return;
    this.told.add(notice);
    console.warn(notice);
  }
}

const storageOf = (state: State): Storage => state.storage!;

class Instance {
  readonly specs: readonly ArgumentSpec[];
  private readonly structure: readonly unknown[];
  /** Whether the arguments are tensors, one and all. */
  private readonly plain: boolean;
  private readonly traced: Trace;
  private readonly name: string;
  private readonly tell: (notice: string) => void;
  private executable: Executable | null = null;
  private session: Session | null = null;

  constructor(
    fn: (...args: any[]) => unknown,
    name: string,
    { tensors, structure }: Arguments,
    tell: (notice: string) => void,
  ) {
    this.name = name;
    this.tell = tell;
    this.specs = tensors.map(({ shape, dtype }) => ({ shape: [...shape], dtype }));
    this.structure = structure;
    this.plain = structure[0] === tensors.length && structure.length === tensors.length + 1;
    this.traced = trace((...inputs) => fn(...putTogether(structure, inputs)), this.specs);
  }

  fits({ tensors, structure }: Arguments): boolean {
    return sameStructure(structure, this.structure) && fitsTensors(tensors, this.specs);
  }

  /** Whether these arguments can be fed as they are. */
  takes(args: readonly unknown[]): args is EagerTensor[] {
    return this.plain && fitsTensors(args, this.specs);
  }

  call(args: readonly EagerTensor[]): unknown {
    const executable = this.prepare();
    if (executable === null) return this.interpret(args);
    this.feed(executable, args);
    executable.run(storageOf);
    return this.traced.pack((i) => executable.result(i, storageOf));
  }

  item(args: readonly EagerTensor[]): number {
    const executable = this.prepare();
    if (this.traced.fetched.length !== 1) {
      throw new ValueError(
        `compile: ${this.name}.item needs a function that returns one tensor, it returns ${this.traced.fetched.length}`,
      );
    }
    if (executable === null || this.traced.fetched[0]!.size !== 1) return Number((this.call(args) as Tensor).item());
    this.feed(executable, args);
    executable.run(storageOf);
    return executable.number(0);
  }

  explain(): string {
    const executable = this.prepare();
    return executable === null
      ? `${this.name} runs by a session\n${this.traced.graph}`
      : explain(this.name, this.traced, executable);
  }

  profile(args: readonly EagerTensor[], steps: number): Profile {
    const executable = this.prepare();
    if (executable === null)
      throw new RuntimeError(`compile: ${this.name} runs by a session and has no kernels to time`);
    this.feed(executable, args);
    return profile(executable, storageOf, steps);
  }

  /** What runs the step: a module for the present machine, or `null` where a session has to. */
  private prepare(): Executable | null {
    if (this.session !== null) return null;
    const present = machine();
    if (this.executable !== null && this.executable.machine === present) return this.executable;
    const { inputs, graph, fetched, effects } = this.traced;
    try {
      if (present === null) throw new RuntimeError("this engine has no WebAssembly vectors");
      const fed = new Map(
        [...inputs, ...graph.captures.map(({ tensor }) => tensor)].map((tensor) => [tensor as Tensor, tensor.spec]),
      );
      const operations = schedule([...effects, ...fetched], fed);
      this.executable = new Executable({ operations, fed, fetched }, present);
      return this.executable;
    } catch (error) {
      if (present !== null && !(error instanceof NotCompilable)) throw error;
      const where =
        error instanceof NotCompilable && error.operation.location ? `, at ${error.operation.location}` : "";
      this.tell(`compile: ${this.name} runs operation by operation: ${(error as Error).message}${where}`);
      this.session = new Session({ graph });
      return null;
    }
  }

  private feed(executable: Executable, tensors: readonly EagerTensor[]): void {
    for (let i = 0; i < tensors.length; i++) executable.feed(i, tensors[i]!.data);
    const { captures } = this.traced.graph;
    for (let i = 0; i < captures.length; i++) executable.feedNumber(tensors.length + i, this.captured(i));
  }

  private captured(i: number): number {
    const { tensor, read } = this.traced.graph.captures[i]!;
    const value = read();
    if (typeof value === "number") return value;
    throw new TypeError(
      `compile: ${this.name}: ${tensor.op.name} was a number when traced, now it is ${nameOf(value)}`,
    );
  }

  private interpret(tensors: readonly EagerTensor[]): unknown {
    const { inputs, graph, fetched, effects, pack } = this.traced;
    const feeds = [
      ...inputs.map((input, i) => [input, tensors[i]!] as const),
      ...graph.captures.map(({ tensor }, i) => [tensor, this.captured(i)] as const),
    ];
    const results = this.session!.run([[...fetched], [...effects]], feeds)[0] as Tensor[];
    return pack((i) => results[i]!);
  }
}
