import * as gt from "gradtape";
import { loadDataset, settingsFor } from "./data/catalog.ts";
import { type Dataset, exampleSize, limitTraining, type Split, takeFeatures, takeLabels } from "./data/dataset.ts";
import { pauseKeeper, runCourse, stepCount } from "./loop.ts";
import { type Model, makePerceptron, weightCount } from "./model.ts";
import { countEqual, describeOptimizer, learn, makeOptimizer } from "./optimizer.ts";
import type { RunOptions } from "./options.ts";
import { drawReport } from "./report.ts";
import { count, counted, duration, epochOf, percent } from "./terminal/format.ts";
import type { Screen } from "./terminal/screen.ts";
import { assertWritable, keepWeights, loadWeights } from "./weights.ts";

/** What the user of `demo train` decides; what is absent follows the dataset. */
export interface TrainOptions extends RunOptions {
  /** `mnist`, `digits`, `spirals`, or a folder of IDX files. */
  readonly dataset: string;
  readonly layers?: readonly number[];
  /** At most so many training examples. */
  readonly limit?: number;
}

/** What a run came to. */
export interface TrainResult {
  readonly fingerprint: string;
  /** Absent where the run was stopped before it was known. */
  readonly testAccuracy?: number;
}

/** Predictions for every row of a split, and the mean loss. */
export async function evaluate(
  dataset: Dataset,
  split: Split,
  model: Model,
): Promise<{ classes: Int32Array; loss: number }> {
  const rowsAtOnce = 500;
  const total = split.labels.length;
  const classes = new Int32Array(total);
  const pause = pauseKeeper();
  let loss = 0;
  for (let start = 0; start < total; start += rowsAtOnce) {
    const rows = Array.from({ length: Math.min(rowsAtOnce, total - start) }, (_, i) => start + i);
    const { features, labels } = batchTensors(dataset, split, rows);
    const logits = model.logits(features);
    classes.set(gt.argMax(logits, 1).data as Int32Array, start);
    loss += Number(gt.losses.sparseSoftmaxCrossEntropy(labels, logits).item()) * rows.length;
    await pause();
  }
  return { classes, loss: loss / total };
}

function batchTensors(dataset: Dataset, split: Split, rows: ArrayLike<number>) {
  const shape = [rows.length, exampleSize(dataset)];
  return {
    features: gt.tensor(takeFeatures(dataset, split, rows), { shape }),
    labels: gt.tensor(takeLabels(split, rows), { shape: [rows.length] }),
  };
}

/** Trains a multilayer perceptron and shows how it goes. */
export async function train(options: TrainOptions, screen: Screen, signal: AbortSignal): Promise<TrainResult> {
  const seeds = gt.generator(options.seed);
  const [initial, order, drawn] = [seeds.split(), seeds.split(), seeds.split()];
  if (options.save !== undefined) await assertWritable(options.save);
  const whole = await loadDataset(options.dataset, drawn.split());
  const dataset = limitTraining(whole, options.limit ?? Number.POSITIVE_INFINITY, drawn);
  const chosen = { ...settingsFor(dataset.name), ...options };
  const examples = dataset.train.labels.length;
  const batch = Math.min(chosen.batch, examples);
  const sizes = [exampleSize(dataset), ...chosen.layers, dataset.classes];
  const model = makePerceptron(sizes, initial);
  if (options.load !== undefined) await loadWeights(options.load, model);
  const course = { examples, batch, epochs: chosen.epochs, random: order };
  const scheduled = makeOptimizer(chosen, stepCount(course));

  screen.line(
    `${dataset.name}: ${count(examples)} training and ${count(dataset.test.labels.length)} test examples of ` +
      `${dataset.shape.join(" x ")}, ${dataset.classes} classes`,
  );
  screen.line(
    `perceptron ${sizes.join("-")}: ${count(weightCount(model))} weights${options.load ? `, from ${options.load}` : ""}`,
  );
  screen.line(`${describeOptimizer(chosen)}; batch ${batch}, ${counted(chosen.epochs, "epoch")}, seed ${options.seed}`);
  screen.line();

  const began = performance.now();
  let test: { classes: Int32Array; loss: number } | undefined;
  const accuracy = () => test && countEqual(test.classes, dataset.test.labels) / dataset.test.labels.length;
  const losses = await runCourse(
    {
      ...course,
      step(rows) {
        const { features, labels } = batchTensors(dataset, dataset.train, rows);
        return learn(model, features, labels, scheduled);
      },
      async afterEpoch({ epoch, loss, accuracy: trained, milliseconds }) {
        test = await evaluate(dataset, dataset.test, model);
        screen.line(
          `${epochOf(epoch, chosen.epochs)}  loss ${loss.toFixed(4)}  accuracy ${percent(trained)}  test loss ` +
            `${test.loss.toFixed(4)}  ${screen.colors.bold(`test accuracy ${percent(accuracy()!)}`)}  ${duration(milliseconds)}`,
        );
      },
    },
    screen,
    signal,
  );
  screen.close();

  const flags = `--dataset ${options.dataset} --layers ${chosen.layers.join(",") || "none"}`;
  const { print, text } = await keepWeights(model, options, { flags, steps: String(losses.length) });
  if (signal.aborted) {
    screen.line(`stopped after ${count(losses.length)} of ${count(stepCount(course))} steps; ${text}`);
    return { fingerprint: print };
  }
  test ??= await evaluate(dataset, dataset.test, model);
  drawReport({ dataset, model, predictions: test.classes, losses }, screen);
  screen.line(
    `test accuracy ${screen.colors.bold(percent(accuracy()!))} after ${counted(chosen.epochs, "epoch")} in ${duration(performance.now() - began)}`,
  );
  screen.line(text);
  return { fingerprint: print, testAccuracy: accuracy() };
}
