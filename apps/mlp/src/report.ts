import * as gt from "gradtape";
import { type Dataset, exampleSize, takeFeatures } from "./data/dataset.ts";
import type { Mode } from "./engine.ts";
import type { Learner } from "./learner.ts";
import type { CourseResult } from "./loop.ts";
import { confusionCounts, drawConfusion } from "./terminal/confusion.ts";
import { drawCurve } from "./terminal/curve.ts";
import { beside, duration, speed } from "./terminal/format.ts";
import { cropTogether, drawImage } from "./terminal/picture.ts";
import { drawRegions, gridPoints } from "./terminal/regions.ts";
import type { Screen } from "./terminal/screen.ts";

const widestReport = 100;
const widestCurve = 76;
const curveHeight = 8;
const picturesOfEach = 3;

/** A run that has ended. */
export interface Outcome {
  readonly dataset: Dataset;
  readonly learner: Learner;
  /** The class predicted for every test example. */
  readonly predictions: Int32Array;
  /** The training loss of every step. */
  readonly losses: readonly number[];
}

/** Shows what a trained model makes of its test set: loss curve, confusion matrix, and pictures. */
export function drawReport(outcome: Outcome, screen: Screen): void {
  const { dataset, losses, predictions } = outcome;
  const columns = Math.min(screen.columns, widestReport);
  showCurve(losses, screen);
  const counts = confusionCounts(dataset.test.labels, predictions, dataset.classes);
  const confusion = drawConfusion(counts, columns, screen.colors);
  section("test examples by true class (rows) and predicted class (columns)", confusion, screen);
  if (dataset.shape.length === 2) section("some test examples", drawExamples(outcome, columns), screen);
  else section("predicted class over the plane", drawPlane(outcome, columns, screen), screen);
  screen.line();
}

/** Shows the training loss over a whole run. */
export function showCurve(losses: readonly number[], screen: Screen): void {
  const curve = drawCurve(losses, losses.length, Math.min(screen.columns, widestCurve), curveHeight);
  if (curve.length > 0) section("training loss, step by step", curve.map(screen.colors.cyan), screen);
}

/** Tells how fast the steps were, if there were any. */
export function sumUp({ examples, milliseconds }: CourseResult, epochs: number, mode: Mode, screen: Screen): void {
  if (examples === 0) return;
  screen.line(`${mode}: ${speed(examples, milliseconds)}, ${duration(milliseconds / epochs)} per epoch`);
}

function section(title: string, lines: readonly string[], screen: Screen): void {
  screen.line();
  screen.line(screen.colors.bold(title));
  for (const line of lines) screen.line(line);
}

function drawExamples({ dataset, predictions }: Outcome, columns: number): string[] {
  const { test } = dataset;
  const [height, width] = dataset.shape as [number, number];
  const rows = Array.from(predictions.keys());
  const right = rows.filter((row) => predictions[row] === test.labels[row]).slice(0, picturesOfEach);
  const wrong = rows.filter((row) => predictions[row] !== test.labels[row]).slice(0, picturesOfEach);
  const chosen = [...right, ...wrong];
  const pictures = cropTogether(chosen.map((row) => drawImage(takeFeatures(dataset, test, [row]), height, width)));
  const captions = chosen.map((row) =>
    predictions[row] === test.labels[row]
      ? `predicted ${predictions[row]}, right`
      : `predicted ${predictions[row]}, true ${test.labels[row]}`,
  );
  const blocks = pictures.map((picture, i) => ["", captions[i]!, ...picture]);
  return beside(blocks, columns).slice(1);
}

function drawPlane({ dataset, learner }: Outcome, columns: number, screen: Screen): string[] {
  if (exampleSize(dataset) !== 2) return [];
  const width = Math.min(61, columns);
  const height = Math.ceil(width / 2);
  const points = gt.tensor(gridPoints(height, width), { shape: [height * width, 2] });
  return drawRegions(gt.argMax(learner.logits(points), 1).data, height, width, screen.colors);
}
