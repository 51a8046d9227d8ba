import { type NormalOptions, truncatedNormal, uniform } from "./random/distributions.ts";
import type { Seed } from "./random/draws.ts";
import { seeded } from "./random/generator.ts";
import { anything } from "./schema.ts";
import { checkShape, type Shape, sizeOf } from "./shape.ts";
import { defineFunction } from "./signature.ts";
import type { EagerTensor } from "./tensor.ts";

/*
 * Starting values for weights, scaled so that signals keep their variance from layer to layer: Glorot and Bengio
 * (2010) for tanh-like layers, He et al. (2015) for relu. Fans are counted as TensorFlow does.
 */

export type InitializerOptions = Seed & Pick<NormalOptions, "dtype">;

/** Standard deviation of a standard normal distribution cut off at two standard deviations. */
const TRUNCATED_STDDEV = 0.87962566103423978;

/**
 * How many inputs feed one output of a layer with weights of this shape, and how many outputs one input feeds. The
 * last two axes are inputs and outputs; axes before them are a receptive field that multiplies both.
 */
function fans(shape: Shape): { fanIn: number; fanOut: number } {
  if (shape.length === 0) return { fanIn: 1, fanOut: 1 };
  if (shape.length === 1) return { fanIn: shape[0]!, fanOut: shape[0]! };
  const field = sizeOf(shape.slice(0, -2));
  return { fanIn: field * shape.at(-2)!, fanOut: field * shape.at(-1)! };
}

const glorot = (shape: Shape): number => {
  const { fanIn, fanOut } = fans(shape);
  return 1 / Math.max(1, (fanIn + fanOut) / 2);
};

const he = (shape: Shape): number => 2 / Math.max(1, fans(shape).fanIn);

function defineInitializer(op: string, draw: (shape: Shape, options: InitializerOptions) => EagerTensor) {
  const fields = { seed: anything, dtype: anything };
  return defineFunction(op, { shape: anything }, fields, (shape: Shape, options: InitializerOptions = {}) =>
    draw(shape, options),
  );
}

/** A uniform initializer whose values have the variance that `variance` gives for a shape. */
function uniformScaled(op: string, variance: (shape: Shape) => number) {
  return defineInitializer(op, (shape, { seed, dtype }) => {
    const limit = Math.sqrt(3 * variance(checkShape(op, shape)));
    return uniform(op, seeded(op, seed).words(), shape, { low: -limit, high: limit, dtype });
  });
}

/** The same with a truncated normal distribution, widened to make up for the tails cut off. */
function normalScaled(op: string, variance: (shape: Shape) => number) {
  return defineInitializer(op, (shape, { seed, dtype }) => {
    const stddev = Math.sqrt(variance(checkShape(op, shape))) / TRUNCATED_STDDEV;
    return truncatedNormal(op, seeded(op, seed).words(), shape, { stddev, dtype });
  });
}

/** Uniform on [-l, l), l = sqrt(6 / (fanIn + fanOut)). */
export const glorotUniform = uniformScaled("glorotUniform", glorot);

/** Truncated normal with variance 2 / (fanIn + fanOut). */
export const glorotNormal = normalScaled("glorotNormal", glorot);

/** Uniform on [-l, l), l = sqrt(6 / fanIn). */
export const heUniform = uniformScaled("heUniform", he);

/** Truncated normal with variance 2 / fanIn. */
export const heNormal = normalScaled("heNormal", he);
