import { batch, signal } from "@preact/signals";
import type { OptimizerSettings } from "../model/optimizers.ts";
import type { Change } from "../model/program.ts";
import type { Run } from "../model/run.ts";
import type { Bytes, CurvePoint, Order, Report, Snapshot } from "./protocol.ts";

type Built = Extract<Report, { type: "built" }>;
type Diverged = Extract<Report, { type: "diverged" }>;

/** Loss curves: `series[0]` holds the steps, then train and test of each run in turn. */
export type Curves = (number | null)[][];

const withoutWorkers =
  "This page may start no worker, so it cannot train: it is in a frame with a sandbox. Open it in a window of its own.";

/** When curves have this many points every other one is left out. */
const mostCurvePoints = 3000;

/**
 * A training session as the page sees it. It asks its worker for a picture when the last one has been drawn, so there is
 * at most one in an animation frame, and none while the page is hidden.
 */
export class Client {
  readonly built = signal<Built | null>(null);
  readonly snapshot = signal<Snapshot | null>(null);
  readonly running = signal(false);
  readonly diverged = signal<Diverged | null>(null);
  readonly failure = signal<string | null>(null);
  readonly stepsPerSecond = signal(Number.POSITIVE_INFINITY);
  curves: Curves = [];
  /** The runs as they were begun, and what was changed since. */
  begun: readonly Run[] = [];
  changes: readonly (Change & { readonly lane: number })[] = [];
  private readonly worker: Worker | null;
  private readonly pictures: boolean;
  private build = 0;
  private weightsWanted: ((bytes: Bytes) => void) | null = null;

  constructor(pictures: boolean) {
    this.pictures = pictures;
    this.worker = this.startWorker();
  }

  /** Begins anew with these runs; goes on running if it was. */
  begin(runs: readonly Run[]): void {
    this.build++;
    this.curves = [];
    this.begun = runs;
    this.changes = [];
    this.diverged.value = null;
    this.failure.value = this.worker === null ? withoutWorkers : null;
    this.send({ type: "build", build: this.build, runs, pictures: this.pictures });
    this.send({ type: "frame" });
  }

  /** Stops, and shows nothing: there is nothing to train on. */
  clear(): void {
    this.build++;
    this.curves = [];
    this.send({ type: "pause" });
    batch(() => {
      this.running.value = false;
      this.diverged.value = null;
      this.failure.value = null;
      this.built.value = null;
      this.snapshot.value = null;
    });
  }

  run(): void {
    if (this.failure.value !== null || this.diverged.value !== null) return;
    this.running.value = true;
    this.send({ type: "run", stepsPerSecond: this.stepsPerSecond.value });
  }

  pause(): void {
    this.running.value = false;
    this.send({ type: "pause" });
  }

  step(): void {
    if (this.failure.value !== null || this.diverged.value !== null) return;
    this.running.value = false;
    this.send({ type: "step" });
  }

  setSpeed(stepsPerSecond: number): void {
    this.stepsPerSecond.value = stepsPerSecond;
    if (this.running.value) this.run();
  }

  setHyper(lane: number, name: string, value: number): void {
    this.send({ type: "hyper", lane, name, value });
  }

  /** The values of a run's optimizer, with what was changed since it was begun. */
  present(lane: number): OptimizerSettings["values"] {
    const changed = this.changes.filter((change) => change.lane === lane).map(({ name, value }) => [name, value]);
    return { ...this.begun[lane]?.optimizer.values, ...Object.fromEntries(changed) };
  }

  /** Back to the state that was kept before the numbers went astray. */
  goBack(): void {
    const kept = this.diverged.value?.kept ?? 0;
    const [steps = []] = this.curves;
    const until = steps.findIndex((step) => step! >= kept);
    if (until >= 0) this.curves = this.curves.map((values) => values.slice(0, until));
    // The numbers of the optimizers stay as they are now; those that were set since are set again at the step gone back to.
    const since = this.changes.filter(({ step }) => step >= kept);
    this.changes = this.changes.filter(({ step }) => step < kept);
    this.diverged.value = null;
    this.send({ type: "back" });
    for (const { lane, name, value } of since) this.setHyper(lane, name, value);
  }

  /** The weights of a run as a safetensors file. */
  weights(lane = 0): Promise<Bytes> {
    return new Promise((resolve) => {
      this.weightsWanted = resolve;
      this.send({ type: "weights", lane });
    });
  }

  private startWorker(): Worker | null {
    try {
      const worker = new Worker(new URL("./training.worker.ts", import.meta.url), { type: "module", name: "training" });
      worker.onmessage = ({ data }: MessageEvent<Report>) => this.hear(data);
      worker.onerror = (event) => {
        this.fail(`The training could not be started: ${event.message || "its script did not load. Are you offline?"}`);
      };
      return worker;
    } catch {
      this.failure.value = withoutWorkers;
      return null;
    }
  }

  /** Shows the message and clears the result of the run before. */
  private fail(message: string): void {
    batch(() => {
      this.running.value = false;
      this.failure.value = message;
      this.built.value = null;
      this.snapshot.value = null;
    });
  }

  private send(order: Order): void {
    this.worker?.postMessage(order);
  }

  private hear(report: Report): void {
    if (report.type === "weights") {
      this.weightsWanted?.(report.bytes);
      this.weightsWanted = null;
      return;
    }
    // What belongs to settings that have changed meanwhile is not looked at; the next picture is wanted all the same.
    const present = report.build === this.build;
    if (report.type === "snapshot") {
      requestAnimationFrame(() => {
        if (present && report.build === this.build) this.show(report);
        this.send({ type: "frame" });
      });
      return;
    }
    if (!present) return;
    if (report.type === "built") {
      this.built.value = report;
      if (this.running.value) this.run();
      return;
    }
    if (report.type === "changed") {
      this.changes = [...this.changes, report];
      return;
    }
    this.running.value = false;
    if (report.type === "diverged") this.diverged.value = report;
    else this.fail(report.message);
  }

  private show(snapshot: Snapshot): void {
    for (const point of snapshot.curve) this.extend(point);
    this.snapshot.value = snapshot;
  }

  private extend({ step, losses }: CurvePoint): void {
    const row = [step, ...losses.flat().map((loss) => (Number.isFinite(loss) ? loss : null))];
    if (this.curves.length !== row.length) this.curves = row.map(() => []);
    if (this.curves[0]!.length >= mostCurvePoints) {
      this.curves = this.curves.map((values) => values.filter((_, i) => i % 2 === 0));
    }
    for (const [i, values] of this.curves.entries()) values.push(row[i]!);
  }
}
