import { type OptimizerEntry, optimizers } from "./optimizer-list.ts";

/* Optimizers as they are chosen, made and told. */

/** A chosen optimizer: every parameter has a value. */
export interface OptimizerSettings {
  readonly kind: string;
  readonly values: Readonly<Record<string, number | boolean>>;
}

const byKind = new Map(optimizers.map((entry) => [entry.kind, entry]));

/** The entry of a kind that is known to exist. */
export function optimizerEntry(kind: string): OptimizerEntry {
  return byKind.get(kind) ?? optimizers[0]!;
}

/** Whether there is such an optimizer. */
export function isOptimizer(kind: string): boolean {
  return byKind.has(kind);
}

/** An optimizer at the page's defaults, but for `values`. */
export function chooseOptimizer(
  kind: string,
  values: Readonly<Record<string, number | boolean>> = {},
): OptimizerSettings {
  const { parameters } = optimizerEntry(kind);
  return { kind, values: Object.fromEntries(parameters.map((each) => [each.name, values[each.name] ?? each.default])) };
}

/** The chosen values in the order of the constructor: what goes first, and the options. */
export function constructorArguments({ kind, values }: OptimizerSettings): {
  readonly positional: readonly number[];
  readonly options: Readonly<Record<string, number | boolean>>;
} {
  const { parameters } = optimizerEntry(kind);
  const [first, rest] = [parameters.filter((each) => each.positional), parameters.filter((each) => !each.positional)];
  return {
    positional: first.map(({ name }) => values[name] as number),
    options: Object.fromEntries(rest.map(({ name }) => [name, values[name]!])),
  };
}

/** An optimizer in a few words: its title and what is not at its default. */
export function describeOptimizer({ kind, values }: OptimizerSettings): string {
  const { title, parameters } = optimizerEntry(kind);
  const told = parameters.filter(({ name, default: usual }) => name === "learningRate" || values[name] !== usual);
  return `${title}, ${told.map(({ name }) => (values[name] === true ? name : `${spaced(name)} ${values[name]}`)).join(", ")}`;
}

/** `learningRate` as people write it. */
export function spaced(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
