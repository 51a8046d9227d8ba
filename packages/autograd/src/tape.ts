/// <reference lib="esnext.disposable" preserve="true" />
import {
  type Cotangent,
  type Input,
  NumericsCheck,
  nameOf,
  type OpRecord,
  type Recorder,
  recorders,
  reshape,
  type State,
  Variable,
  watchedBy,
} from "@gradtape/graph";
import {
  anything,
  boolean,
  callable,
  checkRoom,
  defineMethods,
  fill,
  formatShape,
  here,
  isFloating,
  isStatic,
  knownShape,
  lineOf,
  Printable,
  RuntimeError,
  Signature,
  synchronous,
  Tensor,
  telling,
  ValueError,
} from "@gradtape/tensor";
import { backprop } from "./backprop.ts";
import { checkUnconnected, type Differentiable, seedsOf, sourcesOf, zeros } from "./endpoints.ts";
import { explainOnTape } from "./explain-tape.ts";
import { batchJacobian, type Differentiator, jacobians } from "./jacobian.ts";
import { flatten, type Mapped, pack, type Structure } from "./structure.ts";
import type { GradientOptions, JacobianOptions, TapeOptions } from "./tape-options.ts";

const signature = new Signature(
  "GradientTape",
  {},
  { persistent: boolean, watchAccessedVariables: boolean, locations: boolean, checkNumerics: boolean },
);

/**
 * Records ops while it runs, and differentiates what it recorded.
 *
 * ```ts
 * const tape = new GradientTape();
 * const y = tape.record(() => mul(x, x));
 * const dx = tape.gradient(y, x);
 * ```
 */
export class GradientTape extends Printable implements Recorder {
  private readonly persistent: boolean;
  private readonly watchAccessedVariables: boolean;
  private readonly lines: WeakMap<OpRecord, Error> | null;
  private readonly numerics: NumericsCheck | null;
  private records: OpRecord[] | null = null;
  /** What was recorded, for explanations after the one answer of a tape, where that held a `null`. */
  private remembered: readonly OpRecord[] | null = null;
  private tracked = new Set<Input>();
  /** What is made from tracked values without a gradient. Ops on it are recorded for explanations only. */
  private shadows = new Set<Input>();
  private watched = new Set<Variable>();
  private entered = false;
  private spent = false;

  static {
    const pair = { target: anything, sources: anything };
    const unconnected = { unconnectedGradients: anything };
    const jacobianFields = { ...unconnected, parallelIterations: anything, experimentalUsePfor: boolean };
    defineMethods("GradientTape", GradientTape, {
      record: [{ body: callable }],
      start: [{}],
      stop: [{}],
      stopRecording: [{ body: callable }],
      reset: [{}],
      watch: [{ tensors: anything }],
      watchedVariables: [{}],
      gradient: [pair, { ...unconnected, outputGradients: anything }],
      explainGradient: [{ target: anything, source: anything }],
      jacobian: [pair, jacobianFields],
      batchJacobian: [{ target: anything, source: anything }, jacobianFields],
    });
  }

  constructor(options?: TapeOptions);
  constructor(...args: readonly unknown[]) {
    super();
    const {
      persistent = false,
      watchAccessedVariables = true,
      locations = false,
      checkNumerics = false,
    } = signature.record(args);
    this.persistent = persistent;
    this.watchAccessedVariables = watchAccessedVariables;
    this.lines = locations ? new WeakMap() : null;
    this.numerics = checkNumerics ? new NumericsCheck() : null;
  }

  override toString(): string {
    const count = this.records?.length ?? 0;
    const kind = this.persistent ? "persistent, " : "";
    return `<GradientTape ${kind}${this.recording ? "recording" : "stopped"}, ${count} ${count === 1 ? "op" : "ops"}>`;
  }

  /** Records what `body` does and returns its result. */
  record<T>(body: () => T): T {
    this.start();
    try {
      return synchronous("GradientTape.record", body());
    } finally {
      this.stop();
    }
  }

  /** Begins to record, or goes on after `stop`; begins anew after an answer. Throws a ValueError while recording. */
  start(): void {
    if (this.recording) throw new ValueError("GradientTape.start: the tape is still recording; stop it first");
    this.entered = true;
    recorders.push(this);
    if (this.records === null) this.reset(); // a tape that has given its answer begins anew
  }

  /** Ends recording; nothing happens when it has ended already. */
  stop(): void {
    const at = recorders.indexOf(this);
    if (at >= 0) recorders.splice(at, 1);
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  /** Runs `body` without recording it; variables read in it are not watched either. */
  stopRecording<T>(body: () => T): T {
    if (!this.entered)
      throw new RuntimeError("GradientTape.stopRecording: the tape has not recorded yet; start it first");
    if (!this.recording) throw new ValueError("GradientTape.stopRecording: the tape is not recording");
    const at = recorders.indexOf(this);
    recorders.splice(at, 1);
    try {
      return synchronous("GradientTape.stopRecording", body());
    } finally {
      recorders.splice(at, 0, this);
    }
  }

  /** Forgets everything recorded and watched, and goes on recording. */
  reset(): void {
    if (!this.recording) throw new ValueError("GradientTape.reset: the tape is not recording; start it first");
    this.spent = false;
    this.records = [];
    this.remembered = null;
    this.tracked = new Set();
    this.shadows = new Set();
    this.watched = new Set();
  }

  /**
   * Makes gradients with respect to tensors (or structures of them) possible: ops on them are recorded from now on.
   * A ValueError for anything that is not a tensor or variable; only a warning for an integer, which has no gradient.
   */
  watch(tensors: Structure<Differentiable>): void {
    if (!this.entered) throw new RuntimeError("GradientTape.watch: the tape has not recorded yet; start it first");
    for (const leaf of flatten(tensors)) {
      if (!(leaf instanceof Tensor) && !(leaf instanceof Variable)) {
        throw new ValueError(`GradientTape.watch: expected tensors or variables, got ${nameOf(leaf)}`);
      }
      if (!isFloating(leaf.dtype)) {
        console.warn(
          `GradientTape.watch: a tensor of dtype ${leaf.dtype} has no gradient; watch floating-point tensors`,
        );
      }
      this.follow(leaf);
    }
  }

  /** @internal Whether gradients by what is watched flow through a tensor. */
  follows(tensor: Tensor): boolean {
    return this.tracked.has(tensor);
  }

  /** The variables watched so far, in the order of their creation. */
  watchedVariables(): Variable[] {
    return [...this.watched].sort((a, b) => a.order - b.order);
  }

  /** @internal */
  onRead(state: State): void {
    this.numerics?.onRead(state);
    if (this.watchAccessedVariables && state.trainable) this.follow(state);
  }

  /** @internal */
  onRecord(record: OpRecord): void {
    this.numerics?.onRecord(record);
    if (this.records === null) return;
    const { def, inputs, outputs } = record;
    const followed = inputs.some((input) => this.tracked.has(input));
    if (!followed && (this.shadows.size === 0 || !inputs.some((input) => this.shadows.has(input)))) return;
    this.records.push(record);
    this.lines?.set(record, here());
    const follows = followed && !def.detached;
    for (const output of outputs) (follows && isFloating(output.dtype) ? this.tracked : this.shadows).add(output);
    for (const i of def.writes ?? []) this.shadows.add(inputs[i]!); // an assignment is not differentiated
  }

  /**
   * The gradients of `target` (of the sum of its elements, when it has several) with respect to `sources`, in the
   * structure of `sources`: tensors, IndexedSlices for gathered tables, `null` where nothing connects them.
   *
   * A tape that is not persistent gives one answer; asked while recording, it stops. Throws a RuntimeError when asked
   * again or before it ever recorded, a TypeError for a `null` target or a source that is no tensor.
   */
  gradient<const S extends Structure<Differentiable>>(
    target: Structure<Differentiable>,
    sources: S,
    { outputGradients, unconnectedGradients = "none" }: GradientOptions = {},
  ): Mapped<S, Cotangent | null> {
    const records = this.open("gradient");
    const { targets, inputs, seeds } = telling(() => {
      const targets = this.targets("gradient", target);
      const inputs = sourcesOf("gradient", sources);
      checkUnconnected("GradientTape.gradient", unconnectedGradients);
      return { targets, inputs, seeds: seedsOf(targets, outputGradients) };
    });
    const gradients = this.differentiator(records, targets, inputs)(seeds);
    this.close(gradients.includes(null));
    this.numerics?.settle(gradients);
    return pack(
      sources,
      gradients.map((gradient, i) => gradient ?? (unconnectedGradients === "zero" ? zeros(inputs[i]!) : null)),
    ) as Mapped<S, Cotangent | null>;
  }

  /**
   * Says in words why the gradient of `target` by `source` is `null`: the first place where the way between them breaks,
   * with the op, and with its line on a tape of `{ locations: true }`. Where it is not `null`, the ops it flows through.
   *
   * Nothing is used up. A tape that is not persistent can be asked until it has given its gradients, and after that if
   * one of them was `null`; else a RuntimeError. A TypeError for what is neither tensor nor variable.
   */
  explainGradient(target: Structure<Differentiable>, source: Differentiable): string {
    const records = this.records ?? this.remembered;
    if (records === null) {
      throw new RuntimeError(
        this.spent
          ? "GradientTape.explainGradient: the tape has given its gradients, none of them null, and keeps nothing; use { persistent: true }"
          : "GradientTape.explainGradient: the tape has not recorded yet; use record() or start() first",
      );
    }
    return explainOnTape(target, source, {
      records,
      isWatched: (input) => this.tracked.has(input),
      watchesVariables: this.watchAccessedVariables,
      lineOf: (record) => {
        const place = this.lines?.get(record);
        return place === undefined ? null : lineOf(place);
      },
    });
  }

  /**
   * The derivatives of every element of `target` by every element of the sources: shape `target.shape + source.shape`,
   * in the structure of `sources`. Uses the tape up like `gradient`.
   */
  jacobian<const S extends Structure<Differentiable>>(
    target: Differentiable,
    sources: S,
    options: JacobianOptions = {},
  ): Mapped<S, Tensor | null> {
    const { records, of, inputs } = this.openJacobian("jacobian", target, sources, options);
    for (const { shape } of inputs) {
      checkRoom("GradientTape.jacobian", of.dtype, knownShape("GradientTape.jacobian", [...of.shape, ...shape]));
    }
    const results = jacobians(of, this.differentiator(records, [of], inputs), inputs.length);
    this.close();
    const leaves = results.map((result, i) => {
      const shape = [...of.shape, ...inputs[i]!.shape];
      if (result) return reshape(result, knownShape("GradientTape.jacobian", shape));
      if (options.unconnectedGradients !== "zero") return null;
      return fill(knownShape("GradientTape.jacobian", shape), 0, { dtype: of.dtype });
    });
    return pack(sources, leaves) as Mapped<S, Tensor | null>;
  }

  /**
   * The Jacobian of each row of `target` by the same row of `source`: shape `[b] + target.shape[1..] + source.shape[1..]`.
   * Rows must not depend on each other. Zeros where nothing connects the two.
   */
  batchJacobian(target: Differentiable, source: Differentiable, options: JacobianOptions = {}): Tensor {
    const { records, of, inputs } = this.openJacobian("batchJacobian", target, source, options);
    const input = inputs[0]!;
    if (Math.min(of.shape.length, input.shape.length) < 2 || of.shape[0] !== input.shape[0]) {
      throw new ValueError(
        "GradientTape.batchJacobian: target and source need rank 2 or more and one batch axis in front;\n" +
          `  target ${formatShape(of.shape)}\n  source ${formatShape(input.shape)}`,
      );
    }
    const result = batchJacobian(of, this.differentiator(records, [of], inputs));
    this.close();
    const shape = [...of.shape, ...input.shape.slice(1)];
    if (result) return reshape(result, knownShape("GradientTape.batchJacobian", shape));
    return fill(knownShape("GradientTape.batchJacobian", shape), 0, { dtype: of.dtype });
  }

  private get recording(): boolean {
    return recorders.includes(this);
  }

  private follow(input: Input): void {
    if (isFloating(input.dtype)) this.tracked.add(input);
    if (input instanceof Variable) this.watched.add(input);
  }

  /** The records to differentiate, or why there are none; stops a tape that is asked while recording. */
  private open(method: string): readonly OpRecord[] {
    if (this.records === null) {
      throw new RuntimeError(
        this.spent
          ? `GradientTape.${method}: a tape that is not persistent gives one set of gradients; use { persistent: true } for more`
          : `GradientTape.${method}: the tape has not recorded yet; use record() or start() first`,
      );
    }
    if (this.recording) {
      if (this.persistent) {
        console.warn(
          `GradientTape.${method}: a persistent tape asked while recording records its own gradients; ` +
            "stop it first unless you differentiate them again",
        );
      } else this.stop();
    }
    // Rules record onto a persistent tape while it is read: the walk is over what was there before.
    return [...this.records];
  }

  private close(remember = false): void {
    if (this.persistent) return;
    this.remembered = remember ? this.records : null;
    this.records = null;
    this.spent = true;
  }

  private targets(method: string, target: unknown): Input[] {
    if (target === null || target === undefined) {
      throw new TypeError(`GradientTape.${method}: the target is ${String(target)}; expected a tensor`);
    }
    return flatten(target).map((leaf) => {
      if (leaf instanceof Tensor) return leaf;
      if (leaf instanceof Variable) {
        this.follow(leaf); // taking a variable as target counts as reading it
        return leaf;
      }
      throw new TypeError(`GradientTape.${method}: the target is ${nameOf(leaf)}; expected a tensor or variable`);
    });
  }

  private openJacobian(method: string, target: unknown, sources: unknown, options: JacobianOptions) {
    const records = this.open(method);
    if (options.experimentalUsePfor === false && !this.persistent) {
      throw new RuntimeError(`GradientTape.${method}: without experimentalUsePfor the tape must be persistent: true`);
    }
    checkUnconnected(`GradientTape.${method}`, options.unconnectedGradients ?? "none");
    const [of, ...more] = this.targets(method, target);
    if (of === undefined || more.length > 0) throw new TypeError(`GradientTape.${method}: expected one target tensor`);
    const inputs = sourcesOf(method, sources);
    const open = [of, ...inputs].find(({ spec }) => !isStatic(spec.shape));
    if (open !== undefined) {
      throw new ValueError(
        `GradientTape.${method}: shape ${formatShape(open.spec.shape)} has an open extent; a Jacobian needs them all`,
      );
    }
    return { records, of, inputs };
  }

  /** From cotangents of `targets` to those of `inputs`; what the tape does not follow has none. */
  private differentiator(
    records: readonly OpRecord[],
    targets: readonly Input[],
    inputs: readonly Input[],
  ): Differentiator {
    const known = inputs.filter((input) => this.tracked.has(input));
    const position = new Map(known.map((input, i) => [input, i]));
    return (seeds) => {
      const found = watchedBy(this.recording ? null : this.numerics, () => backprop(records, targets, seeds, known));
      return inputs.map((input) => found[position.get(input) ?? -1] ?? null);
    };
  }
}
