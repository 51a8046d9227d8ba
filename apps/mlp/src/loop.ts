import { setImmediate } from "node:timers/promises";
import type * as gt from "gradtape";
import type { Batches } from "./batches.ts";
import { Mistake } from "./mistake.ts";
import type { Screen } from "./terminal/screen.ts";

const millisecondsBetweenPauses = 50;

/** What one step reports. */
export interface StepResult {
  /** The mean loss of the batch. */
  readonly loss: number;
  /** How many examples of the batch were classified correctly. */
  readonly right: number;
}

/** What an epoch reports: means over its training examples, each taken before its own update. */
export interface EpochResult {
  readonly epoch: number;
  readonly loss: number;
  readonly accuracy: number;
  /** Time spent in its steps. */
  readonly milliseconds: number;
  readonly examples: number;
}

/** A course of training. */
export interface Course {
  /** A loop over it is an epoch. */
  readonly data: Batches;
  readonly epochs: number;
  /** What has been learned so far; an interrupted course goes on from there. */
  readonly tally: Tally;
  /** Learns from a batch. */
  learn(inputs: gt.Tensor, labels: gt.Tensor): StepResult;
  /** Called after each step, with the number of steps so far. */
  afterStep(steps: number): Promise<void>;
  /** Called after each whole epoch. */
  afterEpoch(result: EpochResult): Promise<void>;
}

/** What a course came to. */
export interface CourseResult {
  /** Time spent in steps of this process, without tests. */
  readonly milliseconds: number;
  /** How many examples were learned from in it. */
  readonly examples: number;
}

/** What the steps so far came to. Its state goes into checkpoints. */
export class Tally {
  /** The loss of every step. */
  losses: number[] = [];
  /** Sums over the examples of the present epoch. */
  lossSum = 0;
  rightSum = 0;
  /** Means over the last steps. */
  loss = 0;
  accuracy = 0;

  add({ loss, right }: StepResult, rows: number): void {
    this.losses.push(loss);
    this.lossSum += loss * rows;
    this.rightSum += right;
    // A mean over everything at first, over about the last fifty steps later.
    const share = Math.max(1 / this.losses.length, 1 / 50);
    this.loss += (loss - this.loss) * share;
    this.accuracy += (right / rows - this.accuracy) * share;
  }

  /** The means of an epoch of so many examples, which ends here. */
  endEpoch(examples: number): { loss: number; accuracy: number } {
    const means = { loss: this.lossSum / examples, accuracy: this.rightSum / examples };
    this.lossSum = 0;
    this.rightSum = 0;
    return means;
  }

  get state() {
    const { losses, lossSum, rightSum, loss, accuracy } = this;
    return { losses: [...losses], lossSum, rightSum, loss, accuracy };
  }

  restore(state: Tally["state"]): void {
    Object.assign(this, { ...state, losses: [...state.losses] });
  }
}

/** Lets signals, timers and the terminal have their turn; steps are synchronous and would shut them out. */
export function pauseKeeper(): () => Promise<boolean> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < millisecondsBetweenPauses) return false;
    await setImmediate();
    last = performance.now();
    return true;
  };
}

/**
 * The speed of the steps of this process. The first step is left out: it compiles the others, so its time says nothing
 * about theirs.
 */
class Speed {
  private examples = 0;
  private steps = -1;
  private milliseconds = 0;

  add(rows: number, milliseconds: number): void {
    this.steps++;
    if (this.steps === 0) return;
    this.examples += rows;
    this.milliseconds += milliseconds;
  }

  /** False until two steps were made. */
  get known(): boolean {
    return this.steps > 0;
  }

  get examplesPerSecond(): number {
    return (1000 * this.examples) / this.milliseconds;
  }

  /** The time that more steps like these take. */
  millisecondsFor(steps: number): number {
    return (this.milliseconds / this.steps) * steps;
  }
}

/** Runs a course until its end or until `signal` is aborted, whichever comes first; a step that began is finished. */
export async function runCourse(course: Course, screen: Screen, signal: AbortSignal): Promise<CourseResult> {
  const { data, epochs, tally } = course;
  const steps = data.size;
  const totalSteps = steps * epochs;
  const pause = pauseKeeper();
  const speed = new Speed();
  let seen = 0;
  let milliseconds = 0;
  for (let epoch = data.state.epoch + 1; epoch <= epochs; epoch++) {
    const began = performance.now();
    let before = began;
    let means = { loss: Number.NaN, accuracy: Number.NaN };
    for (const [inputs, labels] of data) {
      const result = course.learn(inputs, labels);
      const step = tally.losses.length + 1 - (epoch - 1) * steps;
      assertFinite(result.loss, epoch, step);
      tally.add(result, labels.size);
      if (step === steps) means = tally.endEpoch(data.examples);
      seen += labels.size;
      const { losses, loss, accuracy } = tally;
      await course.afterStep(losses.length);
      const now = performance.now();
      speed.add(labels.size, now - before);
      before = now;
      if ((await pause()) && speed.known) {
        screen.progress({
          ...{ epoch, epochs, step, steps, losses, totalSteps, loss, accuracy },
          examplesPerSecond: speed.examplesPerSecond,
          millisecondsLeft: speed.millisecondsFor(totalSteps - losses.length),
        });
      }
      if (signal.aborted) break;
    }
    const taken = performance.now() - began;
    milliseconds += taken;
    if (signal.aborted) break;
    await course.afterEpoch({ epoch, examples: data.examples, milliseconds: taken, ...means });
  }
  return { milliseconds, examples: seen };
}

function assertFinite(loss: number, epoch: number, step: number): void {
  if (Number.isFinite(loss)) return;
  throw new Mistake(
    `the loss became ${loss} at step ${step} of epoch ${epoch}, so the training diverged; try a smaller --learning-rate or a larger --epsilon`,
  );
}
