import * as gt from "gradtape";
import { isPlanar, type Run } from "../model/run.ts";
import { diagnose } from "./diagnose.ts";
import type { DigitImages } from "./examples.ts";
import { slotHistograms } from "./histogram.ts";
import { type Checkpoint, Learner, type Metrics } from "./learner.ts";
import { makePainter, type Painter } from "./pictures.ts";
import {
  type Bytes,
  type CurvePoint,
  type DrawnDigits,
  type DrawnPoints,
  type LaneView,
  type Report,
  type Snapshot,
  shownDigits,
} from "./protocol.ts";

/** Every step is measured up to here, every epoch after. */
const firstSteps = 32;
/** Steps between two states that can be gone back to. */
const stepsBetweenCheckpoints = 100;

interface Lane {
  readonly learner: Learner;
  readonly painter: Painter | null;
  /** The last two states that are kept, the older one first. */
  readonly kept: Checkpoint[];
}

/** Runs side by side, in step. */
export class Session {
  step = 0;
  private readonly build: number;
  private readonly pictures: boolean;
  private readonly lanes: readonly Lane[];
  private curve: CurvePoint[] = [];
  /** The last step in the curve. */
  private measured = -1;

  constructor(build: number, runs: readonly Run[], pictures: boolean, images: DigitImages | null) {
    this.build = build;
    this.pictures = pictures;
    this.lanes = runs.map((run) => {
      const learner = new Learner(run, images);
      const painter = run.data === "digits" ? null : makePainter(run, learner.question, learner.network);
      return { learner, painter, kept: [learner.checkpoint()] };
    });
    this.measure();
  }

  /** What does not change from step to step. */
  describe(): Report {
    const { learner } = this.lanes[0]!;
    const parameters = [...learner.network.weights.values()].reduce((sum, { size }) => sum + size, 0);
    return {
      ...{ type: "built", build: this.build, parameters, simd: gt.backendInfo().simd },
      ...{ points: drawnPoints(learner), digits: drawnDigits(learner) },
    };
  }

  /** One step of every lane. A report where a loss is no number any more: the session is then to be left or taken back. */
  advance(): Report | null {
    this.step++;
    for (const [lane, { learner, kept }] of this.lanes.entries()) {
      if (Number.isFinite(learner.advance())) continue;
      const { reason, step } = diagnose(learner, kept.at(-1)!);
      return { type: "diverged", build: this.build, lane, step, reason, kept: kept[0]!.step };
    }
    if (this.step % stepsBetweenCheckpoints === 0) this.keep();
    if (this.step <= firstSteps || this.step % this.lanes[0]!.learner.epochSteps === 0) this.measure();
    return null;
  }

  /** Back to the older state that is kept. */
  goBack(): void {
    for (const { learner, kept } of this.lanes) {
      kept.length = 1;
      learner.goBack(kept[0]!);
    }
    this.step = this.lanes[0]!.learner.step;
    this.curve = [];
    this.measure();
  }

  /** A number of an optimizer changes. */
  setHyper(lane: number, name: string, value: number): Report {
    this.lanes[lane]!.learner.setHyper(name, value);
    return { type: "changed", build: this.build, step: this.step, lane, name, value };
  }

  save(lane: number): Bytes {
    return this.lanes[lane]!.learner.save() as Bytes;
  }

  /** What there is to see now. Curve points are told once. */
  snapshot(): Omit<Snapshot, "running" | "stepsPerSecond"> {
    const { build, step } = this;
    const slots = this.pictures
      ? null
      : slotHistograms(
          this.lanes.map(({ learner: { optimizer, network } }) => ({
            optimizer,
            variables: [...network.weights.values()],
          })),
        );
    const lanes = this.lanes.map((lane, i) => this.view(lane, slots?.[i] ?? null));
    // What is told is measured anyhow, so the curve may as well reach it.
    if (step !== this.measured) this.extend(lanes.map(({ metrics }) => metrics));
    const { curve } = this;
    this.curve = [];
    return { ...{ type: "snapshot", build, step, curve, lanes }, epochSteps: this.lanes[0]!.learner.epochSteps };
  }

  private view({ learner, painter }: Lane, slots: LaneView["slots"]): LaneView {
    const { table, layers } = learner.network;
    const floats = (variable: gt.Variable) => variable.data as Float32Array<ArrayBuffer>;
    return {
      metrics: learner.measure(),
      surface: painter?.surface() ?? null,
      neurons: this.pictures ? (painter?.neurons() ?? null) : null,
      weights: this.pictures ? layers.flatMap(({ kernel, bias }) => [floats(kernel), floats(bias)]) : null,
      slots,
      table: table === null ? null : floats(table),
      guesses: painter === null ? learner.classify(shownDigits) : null,
    };
  }

  private keep(): void {
    for (const { learner, kept } of this.lanes) {
      if (kept.length === 2) kept.shift();
      kept.push(learner.checkpoint());
    }
  }

  private measure(): void {
    this.extend(this.lanes.map(({ learner }) => learner.measure()));
  }

  private extend(metrics: readonly Metrics[]): void {
    this.curve.push({ step: this.step, losses: metrics.map(({ trainLoss, testLoss }) => [trainLoss, testLoss]) });
    this.measured = this.step;
  }
}

function drawnPoints({ run, question, split: { all, train } }: Learner): DrawnPoints | null {
  if (!isPlanar(run.data)) return null;
  return {
    places: Float32Array.from(all.inputs.data),
    targets: Float32Array.from(all.targets.data),
    regression: question.task === "regression",
    trained: train[1].shape[0]!,
  };
}

function drawnDigits({ run, split: { test } }: Learner): DrawnDigits | null {
  if (run.data !== "digits") return null;
  const count = Math.min(shownDigits, test[1].shape[0]!);
  const [pixels, labels] = [test[0].data, test[1].data];
  return {
    images: Uint8Array.from({ length: 64 * count }, (_, i) => Math.round(255 * pixels[i]!)),
    labels: Uint8Array.from(labels.slice(0, count)),
  };
}
