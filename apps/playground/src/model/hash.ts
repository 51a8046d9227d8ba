import { mostClasses, unpackPoints } from "../data/points.ts";
import { chooseOptimizer, isOptimizer, type OptimizerSettings, optimizerEntry } from "./optimizers.ts";
import { defaultRun } from "./presets.ts";
import {
  activations,
  dataKinds,
  embeddings,
  type FeatureName,
  featureNames,
  limits,
  losses,
  type Run,
  regularizations,
} from "./run.ts";

/* A run as the text of an address, `data=spirals&layers=8,8&optimizer=adam:learningRate=0.01`, and back. What is at its
   default is left out. */

/** Reads the text of one setting; a string says what is wrong with it. */
type Read<T> = (text: string) => T | Problem;

class Problem {
  readonly expected: string;
  constructor(expected: string) {
    this.expected = expected;
  }
}

interface Field<T> {
  readonly read: Read<T>;
  readonly write: (value: T) => string;
}

function oneOf<T extends string>(choices: readonly T[]): Field<T> {
  const read = (text: string) =>
    choices.find((choice) => choice === text) ?? new Problem(`one of ${choices.join(", ")}`);
  return { read, write: String };
}

function numberIn([least, most]: readonly [number, number], whole: boolean): Field<number> {
  const kind = whole ? "a whole number" : "a number";
  const read = (text: string) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    const fits = value >= least && value <= most && (!whole || Number.isInteger(value));
    return fits ? value : new Problem(`${kind} from ${least} to ${most}`);
  };
  return { read, write: String };
}

// The address is ASCII: `xx` and `yy` stand for the squares, `sinx` for the sine.
const shortFeature: Readonly<Record<FeatureName, string>> = {
  ...{ x: "x", y: "y", "x²": "xx", "y²": "yy", xy: "xy", "sin x": "sinx", "sin y": "siny" },
};

const fields: { readonly [K in keyof Run]: Field<Run[K]> } = {
  data: oneOf(dataKinds),
  count: numberIn(limits.count, true),
  noise: numberIn(limits.noise, false),
  testPercent: numberIn(limits.testPercent, true),
  seed: numberIn(limits.seed, true),
  features: {
    read(text) {
      const names = text.split(",");
      const chosen = featureNames.filter((name) => names.includes(shortFeature[name]));
      if (chosen.length === names.length) return chosen;
      return new Problem(`some of ${Object.values(shortFeature).join(", ")}, each once`);
    },
    write: (names) => names.map((name) => shortFeature[name]).join(","),
  },
  layers: {
    read(text) {
      const layers = text === "none" ? [] : text.split(",").map(Number);
      const [least, most] = limits.neurons;
      const fits = layers.every((units) => Number.isInteger(units) && units >= least && units <= most);
      if (fits && layers.length <= limits.layers) return layers;
      return new Problem(`at most ${limits.layers} layers of ${least} to ${most} neurons, as in 8,8, or none`);
    },
    write: (layers) => (layers.length === 0 ? "none" : layers.join(",")),
  },
  activation: oneOf(activations),
  loss: oneOf(losses),
  regularization: oneOf(regularizations),
  regularizationRate: numberIn(limits.regularizationRate, false),
  batch: numberIn(limits.batch, true),
  embedding: oneOf(embeddings),
  optimizer: { read: readOptimizer, write: writeOptimizer },
  own: {
    read: (text) => (unpackPoints(text) === null ? new Problem("points as this page writes them") : text),
    write: String,
  },
  // Commas stand between names, so those within one are written as %2C.
  names: {
    read(text) {
      const names = text.split(",").map(decodeName);
      return names.every((name) => name !== null) && names.length <= mostClasses
        ? names
        : new Problem(`at most ${mostClasses} names of classes with commas between them`);
    },
    write: (names) => names.map(encodeName).join(","),
  },
};

const encodeName = (name: string) => name.replace(/[%,]/g, encodeURIComponent);

function decodeName(text: string): string | null {
  try {
    const name = text.replace(/%25|%2C/g, decodeURIComponent);
    return name.trim() === "" || name.length > limits.nameLetters || /[\p{Cc}\u2028\u2029]/u.test(name) ? null : name;
  } catch {
    return null;
  }
}

/** An optimizer as text: its kind, then what is not at its default. */
export function writeOptimizer({ kind, values }: OptimizerSettings): string {
  const { parameters } = optimizerEntry(kind);
  const told = parameters.filter(({ name, default: usual }) => values[name] !== usual);
  return [kind, ...told.map(({ name }) => `${name}=${values[name]}`)].join(":");
}

/** The optimizer that a text names. */
export function readOptimizer(text: string): OptimizerSettings | Problem {
  const [kind = "", ...parts] = text.split(":");
  if (!isOptimizer(kind)) return new Problem("an optimizer, as in adam:learningRate=0.01");
  const { parameters, title } = optimizerEntry(kind);
  const values: Record<string, number | boolean> = {};
  for (const part of parts) {
    const [name = "", value = ""] = part.split("=");
    const parameter = parameters.find((each) => each.name === name);
    if (parameter === undefined)
      return new Problem(`parameters of ${title}: ${parameters.map((p) => p.name).join(", ")}`);
    const { least = 0, most = 1 } = parameter;
    if (typeof parameter.default === "boolean") {
      if (value !== "true" && value !== "false") return new Problem(`${name}=true or ${name}=false`);
      values[name] = value === "true";
    } else {
      const given = value === "" ? Number.NaN : Number(value);
      if (!(given >= least && given <= most)) return new Problem(`${name} from ${least} to ${most}`);
      values[name] = given;
    }
  }
  return chooseOptimizer(kind, values);
}

/** Whether reading gave words instead of a value. */
export function isProblem(value: unknown): value is Problem {
  return value instanceof Problem;
}

/** A run as `[name, text]` pairs. */
export function writeRun(run: Run): [string, string][] {
  return (Object.keys(fields) as (keyof Run)[]).flatMap((name) => {
    const write = fields[name].write as (value: unknown) => string;
    const [text, usual] = [write(run[name]), write(defaultRun[name])];
    return text === usual ? [] : [[name, text] as [string, string]];
  });
}

/** Whether a run has a setting of that name. */
export function isRunField(name: string): name is keyof Run {
  return Object.hasOwn(fields, name);
}

/** One setting from its text, or what was expected. */
export function readRunField(name: keyof Run, text: string): Run[keyof Run] | Problem {
  return (fields[name] as { read: Read<Run[keyof Run]> }).read(text);
}
