import {
  copyInto,
  copyOf,
  EagerTensor,
  literal,
  machine,
  RuntimeError,
  type Tensor,
  type TypedData,
  ValueError,
} from "@gradtape/tensor";
import { explainNonFinite } from "../numerics.ts";
import { schedule } from "../schedule.ts";
import { Session } from "../session.ts";
import { isAllFinite } from "../span.ts";
import type { State, Storage } from "../state.ts";
import {
  type ArgumentSpec,
  type Arguments,
  digitsOf,
  fitsTensors,
  plainPositions,
  sameDigits,
  sameStructure,
} from "./arguments.ts";
import { Executable } from "./executable.ts";
import { explain } from "./explain.ts";
import { type Profile, profile } from "./profile.ts";
import { NotCompilable } from "./request.ts";
import { type Trace, trace } from "./trace.ts";
import type { Capture, Input } from "./trace-graph.ts";

const storageOf = (state: State): Storage => state.storage!;

export interface InstanceOptions {
  readonly checkNumerics: boolean;
  /** Says something to the user once. */
  tell(notice: string): void;
}

/** Arguments as tensors, and as they were given. */
export type Given = Pick<Arguments, "tensors" | "given">;

/** A compiled function for one signature of its arguments. */
export class Instance {
  readonly specs: readonly ArgumentSpec[];
  private readonly structure: readonly unknown[];
  /** Whether the arguments are tensors, one and all. */
  private readonly plain: boolean;
  /** The plain arguments that belong to what was traced, by their positions. */
  private readonly fixed = new Map<number, number | TypedData>();
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
    args: Arguments,
    { tell, checkNumerics }: InstanceOptions,
  ) {
    const { tensors, given, structure } = args;
    this.name = name;
    this.tell = tell;
    this.checkNumerics = checkNumerics;
    this.specs = tensors.map(({ shape, dtype }) => ({ shape: [...shape], dtype }));
    this.structure = structure;
    this.plain = structure[0] === tensors.length && given.every((value) => value instanceof EagerTensor);
    this.traced = trace(fn, args);
    const fed = new Set(this.traced.graph.inputs.map(({ from }) => from));
    for (const i of plainPositions(args)) if (!fed.has(i)) this.fixed.set(i, digitsOf(given[i]));
  }

  /** True when it is the one for these arguments and the values from outside, which it reads for the next step. */
  fits({ tensors, given, structure }: Arguments): boolean {
    if (!sameStructure(structure, this.structure) || !fitsTensors(tensors, this.specs)) return false;
    for (const [i, digits] of this.fixed) if (!sameDigits(digitsOf(given[i]), digits)) return false;
    return this.traced.graph.refresh();
  }

  /** Whether these arguments can be fed as they are. */
  takes(args: readonly unknown[]): args is EagerTensor[] {
    return this.plain && fitsTensors(args, this.specs) && this.traced.graph.refresh();
  }

  call(args: Given): unknown {
    const executable = this.prepare();
    if (executable === null) return this.interpret(args);
    this.run(executable, args);
    return this.traced.pack((i) => executable.result(i));
  }

  item(args: Given): number {
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

  private run(executable: Executable, args: Given): void {
    this.feed(executable, args);
    if (this.checkNumerics) this.runChecked(executable, args);
    else executable.run(storageOf);
  }

  /** Runs a step; when it made a NaN or an infinity, the step is taken back and replayed op by op to find the culprit. */
  private runChecked(executable: Executable, args: Given): void {
    const { fetched, effects } = this.traced;
    const feeds = this.feeds(args);
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
    explainNonFinite([...effects, ...fetched], feeds, (state) => before.get(state)!, { moment: `step ${this.steps}` });
    // Nothing new was made: what was there before stays, and so does the step.
    this.settle(executable);
    executable.run(storageOf);
  }

  explain(): string {
    const executable = this.prepare();
    if (executable === null) return `${this.name} runs by a session\n${this.traced.graph}`;
    this.settle(executable);
    return explain(this.name, this.traced, executable);
  }

  profile(args: Given, steps: number): Profile {
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
    const { graph, fetched, effects } = this.traced;
    try {
      if (present === null) throw new RuntimeError("this engine has no WebAssembly vectors");
      const placeholders = [
        ...graph.inputs.map(({ placeholder }) => placeholder),
        ...graph.captures.map(({ tensor }) => tensor),
      ];
      const fed = new Map(placeholders.map((tensor) => [tensor as Tensor, tensor.spec]));
      const operations = schedule([...effects, ...fetched], fed);
      const made = new Executable({ operations, fed, fetched }, present);
      made.settle(storageOf);
      this.executable = made;
      return made;
    } catch (error) {
      if (present !== null && !(error instanceof NotCompilable)) throw error;
      const where =
        error instanceof NotCompilable && error.operation.location ? `, at ${error.operation.location}` : "";
      this.tell(`compile: ${this.name} runs operation by operation: ${(error as Error).message}${where}`);
      this.session = new Session({ graph, checkNumerics: this.checkNumerics });
      return null;
    }
  }

  private settle(executable: Executable): void {
    if (!executable.settle(storageOf)) throw executable.outOfMemory();
  }

  private feed(executable: Executable, args: Given): void {
    this.settle(executable);
    const { inputs, captures } = this.traced.graph;
    for (let i = 0; i < inputs.length; i++) executable.feed(i, fedTo(inputs[i]!, args).elements);
    for (let i = 0; i < captures.length; i++) {
      if (captures[i]!.isNumber) executable.feedNumber(inputs.length + i, this.traced.graph.numberOf(i));
      else executable.feed(inputs.length + i, this.traced.graph.tensorOf(i).elements);
    }
  }

  /** The fed tensors, in the form that a session takes. */
  private feeds(args: Given): Map<Tensor, EagerTensor> {
    const { graph } = this.traced;
    const captured = ({ tensor, isNumber }: Capture, i: number) =>
      isNumber ? literal("compile", graph.numberOf(i), { dtype: tensor.dtype }) : graph.tensorOf(i);
    return new Map<Tensor, EagerTensor>([
      ...graph.inputs.map((input) => [input.placeholder, fedTo(input, args)] as const),
      ...graph.captures.map((capture, i) => [capture.tensor, captured(capture, i)] as const),
    ]);
  }

  private interpret(args: Given): unknown {
    const { fetched, effects, pack } = this.traced;
    const results = this.session!.run([[...fetched], [...effects]], this.feeds(args))[0] as EagerTensor[];
    return pack((i) => copyOf(results[i]!)); // what a session gives may be an argument or a variable's memory
  }
}

/** The argument that is fed to an input; plain numbers in the dtype in which they are taken. */
function fedTo({ placeholder, from }: Input, { tensors, given }: Given): EagerTensor {
  const tensor = tensors[from]!;
  const { dtype } = placeholder;
  return tensor.dtype === dtype ? tensor : literal("compile", given[from], { dtype });
}
