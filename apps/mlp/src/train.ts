import * as gt from "gradtape";
import { testBatches, trainingBatches } from "./batches.ts";
import { openCheckpoints } from "./checkpoints.ts";
import { loadDataset, settingsFor } from "./data/catalog.ts";
import { exampleSize, limitTraining, splitTensors } from "./data/dataset.ts";
import { describeEngine } from "./engine.ts";
import { countEqual, evaluate } from "./evaluate.ts";
import { makeLearner, type TestResult } from "./learner.ts";
import { runCourse, Tally } from "./loop.ts";
import { makePerceptron, weightCount } from "./model.ts";
import { describeOptimizer, optimizerSettings } from "./optimizer.ts";
import type { RunOptions } from "./options.ts";
import { drawReport, sumUp } from "./report.ts";
import { openSummaries } from "./summaries.ts";
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

/** Trains a multilayer perceptron and shows how it goes. */
export async function train(options: TrainOptions, screen: Screen, signal: AbortSignal): Promise<TrainResult> {
  gt.setThreads(options.threads);
  const seeds = gt.generator(options.seed);
  const [initial, order, drawn] = [seeds.split(), seeds.split(), seeds.split()];
  if (options.save !== undefined) await assertWritable(options.save);
  const whole = await loadDataset(options.dataset, drawn.split());
  const dataset = limitTraining(whole, options.limit ?? Number.POSITIVE_INFINITY, drawn);
  const chosen = { ...settingsFor(dataset.name), ...options };
  const examples = dataset.train.labels.length;
  const { epochs } = chosen;
  const batch = Math.min(chosen.batch, examples);
  const data = trainingBatches(splitTensors(dataset, dataset.train), batch, order);
  const testData = testBatches(splitTensors(dataset, dataset.test));
  const size = exampleSize(dataset);
  const sizes = [size, ...chosen.layers, dataset.classes];
  const steps = epochs * data.size;
  const learner = makeLearner(
    { mode: options.mode, optimizer: chosen, steps, inputs: { dtype: "float32", shape: [null, size] } },
    () => makePerceptron(sizes, initial),
  );
  if (options.load !== undefined) await loadWeights(options.load, learner);
  const tally = new Tally();
  const settings = {
    ...{
      dataset: dataset.name,
      layers: chosen.layers.join(",") || "none",
      examples,
      batch,
      seed: options.seed,
    },
    ...optimizerSettings(chosen),
  };
  const checkpoints = await openCheckpoints(options, { learner, data, tally, settings, epochs }, screen);
  using summaries = openSummaries(options.summaries, learner);

  screen.line(
    `${dataset.name}: ${count(examples)} training and ${count(dataset.test.labels.length)} test examples of ` +
      `${dataset.shape.join(" x ")}, ${dataset.classes} classes`,
  );
  screen.line(
    `perceptron ${sizes.join("-")}: ${count(weightCount(learner))} weights${options.load ? `, from ${options.load}` : ""}`,
  );
  screen.line(describeOptimizer(chosen));
  screen.line(`batch ${batch}, ${counted(epochs, "epoch")}, seed ${options.seed}`);
  screen.line(describeEngine(options.mode));
  screen.line();

  const began = performance.now();
  let test: TestResult | undefined;
  const accuracy = () => test && countEqual(test.classes, dataset.test.labels) / dataset.test.labels.length;
  const result = await runCourse(
    {
      ...{ data, epochs, tally, learn: summaries.learn, afterStep: checkpoints.afterStep },
      async afterEpoch(epochResult) {
        const { epoch, loss, accuracy: trained, milliseconds } = epochResult;
        test = await evaluate(learner, testData);
        summaries.epoch(epochResult, { "test loss": test.loss, "test accuracy": accuracy()! });
        screen.line(
          `${epochOf(epoch, epochs)}  loss ${loss.toFixed(4)}  accuracy ${percent(trained)}  ` +
            `${screen.colors.bold(`test ${test.loss.toFixed(4)}, ${percent(accuracy()!)}`)}  ${duration(milliseconds)}`,
        );
      },
    },
    screen,
    signal,
  );
  await checkpoints.finish();
  screen.close();

  const flags = `--dataset ${options.dataset} --layers ${chosen.layers.join(",") || "none"}`;
  const { print, text } = await keepWeights(learner, options, { flags, steps: String(tally.losses.length) });
  if (signal.aborted) {
    screen.line(`stopped after ${count(tally.losses.length)} of ${count(steps)} steps; ${text}`);
    return { fingerprint: print };
  }
  test ??= await evaluate(learner, testData);
  drawReport({ dataset, learner, predictions: test.classes, losses: tally.losses }, screen);
  screen.line(
    `test accuracy ${screen.colors.bold(percent(accuracy()!))} after ${counted(epochs, "epoch")} in ${duration(performance.now() - began)}`,
  );
  sumUp(result, epochs, options.mode, screen);
  screen.line(text);
  return { fingerprint: print, testAccuracy: accuracy() };
}
