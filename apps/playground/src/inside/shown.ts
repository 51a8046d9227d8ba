import * as gt from "gradtape";
import type { Cells, Elements, Shown, SliceRows } from "./scene.ts";

const bins = 20;
const pictureSide = 20;
const sampleRows = 6;
const sampleColumns = 6;
const shownSlices = 12;

/** A value with its elements; none where it has not been made. */
export interface Value {
  readonly shape: readonly (number | null)[];
  readonly dtype: string;
  readonly data: Elements;
}

/** A value in a few numbers and pictures. */
export function show({ shape, dtype, data }: Value, slices: SliceRows | null = null): Shown {
  const kept = [...shape];
  let [least, most, sum, nan, infinite] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0, 0];
  for (let i = 0; i < data.length; i++) {
    const element = data[i]!;
    if (Number.isNaN(element)) nan++;
    else if (!Number.isFinite(element)) infinite++;
    else {
      least = Math.min(least, element);
      most = Math.max(most, element);
      sum += element;
    }
  }
  const finite = data.length - nan - infinite;
  return {
    ...{ shape: kept, dtype, nan, infinite, slices },
    ...{ least: finite > 0 ? least : 0, most: finite > 0 ? most : 0, mean: finite > 0 ? sum / finite : 0 },
    counts: histogram(data, least, most),
    picture: pick(shape, data, pictureSide, pictureSide, true),
    sample: pick(shape, data, sampleRows, sampleColumns, false),
  };
}

/** Tells the value of a tensor. */
export type Read = (tensor: gt.Tensor) => Value;

/** A gradient: a tensor, or rows of one. */
export function showCotangent(cotangent: gt.Cotangent, read: Read): Shown {
  if (!(cotangent instanceof gt.IndexedSlices)) return show(read(cotangent));
  const { denseShape } = cotangent;
  const [values, indices] = [read(cotangent.values), read(cotangent.indices)];
  const count = indices.data.length;
  const width = count === 0 ? 0 : values.data.length / count;
  const row = (i: number) =>
    Array.from({ length: Math.min(width, sampleColumns) }, (_, k) => values.data[i * width + k]!);
  const slices = {
    indices: Array.from(indices.data).slice(0, shownSlices),
    rows: Array.from({ length: Math.min(count, shownSlices) }, (_, i) => row(i)),
    ...{ count, width },
  };
  const shown = show(values, slices);
  return { ...shown, shape: [...(denseShape ?? values.shape)] };
}

function histogram(data: Elements, least: number, most: number): number[] {
  const counts = Array<number>(bins).fill(0);
  for (let i = 0; i < data.length; i++) {
    const element = data[i]!;
    if (!Number.isFinite(element)) continue;
    const share = most > least ? (element - least) / (most - least) : 0.5;
    counts[Math.min(bins - 1, Math.floor(share * bins))]!++;
  }
  return counts;
}

/** Elements in rows and columns, those of the last axis side by side: the first ones, or some from all over. */
function pick(shape: Value["shape"], data: Elements, rows: number, columns: number, all: boolean): Cells {
  const width = data.length === 0 ? 0 : (shape.at(-1) ?? 1);
  const height = width === 0 ? 0 : data.length / width;
  const size = { rows: Math.min(rows, height), columns: Math.min(columns, width) };
  const place = (i: number, shown: number, extent: number) => (all ? Math.floor((i * extent) / shown) : i);
  const values = Array.from({ length: size.rows * size.columns }, (_, i) => {
    const row = place(Math.floor(i / size.columns), size.rows, height);
    return Number(data[row * width + place(i % size.columns, size.columns, width)]!);
  });
  return { ...size, values };
}
