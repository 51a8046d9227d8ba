import * as gt from "gradtape";
import type { Elements } from "./scene.ts";
import type { Value } from "./shown.ts";

/** Elements of variables. */
export type Contents = ReadonlyMap<unknown, Elements>;

/** An op that was heard: what the variables it takes held before, and where it was called. */
export interface HeardOp {
  readonly record: gt.OpRecord;
  readonly derivativeOf: gt.OpRecord | null;
  readonly before: Contents;
  /** What the variables that it writes held behind it. */
  readonly after: Contents;
  /** Its stack is read, which takes a while, when somebody wants to know. */
  readonly place: Error | null;
}

/** A walk backwards, and how many ops had been heard when it ended. */
export interface HeardWalk {
  readonly walk: gt.Walk;
  readonly at: number;
}

/** The operation that a session runs for a record: records of a graph hold inputs as they were given. */
function operationOf(record: gt.OpRecord): unknown {
  return record instanceof gt.Operation ? record.graph.getOperationByName(record.name) : record;
}

/** Larger variables are shown without their elements: each update keeps a copy. */
export const mostElements = 50_000;
/**
 * Keeps what runs, for the page to show. Of a long program the last ops are kept. Operations of a graph are heard when
 * they are built; they get the values of the last run of a session.
 */
export class Recording implements gt.Recorder {
  private kept: HeardOp[] = [];
  private heardWalks: HeardWalk[] = [];
  private readonly present = new Map<unknown, Elements>();
  private readonly ran = new Map<unknown, { readonly before: Contents; readonly after: Contents }>();
  private readonly values = new Map<unknown, gt.Tensor>();
  private readonly places: boolean;
  private readonly mostOps: number;

  /** With `places` it can be told where ops were called. At least `mostOps` ops are kept. */
  constructor({ places = false, mostOps = 4_000 } = {}) {
    this.places = places;
    this.mostOps = mostOps;
  }

  get ops(): readonly HeardOp[] {
    return this.kept.map((op) => ({ ...op, ...this.ran.get(operationOf(op.record)) }));
  }

  get walks(): readonly HeardWalk[] {
    return this.heardWalks;
  }

  /** The value of a tensor; without elements where it belongs to a graph and no session has made it. */
  read(tensor: gt.Tensor): Value {
    const value = this.values.get(tensor) ?? tensor;
    const { shape, dtype } = value;
    return { shape: shape as Value["shape"], dtype, data: "op" in value ? [] : value.data };
  }

  onRead(state: gt.Variable): void {
    const small = state.graph === null && state.size <= mostElements;
    if (small && !this.present.has(state)) this.present.set(state, state.data);
  }

  onRecord(record: gt.OpRecord, derivativeOf: gt.OpRecord | null): void {
    const before = new Map<unknown, Elements>();
    for (const input of record.inputs) {
      const value = this.present.get(input);
      if (value !== undefined) before.set(input, value);
    }
    const after = new Map<unknown, Elements>();
    for (const i of record.def.writes ?? []) {
      const state = record.inputs[i] as gt.Variable;
      if (!before.has(state)) continue;
      after.set(state, state.data);
      this.present.set(state, after.get(state)!);
    }
    this.kept.push({ record, derivativeOf, before, after, place: this.places ? new Error() : null });
    if (this.kept.length > 2 * this.mostOps) this.forget(this.kept.length - this.mostOps);
  }

  onWalk(walk: gt.Walk): void {
    this.heardWalks.push({ walk, at: this.kept.length });
  }

  onRun(operation: gt.OpRecord, run: gt.OperationRun): void {
    const { def, inputs, outputs } = operation;
    const [before, after] = [new Map<unknown, Elements>(), new Map<unknown, Elements>()];
    for (const [i, input] of inputs.entries()) {
      const value = run.inputs[i];
      if (value === undefined) continue;
      if (input instanceof gt.Variable) before.set(input, value.data);
      else this.values.set(input, value);
    }
    for (const [i, output] of outputs.entries()) this.values.set(output, run.outputs[i]!);
    for (const [i, input] of (def.writes ?? []).entries()) after.set(inputs[input], run.written[i]!.data);
    this.ran.set(operation, { before, after });
  }

  private forget(count: number): void {
    this.kept = this.kept.slice(count);
    this.heardWalks = this.heardWalks.flatMap(({ walk, at }) => (at > count ? [{ walk, at: at - count }] : []));
  }
}
