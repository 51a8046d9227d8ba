import { type EagerTensor, machine, type Tensor } from "@gradtape/tensor";
import type { Wanted } from "../fetches.ts";
import { Operation, SymbolicTensor } from "../operation.ts";
import { schedule } from "../schedule.ts";
import { State, type Storage } from "../state.ts";
import { Executable } from "./executable.ts";
import { NotCompilable } from "./request.ts";

/** A run that has been asked for so often before is compiled. */
const OFTEN = 2;

/** What a session remembers of one kind of run: the order of its operations, and its module once there is one. */
export interface SeenRun {
  readonly operations: readonly Operation[];
  /** The module, when all that it needs has a value. */
  executableFor(storageOf: (state: State) => Storage | null): Executable | null;
  /** The tensors that are fed, in the order of the module. */
  readonly feeds: readonly Tensor[];
  /** The tensors that it computes, in the order of its results. */
  readonly results: readonly Tensor[];
}

/** The runs that a session has seen, by what was asked for and what was fed. */
export class SeenRuns {
  private readonly runs = new Map<string, Seen>();

  find(wanted: readonly Wanted[], fed: ReadonlyMap<Tensor, EagerTensor>): SeenRun {
    const key = keyOf(wanted, fed);
    let run = this.runs.get(key);
    if (run === undefined) {
      run = new Seen(wanted, fed);
      this.runs.set(key, run);
    }
    return run;
  }

  /** Forgets them all; their modules give their memory back. */
  clear(): void {
    for (const run of this.runs.values()) run.release();
    this.runs.clear();
  }
}

function keyOf(wanted: readonly Wanted[], fed: ReadonlyMap<Tensor, EagerTensor>): string {
  let key = "";
  for (const each of wanted) {
    if (each instanceof Operation) key += `^${each.id} `;
    else if (each instanceof SymbolicTensor) key += `${each.op.id}:${each.index} `;
    else if (each instanceof State) key += `v${each.order} `;
  }
  for (const [tensor, { shape }] of fed) {
    const { op, index } = tensor as SymbolicTensor;
    key += `${op.id}:${index}=${shape} `;
  }
  return key;
}

class Seen implements SeenRun {
  readonly operations: readonly Operation[];
  readonly results: readonly Tensor[];
  readonly feeds: readonly Tensor[];
  private readonly specs: ReadonlyMap<Tensor, EagerTensor["spec"]>;
  private readonly states: readonly State[];
  private times = 0;
  private executable: Executable | null = null;

  constructor(wanted: readonly Wanted[], fed: ReadonlyMap<Tensor, EagerTensor>) {
    this.operations = schedule(wanted, fed);
    const symbolic = wanted.filter((each) => each instanceof SymbolicTensor);
    this.results = [...new Set(symbolic.filter((each) => !fed.has(each)))];
    this.feeds = [...fed.keys()];
    this.specs = new Map([...fed].map(([tensor, { shape, dtype }]) => [tensor, { shape: [...shape], dtype }]));
    const inputs = this.operations.flatMap((operation) => operation.inputs);
    this.states = [...new Set(inputs.filter((input): input is State => input instanceof State))];
  }

  release(): void {
    this.executable?.release();
    this.executable = null;
  }

  executableFor(storageOf: (state: State) => Storage | null): Executable | null {
    if (this.times > OFTEN && this.executable === null) return null; // it has been tried
    const present = machine();
    if (present === null || this.states.some((state) => storageOf(state) === null)) return null;
    if (this.executable !== null && this.executable.machine === present) return this.executable;
    this.times++;
    if (this.times <= OFTEN && this.executable === null) return null;
    try {
      const made = new Executable({ operations: this.operations, fed: this.specs, fetched: this.results }, present);
      made.settle((state) => storageOf(state)!);
      this.executable = made;
    } catch (error) {
      if (!(error instanceof NotCompilable)) throw error;
    }
    return this.executable;
  }
}
