import { chooseOptimizer } from "../model/optimizers.ts";
import { defaultRun, presets } from "../model/presets.ts";
import type { Race, Runner } from "../model/settings.ts";

/** A race that teaches something. */
export interface Lesson {
  readonly name: string;
  readonly title: string;
  /** What to look at. */
  readonly text: string;
  readonly stepsPerSecond: number;
  readonly race: Race;
}

const runner = (kind: string, values: Readonly<Record<string, number | boolean>> = {}): Runner => ({
  optimizer: chooseOptimizer(kind, values),
  embedding: "sparse",
});

const rmsprop = (values: Readonly<Record<string, number | boolean>>) =>
  runner("rmsprop", { learningRate: 0.01, ...values });

const words = { ...defaultRun, ...presets.words, data: "words" } as const;
const wordsOptimizer = chooseOptimizer("rmsprop", { learningRate: 0.03, decay: 0.9, momentum: 0.9 });

export const lessons: readonly Lesson[] = [
  {
    name: "decay",
    title: "What decay does",
    text:
      "Decay is the memory of rms, the mean square that each gradient is divided by: about 1 / (1 − decay) steps. A short " +
      "memory makes every step nearly as long as the learning rate, and the loss never comes to rest. A long one still " +
      "remembers the one that rms began with, so the first steps are small.",
    stepsPerSecond: 60,
    race: {
      run: { ...defaultRun, noise: 0.3 },
      runners: [0.5, 0.9, 0.99, 0.999].map((decay) => rmsprop({ decay })),
    },
  },
  {
    name: "centered",
    title: "What centered does",
    text:
      "The centered form takes the square of the mean gradient, mg, off rms: what is left is how much the gradients differ. " +
      "Where they agree the divisor becomes small and the step long. On a plane, where gradients agree for a while, the " +
      "centered runner runs ahead.",
    stepsPerSecond: 60,
    race: {
      run: { ...defaultRun, ...presets.plane, data: "plane" },
      runners: [rmsprop({ centered: false }), rmsprop({ centered: true })],
    },
  },
  {
    name: "start",
    title: "Why rms starts at one",
    text:
      "TensorFlow's RMSProp begins with rms = 1, Keras with 0. From zero, the first step is learningRate / √(1 − decay) long " +
      "in every weight, more than three times the rate, whatever the gradient; from one, it is in proportion to the " +
      "gradient. Watch the first ten steps, and where the histograms of rms and velocity begin.",
    stepsPerSecond: 10,
    race: {
      run: { ...defaultRun, ...presets.xor, data: "xor" },
      runners: [runner("rmsprop", { learningRate: 0.1 }), runner("keras", { learningRate: 0.1 })],
    },
  },
  {
    name: "sparse",
    title: "Sparse against dense updates",
    text:
      "Forty words, a few seen often, most hardly ever. The gradient of gather names the rows of a batch: the others, and " +
      "their slots, stay as they are, and the rms of a rare word stays near one. The dense gradient is zero in all other " +
      "rows: their rms fades and their momentum carries them on, and a rare word that comes at last leaps, by three learning " +
      "rates at once. Compare the histograms, and the small dots.",
    stepsPerSecond: 60,
    race: {
      run: words,
      runners: [
        { optimizer: wordsOptimizer, embedding: "sparse" },
        { optimizer: wordsOptimizer, embedding: "dense" },
      ],
    },
  },
  {
    name: "family",
    title: "Four of a family",
    text:
      "Gradient descent takes steps as long as the gradient. Momentum adds them up. RMSProp makes them all about equally " +
      "long. Adam does both. The spirals need many small corrections in the right place.",
    stepsPerSecond: 300,
    race: {
      run: { ...defaultRun, ...presets.spirals, data: "spirals" },
      runners: [
        runner("sgd", { learningRate: 0.3 }),
        runner("momentum", { learningRate: 0.03 }),
        rmsprop({}),
        runner("adam", { learningRate: 0.01 }),
      ],
    },
  },
];
