import { setImmediate } from "node:timers/promises";
import type * as gt from "gradtape";
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
  readonly milliseconds: number;
}

/** A course of training. */
export interface Course {
  readonly examples: number;
  readonly batch: number;
  readonly epochs: number;
  /** Draws a new order of the examples for every epoch. */
  readonly random: gt.Generator;
  /** Learns from the examples with these numbers. */
  step(rows: Int32Array): StepResult;
  /** Called after each whole epoch. */
  afterEpoch(result: EpochResult): Promise<void>;
}

/** How many steps a course takes. */
export function stepCount(course: Pick<Course, "examples" | "batch" | "epochs">): number {
  return course.epochs * Math.ceil(course.examples / course.batch);
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
 * Runs a course until its end or until `signal` is aborted, whichever comes first; a step that began is finished.
 *
 * @returns the loss of every step
 */
export async function runCourse(course: Course, screen: Screen, signal: AbortSignal): Promise<number[]> {
  const { examples, batch, epochs } = course;
  const steps = Math.ceil(examples / batch);
  const losses: number[] = [];
  const began = performance.now();
  const pause = pauseKeeper();
  let seen = 0;
  let loss = 0;
  let accuracy = 0;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const order = course.random.permutation(examples).data as Int32Array;
    const epochBegan = performance.now();
    let lossSum = 0;
    let rightSum = 0;
    for (let step = 1; step <= steps; step++) {
      if (signal.aborted) return losses;
      const rows = order.subarray((step - 1) * batch, step * batch);
      const result = course.step(rows);
      assertFinite(result.loss, epoch, step);
      losses.push(result.loss);
      seen += rows.length;
      lossSum += result.loss * rows.length;
      rightSum += result.right;
      // A mean over everything at first, over about the last fifty steps later.
      const share = Math.max(1 / losses.length, 1 / 50);
      loss += (result.loss - loss) * share;
      accuracy += (result.right / rows.length - accuracy) * share;
      if (await pause()) {
        const elapsed = performance.now() - began;
        const totalSteps = steps * epochs;
        screen.progress({
          ...{ epoch, epochs, step, steps, losses, totalSteps, loss, accuracy },
          examplesPerSecond: (1000 * seen) / elapsed,
          millisecondsLeft: (elapsed * (totalSteps - losses.length)) / losses.length,
        });
      }
    }
    const milliseconds = performance.now() - epochBegan;
    await course.afterEpoch({ epoch, loss: lossSum / examples, accuracy: rightSum / examples, milliseconds });
  }
  return losses;
}

function assertFinite(loss: number, epoch: number, step: number): void {
  if (Number.isFinite(loss)) return;
  throw new Mistake(
    `the loss became ${loss} at step ${step} of epoch ${epoch}, so the training diverged; try a smaller --learning-rate or a larger --epsilon`,
  );
}
