import * as gt from "gradtape";
import { alphabet, type CharacterRows, characterRows, loadNames, unigramEntropy, writeName } from "./data/names.ts";
import { pauseKeeper, runCourse, stepCount } from "./loop.ts";
import { type Model, makeCharacterModel, weightCount } from "./model.ts";
import { describeOptimizer, learn, makeOptimizer } from "./optimizer.ts";
import type { RunOptions } from "./options.ts";
import { showCurve } from "./report.ts";
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

function takeContexts(rows: CharacterRows, chosen: ArrayLike<number>, context: number) {
  const contexts = new Int32Array(chosen.length * context);
  for (let i = 0; i < chosen.length; i++) {
    contexts.set(rows.contexts.subarray(chosen[i]! * context, (chosen[i]! + 1) * context), i * context);
  }
  return {
    contexts: gt.tensor(contexts, { shape: [chosen.length, context], dtype: "int32" }),
    targets: gt.tensor(
      Int32Array.from(chosen, (row) => rows.targets[row]!),
      { dtype: "int32" },
    ),
  };
}

async function meanLoss(model: Model, rows: CharacterRows, context: number): Promise<number> {
  const rowsAtOnce = 1000;
  const total = rows.targets.length;
  const pause = pauseKeeper();
  let sum = 0;
  for (let start = 0; start < total; start += rowsAtOnce) {
    const chosen = Array.from({ length: Math.min(rowsAtOnce, total - start) }, (_, i) => start + i);
    const { contexts, targets } = takeContexts(rows, chosen, context);
    sum += Number(gt.losses.sparseSoftmaxCrossEntropy(targets, model.logits(contexts)).item()) * chosen.length;
    await pause();
  }
  return sum / total;
}

/** Makes up names, letter by letter, all at once; each column of the batch is a name of its own. */
export function sampleNames(model: Model, options: NamesOptions, random: gt.Generator): string[] {
  const { context, samples, temperature } = options;
  const names = Array.from({ length: samples }, (): number[] => []);
  const ended = names.map(() => false);
  for (let place = 0; place < longestSample && samples > 0; place++) {
    const last = names.flatMap((name) => [...Array<number>(context).fill(0), ...name].slice(-context));
    const logits = model.logits(gt.tensor(last, { shape: [samples, context], dtype: "int32" }));
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
  const seeds = gt.generator(options.seed);
  const [initial, order, dice] = [seeds.split(), seeds.split(), seeds.split()];
  if (options.save !== undefined) await assertWritable(options.save);
  const { context, embedding, hidden, epochs } = options;
  const names = loadNames();
  const train = characterRows(names.train, context);
  const test = characterRows(names.test, context);
  const entropy = unigramEntropy(train.targets);
  const examples = train.targets.length;
  const course = { examples, batch: Math.min(options.batch, examples), epochs, random: order };
  const model = makeCharacterModel({ tokens: alphabet.length, context, embedding, hidden }, initial);
  if (options.load !== undefined) await loadWeights(options.load, model);
  const scheduled = makeOptimizer(options, stepCount(course));

  screen.line(
    `names: ${count(names.train.length)} to learn (${count(examples)} characters), ${names.test.length} held out`,
  );
  screen.line(
    `character model: ${context} characters, each ${embedding} numbers, ${hidden} hidden units, ${count(weightCount(model))} weights` +
      `${options.load ? `, from ${options.load}` : ""}`,
  );
  screen.line(
    `${describeOptimizer(options)}; batch ${course.batch}, ${counted(epochs, "epoch")}, seed ${options.seed}`,
  );
  screen.line(`loss in nats per character; characters alone (unigram entropy): ${entropy.toFixed(4)}`);
  screen.line();

  const began = performance.now();
  let testLoss: number | undefined;
  const losses = await runCourse(
    {
      ...course,
      step(rows) {
        const { contexts, targets } = takeContexts(train, rows, context);
        return learn(model, contexts, targets, scheduled);
      },
      async afterEpoch({ epoch, loss, accuracy, milliseconds }) {
        testLoss = await meanLoss(model, test, context);
        screen.line(
          `${epochOf(epoch, epochs)}  loss ${loss.toFixed(4)}  accuracy ${percent(accuracy)}  ` +
            `${screen.colors.bold(`held-out loss ${testLoss.toFixed(4)}`)}  (unigram ${entropy.toFixed(4)})  ${duration(milliseconds)}`,
        );
      },
    },
    screen,
    signal,
  );
  screen.close();

  const flags = `--context ${context} --embedding ${embedding} --hidden ${hidden}`;
  const { print, text } = await keepWeights(model, options, { flags, steps: String(losses.length) });
  if (signal.aborted) {
    screen.line(`stopped after ${count(losses.length)} of ${count(stepCount(course))} steps; ${text}`);
    return { fingerprint: print, unigramEntropy: entropy, samples: [] };
  }
  testLoss ??= await meanLoss(model, test, context);
  const samples = sampleNames(model, options, dice);
  showCurve(losses, screen);
  showSamples(samples, new Set(names.train), screen);
  screen.line(
    `held-out loss ${screen.colors.bold(testLoss.toFixed(4))} against a unigram entropy of ${entropy.toFixed(4)} nats per character, ` +
      `after ${counted(epochs, "epoch")} in ${duration(performance.now() - began)}`,
  );
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
