import { type Graph, Session, unrecorded, type Variable, within } from "@gradtape/graph";
import type { Optimizer } from "@gradtape/optimizers";
import {
  anything,
  boolean,
  defineMethods,
  describe,
  formatShape,
  InvalidArgumentError,
  instance,
  isPlainObject,
  kind,
  nullable,
  Signature,
  Tensor,
  type TensorSpec,
  telling,
  ValueError,
} from "@gradtape/tensor";
import { type Contents, contentsOf, type Savable, type Stateful } from "./savable.ts";
import { decodeRun, encodeRun, type SavedRun } from "./saved-run.ts";

export interface CheckpointOptions {
  /** The session that has the values, for variables of a graph. */
  readonly session?: Session | null;
}

export interface RestoreOptions {
  /** Whether to take what fits and leave the rest, instead of refusing a checkpoint that does not fit; false when left out. */
  readonly partial?: boolean;
}

/** What a checkpoint has brought back, and what it has not; names are paths like `optimizer/model/w/rms`. */
export interface RestoreReport {
  readonly restored: readonly string[];
  /** In the run, but not in the checkpoint. */
  readonly missing: readonly string[];
  /** In the checkpoint, but not in the run. */
  readonly unexpected: readonly string[];
  /** In both, with another shape or dtype. */
  readonly mismatched: readonly { readonly name: string; readonly expected: string; readonly found: string }[];
}

const signature = new Signature(
  "Checkpoint",
  { group: kind<Savable>("an object of what is to be saved", isPlainObject) },
  { session: nullable(instance("a session", Session)) },
);

/**
 * Everything a training run is: variables, optimizers with their slots and counters, the global step, generators, the
 * place in a dataset.
 *
 * ```ts
 * const checkpoint = new Checkpoint({ model: [w, b], optimizer, globalStep, random, data });
 * const bytes = checkpoint.save();
 * checkpoint.restore(bytes); // in another process too: the run goes on with the same bits
 * ```
 *
 * The bytes are a safetensors file; a tensor is named by its path, a slot by optimizer, variable and slot. The
 * hyper-parameters of optimizers are code, not state: they are not in it.
 */
export class Checkpoint {
  private readonly group: Savable;
  private readonly session: Session | null;

  /**
   * Throws a TypeError for what cannot be saved, a ValueError for two things of one name and for variables of a graph
   * without a session.
   */
  constructor(group: { readonly [name: string]: Savable }, options?: CheckpointOptions);
  constructor(...args: readonly unknown[]) {
    const { group, session = null } = signature.record(args);
    this.group = group;
    this.session = session;
    telling(() => this.contents());
  }

  static {
    defineMethods("Checkpoint", Checkpoint, {
      save: [{}],
      saveBlob: [{}],
      restore: [{ saved: anything }, { partial: boolean }],
      restoreBlob: [{ blob: instance("a Blob", Blob) }, { partial: boolean }],
    });
  }

  /**
   * The present state as bytes. Throws a ValueError for an optimizer with slots of a variable that is not in the
   * checkpoint, a FailedPreconditionError for a variable without a value.
   */
  save(): Uint8Array {
    const { states, ...contents } = this.contents();
    const variables = this.variablesOf(contents);
    const present = this.read([...variables.values()]);
    const values = Object.fromEntries([...variables.keys()].map((name, i) => [name, present[i]!]));
    return encodeRun({ values, states: Object.fromEntries([...states].map(([name, { state }]) => [name, state])) });
  }

  /** `save` as a Blob, for pages. */
  saveBlob(): Blob {
    return new Blob([this.save() as Uint8Array<ArrayBuffer>], { type: "application/octet-stream" });
  }

  /**
   * Brings a saved state back; slots that do not exist yet are made. It happens wholly or not at all.
   *
   * Throws an InvalidArgumentError for damaged bytes, which names the tensor, and for a state that does not fit unless
   * `partial`, which names all that differs; a TypeError for what is neither bytes nor a run. What `restore` of a generator
   * or dataset throws is thrown on. The run is as before then.
   */
  restore(saved: Uint8Array | SavedRun, { partial = false }: RestoreOptions = {}): RestoreReport {
    const run = saved instanceof Uint8Array ? decodeRun(saved) : checkRun(saved);
    const contents = this.contents();
    const wanted = new Map<string, TensorSpec>(this.variablesOf(contents));
    for (const [name, spec] of this.slotsToCome(contents, run.values)) if (!wanted.has(name)) wanted.set(name, spec);
    const report = compare(run, wanted, contents.states);
    const differences = tell(report);
    if (differences.length > 0 && !partial) {
      throw new InvalidArgumentError(
        `restore: the checkpoint does not fit the run: ${differences.join("; ")}; make the run as it was saved, or restore with partial: true`,
      );
    }
    const fitting = new Set(report.restored);
    restoreStates(
      [...contents.states].filter(([name]) => fitting.has(name)),
      run.states,
    );
    this.makeSlots(contents, run.values);
    for (const [name, variable] of this.variablesOf(contents)) {
      if (fitting.has(name)) this.write(variable, run.values[name]!);
    }
    return report;
  }

  /** `restore` from a Blob, for pages. */
  async restoreBlob(blob: Blob, options: RestoreOptions = {}): Promise<RestoreReport> {
    return this.restore(new Uint8Array(await blob.arrayBuffer()), options);
  }

  private contents(): Contents {
    const contents = contentsOf(this.group);
    for (const [name, variable] of contents.variables) {
      if (variable.graph === this.graph) continue;
      throw new ValueError(
        variable.graph === null
          ? `Checkpoint: ${name} is a variable of eager mode, the session has those of a graph; use two checkpoints`
          : `Checkpoint: ${name} is a variable of a graph; name the session that has its value: { session }`,
      );
    }
    return contents;
  }

  private get graph(): Graph | null {
    return this.session?.graph ?? null;
  }

  /** The variables, slots and counters there are, by name. */
  private variablesOf({ variables, optimizers }: Pick<Contents, "variables" | "optimizers">): Map<string, Variable> {
    const all = new Map(variables);
    for (const [path, optimizer] of optimizers) {
      const own = within(
        this.graph,
        () => [...slotsOf(optimizer, variables), ...optimizer.counters()] as (readonly [string, Variable])[],
      );
      const known = new Set(own.map(([, variable]) => variable));
      const stray = within(this.graph, () => optimizer.variables()).find((variable) => !known.has(variable));
      if (stray !== undefined) {
        throw new ValueError(
          `Checkpoint: ${path} has ${stray.opName}, a slot of a variable that is not in the checkpoint; add the variable`,
        );
      }
      for (const [name, variable] of own) all.set(`${path}/${name}`, variable);
    }
    return all;
  }

  /** Makes the slots of the variables for which the file has some. */
  private makeSlots(contents: Contents, values: SavedRun["values"]): void {
    for (const [path, optimizer] of contents.optimizers) {
      const begun = begunVariables(path, contents, values);
      within(this.graph, () => optimizer.createSlots(begun.map(([, variable]) => variable)));
    }
  }

  /** Shapes and dtypes of the slots and counters that `makeSlots` makes. */
  private slotsToCome(contents: Contents, values: SavedRun["values"]): Map<string, TensorSpec> {
    const all = new Map<string, TensorSpec>();
    for (const [path, optimizer] of contents.optimizers) {
      const begun = begunVariables(path, contents, values);
      for (const [name, { shape, dtype }] of begun) {
        for (const slot of optimizer.expectedSlots()) all.set(`${path}/${name}/${slot}`, { shape, dtype });
      }
      if (begun.length === 0) continue;
      for (const counter of optimizer.expectedCounters()) {
        // A power takes the dtype of its hyper-parameter.
        const found = values[`${path}/${counter}`]?.dtype;
        all.set(`${path}/${counter}`, { shape: [], dtype: found === "float64" ? found : "float32" });
      }
    }
    return all;
  }

  private read(variables: readonly Variable[]): readonly Tensor[] {
    if (this.session === null) return variables.map(({ storage }) => storage!.value);
    return this.session.run(variables) as Tensor[];
  }

  private write(variable: Variable, value: Tensor): void {
    if (this.session === null) within(null, () => unrecorded(() => variable.assign(value)));
    // As if the value had been the initial one: nothing is added to the graph.
    else this.session.run(variable.initializer!, [[variable.initialValue, value]]);
  }
}

/** The variables of which the file has slots of the optimizer at `path`, with their names. */
function begunVariables(
  path: string,
  { variables }: Contents,
  values: SavedRun["values"],
): (readonly [string, Variable])[] {
  const owners = new Set(Object.keys(values).map((name) => name.slice(0, name.lastIndexOf("/"))));
  return [...variables].filter(([name]) => owners.has(`${path}/${name}`));
}

function checkRun(saved: unknown): SavedRun {
  const run = saved as Partial<SavedRun> | null;
  const whole = [run, run?.values, run?.states].every((part) => typeof part === "object" && part !== null);
  if (whole && Object.values(run?.values ?? {}).every((value) => value instanceof Tensor)) return run as SavedRun;
  throw new TypeError(`restore: expected the bytes of a checkpoint (a Uint8Array), got ${describe(saved)}`);
}

function slotsOf(optimizer: Optimizer, variables: Contents["variables"]): (readonly [string, Variable])[] {
  const slots = optimizer.getSlotNames();
  return [...variables].flatMap(([name, variable]) =>
    slots.flatMap((slot) => {
      const found = optimizer.getSlot(variable, slot);
      return found === null ? [] : [[`${name}/${slot}`, found] as const];
    }),
  );
}

function compare(
  { values, states }: SavedRun,
  variables: ReadonlyMap<string, TensorSpec>,
  present: Contents["states"],
): RestoreReport {
  const shown = ({ dtype, shape }: TensorSpec) => `${dtype} ${formatShape(shape)}`;
  const wanted = [...variables.keys(), ...present.keys()];
  const known = new Set([...Object.keys(values), ...Object.keys(states)]);
  const mismatched = [...variables].flatMap(([name, variable]) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    const [expected, found] = [shown(variable), value && shown(value)];
    return found === undefined || found === expected ? [] : [{ name, expected, found }];
  });
  const wrong = new Set(mismatched.map(({ name }) => name));
  const has = (name: string) => (variables.has(name) ? Object.hasOwn(values, name) : Object.hasOwn(states, name));
  return {
    restored: wanted.filter((name) => has(name) && !wrong.has(name)),
    missing: wanted.filter((name) => !has(name)),
    unexpected: [...known].filter((name) => !variables.has(name) && !present.has(name)),
    mismatched,
  };
}

function tell({ missing, unexpected, mismatched }: RestoreReport): string[] {
  return [
    ...mismatched.map(({ name, expected, found }) => `${name} is ${expected}, the checkpoint has ${found}`),
    ...(missing.length > 0 ? [`missing from it: ${missing.join(", ")}`] : []),
    ...(unexpected.length > 0 ? [`only in it: ${unexpected.join(", ")}`] : []),
  ];
}

/** Restores all of them; when one refuses, those before it get their states back. */
function restoreStates(things: readonly (readonly [string, Stateful])[], states: SavedRun["states"]): void {
  const before = things.map(([, thing]) => thing.state);
  things.forEach(([name, thing], i) => {
    try {
      thing.restore(states[name]);
    } catch (error) {
      for (let j = 0; j < i; j++) things[j]![1].restore(before[j]);
      throw error;
    }
  });
}
