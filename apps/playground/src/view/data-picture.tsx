import { useRef } from "preact/hooks";
import type { DataKind } from "../model/run.ts";
import { useDraw } from "./hooks.ts";
import { palette } from "./palette.ts";
import { prepareCanvas } from "./raster.ts";

/* Datasets as small signs, drawn by hand: what they are about, not what was drawn from them. */

const size = 44;
type Dot = readonly [x: number, y: number, value: number];

// A low-discrepancy sequence spreads few dots evenly.
const spread = (i: number) => [(i * 0.754878) % 1, (i * 0.56984) % 1] as const;
const times = (count: number, make: (i: number) => Dot) => Array.from({ length: count }, (_, i) => make(i));

const pictures: Partial<Record<DataKind, readonly Dot[]>> = {
  circle: times(70, (i) => {
    const [u, v] = spread(i);
    const radius = i % 2 === 0 ? 0.36 * Math.sqrt(u) : 0.72 + 0.16 * u;
    return [radius * Math.cos(6.283 * v), radius * Math.sin(6.283 * v), i % 2 === 0 ? -1 : 1];
  }),
  xor: times(64, (i) => {
    const [u, v] = spread(i).map((each) => 1.7 * each - 0.85) as [number, number];
    return [u + 0.08 * Math.sign(u), v + 0.08 * Math.sign(v), u * v > 0 ? 1 : -1];
  }),
  gauss: times(50, (i) => {
    const [u, v] = spread(i);
    const [side, radius] = [i % 2 === 0 ? -1 : 1, 0.38 * Math.sqrt(u)];
    return [0.42 * side + radius * Math.cos(6.283 * v), 0.42 * side + radius * Math.sin(6.283 * v), side];
  }),
  spirals: times(64, (i) => {
    const way = 0.08 + 0.92 * (Math.floor(i / 2) / 31);
    const angle = 2.8 * Math.PI * way + (i % 2) * Math.PI;
    return [0.88 * way * Math.sin(angle), 0.88 * way * Math.cos(angle), i % 2 === 0 ? -1 : 1];
  }),
  plane: times(64, (i) => {
    const [x, y] = [((i % 8) - 3.5) / 4.2, (Math.floor(i / 8) - 3.5) / 4.2];
    return [x, y, (x + y) / 1.6];
  }),
  hills: times(64, (i) => {
    const [x, y] = [((i % 8) - 3.5) / 4.2, (Math.floor(i / 8) - 3.5) / 4.2];
    const bump = (a: number, b: number) => Math.exp(-9 * ((x - a) ** 2 + (y - b) ** 2));
    return [x, y, bump(-0.45, 0.4) + bump(0.45, -0.35) - bump(0.4, 0.45) - bump(-0.4, -0.42)];
  }),
};

const three = ["0111110", "0000011", "0000011", "0011110", "0000011", "0000011", "0111110"];

/** The sign of a dataset. */
export function DataPicture({ kind }: { kind: DataKind }) {
  const ref = useRef<HTMLCanvasElement>(null);
  useDraw(() => {
    const colors = palette();
    if (ref.current === null) return;
    const context = prepareCanvas(ref.current, size, size);
    const half = size / 2;
    if (kind === "digits") {
      context.fillStyle = colors.positive(0.85);
      for (const [y, row] of three.entries()) {
        for (let x = 0; x < row.length; x++) if (row[x] === "1") context.fillRect(5 + 5 * x, 5 + 5 * y, 4.2, 4.2);
      }
    } else if (kind === "words") {
      for (let row = 0; row < 5; row++) {
        context.fillStyle = row % 2 === 0 ? colors.negative(0.75) : colors.positive(0.75);
        context.fillRect(6, 6.5 + 6.6 * row, 32 / (1 + 0.55 * row), 4);
      }
    } else if (kind === "own") {
      context.lineWidth = 1.75;
      context.lineCap = "round";
      context.lineJoin = "round";
      context.strokeStyle = colors.positive(0.9);
      context.stroke(new Path2D("M13 31l2-7L29 10l5 5L20 29zM26 13l5 5"));
      for (const [x, y, high] of [
        [10, 12, 1],
        [17, 8, 1],
        [34, 28, 0],
        [29, 34, 0],
      ] as const) {
        context.fillStyle = high ? colors.positive() : colors.negative();
        context.beginPath();
        context.arc(x, y, 2, 0, 7);
        context.fill();
      }
    } else {
      for (const [x, y, value] of pictures[kind]!) {
        context.fillStyle = Math.abs(value) === 1 ? colors.classColor(value > 0 ? 1 : 0) : colors.valueColor(value);
        context.beginPath();
        context.arc(half + half * x, half - half * y, 1.6, 0, 7);
        context.fill();
      }
    }
  }, [kind]);
  return (
    <span aria-hidden="true">
      <canvas ref={ref} style={{ width: `${size}px`, height: `${size}px`, display: "block" }} />
    </span>
  );
}
