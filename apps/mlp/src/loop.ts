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
  /** Learns from a batch. */
  learn(inputs: gt.Tensor, labels: gt.Tensor): StepResult;
  /** Called after each whole epoch. */
  afterEpoch(result: EpochResult): Promise<void>;
}

/** What a course came to. */
export interface CourseResult {
  /** The loss of every step. */
  readonly losses: readonly number[];
  /** Time spent in steps, without tests. */
  readonly milliseconds: number;
  /** How many examples were learned from in it. */
  readonly examples: number;
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

/** Runs a course until its end or until `signal` is aborted, whichever comes first; a step that began is finished. */
export async function runCourse(course: Course, screen: Screen, signal: AbortSignal): Promise<CourseResult> {
  const { data, epochs } = course;
  const steps = data.size;
  const totalSteps = steps * epochs;
  const losses: number[] = [];
  const pause = pauseKeeper();
  let seen = 0;
  let milliseconds = 0;
  let loss = 0;
  let accuracy = 0;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const began = performance.now();
    let step = 0;
    let lossSum = 0;
    let rightSum = 0;
    for (const [inputs, labels] of data) {
      if (signal.aborted) break;
      const result = course.learn(inputs, labels);
      const rows = labels.size;
      step++;
      assertFinite(result.loss, epoch, step);
      losses.push(result.loss);
      seen += rows;
      lossSum += result.loss * rows;
      rightSum += result.right;
      // A mean over everything at first, over about the last fifty steps later.
      const share = Math.max(1 / losses.length, 1 / 50);
      loss += (result.loss - loss) * share;
      accuracy += (result.right / rows - accuracy) * share;
      if (await pause()) {
        const elapsed = milliseconds + performance.now() - began;
        screen.progress({
          ...{ epoch, epochs, step, steps, losses, totalSteps, loss, accuracy },
          examplesPerSecond: (1000 * seen) / elapsed,
          millisecondsLeft: (elapsed * (totalSteps - losses.length)) / losses.length,
        });
      }
    }
    const taken = performance.now() - began;
    milliseconds += taken;
    if (signal.aborted) break;
    const { examples } = data;
    await course.afterEpoch({
      ...{ epoch, examples, milliseconds: taken },
      ...{ loss: lossSum / examples, accuracy: rightSum / examples },
    });
  }
  return { losses, milliseconds, examples: seen };
}

function assertFinite(loss: number, epoch: number, step: number): void {
  if (Number.isFinite(loss)) return;
  throw new Mistake(
    `the loss became ${loss} at step ${step} of epoch ${epoch}, so the training diverged; try a smaller --learning-rate or a larger --epsilon`,
  );
}
