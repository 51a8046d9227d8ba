import type { Geometry, Place } from "./geometry.ts";
import { nodeSize } from "./geometry.ts";
import type { Palette } from "./palette.ts";
import type { NeuronPlace } from "./watched.ts";

/* Weights as lines: thickness is size, colour is sign. */

function drawLine(
  context: CanvasRenderingContext2D,
  from: Place,
  to: Place,
  weight: number,
  colors: Palette,
  faint: boolean,
): void {
  const [x0, x1] = [from.x + nodeSize / 2, to.x - nodeSize / 2];
  const middle = (x0 + x1) / 2;
  const size = Math.min(3, Math.abs(weight));
  context.beginPath();
  context.moveTo(x0, from.y);
  context.bezierCurveTo(middle, from.y, middle, to.y, x1, to.y);
  context.lineWidth = 0.5 + 1.7 * size;
  const alpha = (0.14 + 0.7 * Math.min(1, size / 2)) * (faint ? 0.15 : 1);
  context.strokeStyle = weight < 0 ? colors.negative(alpha) : colors.positive(alpha);
  context.stroke();
}

/** Draws all weights; `weights` holds kernel and bias of each layer in turn. Those of the watched neuron stand out. */
export function drawLines(
  context: CanvasRenderingContext2D,
  { columns, entering }: Geometry,
  weights: readonly Float32Array[],
  colors: Palette,
  isImage: boolean,
  watched: NeuronPlace | null,
): void {
  context.lineCap = "round";
  for (let layer = 0; layer + 1 < columns.length; layer++) {
    const kernel = weights[2 * layer]!;
    const [from, to] = [layer === 0 ? entering : columns[layer]!, columns[layer + 1]!];
    const isFaint = (i: number, j: number) => {
      if (watched === null) return false;
      return !(watched.layer === layer && watched.unit === j) && !(watched.layer === layer - 1 && watched.unit === i);
    };
    if (layer === 0 && isImage) {
      // Sixty-four lines from one image would be a bar: one line stands for them, as thick as they are on average.
      for (const [j, place] of to.entries()) {
        drawLine(context, from[0]!, place, columnSize(kernel, to.length, j), colors, isFaint(-1, j));
      }
      continue;
    }
    for (const [i, start] of from.entries()) {
      for (const [j, end] of to.entries()) {
        drawLine(context, start, end, kernel[i * to.length + j]!, colors, isFaint(i, j));
      }
    }
  }
}

function columnSize(kernel: Float32Array, columns: number, column: number): number {
  let sum = 0;
  for (let i = column; i < kernel.length; i += columns) sum += Math.abs(kernel[i]!);
  return (2 * sum * columns) / kernel.length;
}
