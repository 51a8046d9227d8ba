import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { questionOf } from "../data/catalog.ts";
import { type Run, reach } from "../model/run.ts";
import type { Client } from "../worker/client.ts";
import { type DrawnPoints, neuronSize, surfaceSize } from "../worker/protocol.ts";
import { useDraw, useSize } from "./hooks.ts";
import { palette } from "./palette.ts";
import { drawIndices, prepareCanvas } from "./raster.ts";

interface Props {
  readonly client: Client;
  readonly lane?: number;
  readonly run: Run;
  readonly label: string;
  /** A hidden neuron, counted over all layers, whose picture is shown instead. */
  readonly neuron?: number | null;
  readonly showTest?: boolean;
  readonly pointSize?: number;
  /** Points that are shown as long as there are too few to train on. */
  readonly untrained?: DrawnPoints | null;
  /** What lies above the points. */
  readonly children?: ComponentChildren;
}

/** From the plane to a picture of `size` pixels. */
export const toPixels = (value: number, size: number) => ((value + reach) / (2 * reach)) * size;

function drawPoints(canvas: HTMLCanvasElement, size: number, points: DrawnPoints, showTest: boolean, radius: number) {
  const context = prepareCanvas(canvas, size, size);
  const { places, targets, trained, regression } = points;
  const colors = palette();
  const last = showTest ? targets.length : trained;
  for (let i = 0; i < last; i++) {
    const [x, y] = [toPixels(places[2 * i]!, size), size - toPixels(places[2 * i + 1]!, size)];
    const target = targets[i]!;
    const color = regression ? colors.valueColor(target) : colors.classColor(target);
    context.beginPath();
    context.arc(x, y, i < trained ? radius : radius - 0.5, 0, 2 * Math.PI);
    if (i < trained) {
      context.fillStyle = color;
      context.fill();
      context.strokeStyle = colors.paper;
      context.lineWidth = 1;
    } else {
      context.fillStyle = colors.paper;
      context.fill();
      context.strokeStyle = color;
      context.lineWidth = 1.5;
    }
    context.stroke();
  }
}

/** Words as points where the table has them, the frequent ones larger. */
function drawWords(canvas: HTMLCanvasElement, size: number, table: Float32Array) {
  const context = prepareCanvas(canvas, size, size);
  const colors = palette();
  for (let word = table.length / 2 - 1; word >= 0; word--) {
    const [x, y] = [toPixels(table[2 * word]!, size), size - toPixels(table[2 * word + 1]!, size)];
    context.beginPath();
    context.arc(x, y, 2.5 + 5 / Math.sqrt(1 + word), 0, 2 * Math.PI);
    context.fillStyle = colors.classColor(word % 2);
    context.fill();
    context.strokeStyle = colors.paper;
    context.stroke();
  }
}

/** What the network makes of the plane, and the points that lie on it. */
export function Surface({
  client,
  lane = 0,
  run,
  label,
  neuron = null,
  showTest = false,
  pointSize = 3,
  untrained = null,
  children,
}: Props) {
  const [ref, width] = useSize<HTMLDivElement>();
  const field = useRef<HTMLCanvasElement>(null);
  const dots = useRef<HTMLCanvasElement>(null);
  const classes = questionOf(run).task === "classes";
  useDraw(() => {
    const view = client.snapshot.value?.lanes[lane];
    const colors = palette();
    if (field.current === null) return;
    if (neuron !== null && view?.neurons) {
      drawIndices(field.current, view.neurons, colors.values, neuronSize, neuron * neuronSize ** 2);
    } else if (view?.surface) {
      drawIndices(field.current, view.surface, classes ? colors.classes : colors.values, surfaceSize);
    } else {
      drawIndices(field.current, new Uint8Array(1).fill(128), colors.values, 1);
    }
  }, [client, lane, neuron, classes]);
  const words = run.data === "words";
  useDraw(() => {
    if (dots.current === null || width === 0) return;
    const table = words ? client.snapshot.value?.lanes[lane]?.table : null;
    const points = words ? null : (client.built.value?.points ?? untrained);
    if (table) drawWords(dots.current, width, table);
    else if (points) drawPoints(dots.current, width, points, showTest, pointSize);
    else prepareCanvas(dots.current, width, width);
  }, [client, lane, width, showTest, words, pointSize, untrained]);
  return (
    <div class="surface" ref={ref}>
      <div role="img" aria-label={label}>
        <canvas ref={field} />
        <canvas ref={dots} />
      </div>
      {children}
    </div>
  );
}
