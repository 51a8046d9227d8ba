import * as gt from "gradtape";
import { type Question, type Run, reach } from "../model/run.ts";
import { featuresOf } from "./examples.ts";
import type { Network } from "./network.ts";
import { type Bytes, neuronSize, shades, surfaceSize } from "./protocol.ts";

/* Values as pictures: each becomes an index of a colour. Indices run from 0 to 255 around 128 for one number, and take
   `shades` steps for each class. */

/** The centres of the cells of a square picture of the plane, the top row first. */
function grid(size: number): gt.Tensor {
  const places = new Float32Array(2 * size * size);
  const at = (i: number) => ((i + 0.5) / size) * 2 * reach - reach;
  for (let row = 0, to = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      places[to++] = at(column);
      places[to++] = -at(row);
    }
  }
  return gt.tensor(places, { shape: [size * size, 2] });
}

const around = (value: number) => Math.max(0, Math.min(255, Math.round(128 + 127 * value)));

/** What the outputs mean, as indices of colours. */
function indexOutputs(outputs: Float32Array, { task, classes }: Question): Bytes {
  if (task === "classes") {
    const indices = new Uint8Array(outputs.length / classes);
    for (let i = 0, from = 0; i < indices.length; i++, from += classes) {
      let best = 0;
      let sum = 0;
      for (let j = 1; j < classes; j++) if (outputs[from + j]! > outputs[from + best]!) best = j;
      for (let j = 0; j < classes; j++) sum += Math.exp(outputs[from + j]! - outputs[from + best]!);
      const confidence = (1 / sum - 1 / classes) / (1 - 1 / classes);
      indices[i] = best * shades + Math.max(0, Math.min(shades - 1, Math.floor(confidence * shades)));
    }
    return indices;
  }
  const indices = new Uint8Array(outputs.length);
  if (task === "regression") for (let i = 0; i < indices.length; i++) indices[i] = around(outputs[i]!);
  else for (let i = 0; i < indices.length; i++) indices[i] = around(Math.tanh(outputs[i]! / 2));
  return indices;
}

/** Columns of `values` `[cells, units]` as pictures one after the other, each in its own range. */
function indexUnits(values: Float32Array, units: number, into: Bytes, at: number): void {
  const cells = values.length / units;
  for (let unit = 0; unit < units; unit++) {
    let most = 1e-6;
    for (let i = unit; i < values.length; i += units) most = Math.max(most, Math.abs(values[i]!));
    for (let cell = 0; cell < cells; cell++)
      into[at + unit * cells + cell] = around(values[cell * units + unit]! / most);
  }
}

/** Draws what a network makes of the plane. */
export interface Painter {
  surface(): Bytes;
  neurons(): Bytes;
}

/** A painter for points of the plane, or for the plane in which the words lie. */
export function makePainter(run: Run, question: Question, network: Network): Painter {
  const entering = (points: gt.Tensor) => (run.data === "words" ? points : featuresOf(points, run.features));
  const [wide, small] = [entering(grid(surfaceSize)), entering(grid(neuronSize))];
  const outputs = gt.compile((x: gt.Tensor) => network.outputs(x));
  const hidden = gt.compile((x: gt.Tensor) => network.trace(x).slice(0, -1));
  const cells = neuronSize * neuronSize;
  return {
    surface: () => indexOutputs(outputs(wide).data as Float32Array, question),
    neurons() {
      const indices = new Uint8Array(cells * run.layers.reduce((sum, units) => sum + units, 0));
      if (run.layers.length === 0) return indices;
      let at = 0;
      hidden(small).forEach((layer, i) => {
        indexUnits(layer.data as Float32Array, run.layers[i]!, indices, at);
        at += cells * run.layers[i]!;
      });
      return indices;
    },
  };
}
