import * as gt from "gradtape";
import type { Change } from "../model/program.ts";
import type { Run } from "../model/run.ts";
import type { DigitImages } from "../worker/examples.ts";
import { Learner } from "../worker/learner.ts";
import { buildScene } from "./build.ts";
import { Recording } from "./recording.ts";
import type { Scene } from "./scene.ts";

/** Trains a run up to `step`, as the page has done, and looks on while the next step is made. */
export function sceneOfRun(
  run: Run,
  step: number,
  changes: readonly Change[],
  images: DigitImages | null,
  report: (made: number) => void = () => {},
): Scene {
  const learner = new Learner(run, images);
  for (let i = 0; i <= step; i++) {
    report(i);
    for (const change of changes) if (change.step === i) learner.setHyper(change.name, change.value);
    if (i < step) learner.advance();
  }
  const recording = new Recording();
  gt.observe(recording, () => learner.advanceEagerly());
  return buildScene(recording, recording.walks.at(-1)!, `Step ${step + 1}`, namesOfBatch(recording));
}

/** The first array that comes from outside of the step holds the inputs of its batch, the next one the targets. */
function namesOfBatch({ ops }: Recording): Map<unknown, string> {
  const made = new Set<unknown>(ops.flatMap(({ record }) => record.outputs));
  const arrays = ops.flatMap(({ record }) =>
    record.inputs.filter((input) => !(input instanceof gt.Variable) && !made.has(input) && input.shape.length > 0),
  );
  const [inputs, targets] = new Set<unknown>(arrays);
  return new Map([
    [inputs, "inputs"],
    [targets, "targets"],
  ]);
}
