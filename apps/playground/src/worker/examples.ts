import * as gt from "gradtape";
import { exampleCount } from "../data/catalog.ts";
import { circle } from "../data/circle.ts";
import { digits } from "../data/digits.ts";
import { gauss } from "../data/gauss.ts";
import { hills } from "../data/hills.ts";
import type { Examples, MakeExamples } from "../data/make.ts";
import { own } from "../data/own.ts";
import { plane } from "../data/plane.ts";
import { spirals } from "../data/spirals.ts";
import { words } from "../data/words.ts";
import { xor } from "../data/xor.ts";
import { type FeatureName, isPlanar, type Run, trainCount } from "../model/run.ts";

/** The images of the digits, unpacked. */
export interface DigitImages {
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
}

/** Examples divided: the first ones are trained on, the others are the test. */
export interface Split {
  readonly all: Examples;
  readonly train: readonly [gt.Tensor, gt.Tensor];
  readonly test: readonly [gt.Tensor, gt.Tensor];
}

const makers: Readonly<Record<string, MakeExamples>> = { circle, xor, gauss, spirals, plane, hills, words };

function drawExamples(run: Run, random: gt.Generator, images: DigitImages | null): Examples {
  if (run.data === "own") return own(random, run.own);
  if (run.data === "digits") return digits(random, exampleCount(run), images!.images, images!.labels);
  return makers[run.data]!(random, run.count, run.noise);
}

const featureOf: Readonly<Record<FeatureName, (x: gt.Tensor, y: gt.Tensor) => gt.Tensor>> = {
  x: (x) => x,
  y: (_, y) => y,
  "x²": (x) => gt.square(x),
  "y²": (_, y) => gt.square(y),
  xy: (x, y) => gt.mul(x, y),
  "sin x": (x) => gt.sin(x),
  "sin y": (_, y) => gt.sin(y),
};

/** What the network sees of points `[count, 2]`. */
export function featuresOf(points: gt.Tensor, names: readonly FeatureName[]): gt.Tensor {
  const [x, y] = gt.unstack(points, { axis: 1 }) as [gt.Tensor, gt.Tensor];
  return gt.stack(
    names.map((name) => featureOf[name](x, y)),
    { axis: 1 },
  );
}

const rows = (tensor: gt.Tensor, from: number, count: number) =>
  gt.slice(tensor, [from, 0].slice(0, tensor.rank), [count, tensor.shape[1] ?? 0].slice(0, tensor.rank));

/** Draws the examples of a run and divides them. */
export function makeSplit(run: Run, random: gt.Generator, images: DigitImages | null): Split {
  const all = drawExamples(run, random, images);
  const inputs = isPlanar(run.data) ? featuresOf(all.inputs, run.features) : all.inputs;
  const count = exampleCount(run);
  const trained = trainCount(count, run.testPercent);
  return {
    all,
    train: [rows(inputs, 0, trained), rows(all.targets, 0, trained)],
    test: [rows(inputs, trained, count - trained), rows(all.targets, trained, count - trained)],
  };
}
