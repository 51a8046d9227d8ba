import { type FeatureName, type Run, reach } from "../model/run.ts";
import type { LaneView } from "../worker/protocol.ts";
import { neuronSize } from "../worker/protocol.ts";

/* Pictures of the nodes that the worker does not draw: features of the plane, and weights of an image. */

const index = (value: number) => Math.max(0, Math.min(255, Math.round(128 + 127 * value)));

const shapes: Readonly<Record<FeatureName, (x: number, y: number) => number>> = {
  x: (x) => x / reach,
  y: (_, y) => y / reach,
  "x²": (x) => (x * x) / reach ** 2,
  "y²": (_, y) => (y * y) / reach ** 2,
  xy: (x, y) => (x * y) / reach ** 2,
  "sin x": (x) => Math.sin(x),
  "sin y": (_, y) => Math.sin(y),
};

/** What a feature looks like over the plane. */
export function featurePicture(name: FeatureName): Uint8Array {
  const at = (i: number) => ((i + 0.5) / neuronSize) * 2 * reach - reach;
  const shape = shapes[name];
  return Uint8Array.from({ length: neuronSize ** 2 }, (_, i) =>
    index(shape(at(i % neuronSize), -at(Math.floor(i / neuronSize)))),
  );
}

/**
 * For images: how each node of each layer depends on the pixels if activations are left out, 64 indices a node. Of the
 * first layer these are its very weights.
 */
export function imagePictures(
  weights: NonNullable<LaneView["weights"]>,
  layers: Run["layers"],
  outputs: number,
): Uint8Array[] {
  const pixels = 64;
  let carried = weights[0]!;
  const sizes = [...layers, outputs];
  return sizes.map((units, layer) => {
    if (layer > 0) carried = product(carried, weights[2 * layer]!, pixels, sizes[layer - 1]!, units);
    const indices = new Uint8Array(pixels * units);
    for (let unit = 0; unit < units; unit++) {
      let most = 1e-6;
      for (let i = 0; i < pixels; i++) most = Math.max(most, Math.abs(carried[i * units + unit]!));
      for (let i = 0; i < pixels; i++) indices[unit * pixels + i] = index(carried[i * units + unit]! / most);
    }
    return indices;
  });
}

function product(
  a: Float32Array,
  b: Float32Array,
  rows: number,
  inner: number,
  columns: number,
): Float32Array<ArrayBuffer> {
  const c = new Float32Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < inner; k++) {
      const factor = a[i * inner + k]!;
      for (let j = 0; j < columns; j++) c[i * columns + j]! += factor * b[k * columns + j]!;
    }
  }
  return c;
}
