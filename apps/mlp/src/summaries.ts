import { FileWriter } from "@gradtape/summary/node";
import * as gt from "gradtape";
import type { Learner } from "./learner.ts";
import type { EpochResult, StepResult } from "./loop.ts";
import { Mistake, systemReason } from "./mistake.ts";

/** What a run tells TensorBoard. */
export interface Summaries {
  /** A step of the learner, with its loss and accuracy written down. */
  learn(inputs: gt.Tensor, labels: gt.Tensor): StepResult;
  /** An epoch: means over it, more numbers by name, and how weights, slots and the last batch's gradients are spread. */
  epoch(result: EpochResult, more: { readonly [name: string]: number }): void;
  [Symbol.dispose](): void;
}

/** Writes event files for TensorBoard to `folder` while `learner` learns; nothing where there is no folder. */
export function openSummaries(folder: string | undefined, learner: Learner): Summaries {
  if (folder === undefined) return { learn: learner.learn, epoch() {}, [Symbol.dispose]() {} };
  if (folder === "") throw unwritable('""', "the name is empty");
  let broken = false;
  const write = <T>(what: () => T): T => {
    try {
      return what();
    } catch (error) {
      broken = error instanceof gt.RuntimeError;
      throw mistakeOf(folder, error);
    }
  };
  const writer = write(() => new FileWriter(folder));
  write(() => writer.graph(graphOfStep(learner)));
  const gradients = prepareGradients(learner);
  let step = Number(learner.engine.read(learner.globalStep).item());
  // The run that was interrupted may have written steps that are made again now.
  if (step > 0) write(() => writer.restart(step + 1));
  // A run that goes on from the end of an epoch ends that epoch without a batch.
  let last: readonly [gt.Tensor, gt.Tensor] | null = null;

  return {
    learn(inputs, labels) {
      const result = learner.learn(inputs, labels);
      last = [inputs, labels];
      step++;
      write(() => {
        writer.scalar("step/loss", result.loss, step);
        writer.scalar("step/accuracy", result.right / labels.data.length, step);
      });
      return result;
    },
    epoch({ loss, accuracy }, more) {
      write(() => {
        for (const [name, value] of Object.entries({ loss, accuracy, ...more })) {
          writer.scalar(`epoch/${name}`, value, step);
        }
        for (const [name, value] of learner.read()) writer.histogram(`weights/${name}`, value, step);
        for (const [name, value] of slotsOf(learner)) writer.histogram(`slots/${name}`, value, step);
        for (const [name, value] of Object.entries(last === null ? {} : gradients(...last))) {
          writer.histogram(`gradients/${name}`, value, step);
        }
        writer.flush();
      });
    },
    [Symbol.dispose]() {
      // One error is enough.
      if (!broken) write(() => writer.close());
    },
  };
}

/** The graph of a step: that of the session, or one built around the variables of eager mode. */
function graphOfStep({ weights, optimizer, globalStep, inputs, loss }: Learner): gt.Graph {
  const varList = [...weights.values()];
  const own = varList[0]!.graph;
  if (own !== null) return own;
  const graph = new gt.Graph();
  graph.asDefault(() => {
    const [features, labels] = inputs.map(({ dtype, shape }, i) =>
      gt.placeholder(dtype, shape, { name: ["inputs", "labels"][i]! }),
    );
    const forward = () => gt.nameScope("forward/", () => loss(features!, labels!));
    gt.nameScope("backward", () => optimizer.minimize(forward, { varList, globalStep }));
  });
  return graph;
}

/** The gradients of a batch by the name of their weight; of slices the rows that were touched. */
function prepareGradients({ engine, weights, optimizer, inputs, loss }: Learner) {
  const names = [...weights.keys()];
  const varList = [...weights.values()];
  return engine.prepare(function gradients(features, labels) {
    const pairs = optimizer.computeGradients(() => loss(features!, labels!), { varList });
    const found = pairs.flatMap(([gradient], i) => {
      if (gradient === null) return [];
      return [[names[i]!, gradient instanceof gt.IndexedSlices ? gradient.values : gradient] as const];
    });
    return Object.fromEntries(found);
  }, inputs);
}

function slotsOf({ engine, weights, optimizer }: Learner): [name: string, value: gt.Tensor][] {
  return [...weights].flatMap(([name, weight]) =>
    optimizer.getSlotNames().flatMap((slotName): [string, gt.Tensor][] => {
      const slot = optimizer.getSlot(weight, slotName);
      return slot === null ? [] : [[`${name}/${slotName}`, engine.read(slot)]];
    }),
  );
}

function unwritable(folder: string, reason: string): Mistake {
  return new Mistake(`--summaries ${folder}: cannot be written, ${reason}; name a folder you may write to`);
}

function mistakeOf(folder: string, error: unknown): unknown {
  if (error instanceof gt.InvalidArgumentError) {
    const [fact] = error.message.split(";");
    return new Mistake(
      `--summaries: ${fact}, so the training diverged; try a smaller --learning-rate or a larger --epsilon`,
    );
  }
  if (!(error instanceof gt.RuntimeError) || error.cause === undefined) return error;
  return unwritable(folder, systemReason(error.cause));
}
