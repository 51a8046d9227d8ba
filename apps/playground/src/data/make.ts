import type * as gt from "gradtape";

/** Examples: a row of inputs each, and what is expected for it. */
export interface Examples {
  /** float32 `[count, width]`; int32 `[count]` where they are words. */
  readonly inputs: gt.Tensor;
  /** float32 `[count, 1]`, the number or the class (0 or 1); int32 `[count]` for more classes. */
  readonly targets: gt.Tensor;
}

/*
 * The makers of data are printed in the program that users take home, so each stands alone in its file and calls
 * nothing but the library. They keep to its ops: an engine's own sine would differ from engine to engine.
 */

/** Draws `count` examples with jitter of standard deviation `noise`. */
export type MakeExamples = (random: gt.Generator, count: number, noise: number) => Examples;

/** The same of images: `images` holds 64 bytes for each of the `labels`. */
export type MakeDigits = (random: gt.Generator, count: number, images: Uint8Array, labels: Uint8Array) => Examples;

/** Reads examples from a text that holds them. */
export type ReadExamples = (random: gt.Generator, packed: string) => Examples;
