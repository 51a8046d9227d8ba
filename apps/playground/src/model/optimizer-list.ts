/* The optimizers of the library with their real parameters. */

/** A number or a switch that an optimizer takes. */
export interface Parameter {
  /** As the library calls it. */
  readonly name: string;
  readonly default: number | boolean;
  readonly least?: number;
  readonly most?: number;
  /** Values that a menu offers. */
  readonly choices?: readonly number[];
  /** Whether it goes before the options. */
  readonly positional?: boolean;
  /** Whether a run goes on when it changes; else the slots would be others. */
  readonly live?: boolean;
  readonly help: string;
}

/** An optimizer as the page offers it. */
export interface OptimizerEntry {
  /** Key in the address. */
  readonly kind: string;
  /** The class of the library. */
  readonly className: string;
  readonly title: string;
  readonly parameters: readonly Parameter[];
  /** The update of one weight, for people. */
  readonly formula: readonly string[];
}

const rates = [0.00001, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];
const shares = [0, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999];
const tiny = [1e-10, 1e-8, 1e-7, 1e-4, 1e-2, 1];

const share = { least: 0, most: 1, choices: shares, live: true } as const;
const strength = { least: 0, most: 100, choices: [0, 0.0001, 0.001, 0.01, 0.1, 1], live: true } as const;

const learningRate = (value: number, positional = true): Parameter => ({
  name: "learningRate",
  default: value,
  least: 0,
  most: 1000,
  choices: rates,
  positional,
  live: true,
  help: "how far a step goes",
});
const epsilon = (value: number, help = "added inside the square root"): Parameter => ({
  name: "epsilon",
  default: value,
  least: 0,
  most: 10,
  choices: tiny,
  live: true,
  help,
});
const keptSquares = "how much of the mean square is kept at each step";
const centered: Parameter = {
  name: "centered",
  default: false,
  help: "divide by the deviation from the mean gradient: the mean is taken off",
};
const accumulator: Parameter = {
  name: "initialAccumulatorValue",
  default: 0.1,
  least: 1e-6,
  most: 100,
  choices: [0.001, 0.01, 0.1, 1],
  help: "what the sum of squares begins at",
};

export const optimizers: readonly OptimizerEntry[] = [
  {
    kind: "rmsprop",
    className: "RMSPropOptimizer",
    title: "RMSProp",
    parameters: [
      learningRate(0.03),
      { name: "decay", default: 0.9, ...share, help: keptSquares },
      { name: "momentum", default: 0, ...share, help: "how much of the last move is made again" },
      epsilon(1e-10),
      centered,
    ],
    formula: [
      "rms ← decay · rms + (1 − decay) · g²",
      "momentum ← momentum · momentum + learningRate · g / √(rms + epsilon)",
      "w ← w − momentum",
    ],
  },
  {
    kind: "sgd",
    className: "GradientDescentOptimizer",
    title: "Gradient descent",
    parameters: [learningRate(0.1)],
    formula: ["w ← w − learningRate · g"],
  },
  {
    kind: "momentum",
    className: "MomentumOptimizer",
    title: "Momentum",
    parameters: [
      learningRate(0.03),
      { name: "momentum", default: 0.9, ...share, positional: true, help: "how much of the speed is kept" },
      { name: "useNesterov", default: false, help: "look ahead before the step" },
    ],
    formula: ["momentum ← momentum · momentum + g", "w ← w − learningRate · momentum"],
  },
  {
    kind: "adam",
    className: "AdamOptimizer",
    title: "Adam",
    parameters: [
      learningRate(0.01),
      { name: "beta1", default: 0.9, ...share, live: false, help: "how much of the mean gradient is kept" },
      { name: "beta2", default: 0.999, ...share, live: false, help: "how much of the mean square is kept" },
      epsilon(1e-8, "added outside of the square root"),
    ],
    formula: [
      "m ← beta1 · m + (1 − beta1) · g,  v ← beta2 · v + (1 − beta2) · g²",
      "w ← w − learningRate · √(1 − beta2ᵗ) / (1 − beta1ᵗ) · m / (√v + epsilon)",
    ],
  },
  {
    kind: "adagrad",
    className: "AdagradOptimizer",
    title: "Adagrad",
    parameters: [learningRate(0.1), accumulator],
    formula: ["accumulator ← accumulator + g²", "w ← w − learningRate · g / √accumulator"],
  },
  {
    kind: "adadelta",
    className: "AdadeltaOptimizer",
    title: "Adadelta",
    parameters: [
      learningRate(3),
      { name: "rho", default: 0.95, ...share, help: "how much of the means is kept" },
      epsilon(1e-8, "added inside of both square roots"),
    ],
    formula: [
      "accum ← rho · accum + (1 − rho) · g²",
      "update ← √(accumUpdate + epsilon) / √(accum + epsilon) · g",
      "w ← w − learningRate · update,  accumUpdate ← rho · accumUpdate + (1 − rho) · update²",
    ],
  },
  {
    kind: "ftrl",
    className: "FtrlOptimizer",
    title: "FTRL-Proximal",
    parameters: [
      learningRate(0.3),
      {
        name: "learningRatePower",
        default: -0.5,
        least: -2,
        most: 0,
        choices: [-1, -0.7, -0.5, 0],
        help: "how the rate falls",
      },
      accumulator,
      { name: "l1RegularizationStrength", default: 0, ...strength, live: false, help: "pulls small weights to zero" },
      {
        name: "l2RegularizationStrength",
        default: 0,
        ...strength,
        live: false,
        help: "pulls all weights towards zero",
      },
      {
        name: "l2ShrinkageRegularizationStrength",
        default: 0,
        ...strength,
        live: false,
        help: "the same, kept out of the sums",
      },
      {
        name: "beta",
        default: 0,
        ...strength,
        live: false,
        help: "adds beta / (2 · learning rate) to the pull towards zero",
      },
    ],
    formula: [
      "accum ← accum + g²,  linear ← linear + g − Δ(accumᵖ) / learningRate · w",
      "w ← (sign(linear) · l1 − linear) / (accumᵖ / learningRate + 2 · l2), or 0 where |linear| ≤ l1",
    ],
  },
  {
    kind: "keras",
    className: "RMSprop",
    title: "RMSprop of Keras",
    parameters: [
      learningRate(0.03, false),
      { name: "rho", default: 0.9, ...share, help: keptSquares },
      { name: "momentum", default: 0, ...share, live: false, help: "how much of the last move is made again" },
      epsilon(1e-7),
      centered,
    ],
    formula: [
      "velocity ← rho · velocity + (1 − rho) · g², from zero",
      "w ← w − learningRate · g / √(velocity + epsilon)",
    ],
  },
  {
    kind: "legacy",
    className: "LegacyRMSprop",
    title: "RMSprop of Keras until 2.10",
    parameters: [
      learningRate(0.03, false),
      { name: "rho", default: 0.9, ...share, help: keptSquares },
      { name: "momentum", default: 0, ...share, live: false, help: "how much of the last move is made again" },
      epsilon(1e-7, "added outside of the square root, inside with momentum"),
      centered,
      {
        name: "decay",
        default: 0,
        least: 0,
        most: 10,
        choices: [0, 0.0001, 0.001, 0.01],
        live: true,
        help: "how the rate falls with the steps",
      },
    ],
    formula: ["rms ← rho · rms + (1 − rho) · g², from zero", "w ← w − learningRate · g / (√rms + epsilon)"],
  },
];
