import * as gt from "gradtape";
import { testBatches, trainingBatches } from "./batches.ts";
import { openCheckpoints } from "./checkpoints.ts";
import { alphabet, type CharacterRows, characterRows, loadNames, unigramEntropy, writeName } from "./data/names.ts";
import { describeEngine } from "./engine.ts";
import { evaluate } from "./evaluate.ts";
import { type Learner, makeLearner } from "./learner.ts";
import { runCourse, Tally } from "./loop.ts";
import { makeCharacterModel, weightCount } from "./model.ts";
import { describeOptimizer, optimizerSettings } from "./optimizer.ts";
import type { RunOptions } from "./options.ts";
import { showCurve, sumUp } from "./report.ts";
import { openSummaries } from "./summaries.ts";
import { beside, count, counted, duration, epochOf, percent } from "./terminal/format.ts";
import type { Screen } from "./terminal/screen.ts";
import { assertWritable, keepWeights, loadWeights } from "./weights.ts";

/** What the user of `demo names` decides. */
export interface NamesOptions extends RunOptions {
  readonly batch: number;
  readonly epochs: number;
  readonly learningRate: number;
  /** How many characters the model sees. */
  readonly context: number;
  /** Numbers that stand for one character. */
  readonly embedding: number;
  readonly hidden: number;
  /** How many names to make up at the end. */
  readonly samples: number;
  /** Below 1 the likely characters become likelier; above 1 names become wilder. */
  readonly temperature: number;
}

/** What a run came to. */
export interface NamesResult {
  readonly fingerprint: string;
  /** Nats per character. */
  readonly unigramEntropy: number;
  /** Nats per character on names the model never saw; absent where the run was stopped. */
  readonly testLoss?: number;
  readonly samples: readonly string[];
}

const longestSample = 20;

/** Every next character as a label, with the characters before it. */
export function rowTensors(
  { contexts, targets }: CharacterRows,
  context: number,
): readonly [gt.EagerTensor, gt.EagerTensor] {
  return [gt.tensor(contexts, { shape: [targets.length, context] }), gt.tensor(targets)];
}

/** Makes up names, letter by letter, all at once; each column of the batch is a name of its own. */
export function sampleNames(learner: Learner, options: NamesOptions, random: gt.Generator): string[] {
  const { context, samples, temperature } = options;
  const names = Array.from({ length: samples }, (): number[] => []);
  const ended = names.map(() => false);
  for (let place = 0; place < longestSample && samples > 0; place++) {
    const last = names.flatMap((name) => [...Array<number>(context).fill(0), ...name].slice(-context));
    const logits = learner.logits(gt.tensor(last, { shape: [samples, context], dtype: "int32" }));
    const chances = gt.softmax(gt.div(logits, temperature)).data;
    const dice = random.uniform([samples], { low: 0, high: 1 }).data;
    for (let i = 0; i < samples; i++) {
      const token = drawToken(chances.subarray(i * alphabet.length, (i + 1) * alphabet.length), dice[i]!);
      ended[i] ||= token === 0;
      if (!ended[i]) names[i]!.push(token);
    }
  }
  return names.map(writeName);
}

function drawToken(chances: ArrayLike<number>, die: number): number {
  let sum = 0;
  for (let token = 0; token < chances.length; token++) {
    sum += chances[token]!;
    if (die < sum) return token;
  }
  return 0; // rounding left the sum a little below 1
}

/** Trains a model of the letters of first names, and lets it make up new ones. */
export async function trainCharacters(
  options: NamesOptions,
  screen: Screen,
  signal: AbortSignal,
): Promise<NamesResult> {
  gt.setThreads(options.threads);
  const seeds = gt.generator(options.seed);
  const [initial, order, dice] = [seeds.split(), seeds.split(), seeds.split()];
  if (options.save !== undefined) await assertWritable(options.save);
  const { context, embedding, hidden, epochs } = options;
  const names = loadNames();
  const train = characterRows(names.train, context);
  const entropy = unigramEntropy(train.targets);
  const examples = train.targets.length;
  const batch = Math.min(options.batch, examples);
  const data = trainingBatches(rowTensors(train, context), batch, order);
  const testData = testBatches(rowTensors(characterRows(names.test, context), context));
  const steps = epochs * data.size;
  const learner = makeLearner(
    { mode: options.mode, optimizer: options, steps, inputs: { dtype: "int32", shape: [null, context] } },
    () => makeCharacterModel({ tokens: alphabet.length, context, embedding, hidden }, initial),
  );
  if (options.load !== undefined) await loadWeights(options.load, learner);
  const tally = new Tally();
  const settings = { context, embedding, hidden, batch, seed: options.seed, ...optimizerSettings(options) };
  const checkpoints = await openCheckpoints(options, { learner, data, tally, settings, epochs }, screen);
  using summaries = openSummaries(options.summaries, learner);

  screen.line(
    `names: ${count(names.train.length)} to learn (${count(examples)} characters), ${names.test.length} held out`,
  );
  screen.line(
    `character model: ${context} characters of ${embedding} numbers, ${hidden} hidden units, ` +
      `${count(weightCount(learner))} weights${options.load ? `, from ${options.load}` : ""}`,
  );
  screen.line(describeOptimizer(options));
  screen.line(`batch ${batch}, ${counted(epochs, "epoch")}, seed ${options.seed}`);
  screen.line(describeEngine(options.mode));
  screen.line(`loss in nats per character; characters alone (unigram entropy): ${entropy.toFixed(4)}`);
  screen.line();

  const began = performance.now();
  let testLoss: number | undefined;
  const result = await runCourse(
    {
      ...{ data, epochs, tally, learn: summaries.learn, afterStep: checkpoints.afterStep },
      async afterEpoch(epochResult) {
        const { epoch, loss, accuracy, milliseconds } = epochResult;
        testLoss = (await evaluate(learner, testData)).loss;
        summaries.epoch(epochResult, { "held-out loss": testLoss });
        screen.line(
          `${epochOf(epoch, epochs)}  loss ${loss.toFixed(4)}  accuracy ${percent(accuracy)}  ` +
            `${screen.colors.bold(`held-out loss ${testLoss.toFixed(4)}`)}  ${duration(milliseconds)}`,
        );
      },
    },
    screen,
    signal,
  );
  await checkpoints.finish();
  screen.close();

  const flags = `--context ${context} --embedding ${embedding} --hidden ${hidden}`;
  const { print, text } = await keepWeights(learner, options, { flags, steps: String(tally.losses.length) });
  if (signal.aborted) {
    screen.line(`stopped after ${count(tally.losses.length)} of ${count(steps)} steps; ${text}`);
    return { fingerprint: print, unigramEntropy: entropy, samples: [] };
  }
  testLoss ??= (await evaluate(learner, testData)).loss;
  const samples = sampleNames(learner, options, dice);
  showCurve(tally.losses, screen);
  showSamples(samples, new Set(names.train), screen);
  screen.line(
    `held-out loss ${screen.colors.bold(testLoss.toFixed(4))} against a unigram entropy of ${entropy.toFixed(4)} nats per character`,
  );
  screen.line(`${counted(epochs, "epoch")} in ${duration(performance.now() - began)}`);
  sumUp(result, epochs, options.mode, screen);
  screen.line(text);
  return { fingerprint: print, unigramEntropy: entropy, testLoss, samples };
}

function showSamples(samples: readonly string[], known: ReadonlySet<string>, screen: Screen): void {
  if (samples.length === 0) return;
  screen.line();
  screen.line(screen.colors.bold("made-up names (* stands in the training list)"));
  const texts = samples.map((name) => [known.has(name.toLowerCase()) ? `${name} *` : name]);
  for (const line of beside(texts, screen.columns).filter((line) => line !== "")) screen.line(line);
  screen.line();
}
