import { copyInto, type EagerTensor, literal, machine, RuntimeError, type Tensor, ValueError } from "@gradtape/tensor";
import { explainNonFinite } from "../numerics.ts";
import { nameOf } from "../operand.ts";
import { schedule } from "../schedule.ts";
import { Session } from "../session.ts";
import { isAllFinite } from "../span.ts";
import type { State, Storage } from "../state.ts";
import { type ArgumentSpec, type Arguments, fitsTensors, putTogether, sameStructure } from "./arguments.ts";
import { Executable } from "./executable.ts";
import { explain } from "./explain.ts";
import { type Profile, profile } from "./profile.ts";
import { NotCompilable } from "./request.ts";
import { type Trace, trace } from "./trace.ts";

const storageOf = (state: State): Storage => state.storage!;

export interface InstanceOptions {
  readonly checkNumerics: boolean;
  /** Says something to the user once. */
  tell(notice: string): void;
}

/** A compiled function for one signature of its arguments. */
export class Instance {
  readonly specs: readonly ArgumentSpec[];
  private readonly structure: readonly unknown[];
  /** Whether the arguments are tensors, one and all. */
  private readonly plain: boolean;
  private readonly traced: Trace;
  private readonly name: string;
  private readonly tell: (notice: string) => void;
  private readonly checkNumerics: boolean;
  private steps = 0;
  private executable: Executable | null = null;
  private session: Session | null = null;

  constructor(
    fn: (...args: any[]) => unknown,
    name: string,
    { tensors, structure }: Arguments,
    { tell, checkNumerics }: InstanceOptions,
  ) {
    this.name = name;
    this.tell = tell;
    this.checkNumerics = checkNumerics;
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
    this.run(executable, args);
    return this.traced.pack((i) => executable.result(i));
  }

  item(args: readonly EagerTensor[]): number {
    const executable = this.prepare();
    if (this.traced.fetched.length !== 1) {
      throw new ValueError(
        `compile: ${this.name}.item needs a function that returns one tensor, it returns ${this.traced.fetched.length}`,
      );
    }
    if (executable === null || this.traced.fetched[0]!.size !== 1) return Number((this.call(args) as Tensor).item());
    this.run(executable, args);
    return executable.number(0);
  }

  private run(executable: Executable, args: readonly EagerTensor[]): void {
    this.feed(executable, args);
    if (this.checkNumerics) this.runChecked(executable, args);
    else executable.run(storageOf);
  }

  /** Runs a step; when it made a NaN or an infinity, the step is taken back and replayed op by op to find the culprit. */
  private runChecked(executable: Executable, args: readonly EagerTensor[]): void {
    const { inputs, graph, fetched, effects } = this.traced;
    const numbers = graph.captures.map((_, i) => this.captured(i));
    const before = new Map(executable.variables.map((state) => [state, storageOf(state).value]));
    this.steps++;
    executable.run(storageOf);
    const results = fetched.map((_, i) => executable.result(i));
    const after = executable.variables.map((state) => storageOf(state).value);
    if ([...results, ...after].every(isAllFinite)) return;
    for (const [state, value] of before) {
      const { buffer, layout } = storageOf(state).writable;
      copyInto(buffer, layout, value);
    }
    const feeds = new Map<Tensor, EagerTensor>(inputs.map((input, i) => [input, args[i]!]));
    graph.captures.forEach(({ tensor }, i) => {
      feeds.set(tensor, literal("compile", numbers[i]!, { dtype: tensor.dtype }));
    });
    explainNonFinite([...effects, ...fetched], feeds, (state) => before.get(state)!, { moment: `step ${this.steps}` });
    // Nothing new was made: what was there before stays, and so does the step.
    executable.run(storageOf);
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
      this.session = new Session({ graph, checkNumerics: this.checkNumerics });
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
