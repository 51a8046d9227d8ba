import { InvalidArgumentError } from "commander";
import type { Mode } from "./engine.ts";
import type { OptimizerOptions } from "./optimizer.ts";

/** Flags that both commands share. */
export interface RunOptions
  extends Partial<Pick<OptimizerOptions, "learningRate">>,
    Omit<OptimizerOptions, "learningRate"> {
  readonly batch?: number;
  readonly epochs?: number;
  readonly mode: Mode;
  readonly threads: number;
  readonly seed: number;
  readonly save?: string;
  readonly load?: string;
  /** A folder for checkpoints. */
  readonly checkpoint?: string;
  /** How many steps lie between two of them. */
  readonly checkpointEvery: number;
  /** Whether to go on from the last one. */
  readonly resume?: boolean;
  /** A folder for event files. */
  readonly summaries?: string;
}

const largest = 2 ** 31 - 1;
const widestLayer = 16_384;
const mostLayers = 32;

/** A parser of whole numbers from `low` to `high`. */
export function whole(low: number, high = largest): (text: string) => number {
  const range = high === largest ? `of at least ${low}` : `from ${low} to ${high}`;
  return (text) => {
    const value = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
    if (value >= low && value <= high) return value;
    throw new InvalidArgumentError(`Expected a whole number ${range}.`);
  };
}

/** A parser of numbers above `low` (or from `low` on, if `closed`) and below `high`. */
export function real(low: number, high: number, closed = false): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if ((value > low || (closed && value === low)) && value < high) return value;
    const above = closed ? `at least ${low}` : `above ${low}`;
    throw new InvalidArgumentError(
      `Expected a number ${above}${high === Number.POSITIVE_INFINITY ? "" : ` and below ${high}`}.`,
    );
  };
}

/** Parses `128,64`, or `none` for a model without hidden layers. */
export function layers(text: string): readonly number[] {
  if (text === "none") return [];
  const sizes = text.split(",").map((size) => (/^\s*\d+\s*$/.test(size) ? Number(size) : Number.NaN));
  if (sizes.length <= mostLayers && sizes.every((size) => size >= 1 && size <= widestLayer)) return sizes;
  throw new InvalidArgumentError(
    `Expected sizes of hidden layers like 128,64, each from 1 to ${widestLayer}, at most ${mostLayers} of them, or none.`,
  );
}
